//! Manifest chunks: how the items that were read are kept.
//!
//! ```text
//! block…      each a zstd frame: items one behind the other
//! index       for each block: its items, its length
//! trailer     index length (4 bytes, lowest first), version (1), b"BTN"
//! ```
//!
//! A chunk knows no item's index: whoever keeps it knows the first item's. So chunks that were read side by side from
//! ranges of one object fit together whatever comes before them. Item k is found through the index at the end, by
//! unfolding one block of about 64 KiB; with ranged reads no more than that need be fetched.

use crate::item::ItemRef;
use crate::limits;
use crate::varint;

/// A block is closed once it holds so much.
const BLOCK_BYTES: usize = 64 * 1024;
/// What one block may unfold to: it is closed behind the item that fills it.
const BLOCK_BYTES_MAX: usize = BLOCK_BYTES + limits::ITEM_BYTES_MAX + 2 * limits::NAME_BYTES_MAX;
const TRAILER_BYTES: usize = 8;
const VERSION: u8 = 1;
const MAGIC: &[u8] = b"BTN";
/// Fast: a chunk lives as long as its map run.
const COMPRESSION_LEVEL: i32 = -7;

const HAS_KEY: u64 = 1;
const HAS_SOURCE: u64 = 2;

/// When a chunk is full.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ChunkLimits {
    /// Items.
    pub items: u32,
    /// Bytes of their text. A chunk may exceed it by its last item.
    pub bytes: usize,
}

impl Default for ChunkLimits {
    fn default() -> Self {
        Self { items: 65_536, bytes: 4 * 1024 * 1024 }
    }
}

/// Why a chunk cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum ChunkError {
    /// It ends where more must follow, or is not a chunk.
    #[error("the chunk is damaged: {0}")]
    Damaged(&'static str),
    /// A later version wrote it.
    #[error("the chunk has version {0}, and the newest known is {VERSION}")]
    Version(u8),
    /// A block does not unfold.
    #[error("a block of the chunk is damaged")]
    Block(#[source] std::io::Error),
}

/// A chunk, written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Chunk {
    /// What to keep.
    pub bytes: Vec<u8>,
    /// The items in it.
    pub items: u32,
    /// The bytes of their texts.
    pub item_bytes: u64,
}

/// A full chunk, not compressed yet: [`Self::encode`] is most of the work of writing one, and may be done by another
/// thread while the next fills.
#[derive(Debug, Default)]
pub struct FullChunk {
    blocks: Vec<u8>,
    /// For each block: where it ends, and its items.
    ends: Vec<(usize, u32)>,
    items: u32,
    item_bytes: u64,
}

impl FullChunk {
    /// The items in it.
    pub fn items(&self) -> u32 {
        self.items
    }

    /// Compresses it.
    pub fn encode(&self) -> Result<Chunk, ChunkError> {
        let mut compressor =
            zstd::bulk::Compressor::new(COMPRESSION_LEVEL).map_err(ChunkError::Block)?;
        let mut bytes = Vec::with_capacity(self.blocks.len() / 4);
        let mut index = Vec::new();
        let mut start = 0;
        for (end, items) in &self.ends {
            let block = self.blocks.get(start..*end).unwrap_or_default();
            let stored = compressor.compress(block).map_err(ChunkError::Block)?;
            bytes.extend_from_slice(&stored);
            varint::push(&mut index, u64::from(*items));
            varint::push(&mut index, stored.len() as u64);
            start = *end;
        }
        let index_length = u32::try_from(index.len()).unwrap_or(u32::MAX);
        bytes.append(&mut index);
        bytes.extend_from_slice(&index_length.to_le_bytes());
        bytes.push(VERSION);
        bytes.extend_from_slice(MAGIC);
        Ok(Chunk { bytes, items: self.items, item_bytes: self.item_bytes })
    }
}

/// Fills chunks.
#[derive(Debug)]
pub struct ChunkBuilder {
    limits: ChunkLimits,
    chunk: FullChunk,
    block_start: usize,
    block_items: u32,
    source: String,
}

impl ChunkBuilder {
    /// A builder of chunks of this size.
    pub fn new(limits: ChunkLimits) -> Self {
        let chunk = FullChunk::default();
        Self { limits, chunk, block_start: 0, block_items: 0, source: String::new() }
    }

    /// Adds an item, and gives the chunk that it filled.
    pub fn push(&mut self, item: ItemRef<'_>) -> Option<FullChunk> {
        let is_new_source = self.block_items == 0 || self.source != item.source;
        let flags = if item.key.is_some() { HAS_KEY } else { 0 }
            | if is_new_source { HAS_SOURCE } else { 0 };
        let blocks = &mut self.chunk.blocks;
        varint::push(blocks, (item.value.len() as u64) << 2 | flags);
        if let Some(key) = item.key {
            varint::push(blocks, key.len() as u64);
            blocks.extend_from_slice(key.as_bytes());
        }
        if is_new_source {
            varint::push(blocks, item.source.len() as u64);
            blocks.extend_from_slice(item.source.as_bytes());
            item.source.clone_into(&mut self.source);
        }
        blocks.extend_from_slice(item.value.as_bytes());
        self.block_items += 1;
        self.chunk.items += 1;
        self.chunk.item_bytes += item.value.len() as u64;
        if self.chunk.blocks.len() - self.block_start >= BLOCK_BYTES {
            self.close_block();
        }
        let is_full = self.chunk.items >= self.limits.items
            || self.chunk.item_bytes >= self.limits.bytes as u64;
        if is_full { self.finish() } else { None }
    }

    /// The chunk of the items that are left, if any; the builder begins the next.
    pub fn finish(&mut self) -> Option<FullChunk> {
        self.close_block();
        self.block_start = 0;
        let chunk = std::mem::take(&mut self.chunk);
        // The next will be about as large.
        self.chunk.blocks.reserve(chunk.blocks.len());
        (chunk.items > 0).then_some(chunk)
    }

    fn close_block(&mut self) {
        if self.block_items > 0 {
            self.block_start = self.chunk.blocks.len();
            self.chunk.ends.push((self.block_start, self.block_items));
            self.block_items = 0;
        }
    }
}

/// Where a chunk's items stand.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChunkIndex {
    blocks: Vec<BlockPlace>,
    items: u32,
}

/// One block's place in its chunk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BlockPlace {
    /// The number, within the chunk, of its first item.
    pub first: u32,
    /// Its items.
    pub items: u32,
    /// Where it begins.
    pub start: usize,
    /// Its bytes.
    pub length: usize,
}

impl ChunkIndex {
    /// Reads the index from the end of a chunk: all of it, or as much as [`Self::tail_bytes`] says.
    pub fn parse(tail: &[u8]) -> Result<Self, ChunkError> {
        let needed = Self::tail_bytes(tail)?;
        let from = tail.len().checked_sub(needed).ok_or(ChunkError::Damaged("it is too short"))?;
        let index = tail.get(from..tail.len() - TRAILER_BYTES).unwrap_or_default();
        let mut rest = index;
        let mut blocks: Vec<BlockPlace> = Vec::new();
        let (mut first, mut start) = (0u32, 0usize);
        while !rest.is_empty() {
            let items = varint::take(&mut rest).and_then(|items| u32::try_from(items).ok());
            let length = varint::take(&mut rest).and_then(|length| usize::try_from(length).ok());
            let (Some(items @ 1..), Some(length)) = (items, length) else {
                return Err(ChunkError::Damaged("its index is"));
            };
            blocks.push(BlockPlace { first, items, start, length });
            first = first.checked_add(items).ok_or(ChunkError::Damaged("its index is"))?;
            start = start.checked_add(length).ok_or(ChunkError::Damaged("its index is"))?;
        }
        Ok(Self { blocks, items: first })
    }

    /// How many of a chunk's last bytes [`Self::parse`] needs, from at least 8 of them.
    pub fn tail_bytes(tail: &[u8]) -> Result<usize, ChunkError> {
        let trailer = tail.last_chunk::<TRAILER_BYTES>();
        let trailer = trailer.ok_or(ChunkError::Damaged("it is too short"))?;
        let [a, b, c, d, version, magic @ ..] = *trailer;
        if magic != MAGIC {
            return Err(ChunkError::Damaged("it is no chunk"));
        }
        if version != VERSION {
            return Err(ChunkError::Version(version));
        }
        let length = usize::try_from(u32::from_le_bytes([a, b, c, d])).unwrap_or(usize::MAX);
        Ok(length.saturating_add(TRAILER_BYTES))
    }

    /// The chunk's items.
    pub fn items(&self) -> u32 {
        self.items
    }

    /// All blocks, in order.
    pub fn blocks(&self) -> &[BlockPlace] {
        &self.blocks
    }

    /// The block that holds the item with this number.
    pub fn block_of(&self, number: u32) -> Option<BlockPlace> {
        let after = self.blocks.partition_point(|block| block.first <= number);
        let block = *self.blocks.get(after.checked_sub(1)?)?;
        (number < self.items).then_some(block)
    }
}

/// One block, unfolded.
#[derive(Debug)]
pub struct Block {
    bytes: Vec<u8>,
    place: BlockPlace,
}

impl Block {
    /// Unfolds a block, from its own bytes.
    pub fn decode(place: BlockPlace, stored: &[u8]) -> Result<Self, ChunkError> {
        let bytes = zstd::bulk::decompress(stored, BLOCK_BYTES_MAX).map_err(ChunkError::Block)?;
        Ok(Self { bytes, place })
    }

    /// Its items, with indexes as if the chunk's first item had the index `first_index`.
    pub fn items(&self, first_index: u64) -> BlockItems<'_> {
        let next = first_index + u64::from(self.place.first);
        BlockItems { rest: &self.bytes, left: self.place.items, next, source: "" }
    }
}

/// The items of a block, in order.
#[derive(Debug)]
pub struct BlockItems<'a> {
    rest: &'a [u8],
    left: u32,
    next: u64,
    source: &'a str,
}

impl<'a> Iterator for BlockItems<'a> {
    type Item = Result<ItemRef<'a>, ChunkError>;

    fn next(&mut self) -> Option<Self::Item> {
        self.left = self.left.checked_sub(1)?;
        let item = self.take().ok_or(ChunkError::Damaged("a block has fewer items than it says"));
        if item.is_err() {
            self.left = 0;
        }
        self.next += 1;
        Some(item)
    }
}

impl<'a> BlockItems<'a> {
    fn take(&mut self) -> Option<ItemRef<'a>> {
        let head = varint::take(&mut self.rest)?;
        let length = usize::try_from(head >> 2).ok()?;
        let text = |bytes: Option<&'a [u8]>| std::str::from_utf8(bytes?).ok();
        let key = match head & HAS_KEY {
            0 => None,
            _ => Some(text(varint::take_bytes(&mut self.rest))?),
        };
        if head & HAS_SOURCE != 0 {
            self.source = text(varint::take_bytes(&mut self.rest))?;
        }
        let value = text(varint::take_exact(&mut self.rest, length))?;
        Some(ItemRef { index: self.next, key, value, source: self.source })
    }
}

/// A chunk, to be read.
#[derive(Debug)]
pub struct ChunkReader<'a> {
    bytes: &'a [u8],
    index: ChunkIndex,
    first_index: u64,
}

impl<'a> ChunkReader<'a> {
    /// Opens a chunk whose first item has the index `first_index`.
    pub fn open(bytes: &'a [u8], first_index: u64) -> Result<Self, ChunkError> {
        Ok(Self { bytes, index: ChunkIndex::parse(bytes)?, first_index })
    }

    /// Where its items stand.
    pub fn index(&self) -> &ChunkIndex {
        &self.index
    }

    /// Calls `take` with the items from number `from` on, until it answers false.
    pub fn each_from(
        &self,
        from: u32,
        mut take: impl FnMut(ItemRef<'_>) -> bool,
    ) -> Result<(), ChunkError> {
        let after = self.index.blocks.partition_point(|block| block.first <= from);
        for place in self.index.blocks.iter().skip(after.saturating_sub(1)) {
            let block = self.block(*place)?;
            let passed = usize::try_from(from.saturating_sub(place.first)).unwrap_or(usize::MAX);
            for item in block.items(self.first_index).skip(passed) {
                if !take(item?) {
                    return Ok(());
                }
            }
        }
        Ok(())
    }

    /// Unfolds one block.
    pub fn block(&self, place: BlockPlace) -> Result<Block, ChunkError> {
        let end = place.start.saturating_add(place.length);
        let stored = self.bytes.get(place.start..end);
        Block::decode(place, stored.ok_or(ChunkError::Damaged("a block is missing"))?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::item::Item;
    use proptest::prelude::*;

    fn item(index: u64, value: &str, key: Option<&str>, source: &str) -> Item {
        ItemRef { index, key, value, source }.to_item()
    }

    fn write(items: &[Item], limits: ChunkLimits) -> Vec<Chunk> {
        let mut builder = ChunkBuilder::new(limits);
        let mut chunks: Vec<FullChunk> =
            items.iter().filter_map(|item| builder.push(item.as_ref())).collect();
        chunks.extend(builder.finish());
        chunks.iter().map(|chunk| chunk.encode().unwrap()).collect()
    }

    fn read(chunk: &[u8], first_index: u64, from: u32) -> Result<Vec<Item>, ChunkError> {
        let mut items = Vec::new();
        ChunkReader::open(chunk, first_index)?.each_from(from, |item| {
            items.push(item.to_item());
            true
        })?;
        Ok(items)
    }

    #[test]
    fn items_come_back_as_they_went_in() {
        let items: Vec<Item> = (0..5_000)
            .map(|i| {
                let source = if i % 1_000 < 500 { "s3://b/a" } else { "s3://b/c" };
                item(i, &format!("{{\"n\":{i}}}"), (i % 3 == 0).then_some("k"), source)
            })
            .collect();
        let limits = ChunkLimits { items: 2_000, ..ChunkLimits::default() };
        let chunks = write(&items, limits);
        assert_eq!(
            chunks.iter().map(|chunk| chunk.items).collect::<Vec<_>>(),
            [2_000, 2_000, 1_000]
        );
        let mut back = Vec::new();
        for chunk in &chunks {
            back.extend(read(&chunk.bytes, back.len() as u64, 0).unwrap());
        }
        assert_eq!(back, items);
    }

    #[test]
    fn one_item_takes_one_block() {
        let items: Vec<Item> =
            (0..20_000).map(|i| item(i, &format!("\"{i:0100}\""), None, "s3://b/k")).collect();
        let chunk = write(&items, ChunkLimits::default()).remove(0);
        let tail = ChunkIndex::tail_bytes(&chunk.bytes[chunk.bytes.len() - 8..]).unwrap();
        let index = ChunkIndex::parse(&chunk.bytes[chunk.bytes.len() - tail..]).unwrap();
        assert!(index.blocks().len() > 20);
        let place = index.block_of(12_345).unwrap();
        let stored = &chunk.bytes[place.start..place.start + place.length];
        let block = Block::decode(place, stored).unwrap();
        let found = block.items(0).nth((12_345 - place.first) as usize).unwrap().unwrap();
        assert_eq!(found.to_item(), items[12_345]);
        assert_eq!(index.block_of(20_000), None);
    }

    #[test]
    fn an_item_of_the_largest_size_fits() {
        let value = format!("\"{}\"", "x".repeat(limits::ITEM_BYTES_MAX - 2));
        let items = [item(0, "1", None, "s"), item(1, &value, None, "s")];
        assert_eq!(read(&write(&items, ChunkLimits::default())[0].bytes, 0, 0).unwrap(), items);
    }

    #[test]
    fn a_later_version_is_not_guessed_at() {
        let mut bytes = write(&[item(0, "1", None, "s")], ChunkLimits::default()).remove(0).bytes;
        let at = bytes.len() - 4;
        bytes[at] = 2;
        assert!(matches!(read(&bytes, 0, 0), Err(ChunkError::Version(2))));
    }

    /// The oldest form: what a version 1 wrote must be readable for as long as map runs live.
    #[test]
    fn the_first_version_is_read() {
        let items = [item(7, "[1]", None, "s"), item(8, "2", Some("k"), "s")];
        let first = [
            40, 181, 47, 253, 32, 10, 81, 0, 0, 14, 1, 115, 91, 49, 93, 5, 1, 107, 50, 2, 19, 2, 0,
            0, 0, 1, 66, 84, 78,
        ];
        assert_eq!(read(&first, 7, 0).unwrap(), items);
    }

    proptest! {
        #[test]
        fn damage_is_found_or_harmless(at in 0usize..2_000, to: u8, cut in 0usize..2_000) {
            let items: Vec<Item> = (0..300).map(|i| item(i, &format!("{i}"), None, "s")).collect();
            let mut bytes = write(&items, ChunkLimits::default()).remove(0).bytes;
            let length = bytes.len();
            bytes[at % length] = to;
            let _ = read(&bytes, 0, 0);
            let _ = read(&bytes[..cut % length], 0, 0);
        }

        #[test]
        fn any_bytes_are_refused_or_read(bytes: Vec<u8>) {
            let mut bytes = bytes;
            bytes.extend([3, 0, 0, 0, 1, b'B', b'T', b'N']);
            let _ = read(&bytes, 0, 0);
        }
    }
}

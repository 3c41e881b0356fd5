//! ItemBatcher: items in groups, each group one child's input.

use crate::limits;

/// The limits of a batch: at least one of the two is set by the definition.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct BatchLimits {
    /// `MaxItemsPerBatch`.
    pub items: Option<u64>,
    /// `MaxInputBytesPerBatch`: the child's whole input, BatchInput included.
    pub bytes: Option<u64>,
}

/// A batch, closed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Batch {
    /// The child's input: `{"BatchInput":…,"Items":[…]}`, without `BatchInput` where the definition has none.
    pub input: String,
    /// The items in it.
    pub items: u64,
}

/// One item alone makes a batch that is larger than it may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("an item of {item_bytes} bytes does not fit a batch of {batch_bytes} bytes")]
pub struct ItemTooLarge {
    /// The item's text.
    pub item_bytes: usize,
    /// What a batch may have.
    pub batch_bytes: usize,
}

/// Groups items. A pure function of the items in their order: equal items give equal batches, wherever it is begun at
/// a batch's start.
#[derive(Debug)]
pub struct Batcher {
    items_max: u64,
    bytes_max: usize,
    opening: String,
    input: String,
    items: u64,
}

const CLOSING: &str = "]}";

impl Batcher {
    /// A batcher for these limits; `batch_input` is BatchInput as JSON text.
    pub fn new(limits: BatchLimits, batch_input: Option<&str>) -> Self {
        let bytes_max = limits.bytes.unwrap_or(u64::MAX);
        let bytes_max =
            usize::try_from(bytes_max).unwrap_or(usize::MAX).min(limits::ITEM_BYTES_MAX);
        let opening = match batch_input {
            Some(input) => format!("{{\"BatchInput\":{input},\"Items\":["),
            None => "{\"Items\":[".to_owned(),
        };
        let items_max = limits.items.unwrap_or(u64::MAX).max(1);
        Self { items_max, bytes_max, opening, input: String::new(), items: 0 }
    }

    /// Adds an item's text. Gives the batch that it closed: the one before it where it did not fit any more, or the one
    /// that it filled.
    pub fn push(&mut self, item: &str) -> Result<Option<Batch>, ItemTooLarge> {
        let alone = self.opening.len() + item.len() + CLOSING.len();
        if alone > self.bytes_max {
            return Err(ItemTooLarge { item_bytes: item.len(), batch_bytes: self.bytes_max });
        }
        let together = self.input.len() + 1 + item.len() + CLOSING.len();
        let closed = if self.items > 0 && together > self.bytes_max { self.finish() } else { None };
        if self.items == 0 {
            self.input.clone_from(&self.opening);
        } else {
            self.input.push(',');
        }
        self.input.push_str(item);
        self.items += 1;
        // With a limit of one item, the item that closes a batch by its bytes cannot also fill one: it was filled before.
        Ok(closed.or_else(|| (self.items >= self.items_max).then(|| self.finish()).flatten()))
    }

    /// The batch of the items that are left, if any.
    pub fn finish(&mut self) -> Option<Batch> {
        if self.items == 0 {
            return None;
        }
        let mut input = std::mem::take(&mut self.input);
        input.push_str(CLOSING);
        Some(Batch { input, items: std::mem::take(&mut self.items) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use expect_test::{Expect, expect};

    fn check(items: Option<u64>, bytes: Option<u64>, batch_input: Option<&str>, expected: Expect) {
        let mut batcher = Batcher::new(BatchLimits { items, bytes }, batch_input);
        let mut batches = Vec::new();
        for item in ["1", "\"two\"", "[3]", "{\"n\":4}", "5"] {
            batches.extend(batcher.push(item).unwrap());
        }
        batches.extend(batcher.finish());
        let shown: Vec<String> =
            batches.iter().map(|batch| format!("{} {}\n", batch.items, batch.input)).collect();
        expected.assert_eq(&shown.concat());
    }

    #[test]
    fn batches_close_by_count_and_by_bytes() {
        check(
            Some(2),
            None,
            None,
            expect![[r#"
                2 {"Items":[1,"two"]}
                2 {"Items":[[3],{"n":4}]}
                1 {"Items":[5]}
            "#]],
        );
        check(
            None,
            Some(20),
            None,
            expect![[r#"
                2 {"Items":[1,"two"]}
                1 {"Items":[[3]]}
                1 {"Items":[{"n":4}]}
                1 {"Items":[5]}
            "#]],
        );
        check(
            Some(1),
            Some(50),
            Some(r#"{"a":1}"#),
            expect![[r#"
                1 {"BatchInput":{"a":1},"Items":[1]}
                1 {"BatchInput":{"a":1},"Items":["two"]}
                1 {"BatchInput":{"a":1},"Items":[[3]]}
                1 {"BatchInput":{"a":1},"Items":[{"n":4}]}
                1 {"BatchInput":{"a":1},"Items":[5]}
            "#]],
        );
    }

    #[test]
    fn a_batch_is_never_larger_than_a_childs_input() {
        let item = format!("\"{}\"", "x".repeat(100_000));
        let mut batcher = Batcher::new(BatchLimits { items: Some(1_000), bytes: None }, None);
        let closed: Vec<Batch> = (0..10).filter_map(|_| batcher.push(&item).unwrap()).collect();
        assert_eq!(closed.len(), 4);
        assert!(closed.iter().all(|batch| batch.items == 2));
        let larger = format!("\"{}\"", "x".repeat(limits::ITEM_BYTES_MAX));
        assert!(batcher.push(&larger).is_err());
    }
}

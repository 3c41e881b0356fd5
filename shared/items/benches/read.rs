//! Reading, beside the bare parsers.
//!
//!     cargo bench -p baton-items -- 1024
//!
//! reads 1,024 MiB each of CSV and JSON Lines (64 without the argument), made as it is read: random rows, 8 MiB of them over
//! and over. Prints MB/s of source text, the best of three rounds, and the most memory that the process held while it
//! read and chunked. The floors are the `csv` crate, which splits rows into cells and makes nothing of them, and
//! `serde_json`, which checks each line and keeps nothing.

#![expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "a benchmark prints, and stops where something is wrong"
)]

use baton_items::{CsvFormat, Format, ItemReader, ItemRef, ReadFailure, Step};
use std::hint::black_box;
use std::io::Read;
use std::time::Duration;

/// Rows of it are whole, so that it can be repeated.
const BLOCK_BYTES: usize = 8 * 1024 * 1024;
const PIECE_BYTES: usize = 1024 * 1024;
const ROUNDS: usize = 3;

fn main() {
    let argument = std::env::args().filter_map(|argument| argument.parse::<usize>().ok()).next();
    let blocks = (argument.unwrap_or(64) / 8).max(1);
    println!("{} MiB of each, in pieces of 1 MiB", blocks * 8);
    println!("{:<12}{:>12}{:>12}{:>9}{:>12}", "", "floor", "read", "", "peak");
    let rows = block(csv_row);
    let csv = Format::Csv(CsvFormat::default());
    report("CSV", &rows, blocks, &csv, csv_floor);
    let lines = block(json_line);
    report("JSON Lines", &lines, blocks, &Format::JsonLines, json_floor);
}

fn report(
    name: &str,
    block: &[u8],
    blocks: usize,
    format: &Format,
    floor: impl Fn(Repeated<'_>) -> usize,
) {
    let object = || Repeated { block, at: 0, left: blocks };
    let bytes = block.len() * blocks;
    let floor = best(bytes, || timed(|| floor(object())).0);
    reset_peak();
    let read = best(bytes, || timed(|| read(object(), format)).0);
    let share = |speed: f64| format!("{:.0} %", speed / floor * 100.0);
    println!(
        "{name:<12}{floor:>7.0} MB/s{read:>7.0} MB/s{:>9}{:>8.0} MiB",
        share(read),
        peak_mib()
    );
}

fn read(object: Repeated<'_>, format: &Format) -> usize {
    let mut kept = 0;
    each_item(object, format, |item| kept += black_box(item).value.len()).expect("it is readable");
    kept
}

fn each_item(
    mut object: Repeated<'_>,
    format: &Format,
    mut take: impl FnMut(ItemRef<'_>),
) -> Result<(), ReadFailure> {
    let mut reader = ItemReader::new(format, "s3://bucket/object")?;
    let mut piece = vec![0; PIECE_BYTES];
    loop {
        match reader.next()? {
            Step::Item(item) => take(item),
            Step::NeedsBytes => match object.read(&mut piece).unwrap_or_default() {
                0 => reader.end(),
                read => reader.push(&piece[..read]),
            },
            Step::End => return Ok(()),
        }
    }
}

fn csv_floor(object: Repeated<'_>) -> usize {
    let mut reader = csv::ReaderBuilder::new().buffer_capacity(PIECE_BYTES).from_reader(object);
    let mut record = csv::ByteRecord::new();
    let mut cells = 0;
    while reader.read_byte_record(&mut record).expect("it is CSV") {
        cells += black_box(&record).len();
    }
    cells
}

fn json_floor(mut object: Repeated<'_>) -> usize {
    let mut piece = vec![0; BLOCK_BYTES];
    let mut lines = 0;
    loop {
        // A block is whole lines, and is read whole.
        let read = object.read(&mut piece).unwrap_or_default();
        if read == 0 {
            return lines;
        }
        for line in piece[..read].split_inclusive(|byte| *byte == b'\n') {
            serde_json::from_slice::<serde::de::IgnoredAny>(black_box(line)).expect("it is JSON");
            lines += 1;
        }
    }
}

/// MB of source text a second, the best of some rounds.
fn best(bytes: usize, work: impl Fn() -> Duration) -> f64 {
    let fastest = (0..ROUNDS).map(|_| work()).min().unwrap_or_default();
    bytes as f64 / 1e6 / fastest.as_secs_f64()
}

/// The processor time that some work takes in this thread.
fn timed<T>(work: impl FnOnce() -> T) -> (Duration, T) {
    let before = processor_time();
    let made = black_box(work());
    (processor_time().saturating_sub(before), made)
}

/// The processor time of this thread, as Linux counts it.
fn processor_time() -> Duration {
    let counted = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    let nanos = counted.split_whitespace().next().and_then(|nanos| nanos.parse().ok());
    Duration::from_nanos(nanos.expect("Linux counts a thread's processor time"))
}

/// A block over and over.
struct Repeated<'a> {
    block: &'a [u8],
    at: usize,
    left: usize,
}

impl Read for Repeated<'_> {
    fn read(&mut self, into: &mut [u8]) -> std::io::Result<usize> {
        if self.left == 0 {
            return Ok(0);
        }
        let count = into.len().min(self.block.len() - self.at);
        into[..count].copy_from_slice(&self.block[self.at..self.at + count]);
        self.at += count;
        if self.at == self.block.len() {
            (self.at, self.left) = (0, self.left - 1);
        }
        Ok(count)
    }
}

fn block(row: impl Fn(&mut Dice) -> String) -> Vec<u8> {
    let mut dice = Dice(0x9e37_79b9_7f4a_7c15);
    let mut block = Vec::with_capacity(BLOCK_BYTES);
    loop {
        let row = row(&mut dice);
        if block.len() + row.len() > BLOCK_BYTES {
            return block;
        }
        block.extend_from_slice(row.as_bytes());
    }
}

fn csv_row(dice: &mut Dice) -> String {
    format!(
        "{},{}@example.com,{},{}.{:02},2026-11-{:02}T10:{:02}:00Z,\"{}, {}\"\n",
        dice.below(100_000_000),
        dice.word(),
        dice.word(),
        dice.below(1_000),
        dice.below(100),
        dice.below(28) + 1,
        dice.below(60),
        dice.word(),
        dice.word()
    )
}

fn json_line(dice: &mut Dice) -> String {
    format!(
        "{{\"id\":{},\"email\":\"{}@example.com\",\"name\":\"{}\",\"amount\":{}.{:02},\"tags\":[\"{}\",\"{}\"],\"at\":\"2026-11-{:02}\"}}\n",
        dice.below(100_000_000),
        dice.word(),
        dice.word(),
        dice.below(1_000),
        dice.below(100),
        dice.word(),
        dice.word(),
        dice.below(28) + 1
    )
}

struct Dice(u64);

impl Dice {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % limit
    }

    fn word(&mut self) -> String {
        let letter = |dice: &mut Self| {
            char::from_digit(u32::try_from(dice.below(26)).unwrap_or_default() + 10, 36)
        };
        (0..self.below(8) + 4).filter_map(|_| letter(self)).collect()
    }
}

/// The kernel's high-water mark of this process's memory; without one (not Linux), nothing.
fn peak_mib() -> f64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kib = line.and_then(|line| line.trim().trim_end_matches(" kB").parse::<f64>().ok());
    kib.unwrap_or(f64::NAN) / 1024.0
}

fn reset_peak() {
    let _ = std::fs::write("/proc/self/clear_refs", "5");
}

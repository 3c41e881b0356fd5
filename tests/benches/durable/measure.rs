//! Time, memory and the table.

use std::time::Duration;

/// Real time.
pub struct Stopwatch(std::time::Instant);

impl Stopwatch {
    #[expect(clippy::disallowed_methods, reason = "what is measured is real time")]
    pub fn start() -> Self {
        Stopwatch(std::time::Instant::now())
    }

    pub fn elapsed(&self) -> Duration {
        self.0.elapsed()
    }
}

/// The middle one of several measurements.
pub fn median<T: Copy + PartialOrd>(measured: &[T]) -> T {
    quantile(measured, 0.5)
}

/// The measurement below which this share of them lies.
pub fn quantile<T: Copy + PartialOrd>(measured: &[T], share: f64) -> T {
    let mut sorted = measured.to_vec();
    sorted.sort_by(|one, other| one.partial_cmp(other).expect("measurements are numbers"));
    sorted[((sorted.len() - 1) as f64 * share).round() as usize]
}

/// The memory that this process has in RAM, in bytes. Nothing where the system does not tell.
#[allow(dead_code, reason = "one of the benchmarks that share this asks for it")]
pub fn resident_bytes() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kibibytes: u64 = line.trim().strip_suffix(" kB")?.parse().ok()?;
    Some(kibibytes * 1024)
}

/// What was measured, a line each, beside its floor and its goal.
#[derive(Default)]
pub struct Table(Vec<[String; 5]>);

impl Table {
    pub fn add(&mut self, what: &str, baton: String, floor: String, share: String, goal: &str) {
        let row = [what.to_owned(), baton, floor, share, goal.to_owned()];
        eprintln!("{}", row.join(" | "));
        self.0.push(row);
    }

    pub fn print(&self) {
        let heads = ["", "Baton", "its floor", "of it", "goal"].map(str::to_owned);
        let lines: Vec<&[String; 5]> = std::iter::once(&heads).chain(&self.0).collect();
        let width = |column: usize| {
            lines.iter().map(|line| line[column].chars().count()).max().unwrap_or_default()
        };
        let widths: [usize; 5] = std::array::from_fn(width);
        println!();
        for line in lines {
            let [what, numbers @ ..] = line;
            print!("{what:<0$}", widths[0]);
            for (number, width) in numbers.iter().zip(&widths[1..]) {
                print!("  {number:>width$}");
            }
            println!();
        }
    }
}

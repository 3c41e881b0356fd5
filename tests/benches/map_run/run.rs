//! One run of a Distributed Map, and its floor.

use crate::floor::Rows;
use crate::home::Home;
use crate::measure::Stopwatch;
use crate::objects::Objects;
use rusqlite::Connection;
use serde_json::json;
use std::fmt;
use std::fs::File;
use std::io::Write as _;
use std::path::Path;
use std::time::Duration;

/// How large a part of an exported object is.
const PART_BYTES: usize = 5 * 1024 * 1024;

#[derive(Debug, Clone, Copy)]
pub enum Children {
    Express,
    Standard,
}

#[derive(Debug, Clone, Copy)]
pub struct Job {
    pub children: Children,
    pub items: usize,
    pub per_child: usize,
    pub concurrency: usize,
}

/// What a run came to.
pub struct Measured {
    pub secs: f64,
    pub floor_secs: f64,
    pub peak_bytes: f64,
    pub groups: f64,
}

impl fmt::Display for Job {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Job { children, items, per_child, concurrency } = self;
        write!(f, "{items} items, {children:?} children of {per_child}, {concurrency} at a time")
    }
}

impl Job {
    pub fn arguments(&self) -> [String; 4] {
        let kind = match self.children {
            Children::Express => "express",
            Children::Standard => "standard",
        };
        let [items, per_child, concurrency] =
            [self.items, self.per_child, self.concurrency].map(|number| number.to_string());
        [kind.to_owned(), items, per_child, concurrency]
    }

    pub fn parse(arguments: &[String]) -> Option<Self> {
        let [kind, numbers @ ..] = arguments else { return None };
        let children = if kind == "express" { Children::Express } else { Children::Standard };
        let numbers: Vec<usize> = numbers.iter().filter_map(|it| it.parse().ok()).collect();
        let [items, per_child, concurrency] = *numbers.as_slice() else { return None };
        Some(Job { children, items, per_child, concurrency })
    }

    pub fn run(self) -> Measured {
        // On the build's own disk: a folder for temporary files may lie in memory.
        let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).expect("a folder");
        let exported = folder.path().join("exported");
        std::fs::create_dir(&exported).expect("a folder");
        let objects = Objects { items: self.items, folder: exported.clone() };
        let home = Home::with_tasks(folder.path(), &self.definition(), objects);
        let before = home.embedded.groups();
        let watch = Stopwatch::start();
        home.wait_until_ended(home.start_all(vec!["{}".to_owned()]));
        let secs = watch.elapsed().as_secs_f64();
        let groups = home.embedded.groups() - before;
        let path = home.close();
        assert!(has_succeeded(&path), "an execution did not succeed");
        let peak_bytes = peak_bytes();
        let bytes = check(&exported, self);
        let rows = Rows::read(&path, groups);
        let floor = rows.insert(folder.path()) + write(folder.path(), bytes);
        Measured { secs, floor_secs: floor.as_secs_f64(), peak_bytes, groups: groups as f64 }
    }

    fn definition(self) -> serde_json::Value {
        let execution_type = match self.children {
            Children::Express => "EXPRESS",
            Children::Standard => "STANDARD",
        };
        let mut map = json!({
            "Type": "Map",
            "Label": "bench",
            "MaxConcurrency": self.concurrency,
            "ItemReader": {
                "Resource": "arn:aws:states:::s3:getObject",
                "ReaderConfig": { "InputType": "JSONL" },
                "Parameters": { "Bucket": "b", "Key": "rows.jsonl" },
            },
            "ResultWriter": {
                "Resource": "arn:aws:states:::s3:putObject",
                "Parameters": { "Bucket": "b", "Prefix": "out" },
                "WriterConfig": { "Transformation": "COMPACT", "OutputType": "JSONL" },
            },
            "ItemProcessor": {
                "ProcessorConfig": { "Mode": "DISTRIBUTED", "ExecutionType": execution_type },
                "StartAt": "Look",
                "States": {
                    "Look": { "Type": "Pass", "Next": "Note" },
                    "Note": { "Type": "Pass", "End": true },
                },
            },
            "End": true,
        });
        if self.per_child > 1 {
            map["ItemBatcher"] = json!({ "MaxItemsPerBatch": self.per_child });
        }
        json!({ "StartAt": "Each", "States": { "Each": map } })
    }
}

impl Measured {
    pub fn line(&self) -> String {
        format!("{} {} {} {}", self.secs, self.floor_secs, self.peak_bytes, self.groups)
    }

    pub fn parse(line: &str) -> Option<Self> {
        let numbers: Vec<f64> = line.split(' ').filter_map(|it| it.parse().ok()).collect();
        let [secs, floor_secs, peak_bytes, groups] = *numbers.as_slice() else { return None };
        Some(Measured { secs, floor_secs, peak_bytes, groups })
    }
}

/// Whether every execution has.
fn has_succeeded(path: &Path) -> bool {
    let file = Connection::open(path).expect("the data file");
    let sql = "SELECT 1 FROM executions WHERE status <> 'SUCCEEDED'";
    !file.prepare(sql).and_then(|mut others| others.exists([])).expect("the tables")
}

/// Every child's output was exported. Answers how many bytes were.
fn check(exported: &Path, job: Job) -> usize {
    let (mut lines, mut bytes) = (0, 0);
    for file in std::fs::read_dir(exported).expect("the folder") {
        let path = file.expect("a file").path();
        let text = std::fs::read(&path).expect("a file");
        bytes += text.len();
        if path.to_string_lossy().contains("SUCCEEDED") {
            lines += text.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()).count();
        }
    }
    assert_eq!(lines, job.items.div_ceil(job.per_child), "outputs are missing");
    bytes
}

/// Bare writing of so many bytes, in parts that are each durable.
fn write(folder: &Path, bytes: usize) -> Duration {
    let path = folder.join("bare");
    let part = vec![b'x'; PART_BYTES];
    let watch = Stopwatch::start();
    let mut file = File::create(&path).expect("a file");
    let mut left = bytes;
    while left > 0 {
        let now = left.min(PART_BYTES);
        file.write_all(&part[..now]).and_then(|()| file.sync_all()).expect("the disk");
        left -= now;
    }
    watch.elapsed()
}

/// The most memory that this process has had in RAM.
fn peak_bytes() -> f64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap_or_default();
    line.trim().trim_end_matches(" kB").parse::<f64>().map_or(f64::NAN, |it| it * 1024.0)
}

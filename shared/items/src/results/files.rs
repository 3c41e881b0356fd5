//! Result files: `SUCCEEDED_0.json` and its like, in parts fit for a multi-part upload.
//!
//! A part ends behind a whole result and holds at least [`PART_BYTES`], but for a file's last. Behind any result
//! [`ResultFiles::progress`] says all that another writer needs to go on.

use super::record::quoted;
use super::{OutputType, ResultKind};
use crate::limits;
use serde::{Deserialize, Serialize};

/// The least that a part holds: S3 wants 5 MiB, and 10,000 parts at most.
pub const PART_BYTES: usize = 8 * 1024 * 1024;

/// One result file, as the manifest lists it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ResultFile {
    /// Its key.
    #[serde(rename = "Key")]
    pub key: String,
    /// Its bytes.
    #[serde(rename = "Size")]
    pub size: u64,
}

/// A part of a file, to be stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FilePart {
    /// The file's key.
    pub key: String,
    /// Its number within the file, from 1 on.
    pub number: u32,
    /// Its bytes.
    pub bytes: Vec<u8>,
    /// It completes the file: with number 1, the file is one object to put.
    pub is_last: bool,
}

/// Where a writer stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileProgress {
    version: u32,
    /// The files that are complete.
    pub files: Vec<ResultFile>,
    /// The bytes of the file at hand.
    size: u64,
    /// Its parts.
    pub parts: u32,
    /// What was written since the last of them.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    held: String,
}

/// Writes the files of one kind.
#[derive(Debug)]
pub struct ResultFiles {
    kind: ResultKind,
    output_type: OutputType,
    /// `<prefix>/<map run>/`, or without the prefix.
    folder: String,
    progress: FileProgress,
    buffer: Vec<u8>,
    file_bytes_max: u64,
    part_bytes: usize,
}

impl ResultFiles {
    /// A writer of files under `<prefix>/<map_run>/`; `map_run` is the last part of the map run's ARN.
    pub fn new(kind: ResultKind, output_type: OutputType, prefix: &str, map_run: &str) -> Self {
        let progress =
            FileProgress { version: 1, files: Vec::new(), size: 0, parts: 0, held: String::new() };
        Self {
            kind,
            output_type,
            folder: folder(prefix, map_run),
            progress,
            buffer: Vec::new(),
            file_bytes_max: limits::RESULT_FILE_BYTES_MAX,
            part_bytes: PART_BYTES,
        }
    }

    /// The same, going on where another stood.
    #[must_use]
    pub fn resume(mut self, mut progress: FileProgress) -> Self {
        self.buffer = std::mem::take(&mut progress.held).into_bytes();
        self.progress = progress;
        self
    }

    /// Adds a result's text (see [`super::transform`]), and gives the parts that it completed.
    pub fn push(&mut self, text: &str) -> Vec<FilePart> {
        let mut parts = Vec::new();
        let longest = text.len() as u64 + 2;
        if self.size() > 0 && self.size() + longest > self.file_bytes_max {
            parts.push(self.close());
        }
        let before: &[u8] = match self.output_type {
            OutputType::Json if self.size() == 0 => b"[",
            OutputType::Json => b",",
            OutputType::JsonLines => b"",
        };
        self.buffer.extend_from_slice(before);
        self.buffer.extend_from_slice(text.as_bytes());
        if self.output_type == OutputType::JsonLines {
            self.buffer.push(b'\n');
        }
        if self.buffer.len() >= self.part_bytes {
            parts.push(self.part(false));
        }
        parts
    }

    /// Completes the last file, if it has anything in it.
    pub fn finish(&mut self) -> Option<FilePart> {
        (self.size() > 0).then(|| self.close())
    }

    /// Where it stands.
    pub fn progress(&self) -> FileProgress {
        let held = String::from_utf8_lossy(&self.buffer).into_owned();
        FileProgress { held, ..self.progress.clone() }
    }

    /// The files that are complete.
    pub fn files(&self) -> &[ResultFile] {
        &self.progress.files
    }

    fn size(&self) -> u64 {
        self.progress.size + self.buffer.len() as u64
    }

    fn close(&mut self) -> FilePart {
        if self.output_type == OutputType::Json {
            self.buffer.push(b']');
        }
        let part = self.part(true);
        self.progress.files.push(ResultFile { key: part.key.clone(), size: self.progress.size });
        (self.progress.size, self.progress.parts) = (0, 0);
        part
    }

    fn part(&mut self, is_last: bool) -> FilePart {
        let bytes = std::mem::take(&mut self.buffer);
        self.progress.size += bytes.len() as u64;
        self.progress.parts += 1;
        let number = self.progress.files.len();
        let key = format!("{}{}_{number}.json", self.folder, self.kind.name());
        FilePart { key, number: self.progress.parts, bytes, is_last }
    }
}

fn folder(prefix: &str, map_run: &str) -> String {
    let prefix = prefix.trim_end_matches('/');
    if prefix.is_empty() { format!("{map_run}/") } else { format!("{prefix}/{map_run}/") }
}

/// The manifest: its key and its text. `files` has each kind's files.
pub fn manifest(
    bucket: &str,
    prefix: &str,
    map_run_arn: &str,
    files: impl Fn(ResultKind) -> Vec<ResultFile>,
) -> (String, String) {
    let map_run = map_run_arn.rsplit(':').next().unwrap_or_default();
    let lists = ResultKind::ALL.map(|kind| {
        let files = serde_json::to_value(files(kind)).unwrap_or_default();
        format!("\"{}\":{files}", kind.name())
    });
    let text = format!(
        r#"{{"DestinationBucket":{},"MapRunArn":{},"ResultFiles":{{{}}}}}"#,
        quoted(bucket),
        quoted(map_run_arn),
        lists.join(",")
    );
    (format!("{}manifest.json", folder(prefix, map_run)), text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use expect_test::expect;

    const RUN: &str = "arn:aws:states:us-east-1:123456789012:mapRun:m/L:ab-cd";

    fn files(output_type: OutputType, part_bytes: usize, file_bytes_max: u64) -> ResultFiles {
        let files = ResultFiles::new(ResultKind::Succeeded, output_type, "out/", "ab-cd");
        ResultFiles { part_bytes, file_bytes_max, ..files }
    }

    fn shown(parts: &[FilePart]) -> String {
        let line = |part: &FilePart| {
            let last = if part.is_last { " last" } else { "" };
            let text = String::from_utf8_lossy(&part.bytes).replace('\n', "~");
            format!("{} {}{last}: {text}\n", part.key, part.number)
        };
        parts.iter().map(line).collect()
    }

    fn write(files: &mut ResultFiles, texts: &[&str]) -> String {
        let mut parts: Vec<FilePart> = texts.iter().flat_map(|text| files.push(text)).collect();
        parts.extend(files.finish());
        shown(&parts)
    }

    #[test]
    fn results_are_an_array_in_parts_and_files() {
        let mut json = files(OutputType::Json, 6, 20);
        expect![[r#"
            out/ab-cd/SUCCEEDED_0.json 1: ["one"
            out/ab-cd/SUCCEEDED_0.json 2: ,"two"
            out/ab-cd/SUCCEEDED_0.json 3 last: ,3]
            out/ab-cd/SUCCEEDED_1.json 1: ["four"
            out/ab-cd/SUCCEEDED_1.json 2 last: ]
        "#]]
        .assert_eq(&write(&mut json, &["\"one\"", "\"two\"", "3", "\"four\""]));
        let sizes: Vec<u64> = json.files().iter().map(|file| file.size).collect();
        assert_eq!(sizes, [15, 8]);
        let mut lines = files(OutputType::JsonLines, 100, 100);
        expect![[r#"
            out/ab-cd/SUCCEEDED_0.json 1 last: 1~[2]~
        "#]]
        .assert_eq(&write(&mut lines, &["1", "[2]"]));
        assert_eq!(write(&mut files(OutputType::Json, 9, 9), &[]), "");
    }

    #[test]
    fn another_writer_goes_on_behind_any_result() {
        let texts: Vec<String> = (100..140).map(|i| i.to_string()).collect();
        let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
        let whole = write(&mut files(OutputType::Json, 10, 70), &texts);
        let mut begun = files(OutputType::Json, 10, 70);
        let mut pieces = String::new();
        for (at, text) in texts.iter().enumerate() {
            pieces.push_str(&shown(&begun.push(text)));
            let kept = serde_json::to_string(&begun.progress()).unwrap();
            let mut next =
                files(OutputType::Json, 10, 70).resume(serde_json::from_str(&kept).unwrap());
            let rest = write(&mut next, &texts[at + 1..]);
            assert_eq!(format!("{pieces}{rest}"), whole);
        }
    }

    #[test]
    fn the_manifest_lists_the_files() {
        let (key, text) = manifest("b", "", RUN, |kind| match kind {
            ResultKind::Succeeded => {
                vec![ResultFile { key: "ab-cd/SUCCEEDED_0.json".into(), size: 15 }]
            }
            ResultKind::Failed | ResultKind::Pending => Vec::new(),
        });
        assert_eq!(key, "ab-cd/manifest.json");
        expect![[r#"{"DestinationBucket":"b","MapRunArn":"arn:aws:states:us-east-1:123456789012:mapRun:m/L:ab-cd","ResultFiles":{"FAILED":[],"PENDING":[],"SUCCEEDED":[{"Key":"ab-cd/SUCCEEDED_0.json","Size":15}]}}"#]]
        .assert_eq(&text);
    }
}

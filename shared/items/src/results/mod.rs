//! ResultWriter: what a map run leaves behind, in files or as the state's output.

mod files;
mod output;
mod record;

pub use files::{FilePart, FileProgress, PART_BYTES, ResultFile, ResultFiles, manifest};
pub use output::{OutputTooLarge, StateOutput, exported};
#[cfg(feature = "parquet")]
pub(crate) use record::quoted;
pub use record::{ChildExecution, ChildResult, RedriveStatus};

/// Which file a child's result goes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum ResultKind {
    /// Failed, timed out and aborted children.
    Failed,
    /// Children that were never started.
    Pending,
    /// Succeeded children.
    Succeeded,
}

impl ResultKind {
    /// All of them, as the manifest names them.
    pub const ALL: [Self; 3] = [Self::Failed, Self::Pending, Self::Succeeded];

    /// As the manifest and the files' names spell it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Failed => "FAILED",
            Self::Pending => "PENDING",
            Self::Succeeded => "SUCCEEDED",
        }
    }
}

/// `WriterConfig.Transformation`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Transformation {
    /// Outputs with what is known of each child.
    None,
    /// Outputs alone.
    Compact,
    /// Outputs alone; those that are arrays, element by element.
    Flatten,
}

impl Transformation {
    /// The transformation of this name.
    pub fn parse(name: &str) -> Option<Self> {
        Some(match name {
            "NONE" => Self::None,
            "COMPACT" => Self::Compact,
            "FLATTEN" => Self::Flatten,
            _ => return None,
        })
    }
}

/// `WriterConfig.OutputType`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum OutputType {
    /// One array.
    #[default]
    Json,
    /// One value a line.
    JsonLines,
}

impl OutputType {
    /// The output type of this name.
    pub fn parse(name: &str) -> Option<Self> {
        Some(match name {
            "JSON" => Self::Json,
            "JSONL" => Self::JsonLines,
            _ => return None,
        })
    }
}

/// `WriterConfig`, its defaults filled in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WriterConfig {
    /// What is done with outputs.
    pub transformation: Transformation,
    /// How they are written.
    pub output_type: OutputType,
}

impl WriterConfig {
    /// What holds for results that are exported without a `WriterConfig`.
    pub const EXPORTED: Self =
        Self { transformation: Transformation::None, output_type: OutputType::Json };
    /// What holds without a `ResultWriter`.
    pub const NOT_EXPORTED: Self =
        Self { transformation: Transformation::Compact, output_type: OutputType::Json };
}

/// Calls `take` with each text that a child's result becomes: none transforms what did not succeed.
pub fn transform(
    child: &ChildResult<'_>,
    transformation: Transformation,
    mut take: impl FnMut(&str),
) {
    let output = match transformation {
        Transformation::None => None,
        Transformation::Compact | Transformation::Flatten => child.output,
    };
    let Some(output) = output else { return take(&child.to_record()) };
    let elements = match transformation {
        Transformation::Flatten => elements(output),
        Transformation::None | Transformation::Compact => None,
    };
    match elements {
        Some(elements) => elements.into_iter().for_each(|element| take(element.get())),
        None => take(output),
    }
}

fn elements(output: &str) -> Option<Vec<&serde_json::value::RawValue>> {
    output.trim_start().starts_with('[').then(|| serde_json::from_str(output).ok()).flatten()
}

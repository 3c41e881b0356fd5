//! How data enters and leaves a state.

use baton_jsonpath::{Path, ReferencePath, Template};

/// The data fields of a state, in its query language.
#[derive(Debug)]
#[expect(
    clippy::large_enum_variant,
    reason = "one a state, and most states of a definition have the same variant"
)]
pub enum Flow {
    /// `InputPath`, `Parameters`, `ResultSelector`, `ResultPath`, `OutputPath`, `Assign`.
    JsonPath(JsonPathFlow),
    /// `Arguments`, `Output`, `Assign`.
    Jsonata(JsonataFlow),
}

/// The data fields of a JSONPath state, in the order in which they apply (ASL-IO-01). A field that the
/// state's type does not have holds its default.
#[derive(Debug)]
pub struct JsonPathFlow {
    /// `InputPath`; `None` is `null`, which stands for `{}`.
    pub input_path: Option<Path>,
    /// `Parameters` of Task, Pass and Parallel; a Map's are its `item_selector`.
    pub parameters: Option<Template>,
    /// `ResultSelector`.
    pub result_selector: Option<Template>,
    /// `ResultPath`.
    pub result_path: ResultPath,
    /// `OutputPath`; `None` is `null`, which stands for `{}`.
    pub output_path: Option<Path>,
    /// `Assign`.
    pub assign: Option<Template>,
}

/// Where a result goes in the raw input.
#[derive(Debug)]
pub enum ResultPath {
    /// `null`: the result is dropped.
    Discard,
    /// `$` replaces the input; a longer path inserts into it.
    At(ReferencePath),
}

/// The data fields of a JSONata state.
#[derive(Debug, Default)]
pub struct JsonataFlow {
    /// `Arguments` of Task and Parallel.
    pub arguments: Option<baton_jsonata::Template>,
    /// `Output`.
    pub output: Option<baton_jsonata::Template>,
    /// `Assign`.
    pub assign: Option<baton_jsonata::Template>,
}

/// A template in either language, where one field serves both (`ItemSelector`, a rule's `Assign`).
#[derive(Debug)]
pub enum AnyTemplate {
    /// With `.$` keys.
    JsonPath(Template),
    /// With `{% … %}` strings.
    Jsonata(baton_jsonata::Template),
}

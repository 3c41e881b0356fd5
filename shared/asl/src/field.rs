//! Fields that hold a value, a path to it, or an expression for it.

use baton_jsonata::Expression;
use baton_jsonpath::{Path, PathOrIntrinsic};

/// A number, as `TimeoutSeconds` / `TimeoutSecondsPath` and the like give it.
#[derive(Debug)]
pub enum NumberField {
    /// Written out.
    Literal(f64),
    /// The `…Path` form of a JSONPath state.
    Path(Path),
    /// `{% … %}` in a JSONata state.
    Expression(Expression),
}

/// A text, as `Error` / `ErrorPath` and the like give it.
#[derive(Debug)]
pub enum TextField {
    /// Written out.
    Literal(String),
    /// The `…Path` form of a JSONPath state.
    Path(PathOrIntrinsic),
    /// `{% … %}` in a JSONata state.
    Expression(Expression),
}

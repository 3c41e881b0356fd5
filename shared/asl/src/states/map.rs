//! Map, inline.

use crate::{AnyTemplate, BlockId, Handlers, NumberField, Transition};
use baton_jsonata::Expression;
use baton_jsonpath::Path;
use serde_json::Value;

/// `Map` in inline mode: the same block once for each item.
#[derive(Debug)]
pub struct Map {
    /// `ItemProcessor`, or `Iterator` by its old name.
    pub processor: BlockId,
    /// Where the items come from.
    pub items: Items,
    /// `ItemSelector`, or `Parameters` by its old name in a JSONPath state.
    pub item_selector: Option<AnyTemplate>,
    /// `MaxConcurrency`, `MaxConcurrencyPath`.
    pub concurrency_max: Option<NumberField>,
    /// `ToleratedFailureCount`, `ToleratedFailureCountPath`: evaluated and checked, without further effect inline (ASL-MAP-15).
    pub tolerated_failure_count: Option<NumberField>,
    /// `ToleratedFailurePercentage`, `ToleratedFailurePercentagePath`: as the count.
    pub tolerated_failure_percentage: Option<NumberField>,
    /// `Retry`, `Catch`.
    pub handlers: Handlers,
    /// `Next` or `End`.
    pub transition: Transition,
}

/// `ItemsPath` or `Items`.
#[derive(Debug)]
pub enum Items {
    /// The whole input: neither is given in a JSONata state.
    Input,
    /// `ItemsPath`, `$` by default, over the effective input.
    Path(Path),
    /// `Items` as a literal array or object, expressions inside it included.
    Template(baton_jsonata::Template),
    /// `Items` as one expression.
    Expression(Expression),
    /// `Items` without any expression in it.
    Literal(Value),
}

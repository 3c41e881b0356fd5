//! Choice.

use crate::{AnyTemplate, StateName};
use baton_jsonata::Expression;
use baton_jsonpath::Path;
use jiff::Timestamp;
use serde_json::Number;

/// `Choice`: the first rule that holds decides.
#[derive(Debug)]
pub struct Choice {
    /// `Choices` in order; never empty.
    pub rules: Vec<Rule>,
    /// `Default`.
    pub default: Option<StateName>,
}

/// One element of `Choices`.
#[derive(Debug)]
pub struct Rule {
    /// What must hold.
    pub condition: Condition,
    /// Where the execution goes then.
    pub next: StateName,
    /// The rule's own `Assign`.
    pub assign: Option<AnyTemplate>,
    /// The rule's own `Output`, in a JSONata state.
    pub output: Option<baton_jsonata::Template>,
}

/// A rule's condition, in the state's query language.
#[derive(Debug)]
pub enum Condition {
    /// `Variable` with an operator, `And`, `Or`, `Not`.
    JsonPath(Test),
    /// `Condition` as `{% … %}`.
    Jsonata(Expression),
    /// `Condition` as `true` or `false`.
    Literal(bool),
}

/// A boolean expression of comparisons.
#[derive(Debug)]
pub enum Test {
    /// Every one holds; never empty.
    And(Vec<Test>),
    /// One of them holds; never empty.
    Or(Vec<Test>),
    /// It does not hold.
    Not(Box<Test>),
    /// One operator over one `Variable`.
    Compare {
        /// `Variable`.
        variable: Path,
        /// The operator and its right side.
        comparison: Comparison,
    },
}

/// A comparison operator with its right side. A variable of another type makes it false, without an error.
#[derive(Debug)]
pub enum Comparison {
    /// `String…`, by code unit.
    String(Relation, Operand<String>),
    /// `Numeric…`.
    Numeric(Relation, Operand<Number>),
    /// `BooleanEquals…`.
    Boolean(Operand<bool>),
    /// `Timestamp…`, as instants.
    Timestamp(Relation, Operand<Timestamp>),
    /// `StringMatches`.
    StringMatches(StringPattern),
    /// `IsNull` and whether it must.
    IsNull(bool),
    /// `IsPresent` and whether it must.
    IsPresent(bool),
    /// `IsNumeric` and whether it must.
    IsNumeric(bool),
    /// `IsString` and whether it must.
    IsString(bool),
    /// `IsBoolean` and whether it must.
    IsBoolean(bool),
    /// `IsTimestamp` and whether it must.
    IsTimestamp(bool),
}

/// The relation an operator's name ends with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Relation {
    /// `…Equals`.
    Equals,
    /// `…LessThan`.
    LessThan,
    /// `…GreaterThan`.
    GreaterThan,
    /// `…LessThanEquals`.
    LessThanEquals,
    /// `…GreaterThanEquals`.
    GreaterThanEquals,
}

/// The right side of an operator.
#[derive(Debug)]
pub enum Operand<T> {
    /// Written out.
    Literal(T),
    /// The `…Path` form.
    Path(Path),
}

/// A `StringMatches` pattern: literal pieces with any text between two of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StringPattern {
    /// The pieces between the `*`; a pattern without `*` has one.
    pub pieces: Vec<String>,
}

//! Filters: `[?(@.a == 'x' && (@.b > 1 || !@.c))]`.
//!
//! A filter tests the elements of an array, or an object itself. Comparison is Jayway's: numbers
//! by value, strings by UTF-16 code units, a number and a string by turning one into the other;
//! a missing member equals nothing.

use std::borrow::Cow;
use std::cmp::Ordering;

use serde_json::Value;

use crate::error::ParseError;
use crate::java::{compare_numbers, compare_strings, equal, float, number_text};
use crate::limits::FILTER_DEPTH_MAX;
use crate::path::{PathError, PathParser, Selected, Selection, Steps};

/// A compiled condition.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Filter {
    Any(Vec<Filter>),
    All(Vec<Filter>),
    Not(Box<Filter>),
    Exists(Operand),
    Compares { left: Operand, operator: Operator, right: Operand },
}

/// One side of a comparison.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Operand {
    /// `@…`: from the value that is tested.
    Candidate(Steps),
    /// `$…`: from the document.
    Document(Steps),
    Literal(Value),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Operator {
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

/// Longer signs come before those they start with.
const OPERATORS: [(&str, Operator); 6] = [
    ("==", Operator::Equal),
    ("!=", Operator::NotEqual),
    ("<=", Operator::LessOrEqual),
    (">=", Operator::GreaterOrEqual),
    ("<", Operator::Less),
    (">", Operator::Greater),
];

impl Filter {
    /// Reads what follows the `?`: a condition in parentheses.
    pub(crate) fn parse(parser: &mut PathParser<'_>, depth: usize) -> Result<Self, ParseError> {
        parser.cursor.skip_blanks();
        parser.cursor.expect("(")?;
        Self::group(parser, depth)
    }

    /// Reads a condition and its closing parenthesis.
    fn group(parser: &mut PathParser<'_>, depth: usize) -> Result<Self, ParseError> {
        if depth > FILTER_DEPTH_MAX {
            return Err(parser.cursor.error("the filter is nested too deeply"));
        }
        let filter = Self::any(parser, depth)?;
        parser.cursor.skip_blanks();
        parser.cursor.expect(")")?;
        Ok(filter)
    }

    fn any(parser: &mut PathParser<'_>, depth: usize) -> Result<Self, ParseError> {
        let mut filters = vec![Self::all(parser, depth)?];
        while eat_operator(parser, "||") {
            filters.push(Self::all(parser, depth)?);
        }
        Ok(single(filters).unwrap_or_else(Self::Any))
    }

    fn all(parser: &mut PathParser<'_>, depth: usize) -> Result<Self, ParseError> {
        let mut filters = vec![Self::term(parser, depth)?];
        while eat_operator(parser, "&&") {
            filters.push(Self::term(parser, depth)?);
        }
        Ok(single(filters).unwrap_or_else(Self::All))
    }

    fn term(parser: &mut PathParser<'_>, depth: usize) -> Result<Self, ParseError> {
        parser.cursor.skip_blanks();
        if depth > FILTER_DEPTH_MAX {
            return Err(parser.cursor.error("the filter is nested too deeply"));
        }
        if parser.cursor.eat("!") {
            return Ok(Self::Not(Box::new(Self::term(parser, depth + 1)?)));
        }
        if parser.cursor.eat("(") {
            return Self::group(parser, depth + 1);
        }
        let left = Operand::parse(parser, depth)?;
        parser.cursor.skip_blanks();
        let operator = OPERATORS.iter().find(|(sign, _)| parser.cursor.eat(sign));
        match (operator, left) {
            (Some((_, operator)), left) => {
                let right = Operand::parse(parser, depth)?;
                Ok(Self::Compares { left, operator: *operator, right })
            }
            (None, Operand::Literal(_)) => Err(parser.cursor.error("expected a comparison")),
            (None, path) => Ok(Self::Exists(path)),
        }
    }

    /// Whether the condition holds for `candidate`.
    pub(crate) fn holds<'a>(
        &self,
        candidate: &'a Value,
        selection: &mut Selection<'a>,
    ) -> Result<bool, PathError> {
        match self {
            Self::Any(filters) => {
                for filter in filters {
                    if filter.holds(candidate, selection)? {
                        return Ok(true);
                    }
                }
                Ok(false)
            }
            Self::All(filters) => {
                for filter in filters {
                    if !filter.holds(candidate, selection)? {
                        return Ok(false);
                    }
                }
                Ok(true)
            }
            Self::Not(filter) => Ok(!filter.holds(candidate, selection)?),
            Self::Exists(operand) => {
                selection.spend(1)?;
                Ok(operand.value(candidate, selection)?.is_some())
            }
            Self::Compares { left, operator, right } => {
                selection.spend(1)?;
                let left = left.value(candidate, selection)?;
                let right = right.value(candidate, selection)?;
                Ok(operator.holds(left.as_deref(), right.as_deref()))
            }
        }
    }
}

/// The only element, or all of them.
fn single(mut filters: Vec<Filter>) -> Result<Filter, Vec<Filter>> {
    match filters.pop() {
        Some(only) if filters.is_empty() => Ok(only),
        last => {
            filters.extend(last);
            Err(filters)
        }
    }
}

fn eat_operator(parser: &mut PathParser<'_>, sign: &str) -> bool {
    parser.cursor.skip_blanks();
    parser.cursor.eat(sign)
}

impl Operand {
    fn parse(parser: &mut PathParser<'_>, depth: usize) -> Result<Self, ParseError> {
        parser.cursor.skip_blanks();
        if parser.cursor.eat("@") {
            return Ok(Self::Candidate(parser.steps(depth)?));
        }
        if parser.cursor.eat("$") {
            return Ok(Self::Document(parser.steps(depth)?));
        }
        if matches!(parser.cursor.peek(), Some('\'' | '"')) {
            return Ok(Self::Literal(Value::String(parser.quoted()?)));
        }
        let word = parser.cursor.take_while(|c| c.is_ascii_alphanumeric() || "+-.".contains(c));
        match word {
            "true" => Ok(Self::Literal(Value::Bool(true))),
            "false" => Ok(Self::Literal(Value::Bool(false))),
            "null" => Ok(Self::Literal(Value::Null)),
            _ => serde_json::from_str(word)
                .map(|number| Self::Literal(Value::Number(number)))
                .map_err(|_| parser.cursor.error("expected `@`, a string, a number or a word")),
        }
    }

    /// The operand's value; none if a path finds nothing.
    fn value<'v, 'a: 'v>(
        &'v self,
        candidate: &'a Value,
        selection: &mut Selection<'a>,
    ) -> Result<Option<Cow<'v, Value>>, PathError> {
        let selected = match self {
            Self::Literal(value) => return Ok(Some(Cow::Borrowed(value))),
            Self::Candidate(steps) => selection.select(steps, candidate),
            Self::Document(steps) => selection.select(steps, selection.root),
        };
        match selected {
            Ok(Selected::Outside) => Ok(None),
            Ok(selected) => Ok(Some(selected.as_value())),
            Err(PathError::TooMuch) => Err(PathError::TooMuch),
            Err(_) => Ok(None),
        }
    }
}

impl Operator {
    fn holds(self, left: Option<&Value>, right: Option<&Value>) -> bool {
        let (Some(left), Some(right)) = (left, right) else {
            return self == Self::NotEqual;
        };
        let order = || compare(left, right);
        match self {
            Self::Equal => is_equal(left, right),
            Self::NotEqual => !is_equal(left, right),
            Self::Less => order().is_some_and(Ordering::is_lt),
            Self::LessOrEqual => order().is_some_and(Ordering::is_le),
            Self::Greater => order().is_some_and(Ordering::is_gt),
            Self::GreaterOrEqual => order().is_some_and(Ordering::is_ge),
        }
    }
}

fn is_equal(left: &Value, right: &Value) -> bool {
    match (left, right) {
        (Value::Number(left), Value::String(right)) => right.parse() == Ok(float(left)),
        (Value::String(left), Value::Number(right)) => *left == number_text(right),
        _ => equal(left, right),
    }
}

/// The order of two numbers or strings; other values have none.
fn compare(left: &Value, right: &Value) -> Option<Ordering> {
    match (left, right) {
        (Value::Number(left), Value::Number(right)) => Some(compare_numbers(left, right)),
        (Value::String(left), Value::String(right)) => Some(compare_strings(left, right)),
        (Value::Number(left), Value::String(right)) => {
            Some(compare_strings(&number_text(left), right))
        }
        (Value::String(left), Value::Number(right)) => {
            Some(compare_strings(left, &number_text(right)))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use crate::path::Path;
    use crate::scope::{NoVariables, Scope};

    fn holds(condition: &str, candidate: Value) -> bool {
        let input = json!([candidate]);
        let path = Path::parse(&format!("$[?({condition})]")).expect("a filter");
        let scope = Scope { input: &input, context: &input, variables: &NoVariables };
        let selected = path.select(&scope).expect("filters do not fail").into_value();
        selected == input
    }

    #[track_caller]
    fn check(condition: &str, candidate: Value, expected: bool) {
        assert_eq!(holds(condition, candidate.clone()), expected, "{condition} of {candidate}");
    }

    #[test]
    fn members_are_compared_with_literals() {
        check("@.status == 0", json!({"status": 0}), true);
        check("@.status == 0", json!({"status": 1}), false);
        check("@['a']=='x'", json!({"a": "x"}), true);
        check("@.a == \"x\"", json!({"a": "x"}), true);
        check("0 == @.a", json!({"a": 0}), true);
        check("@.a != 1", json!({"a": 2}), true);
        check("@.a == true", json!({"a": true}), true);
        check("@.a == null", json!({"a": null}), true);
        check("@.a > -1.5e0", json!({"a": -1}), true);
        check(r"@.a == 'it\'s'", json!({"a": "it's"}), true);
    }

    #[test]
    fn a_missing_member_equals_nothing() {
        check("@.a == null", json!({}), false);
        check("@.a == @.b", json!({}), false);
        check("@.a != 1", json!({}), true);
        check("@.a < 1", json!({}), false);
        check("@[3] == null", json!([]), false);
    }

    #[test]
    fn numbers_compare_by_value_and_strings_by_unit() {
        check("@.a == 1.0", json!({"a": 1}), true);
        check("@.a < 10", json!({"a": 9.5}), true);
        check("@.a < 9007199254740993", json!({"a": 9_007_199_254_740_992_i64}), true);
        check("@.a < 'b'", json!({"a": "a"}), true);
        check("@.a < 'a'", json!({"a": "B"}), true);
        check("@.a >= 'x'", json!({"a": "x"}), true);
        check("@.a < true", json!({"a": false}), false);
        check("@.a <= null", json!({"a": null}), false);
    }

    #[test]
    fn a_number_and_a_string_meet_halfway() {
        check("@.a == '1'", json!({"a": 1}), true);
        check("@.a == 1", json!({"a": "1"}), true);
        check("@.a == '1.0'", json!({"a": 1}), true);
        check("@.a == 'x'", json!({"a": 1}), false);
        check("@.a < '5'", json!({"a": 10}), true);
    }

    #[test]
    fn objects_and_arrays_are_compared_whole() {
        check("@.a == @.b", json!({"a": {"x": [1]}, "b": {"x": [1.0]}}), true);
        check("@.a == @.b", json!({"a": {"x": [1]}, "b": {"x": [2]}}), false);
        check("@.a[*] == @.b", json!({"a": [1, 2], "b": [1, 2]}), true);
    }

    #[test]
    fn existence_is_about_the_member_not_its_value() {
        check("@.a", json!({"a": null}), true);
        check("@.a.b", json!({"a": {}}), false);
        check("!@.a", json!({}), true);
        check("@[0]", json!([false]), true);
        check("@[1]", json!([false]), false);
        check("@", json!(0), true);
    }

    #[test]
    fn conjunction_binds_closer_than_disjunction() {
        let both = |a: bool, b: bool, c: bool| json!({"a": a, "b": b, "c": c});
        let text = "@.a == true || @.b == true && @.c == true";
        check(text, both(true, false, false), true);
        check(text, both(false, true, false), false);
        check(text, both(false, true, true), true);
        check("(@.a == true || @.b == true) && @.c == true", both(true, false, false), false);
        check("!(@.a == true || @.b == true)", both(false, false, false), true);
        check("!!@.a", both(false, false, false), true);
    }

    #[test]
    fn filters_see_the_document_and_nest() {
        let input = json!({"limit": 5, "rows": [{"n": 3}, {"n": 7}], "deep": [{"of": [{"n": 1}]}, {"of": []}]});
        let scope = Scope { input: &input, context: &input, variables: &NoVariables };
        let select = |text: &str| {
            let path = Path::parse(text).expect("a path");
            path.select(&scope).expect("selects").into_value()
        };
        assert_eq!(select("$.rows[?(@.n > $.limit)]"), json!([{"n": 7}]));
        assert_eq!(select("$.deep[?(@.of[?(@.n == 1)].length() > 0)].of[0].n"), json!([1]));
        // An object is tested itself, and what a filter found cannot be indexed.
        assert_eq!(select("$[?(@.limit == 5)].limit"), json!([5]));
        assert_eq!(select("$.rows[?(@.n > 0)][0]"), json!([]));
    }

    #[track_caller]
    fn check_refused(condition: &str, expected: &str) {
        let error = Path::parse(&format!("$[?({condition})]")).expect_err("refused");
        assert_eq!(error.to_string(), expected);
    }

    #[test]
    fn what_is_not_a_condition_is_refused() {
        check_refused("", "expected `@`, a string, a number or a word at character 5");
        check_refused("1", "expected a comparison at character 6");
        check_refused("@.a =~ /x/", "expected `)` at character 9");
        check_refused("@.a == ", "expected `@`, a string, a number or a word at character 12");
        check_refused("@.a in [1]", "expected `)` at character 9");
        check_refused("@.a == 1 &&", "expected `@`, a string, a number or a word at character 16");
        check_refused(&"!".repeat(500), "the filter is nested too deeply at character 21");
        check_refused(&"(".repeat(500), "the filter is nested too deeply at character 21");
        check_refused(&"@[?(".repeat(500), "the filter is nested too deeply at character 69");
    }
}

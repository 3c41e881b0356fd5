//! AWS's sentences about an expression that failed, for the cause of `States.QueryEvaluationError`.

use serde_json::Value;

use crate::{EvalError, Expression};

/// What AWS says of an `expression` in a `field` (`Output/result`) that has no value.
#[must_use]
pub fn failed(expression: &Expression, field: &str, error: &EvalError) -> String {
    let what = match error {
        EvalError::Undefined | EvalError::Unsupported => error.to_string() + ".",
        EvalError::Thrown { .. } | EvalError::Exceeded(_) => {
            format!("threw an error during evaluation. {error}")
        }
    };
    format!("{} {what}", subject(expression, field))
}

/// What AWS says when the result is of another type than the `field` takes; `expected` is a type in
/// JSON's words, such as `array`.
#[must_use]
pub fn unexpected_type(
    expression: &Expression,
    field: &str,
    expected: &str,
    result: &Value,
) -> String {
    format!(
        "{} returned an unexpected result type. Expected '{expected}', but was '{}' for value: {result}",
        subject(expression, field),
        type_name(result),
    )
}

fn subject(expression: &Expression, field: &str) -> String {
    format!("The JSONata expression '{}' specified for the field '{field}'", expression.text())
}

fn type_name(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(_) => "number",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::Exceeded;

    #[test]
    fn a_failure_quotes_the_expression_trimmed_and_its_field() {
        check(
            &EvalError::Undefined,
            "The JSONata expression '$x' specified for the field 'Output/a' returned nothing (undefined).",
        );
        check(
            &EvalError::Unsupported,
            "The JSONata expression '$x' specified for the field 'Output/a' returned an unsupported result type.",
        );
        check(
            &EvalError::thrown("T1006: Attempted to invoke a non-function"),
            "The JSONata expression '$x' specified for the field 'Output/a' threw an error during evaluation. T1006: Attempted to invoke a non-function",
        );
        check(
            &EvalError::Exceeded(Exceeded::Time),
            "The JSONata expression '$x' specified for the field 'Output/a' threw an error during evaluation. Expression evaluation timeout",
        );
    }

    #[test]
    fn a_result_of_another_type_is_shown_with_its_value() {
        let expression = Expression::parse("$ItemsVar").unwrap();
        assert_eq!(
            unexpected_type(&expression, "Items", "array", &json!({"foo": "bar"})),
            "The JSONata expression '$ItemsVar' specified for the field 'Items' returned an unexpected result type. Expected 'array', but was 'object' for value: {\"foo\":\"bar\"}",
        );
    }

    fn check(error: &EvalError, expected: &str) {
        let expression = Expression::parse(" $x ").unwrap();
        assert_eq!(failed(&expression, "Output/a", error), expected);
    }
}

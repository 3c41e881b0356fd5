//! Pass.

use crate::parse::{Field, Object, Reader, is_dynamic};
use crate::{Code, QueryLanguage, Transition};
use serde_json::Value;

/// `Pass`: its input, or a fixed result, becomes its output.
#[derive(Debug)]
pub struct Pass {
    /// `Result`, in a JSONPath state.
    pub result: Option<Value>,
    /// `Next` or `End`.
    pub transition: Transition,
}

impl Pass {
    pub(crate) const FIELDS: &'static [&'static str] = &[
        "Type",
        "Comment",
        "QueryLanguage",
        "InputPath",
        "Parameters",
        "Result",
        "ResultPath",
        "OutputPath",
        "Output",
        "Assign",
        "Next",
        "End",
    ];

    pub(crate) fn read(
        reader: &mut Reader<'_>,
        state: &Object<'_>,
        language: QueryLanguage,
    ) -> Option<Self> {
        let result = state.get("Result").filter(|_| language == QueryLanguage::JsonPath);
        let result = reader.optional(result, |reader, field| {
            let value = reader.payload(field.node, &field.place)?;
            warn_of_paths(reader, field, &value);
            Some(value)
        });
        let transition = reader.transition(state);
        Some(Pass { result: result?, transition: transition? })
    }
}

/// A Pass state's `Result` is not a template.
fn warn_of_paths(reader: &mut Reader<'_>, field: &Field<'_>, value: &Value) {
    let is_path = |value: &Value| value.as_str().is_some_and(is_dynamic);
    let mut waiting = vec![value];
    while let Some(value) = waiting.pop() {
        let members = value.as_object().into_iter().flatten();
        let computed = members.clone().any(|(key, value)| key.ends_with(".$") && is_path(value));
        if computed || is_path(value) {
            let message = "The Result of a Pass state is static: a path in it is not evaluated";
            let help = Some("use `Parameters` to compute a result".to_owned());
            let (code, span) = (Code::PassResultIsStatic, field.node.span);
            reader.warn(code, &field.place, span, message, help);
            return;
        }
        waiting.extend(members.map(|(_, value)| value));
        waiting.extend(value.as_array().into_iter().flatten());
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::{check_jsonata_state, check_state};
    use expect_test::expect;

    #[test]
    fn a_pass_state_has_these_fields() {
        check_state(
            r##"{"Type": "Pass", "Comment": "c", "InputPath": "$.a", "Parameters": {"b.$": "$.b"}, "ResultPath": "$.c", "OutputPath": null, "Assign": {"v": 1}, "End": true}"##,
            expect!["accepted"],
        );
        check_state(
            r##"{"Type": "Pass", "Result": [1, {"a": null}], "ResultPath": null, "Next": "T"}"##,
            expect!["accepted"],
        );
        check_jsonata_state(
            r##"{"Type": "Pass", "Output": {"a": "{% $states.input %}"}, "Assign": {"v": "{% 1 %}"}, "End": true}"##,
            expect!["accepted"],
        );
    }

    #[test]
    fn fields_of_other_types_are_not_a_pass_states() {
        check_state(
            r##"{"Type": "Pass", "Resource": "arn:aws:states:::sqs:sendMessage", "Catch": [{"ErrorEquals": ["States.ALL"], "Next": "S"}], "End": true}"##,
            expect![[r#"
                ERROR SCHEMA_VALIDATION_FAILED: Field 'Resource' is not supported at /States/S `"Resource"`
                  the fields here are Type, Comment, QueryLanguage, InputPath, Parameters, Result, ResultPath, OutputPath, Output, Assign, Next, End
                ERROR SCHEMA_VALIDATION_FAILED: Field 'Catch' is not supported at /States/S `"Catch"`
                  the fields here are Type, Comment, QueryLanguage, InputPath, Parameters, Result, ResultPath, OutputPath, Output, Assign, Next, End
            "#]],
        );
        check_state(
            r##"{"Type": "Pass", "TimeoutSeconds": 5, "Comments": "c", "inputpath": "$", "End": true}"##,
            expect![[r#"
                ERROR SCHEMA_VALIDATION_FAILED: Field 'TimeoutSeconds' is not supported at /States/S `"TimeoutSeconds"`
                  the fields here are Type, Comment, QueryLanguage, InputPath, Parameters, Result, ResultPath, OutputPath, Output, Assign, Next, End
                ERROR SCHEMA_VALIDATION_FAILED: Field 'Comments' is not supported at /States/S `"Comments"`
                  did you mean `Comment`?
                ERROR SCHEMA_VALIDATION_FAILED: Field 'inputpath' is not supported at /States/S `"inputpath"`
                  did you mean `InputPath`?
            "#]],
        );
    }

    #[test]
    fn a_result_that_looks_like_a_path_is_pointed_out() {
        check_state(
            r##"{"Type": "Pass", "Result": {"a": [{"b.$": "$.c"}]}, "End": true}"##,
            expect![[r#"
                WARNING PASS_RESULT_IS_STATIC: The Result of a Pass state is static: a path in it is not evaluated at /States/S/Result `{"a": [{"b.$": "$.c"}]}`
                  use `Parameters` to compute a result
            "#]],
        );
        check_state(
            r##"{"Type": "Pass", "Result": "$.payload", "End": true}"##,
            expect![[r#"
            WARNING PASS_RESULT_IS_STATIC: The Result of a Pass state is static: a path in it is not evaluated at /States/S/Result `"$.payload"`
              use `Parameters` to compute a result
        "#]],
        );
        check_state(r##"{"Type": "Pass", "Result": "$5", "End": true}"##, expect!["accepted"]);
    }
}

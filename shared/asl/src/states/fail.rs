//! Fail.

use crate::parse::{Object, Reader};
use crate::{QueryLanguage, TextField};

/// `Fail`: ends its block with an error.
#[derive(Debug)]
pub struct Fail {
    /// `Error`, `ErrorPath`.
    pub error: Option<TextField>,
    /// `Cause`, `CausePath`.
    pub cause: Option<TextField>,
}

impl Fail {
    pub(crate) const FIELDS: &'static [&'static str] =
        &["Type", "Comment", "QueryLanguage", "Error", "ErrorPath", "Cause", "CausePath"];

    pub(crate) fn read(
        reader: &mut Reader<'_>,
        state: &Object<'_>,
        language: QueryLanguage,
    ) -> Option<Self> {
        let error = reader.text_field(state, "Error", language);
        let cause = reader.text_field(state, "Cause", language);
        Some(Fail { error: error?, cause: cause? })
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::{check_jsonata_state, check_state};
    use expect_test::expect;

    #[test]
    fn error_and_cause_are_written_or_computed_or_absent() {
        check_state(r##"{"Type": "Fail"}"##, expect!["accepted"]);
        check_state(
            r##"{"Type": "Fail", "Error": "E", "Cause": "C", "Comment": "c"}"##,
            expect!["accepted"],
        );
        check_state(
            r##"{"Type": "Fail", "ErrorPath": "$.e", "CausePath": "States.Format('{}', $.c)"}"##,
            expect!["accepted"],
        );
        check_jsonata_state(
            r##"{"Type": "Fail", "Error": "{% $states.input.e %}", "Cause": "plain"}"##,
            expect!["accepted"],
        );
    }

    #[test]
    fn a_fail_state_has_one_error_one_cause_and_no_data_fields() {
        check_state(
            r##"{"Type": "Fail", "Error": "E", "ErrorPath": "$.e", "Cause": 5}"##,
            expect![[r#"
                ERROR SCHEMA_VALIDATION_FAILED: There should only be one of the following fields: [Error, ErrorPath] at /States/S `"ErrorPath"`
                ERROR SCHEMA_VALIDATION_FAILED: Expected value of type [STRING] at /States/S/Cause `5`
            "#]],
        );
        check_state(
            r##"{"Type": "Fail", "CausePath": "States.Nope()", "InputPath": "$", "End": true}"##,
            expect![[r#"
                ERROR SCHEMA_VALIDATION_FAILED: Field 'InputPath' is not supported at /States/S `"InputPath"`
                  the fields here are Type, Comment, QueryLanguage, Error, ErrorPath, Cause, CausePath
                ERROR SCHEMA_VALIDATION_FAILED: Field 'End' is not supported at /States/S `"End"`
                  the fields here are Type, Comment, QueryLanguage, Error, ErrorPath, Cause, CausePath
                ERROR SCHEMA_VALIDATION_FAILED: The value for the field 'CausePath' must be a valid JSONPath or a valid intrinsic function call at /States/S/CausePath `"States.Nope()"`
                  expected an intrinsic function or a path at character 12
            "#]],
        );
        check_state(
            r##"{"Type": "Fail", "Error": "$.error"}"##,
            expect![[r#"
            WARNING NO_PATH: The value for the field 'Error' looks like a path, but the field name does not end with 'Path' at /States/S/Error `"$.error"`
              `ErrorPath` takes a path; here the text is taken as it is
        "#]],
        );
        check_jsonata_state(
            r##"{"Type": "Fail", "ErrorPath": "$.e", "Cause": "{% 1 + %}"}"##,
            expect![[r#"
                ERROR SCHEMA_VALIDATION_FAILED: The QueryLanguage is set to 'JSONata', but field 'ErrorPath' is only supported for the 'JSONPath' QueryLanguage at /States/S `"ErrorPath"`
                  a JSONata state has Arguments, Output, Assign and `{% … %}` instead
                ERROR INVALID_JSONATA_EXPRESSION: Unexpected end of expression at /States/S/Cause `"{% 1 + %}"`
            "#]],
        );
    }
}

//! Succeed.

/// `Succeed`: ends its block with its output.
#[derive(Debug)]
pub struct Succeed;

impl Succeed {
    pub(crate) const FIELDS: &'static [&'static str] =
        &["Type", "Comment", "QueryLanguage", "InputPath", "OutputPath", "Output"];
}

#[cfg(test)]
mod tests {
    use crate::testing::{check_jsonata_state, check_state};
    use expect_test::expect;

    #[test]
    fn a_succeed_state_has_these_fields() {
        check_state(
            r##"{"Type": "Succeed", "Comment": "c", "InputPath": "$.a", "OutputPath": "$.b"}"##,
            expect!["accepted"],
        );
        check_jsonata_state(r##"{"Type": "Succeed", "Output": "{% 1 %}"}"##, expect!["accepted"]);
    }

    #[test]
    fn a_succeed_state_neither_goes_on_nor_assigns() {
        check_state(
            r##"{"Type": "Succeed", "End": true}"##,
            expect![[r#"
            ERROR SCHEMA_VALIDATION_FAILED: Field 'End' is not supported at /States/S `"End"`
              the fields here are Type, Comment, QueryLanguage, InputPath, OutputPath, Output
        "#]],
        );
        check_state(
            r##"{"Type": "Succeed", "Next": "S", "Assign": {"a": 1}, "ResultPath": "$"}"##,
            expect![[r#"
                ERROR SCHEMA_VALIDATION_FAILED: Field 'Next' is not supported at /States/S `"Next"`
                  the fields here are Type, Comment, QueryLanguage, InputPath, OutputPath, Output
                ERROR SCHEMA_VALIDATION_FAILED: Field 'Assign' is not supported at /States/S `"Assign"`
                  the fields here are Type, Comment, QueryLanguage, InputPath, OutputPath, Output
                ERROR SCHEMA_VALIDATION_FAILED: Field 'ResultPath' is not supported at /States/S `"ResultPath"`
                  the fields here are Type, Comment, QueryLanguage, InputPath, OutputPath, Output
            "#]],
        );
    }
}

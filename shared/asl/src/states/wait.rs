//! Wait.

use crate::limits::SECONDS_MAX;
use crate::parse::{Field, Object, PathForm, Range, Reader, Within};
use crate::{NumberField, QueryLanguage, TextField, Transition};
use baton_jsonata::{Marker, marker};

/// `Wait`: until a time.
#[derive(Debug)]
pub struct Wait {
    /// For how long, or until when.
    pub duration: WaitFor,
    /// `Next` or `End`.
    pub transition: Transition,
}

/// The one of the four fields that is given.
#[derive(Debug)]
pub enum WaitFor {
    /// `Seconds`, `SecondsPath`.
    Seconds(NumberField),
    /// `Timestamp`, `TimestampPath`; a literal is a valid RFC 3339 timestamp.
    Timestamp(TextField),
}

/// In the order in which AWS lists them.
const ALTERNATIVES: [&str; 4] = ["SecondsPath", "Seconds", "TimestampPath", "Timestamp"];

impl Wait {
    pub(crate) const FIELDS: &'static [&'static str] = &[
        "Type",
        "Comment",
        "QueryLanguage",
        "Seconds",
        "SecondsPath",
        "Timestamp",
        "TimestampPath",
        "InputPath",
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
        let one_of_them = reader.exclusive(state, &ALTERNATIVES, true);
        let given = ALTERNATIVES.into_iter().filter_map(|name| state.get(name));
        let durations: Vec<Option<WaitFor>> =
            given.map(|field| WaitFor::read(reader, &field, language)).collect();
        let duration = durations.into_iter().next().flatten().filter(|_| one_of_them);
        let transition = reader.transition(state);
        Some(Wait { duration: duration?, transition: transition? })
    }
}

impl WaitFor {
    fn read(reader: &mut Reader<'_>, field: &Field<'_>, language: QueryLanguage) -> Option<Self> {
        let path = |reader: &mut Reader<'_>| reader.path(field, PathForm::Reference);
        match field.key {
            "Seconds" => {
                let range = Range::whole(0, SECONDS_MAX);
                reader.written_number(field, range, language).map(WaitFor::Seconds)
            }
            "SecondsPath" => path(reader).map(|path| WaitFor::Seconds(NumberField::Path(path))),
            "Timestamp" => timestamp(reader, field, language).map(WaitFor::Timestamp),
            _ => path(reader)
                .map(baton_jsonpath::PathOrIntrinsic::Path)
                .map(|path| WaitFor::Timestamp(TextField::Path(path))),
        }
    }
}

fn timestamp(
    reader: &mut Reader<'_>,
    field: &Field<'_>,
    language: QueryLanguage,
) -> Option<TextField> {
    let text = reader.string(field.node, &field.place)?;
    if language == QueryLanguage::Jsonata && marker(text) != Marker::Literal {
        let expression = reader.expression(text, field.node, &field.place, Within::State);
        return expression.map(TextField::Expression);
    }
    reader.timestamp(field.node, &field.place)?;
    Some(TextField::Literal(text.to_owned()))
}

#[cfg(test)]
mod tests {
    use crate::testing::{check_jsonata_state, check_state};
    use expect_test::expect;

    #[test]
    fn a_wait_has_one_duration_in_one_of_its_forms() {
        check_state(r##"{"Type": "Wait", "Seconds": 0, "End": true}"##, expect!["accepted"]);
        check_state(r##"{"Type": "Wait", "Seconds": 99999999, "Next": "T"}"##, expect!["accepted"]);
        check_state(
            r##"{"Type": "Wait", "SecondsPath": "$.s", "InputPath": "$.a", "OutputPath": "$.b", "Assign": {"v": 1}, "End": true}"##,
            expect!["accepted"],
        );
        check_state(
            r##"{"Type": "Wait", "Timestamp": "2016-03-14T01:59:00Z", "End": true}"##,
            expect!["accepted"],
        );
        check_state(
            r##"{"Type": "Wait", "TimestampPath": "$.t", "End": true}"##,
            expect!["accepted"],
        );
        check_jsonata_state(
            r##"{"Type": "Wait", "Seconds": "{% 5 %}", "Output": 1, "End": true}"##,
            expect!["accepted"],
        );
        check_jsonata_state(
            r##"{"Type": "Wait", "Timestamp": "{% $now() %}", "End": true}"##,
            expect!["accepted"],
        );
    }

    #[test]
    fn none_or_several_durations_are_refused() {
        check_state(
            r##"{"Type": "Wait", "End": true}"##,
            expect![[r#"
            ERROR SCHEMA_VALIDATION_FAILED: This object should have only one of the following fields: [SecondsPath, Seconds, TimestampPath, Timestamp] at /States/S `{`
        "#]],
        );
        check_state(
            r##"{"Type": "Wait", "Seconds": 1, "Timestamp": "2016-03-14T01:59:00Z", "End": true}"##,
            expect![[r#"
                ERROR SCHEMA_VALIDATION_FAILED: There should only be one of the following fields: [SecondsPath, Seconds, TimestampPath, Timestamp] at /States/S `"Timestamp"`
            "#]],
        );
    }

    #[test]
    fn a_duration_of_the_wrong_form_is_refused() {
        check_state(
            r##"{"Type": "Wait", "Seconds": -1, "End": true}"##,
            expect![[r#"
            ERROR SCHEMA_VALIDATION_FAILED: Minimum value is 0 at /States/S/Seconds `-1`
        "#]],
        );
        check_state(
            r##"{"Type": "Wait", "Seconds": 100000000, "End": true}"##,
            expect![[r#"
            ERROR SCHEMA_VALIDATION_FAILED: Maximum value is 99999999 at /States/S/Seconds `100000000`
        "#]],
        );
        check_state(
            r##"{"Type": "Wait", "Seconds": 1.5, "End": true}"##,
            expect![[r#"
            ERROR SCHEMA_VALIDATION_FAILED: Expected value of type Integer at /States/S/Seconds `1.5`
        "#]],
        );
        check_state(
            r##"{"Type": "Wait", "Seconds": "5", "End": true}"##,
            expect![[r#"
            ERROR SCHEMA_VALIDATION_FAILED: Expected value of type Integer at /States/S/Seconds `"5"`
        "#]],
        );
        check_state(
            r##"{"Type": "Wait", "Seconds": "{% 5 %}", "End": true}"##,
            expect![[r#"
            ERROR SCHEMA_VALIDATION_FAILED: Expected value of type Integer at /States/S/Seconds `"{% 5 %}"`
        "#]],
        );
        check_state(
            r##"{"Type": "Wait", "SecondsPath": "$.s[*]", "End": true}"##,
            expect![[r#"
            ERROR SCHEMA_VALIDATION_FAILED: Value is not a Reference Path at /States/S/SecondsPath `"$.s[*]"`
              a path of names and single indexes is wanted, one that cannot select several values
        "#]],
        );
        check_state(
            r##"{"Type": "Wait", "Timestamp": "2016-03-14", "End": true}"##,
            expect![[r#"
            ERROR SCHEMA_VALIDATION_FAILED: String does not match RFC3339 timestamp at /States/S/Timestamp `"2016-03-14"`
              write it as `2030-01-31T12:00:00Z`, with `T` and with `Z` or an offset
        "#]],
        );
        check_state(
            r##"{"Type": "Wait", "Timestamp": "{% $now() %}", "End": true}"##,
            expect![[r#"
                ERROR SCHEMA_VALIDATION_FAILED: String does not match RFC3339 timestamp at /States/S/Timestamp `"{% $now() %}"`
                  write it as `2030-01-31T12:00:00Z`, with `T` and with `Z` or an offset
            "#]],
        );
    }

    #[test]
    fn a_duration_of_the_other_language_is_refused() {
        check_jsonata_state(
            r##"{"Type": "Wait", "Seconds": "5", "End": true}"##,
            expect![[r#"
            ERROR SCHEMA_VALIDATION_FAILED: Expected value of type Integer at /States/S/Seconds `"5"`
        "#]],
        );
        check_jsonata_state(
            r##"{"Type": "Wait", "SecondsPath": "$.s", "End": true}"##,
            expect![[r#"
                ERROR SCHEMA_VALIDATION_FAILED: The QueryLanguage is set to 'JSONata', but field 'SecondsPath' is only supported for the 'JSONPath' QueryLanguage at /States/S `"SecondsPath"`
                  a JSONata state has Arguments, Output, Assign and `{% … %}` instead
            "#]],
        );
        check_jsonata_state(
            r##"{"Type": "Wait", "Timestamp": "tomorrow", "End": true}"##,
            expect![[r#"
                ERROR SCHEMA_VALIDATION_FAILED: String does not match RFC3339 timestamp at /States/S/Timestamp `"tomorrow"`
                  write it as `2030-01-31T12:00:00Z`, with `T` and with `Z` or an offset
            "#]],
        );
    }
}

//! `Retry` and `Catch`.

use super::expressions::Within;
use super::object::Object;
use super::reader::Reader;
use crate::limits::{RETRY_ATTEMPTS_MAX, RETRY_DELAY_SECONDS_MAX, SECONDS_MAX};
use crate::source::Kind;
use crate::{Catcher, Code, ErrorNames, Handlers, Jitter, QueryLanguage, ResultPath, Retrier};

const RETRIER_FIELDS: [&str; 7] = [
    "ErrorEquals",
    "IntervalSeconds",
    "MaxAttempts",
    "BackoffRate",
    "MaxDelaySeconds",
    "JitterStrategy",
    "Comment",
];
const CATCHER_FIELDS: [&str; 6] =
    ["ErrorEquals", "Next", "ResultPath", "Output", "Assign", "Comment"];

impl Reader<'_> {
    /// `Retry` and `Catch` of a Task, Parallel or Map state.
    pub(crate) fn handlers(
        &mut self,
        state: &Object<'_>,
        language: QueryLanguage,
    ) -> Option<Handlers> {
        let retriers = self
            .each_handler(state, "Retry", |reader, entry, is_last| reader.retrier(entry, is_last));
        let catchers = self.each_handler(state, "Catch", |reader, entry, is_last| {
            reader.catcher(entry, is_last, language)
        });
        Some(Handlers { retriers: retriers?, catchers: catchers? })
    }

    fn each_handler<T>(
        &mut self,
        state: &Object<'_>,
        name: &str,
        mut read: impl FnMut(&mut Self, &Object<'_>, bool) -> Option<T>,
    ) -> Option<Vec<T>> {
        let Some(field) = state.get(name) else { return Some(Vec::new()) };
        let Kind::Array(entries) = &field.node.kind else {
            self.expected("ARRAY", field.node, &field.place);
            return None;
        };
        let handlers = entries.iter().enumerate().map(|(index, node)| {
            let place = field.place.index(index);
            let entry = self.object(node, &place)?;
            read(self, &entry, index + 1 == entries.len())
        });
        // All of them are read before one that failed counts.
        let handlers: Vec<Option<T>> = handlers.collect();
        handlers.into_iter().collect()
    }

    fn retrier(&mut self, entry: &Object<'_>, is_last: bool) -> Option<Retrier> {
        self.only(entry, &RETRIER_FIELDS);
        self.require(entry, &["ErrorEquals"]);
        self.comment(entry);
        let errors = self.error_names(entry, is_last);
        let interval = self.optional(entry.get("IntervalSeconds"), |reader, field| {
            reader.whole_number(field, 0, SECONDS_MAX)
        });
        let attempts = self.optional(entry.get("MaxAttempts"), |reader, field| {
            reader.whole_number(field, 0, RETRY_ATTEMPTS_MAX)
        });
        let backoff_rate = self.optional(entry.get("BackoffRate"), |reader, field| {
            reader.float(field, 1.0, f64::INFINITY)
        });
        let delay_max_secs = self.optional(entry.get("MaxDelaySeconds"), |reader, field| {
            reader.whole_number(field, 1, RETRY_DELAY_SECONDS_MAX)
        });
        let jitter = self.optional(entry.get("JitterStrategy"), |reader, field| {
            match reader.one_of(field, &["NONE", "FULL"])? {
                "FULL" => Some(Jitter::Full),
                _ => Some(Jitter::None),
            }
        });
        Some(Retrier {
            errors: errors?,
            interval_secs: interval?.unwrap_or(1),
            attempts_max: attempts?.unwrap_or(3),
            backoff_rate: backoff_rate?.unwrap_or(2.0),
            delay_max_secs: delay_max_secs?,
            jitter: jitter?.unwrap_or_default(),
        })
    }

    fn catcher(
        &mut self,
        entry: &Object<'_>,
        is_last: bool,
        language: QueryLanguage,
    ) -> Option<Catcher> {
        self.only(entry, &CATCHER_FIELDS);
        for member in entry.members {
            self.field_of_language(entry, &member.key, member.key_span, language);
        }
        self.require(entry, &["ErrorEquals", "Next"]);
        self.comment(entry);
        let errors = self.error_names(entry, is_last);
        let next = self.target(entry, "Next");
        let result_path = match language {
            QueryLanguage::JsonPath => self.result_path(entry.get("ResultPath")),
            QueryLanguage::Jsonata => Some(ResultPath::Discard),
        };
        let output = entry.get("Output").filter(|_| language == QueryLanguage::Jsonata);
        let output = self.optional(output, |reader, field| {
            reader.jsonata_template(field.node, &field.place, Within::ErrorOutput)
        });
        let assign = self.optional(entry.get("Assign"), |reader, field| {
            reader.assign(field, language, Within::ErrorOutput)
        });
        Some(Catcher {
            errors: errors?,
            next: next?,
            result_path: result_path?,
            output: output?,
            assign: assign?,
        })
    }

    /// `ErrorEquals`: `States.ALL` stands alone, in the last entry.
    fn error_names(&mut self, entry: &Object<'_>, is_last: bool) -> Option<ErrorNames> {
        let field = entry.get("ErrorEquals")?;
        let items = self.items(&field)?;
        let mut names = Vec::with_capacity(items.len());
        for (index, item) in items.iter().enumerate() {
            let place = field.place.index(index);
            let name = self.string(item, &place)?;
            if name == "States.ALL" && (items.len() > 1 || !is_last) {
                let message = "States.ALL must appear alone and at end of list";
                let help = "it matches every error: give it an entry of its own, the last one";
                let (code, span) = (Code::SchemaValidationFailed, item.span);
                self.error_with_help(code, &place, span, message, Some(help.to_owned()));
            }
            names.push(name.to_owned());
        }
        Some(ErrorNames(names))
    }
}

#[cfg(test)]
mod tests {
    use crate::StateKind;
    use crate::testing::{check_jsonata_state, check_state, machine};
    use expect_test::expect;

    #[test]
    fn retriers_and_catchers_have_these_fields() {
        check_state(
            r##"{"Type": "Task", "Resource": "arn:aws:lambda:us-east-1:123456789012:function:f", "Retry": [{"ErrorEquals": ["A", "B"], "IntervalSeconds": 0, "MaxAttempts": 0, "BackoffRate": 1, "MaxDelaySeconds": 31622400, "JitterStrategy": "FULL", "Comment": "c"}, {"ErrorEquals": ["States.ALL"], "JitterStrategy": "NONE", "BackoffRate": 2.5}], "End": true}"##,
            expect!["accepted"],
        );
        check_state(
            r##"{"Type": "Task", "Resource": "arn:aws:lambda:us-east-1:123456789012:function:f", "Catch": [{"ErrorEquals": ["A"], "Next": "T", "ResultPath": "$.e", "Assign": {"v.$": "$.Cause"}, "Comment": "c"}, {"ErrorEquals": ["States.ALL"], "Next": "T", "ResultPath": null}], "Next": "T"}"##,
            expect!["accepted"],
        );
        check_jsonata_state(
            r##"{"Type": "Task", "Resource": "arn:aws:lambda:us-east-1:123456789012:function:f", "Catch": [{"ErrorEquals": ["A"], "Next": "T", "Output": "{% $states.errorOutput %}", "Assign": {"v": "{% $states.errorOutput.Cause %}"}}], "Next": "T"}"##,
            expect!["accepted"],
        );
    }

    #[test]
    fn states_all_stands_alone_and_last() {
        check_state(
            r##"{"Type": "Task", "Resource": "arn:aws:lambda:us-east-1:123456789012:function:f", "Retry": [{"ErrorEquals": ["States.ALL"]}, {"ErrorEquals": ["A"]}], "End": true}"##,
            expect![[r#"
                ERROR SCHEMA_VALIDATION_FAILED: States.ALL must appear alone and at end of list at /States/S/Retry[0]/ErrorEquals[0] `"States.ALL"`
                  it matches every error: give it an entry of its own, the last one
            "#]],
        );
        check_state(
            r##"{"Type": "Task", "Resource": "arn:aws:lambda:us-east-1:123456789012:function:f", "Retry": [{"ErrorEquals": ["A", "States.ALL"]}], "End": true}"##,
            expect![[r#"
                ERROR SCHEMA_VALIDATION_FAILED: States.ALL must appear alone and at end of list at /States/S/Retry[0]/ErrorEquals[1] `"States.ALL"`
                  it matches every error: give it an entry of its own, the last one
            "#]],
        );
        check_state(
            r##"{"Type": "Task", "Resource": "arn:aws:lambda:us-east-1:123456789012:function:f", "Catch": [{"ErrorEquals": ["States.ALL"], "Next": "T"}, {"ErrorEquals": ["States.ALL"], "Next": "T"}], "Next": "T"}"##,
            expect![[r#"
                ERROR SCHEMA_VALIDATION_FAILED: States.ALL must appear alone and at end of list at /States/S/Catch[0]/ErrorEquals[0] `"States.ALL"`
                  it matches every error: give it an entry of its own, the last one
            "#]],
        );
    }

    #[test]
    fn what_is_missing_or_wrong_in_an_entry_is_named() {
        check_state(
            r##"{"Type": "Task", "Resource": "arn:aws:lambda:us-east-1:123456789012:function:f", "Retry": [{}, 5], "End": true}"##,
            expect![[r#"
                ERROR SCHEMA_VALIDATION_FAILED: These fields are required: [ErrorEquals] at /States/S/Retry[0] `{`
                ERROR SCHEMA_VALIDATION_FAILED: Expected value of type [OBJECT] at /States/S/Retry[1] `5`
            "#]],
        );
        check_state(
            r##"{"Type": "Task", "Resource": "arn:aws:lambda:us-east-1:123456789012:function:f", "Retry": [{"ErrorEquals": []}, {"ErrorEquals": "A"}, {"ErrorEquals": [5]}], "End": true}"##,
            expect![[r#"
                ERROR SCHEMA_VALIDATION_FAILED: Value cannot be empty at /States/S/Retry[0]/ErrorEquals `[]`
                ERROR SCHEMA_VALIDATION_FAILED: Expected value of type [ARRAY] at /States/S/Retry[1]/ErrorEquals `"A"`
                ERROR SCHEMA_VALIDATION_FAILED: Expected value of type [STRING] at /States/S/Retry[2]/ErrorEquals[0] `5`
            "#]],
        );
        check_state(
            r##"{"Type": "Task", "Resource": "arn:aws:lambda:us-east-1:123456789012:function:f", "Retry": [{"ErrorEquals": ["A"], "IntervalSeconds": -1, "MaxAttempts": 100000000, "BackoffRate": 0.5, "MaxDelaySeconds": 0, "JitterStrategy": "HALF"}], "End": true}"##,
            expect![[r#"
                ERROR SCHEMA_VALIDATION_FAILED: Minimum value is 0 at /States/S/Retry[0]/IntervalSeconds `-1`
                ERROR SCHEMA_VALIDATION_FAILED: Maximum value is 99999999 at /States/S/Retry[0]/MaxAttempts `100000000`
                ERROR SCHEMA_VALIDATION_FAILED: Minimum value is 1.0 at /States/S/Retry[0]/BackoffRate `0.5`
                ERROR SCHEMA_VALIDATION_FAILED: Minimum value is 1 at /States/S/Retry[0]/MaxDelaySeconds `0`
                ERROR SCHEMA_VALIDATION_FAILED: Value should be one of the following: [NONE, FULL] at /States/S/Retry[0]/JitterStrategy `"HALF"`
            "#]],
        );
        check_state(
            r##"{"Type": "Task", "Resource": "arn:aws:lambda:us-east-1:123456789012:function:f", "Retry": [{"ErrorEquals": ["A"], "BackoffRate": "2", "MaxDelaySeconds": 31622401, "Next": "T"}], "End": true}"##,
            expect![[r#"
                ERROR SCHEMA_VALIDATION_FAILED: Field 'Next' is not supported at /States/S/Retry[0] `"Next"`
                  the fields here are ErrorEquals, IntervalSeconds, MaxAttempts, BackoffRate, MaxDelaySeconds, JitterStrategy, Comment
                ERROR SCHEMA_VALIDATION_FAILED: Expected value of type Double at /States/S/Retry[0]/BackoffRate `"2"`
                ERROR SCHEMA_VALIDATION_FAILED: Maximum value is 31622400 at /States/S/Retry[0]/MaxDelaySeconds `31622401`
                ERROR MISSING_TRANSITION_TARGET: State "T" is not reachable. at /States/T `"T"`
                  no `StartAt`, `Next`, `Default`, `Choices` or `Catch` leads to it
            "#]],
        );
        check_state(
            r##"{"Type": "Task", "Resource": "arn:aws:lambda:us-east-1:123456789012:function:f", "Catch": [{"Output": 1}], "Next": "T"}"##,
            expect![[r#"
                ERROR SCHEMA_VALIDATION_FAILED: The QueryLanguage is set to 'JSONPath', but field 'Output' is only supported for the 'JSONata' QueryLanguage at /States/S/Catch[0] `"Output"`
                  add `"QueryLanguage": "JSONata"` to the state or to the state machine
                ERROR SCHEMA_VALIDATION_FAILED: These fields are required: [ErrorEquals, Next] at /States/S/Catch[0] `{`
            "#]],
        );
        check_state(
            r##"{"Type": "Task", "Resource": "arn:aws:lambda:us-east-1:123456789012:function:f", "Catch": [{"ErrorEquals": ["A"], "Next": "T", "ResultPath": "$.a[*]"}], "Next": "T"}"##,
            expect![[r#"
                ERROR SCHEMA_VALIDATION_FAILED: Value is not a Reference Path at /States/S/Catch[0]/ResultPath `"$.a[*]"`
                  a result goes to a path of names and indexes, such as `$.result`
            "#]],
        );
        check_jsonata_state(
            r##"{"Type": "Task", "Resource": "arn:aws:lambda:us-east-1:123456789012:function:f", "Catch": [{"ErrorEquals": ["A"], "Next": "T", "ResultPath": "$"}], "Next": "T"}"##,
            expect![[r#"
                ERROR SCHEMA_VALIDATION_FAILED: The QueryLanguage is set to 'JSONata', but field 'ResultPath' is only supported for the 'JSONPath' QueryLanguage at /States/S/Catch[0] `"ResultPath"`
                  a JSONata state has Arguments, Output, Assign and `{% … %}` instead
            "#]],
        );
        check_state(
            r##"{"Type": "Task", "Resource": "arn:aws:lambda:us-east-1:123456789012:function:f", "Retry": {}, "Catch": 5, "End": true}"##,
            expect![[r#"
                ERROR SCHEMA_VALIDATION_FAILED: Expected value of type [ARRAY] at /States/S/Retry `{}`
                ERROR SCHEMA_VALIDATION_FAILED: Expected value of type [ARRAY] at /States/S/Catch `5`
            "#]],
        );
    }

    #[test]
    fn what_is_not_written_has_aws_defaults() {
        let text = r#"{"StartAt": "A", "States": {"A": {"Type": "Parallel", "Branches": [{"StartAt": "B", "States": {"B": {"Type": "Pass", "End": true}}}], "Retry": [{"ErrorEquals": ["E"]}], "End": true}}}"#;
        let definition = machine(text).definition.unwrap();
        let StateKind::Parallel(parallel) = &definition.blocks[0].states["A"].kind else {
            panic!()
        };
        expect![[r#"
            [
                Retrier {
                    errors: ErrorNames(
                        [
                            "E",
                        ],
                    ),
                    interval_secs: 1,
                    attempts_max: 3,
                    backoff_rate: 2.0,
                    delay_max_secs: None,
                    jitter: None,
                },
            ]
        "#]]
        .assert_debug_eq(&parallel.handlers.retriers);
    }
}

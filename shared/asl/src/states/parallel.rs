//! Parallel.

use crate::parse::{Object, Reader};
use crate::{BlockId, Handlers, QueryLanguage, Transition};

/// `Parallel`: every branch at once, over the same input.
#[derive(Debug)]
pub struct Parallel {
    /// `Branches` in order; never empty.
    pub branches: Vec<BlockId>,
    /// `Retry`, `Catch`.
    pub handlers: Handlers,
    /// `Next` or `End`.
    pub transition: Transition,
}

const BRANCH_FIELDS: [&str; 3] = ["Comment", "StartAt", "States"];

impl Parallel {
    pub(crate) const FIELDS: &'static [&'static str] = &[
        "Type",
        "Comment",
        "QueryLanguage",
        "Branches",
        "InputPath",
        "Parameters",
        "Arguments",
        "ResultSelector",
        "ResultPath",
        "OutputPath",
        "Output",
        "Assign",
        "Retry",
        "Catch",
        "Next",
        "End",
    ];

    /// The blocks of `Branches`.
    pub(crate) fn branches(reader: &mut Reader<'_>, state: &Object<'_>) -> Option<Vec<BlockId>> {
        reader.require(state, &["Branches"]);
        state.get("Branches").and_then(|field| {
            let items = reader.items(&field)?;
            let branches = items.iter().enumerate().map(|(index, node)| {
                let place = field.place.index(index);
                let branch = reader.object(node, &place)?;
                reader.only(&branch, &BRANCH_FIELDS);
                reader.comment(&branch);
                reader.block(&branch)
            });
            // All of them are read before one that failed counts.
            let branches: Vec<Option<BlockId>> = branches.collect();
            branches.into_iter().collect()
        })
    }

    pub(crate) fn read(
        reader: &mut Reader<'_>,
        state: &Object<'_>,
        language: QueryLanguage,
        branches: Option<Vec<BlockId>>,
    ) -> Option<Self> {
        let handlers = reader.handlers(state, language);
        let transition = reader.transition(state);
        Some(Parallel { branches: branches?, handlers: handlers?, transition: transition? })
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::{check_jsonata_state, check_state};
    use expect_test::expect;

    #[test]
    fn a_parallel_state_has_these_fields() {
        check_state(
            r##"{"Type": "Parallel", "Branches": [{"Comment": "c", "StartAt": "A", "States": {"A": {"Type": "Pass", "End": true}}}, {"StartAt": "B", "States": {"B": {"Type": "Fail"}}}], "Parameters": {"a.$": "$.a"}, "ResultSelector": {"b.$": "$[0]"}, "ResultPath": "$.r", "OutputPath": "$", "InputPath": "$", "Assign": {"v": 1}, "Retry": [], "Catch": [], "End": true}"##,
            expect!["accepted"],
        );
        check_jsonata_state(
            r##"{"Type": "Parallel", "Branches": [{"StartAt": "A", "States": {"A": {"Type": "Pass", "End": true}}}], "Arguments": {"a": 1}, "Output": "{% $states.result %}", "Next": "T"}"##,
            expect!["accepted"],
        );
    }

    #[test]
    fn branches_are_blocks_of_their_own() {
        check_state(
            r##"{"Type": "Parallel", "End": true}"##,
            expect![[r#"
            ERROR SCHEMA_VALIDATION_FAILED: These fields are required: [Branches] at /States/S `{`
        "#]],
        );
        check_state(
            r##"{"Type": "Parallel", "Branches": [], "End": true}"##,
            expect![[r#"
            ERROR SCHEMA_VALIDATION_FAILED: Value cannot be empty at /States/S/Branches `[]`
        "#]],
        );
        check_state(
            r##"{"Type": "Parallel", "Branches": {}, "End": true}"##,
            expect![[r#"
            ERROR SCHEMA_VALIDATION_FAILED: Expected value of type [ARRAY] at /States/S/Branches `{}`
        "#]],
        );
        check_state(
            r##"{"Type": "Parallel", "Branches": [{}, 5, {"StartAt": "A", "States": {"A": {"Type": "Pass", "Next": "S"}}, "QueryLanguage": "JSONata", "TimeoutSeconds": 5}], "End": true}"##,
            expect![[r#"
                ERROR SCHEMA_VALIDATION_FAILED: These fields are required: [States, StartAt] at /States/S/Branches[0] `{`
                ERROR SCHEMA_VALIDATION_FAILED: Expected value of type [OBJECT] at /States/S/Branches[1] `5`
                ERROR SCHEMA_VALIDATION_FAILED: Field 'QueryLanguage' is not supported at /States/S/Branches[2] `"QueryLanguage"`
                  the fields here are Comment, StartAt, States
                ERROR SCHEMA_VALIDATION_FAILED: Field 'TimeoutSeconds' is not supported at /States/S/Branches[2] `"TimeoutSeconds"`
                  the fields here are Comment, StartAt, States
                ERROR MISSING_TRANSITION_TARGET: Missing 'Next' target: S at /States/S/Branches[2]/States/A/Next `"S"`
                  that state is in another block: a transition stays within its own
            "#]],
        );
        check_state(
            r##"{"Type": "Parallel", "TimeoutSeconds": 5, "Branches": [{"StartAt": "A", "States": {"A": {"Type": "Wait", "Seconds": -1, "End": true}}}, {"StartAt": "A", "States": {"A": {"Type": "Pass"}}}], "End": true}"##,
            expect![[r#"
                ERROR SCHEMA_VALIDATION_FAILED: Field 'TimeoutSeconds' is not supported at /States/S `"TimeoutSeconds"`
                  the fields here are Type, Comment, QueryLanguage, Branches, InputPath, Parameters, Arguments, ResultSelector, ResultPath, OutputPath, Output, Assign, Retry, Catch, Next, End
                ERROR SCHEMA_VALIDATION_FAILED: Minimum value is 0 at /States/S/Branches[0]/States/A/Seconds `-1`
                ERROR DUPLICATE_STATE_NAME: Duplicate State name: A at /States/S/Branches[1]/States/A `"A"`
                  names are unique in the whole machine, branches and item processors included
                ERROR SCHEMA_VALIDATION_FAILED: This object should have only one of the following fields: [Next, End] at /States/S/Branches[1]/States/A `{`
                  say where to go on with `Next`, or stop with `"End": true`
            "#]],
        );
    }
}

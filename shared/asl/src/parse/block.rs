//! The machine, and the blocks of states in it.

use super::graph;
use super::object::Object;
use super::place::{Place, quoted};
use super::reader::Reader;
use super::variables::assigned_names;
use crate::limits::{BLOCK_DEPTH_MAX, SECONDS_MAX};
use crate::source::{Kind, Member, Node};
use crate::{Block, BlockId, Code, Definition, InvalidStateName, QueryLanguage, State, StateName};
use indexmap::IndexMap;

const MACHINE_FIELDS: [&str; 6] =
    ["Comment", "QueryLanguage", "StartAt", "States", "TimeoutSeconds", "Version"];

impl Reader<'_> {
    /// A whole state machine.
    pub(super) fn machine(&mut self, node: &Node) -> Option<Definition> {
        let object = self.object(node, &Place::ROOT)?;
        self.only(&object, &MACHINE_FIELDS);
        let comment = self.comment(&object);
        self.language = self.query_language(&object).unwrap_or_default();
        if let Some(version) = object.get("Version") {
            self.one_of(&version, &["1.0"]);
        }
        let timeout = object.get("TimeoutSeconds");
        let timeout_secs = timeout.and_then(|field| self.whole_number(&field, 0, SECONDS_MAX));
        self.block(&object)?;
        self.definition(comment, timeout_secs)
    }

    /// A state on its own.
    pub(super) fn single_state(&mut self, node: &Node, name: &StateName) -> Option<Definition> {
        let object = self.object(node, &Place::ROOT)?;
        self.block_depth = 1;
        self.blocks.push(None);
        self.variables.push(assigned_names([node], QueryLanguage::JsonPath));
        let state = self.state(name, &object)?;
        let block =
            Block { start_at: name.clone(), states: IndexMap::from([(name.clone(), *state)]) };
        if let Some(top) = self.blocks.first_mut() {
            *top = Some(block);
        }
        self.definition(None, None)
    }

    fn definition(
        &mut self,
        comment: Option<String>,
        timeout_secs: Option<u32>,
    ) -> Option<Definition> {
        let blocks = std::mem::take(&mut self.blocks).into_iter().collect::<Option<Vec<_>>>()?;
        Some(Definition { comment, query_language: self.language, timeout_secs, blocks })
    }

    /// `QueryLanguage`, if it is there. What is neither language counts as JSONata, as for AWS.
    pub(super) fn query_language(&mut self, object: &Object<'_>) -> Option<QueryLanguage> {
        let field = object.get("QueryLanguage")?;
        match self.one_of(&field, &["JSONPath", "JSONata"]) {
            Some("JSONPath") => Some(QueryLanguage::JsonPath),
            Some(_) | None => Some(QueryLanguage::Jsonata),
        }
    }

    /// `StartAt` and `States`, here or deeper; what else the object may have is the caller's to check.
    pub(crate) fn block(&mut self, object: &Object<'_>) -> Option<BlockId> {
        if self.block_depth == BLOCK_DEPTH_MAX {
            let message = format!("States are nested more than {BLOCK_DEPTH_MAX} levels deep");
            self.error(Code::TooDeeplyNested, object.place, object.head(), message);
            return None;
        }
        let id = self.blocks.len();
        self.blocks.push(None);
        self.block_depth += 1;
        self.variables.push(assigned_names(state_nodes(object), self.language));
        let taken_depth = std::mem::replace(&mut self.taken_depth, self.taken_variables.len());
        let block = self.start_and_states(object);
        self.taken_depth = taken_depth;
        self.variables.pop();
        self.block_depth -= 1;
        graph::check(self, object);
        if let Some(place) = self.blocks.get_mut(id) {
            *place = block;
        }
        u32::try_from(id).ok().map(BlockId)
    }

    fn start_and_states(&mut self, object: &Object<'_>) -> Option<Block> {
        self.require(object, &["States", "StartAt"]);
        let start_at = object.get("StartAt").and_then(|field| {
            let text = self.string(field.node, &field.place)?;
            StateName::parse(text).ok()
        });
        let states = object.get("States").and_then(|field| {
            let states = self.members(field.node, &field.place)?;
            if states.members.is_empty() {
                self.schema(&field.place, field.node.span, "Value cannot be empty");
            }
            self.states(&states)
        });
        Some(Block { start_at: start_at?, states: states? })
    }

    fn states(&mut self, states: &Object<'_>) -> Option<IndexMap<StateName, State>> {
        let mut read = IndexMap::with_capacity(states.members.len());
        let mut complete = true;
        for member in states.members {
            match self.named_state(states, member) {
                Some(state) => _ = read.insert(state.name.clone(), *state),
                None => complete = false,
            }
        }
        complete.then_some(read)
    }

    fn named_state(&mut self, states: &Object<'_>, member: &Member) -> Option<Box<State>> {
        let place = states.place.field(&member.key);
        let name = match StateName::parse(&member.key) {
            Ok(name) => name,
            Err(InvalidStateName { chars }) => {
                let limit = StateName::CHARS_MAX;
                let shown = quoted(&member.key);
                let message = match chars {
                    0 => "Invalid State name: the name is empty".to_owned(),
                    _ => format!(
                        "Invalid State name: '{shown}' exceeds the {limit}-character limit allowed by the service"
                    ),
                };
                self.error(Code::InvalidStateName, &place, member.key_span, message);
                return None;
            }
        };
        if !self.state_names.insert(member.key.clone()) {
            let message = format!("Duplicate State name: {name}");
            let help =
                "names are unique in the whole machine, branches and item processors included";
            let (code, span) = (Code::DuplicateStateName, member.key_span);
            self.error_with_help(code, &place, span, message, Some(help.to_owned()));
        }
        let object = self.object(&member.value, &place)?;
        self.with_taken_variables(states.members, member, |reader| reader.state(&name, &object))
    }
}

/// The states of a block as they stand in the text.
pub(super) fn state_nodes<'a>(block: &Object<'a>) -> impl Iterator<Item = &'a Node> {
    let states = match block.get("States").map(|field| &field.node.kind) {
        Some(Kind::Object(members)) => members.as_slice(),
        Some(Kind::Null | Kind::Bool(_) | Kind::Number(_) | Kind::String(_) | Kind::Array(_))
        | None => &[],
    };
    states.iter().map(|member| &member.value)
}

#[cfg(test)]
mod tests {
    use crate::testing::{check_machine, check_state, machine};
    use crate::{BlockId, Options, StateKind, StateName, aws_message, parse_state};
    use expect_test::expect;

    #[test]
    fn a_machine_has_these_fields() {
        check_machine(
            r##"{"Comment": "c", "QueryLanguage": "JSONPath", "StartAt": "A", "States": {"A": {"Type": "Succeed"}}, "TimeoutSeconds": 99999999, "Version": "1.0"}"##,
            expect!["accepted"],
        );
        check_machine(
            r##"{}"##,
            expect![[r#"
            ERROR SCHEMA_VALIDATION_FAILED: These fields are required: [States, StartAt] at / `{`
        "#]],
        );
        check_machine(
            r##"{"States": {}, "StartAt": 5}"##,
            expect![[r#"
            ERROR SCHEMA_VALIDATION_FAILED: Expected value of type [STRING] at /StartAt `5`
            ERROR SCHEMA_VALIDATION_FAILED: Value cannot be empty at /States `{}`
        "#]],
        );
        check_machine(
            r##"{"states": {}, "StartAt": "A", "Version": "2.0", "TimeoutSeconds": -1, "Comment": 5}"##,
            expect![[r#"
                ERROR SCHEMA_VALIDATION_FAILED: Field 'states' is not supported at / `"states"`
                  did you mean `States`?
                ERROR SCHEMA_VALIDATION_FAILED: Expected value of type [STRING] at /Comment `5`
                ERROR SCHEMA_VALIDATION_FAILED: Value should be one of the following: [1.0] at /Version `"2.0"`
                  did you mean `1.0`?
                ERROR SCHEMA_VALIDATION_FAILED: Minimum value is 0 at /TimeoutSeconds `-1`
                ERROR SCHEMA_VALIDATION_FAILED: These fields are required: [States] at / `{`
            "#]],
        );
        check_machine(
            r##"{"StartAt": "A", "States": []}"##,
            expect![[r#"
            ERROR SCHEMA_VALIDATION_FAILED: Expected value of type [OBJECT] at /States `[]`
        "#]],
        );
        check_machine(
            r##"[]"##,
            expect![[r#"
            ERROR SCHEMA_VALIDATION_FAILED: Definition must be a valid JSON object at null `[]`
        "#]],
        );
        check_machine(
            r##""text""##,
            expect![[r#"
            ERROR SCHEMA_VALIDATION_FAILED: Definition must be a valid JSON object at null `"text"`
        "#]],
        );
        check_machine(
            r##" "##,
            expect![[r#"
            ERROR SCHEMA_VALIDATION_FAILED: Definition must be a valid JSON object at null ``
        "#]],
        );
        check_machine(
            r##""##,
            expect![[r#"
            ERROR SCHEMA_VALIDATION_FAILED: Definition must be a valid JSON object at null ``
        "#]],
        );
        check_machine(
            r##"not a definition"##,
            expect![[r#"
            ERROR INVALID_JSON_DESCRIPTION: Unrecognized token 'not': was expecting (JSON String, Number, Array, Object or token 'null', 'true' or 'false')
             at [Source: (String)"not a definition"; line: 1, column: 4] at [Source: (String)"not a definition"; line: 1, column: 4] `not`
        "#]],
        );
    }

    #[test]
    fn names_of_states_are_short_and_unique() {
        check_machine(
            r##"{"StartAt": "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx", "States": {"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx": {"Type": "Succeed"}}}"##,
            expect!["accepted"],
        );
        check_machine(
            r##"{"StartAt": "A", "States": {"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx": {"Type": "Nope"}, "A": {"Type": "Succeed"}}}"##,
            expect![[r#"
                ERROR INVALID_STATE_NAME: Invalid State name: 'xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx' exceeds the 80-character limit allowed by the service at /States/xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx `"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx`
            "#]],
        );
        check_machine(
            r##"{"StartAt": "A", "States": {"": {"Type": "Pass"}, "A": {"Type": "Succeed"}}}"##,
            expect![[r#"
                ERROR INVALID_STATE_NAME: Invalid State name: the name is empty at /States/ `""`
            "#]],
        );
        check_machine(
            r##"{"StartAt": "A", "States": {"A": {"Type": "Succeed"}, "A": {"Type": "Fail"}}}"##,
            expect![[r#"
                ERROR DUPLICATE_STATE_NAME: Duplicate State name: A at /States/A `"A"`
                  names are unique in the whole machine, branches and item processors included
            "#]],
        );
    }

    #[test]
    fn a_type_is_one_of_eight() {
        check_machine(
            r##"{"StartAt": "A", "States": {"A": {"Type": "task", "End": true}}}"##,
            expect![[r#"
                ERROR SCHEMA_VALIDATION_FAILED: The field 'Type' should have one of these values: [Task, Wait, Pass, Succeed, Fail, Choice, Parallel, Map] at /States/A/Type `"task"`
                  did you mean `Task`?
            "#]],
        );
        check_machine(
            r##"{"StartAt": "A", "States": {"A": {"End": true}}}"##,
            expect![[r#"
            ERROR SCHEMA_VALIDATION_FAILED: These fields are required: [Type] at /States/A `{`
        "#]],
        );
        check_machine(
            r##"{"StartAt": "A", "States": {"A": {"Type": null, "End": true}}}"##,
            expect![[r#"
                ERROR SCHEMA_VALIDATION_FAILED: The field 'Type' should have one of these values: [Task, Wait, Pass, Succeed, Fail, Choice, Parallel, Map] at /States/A/Type `null`
            "#]],
        );
        check_machine(
            r##"{"StartAt": "A", "States": {"A": 5}}"##,
            expect![[r#"
                ERROR SCHEMA_VALIDATION_FAILED: Expected value of type [OBJECT] at /States/A `5`
            "#]],
        );
    }

    #[test]
    fn a_query_language_is_inherited_from_the_machine() {
        check_machine(
            r##"{"QueryLanguage": "JSONata", "StartAt": "A", "States": {"A": {"Type": "Pass", "QueryLanguage": "JSONPath", "Output": 1, "InputPath": "$", "End": true}}}"##,
            expect![[r#"
                ERROR SCHEMA_VALIDATION_FAILED: 'QueryLanguage' can not be 'JSONPath' if set to 'JSONata' for whole state machine at /States/A `"JSONPath"`
            "#]],
        );
        check_machine(
            r##"{"StartAt": "A", "States": {"A": {"Type": "Pass", "QueryLanguage": "JSONata", "Output": "{% 1 %}", "End": true}}}"##,
            expect!["accepted"],
        );
        check_machine(
            r##"{"StartAt": "A", "States": {"A": {"Type": "Pass", "QueryLanguage": "jsonata", "InputPath": "$.a", "Output": 1, "End": true}}}"##,
            expect![[r#"
                ERROR SCHEMA_VALIDATION_FAILED: Value should be one of the following: [JSONPath, JSONata] at /States/A/QueryLanguage `"jsonata"`
                  did you mean `JSONata`?
                ERROR SCHEMA_VALIDATION_FAILED: The QueryLanguage is set to 'JSONata', but field 'InputPath' is only supported for the 'JSONPath' QueryLanguage at /States/A `"InputPath"`
                  a JSONata state has Arguments, Output, Assign and `{% … %}` instead
            "#]],
        );
        check_machine(
            r##"{"QueryLanguage": 5, "StartAt": "A", "States": {"A": {"Type": "Pass", "Output": 1, "End": true}}}"##,
            expect![[r#"
                ERROR SCHEMA_VALIDATION_FAILED: Expected value of type [STRING] at /QueryLanguage `5`
            "#]],
        );
        check_machine(
            r##"{"StartAt": "A", "States": {"A": {"Type": "Map", "QueryLanguage": "JSONata", "Items": [1], "ItemProcessor": {"StartAt": "B", "States": {"B": {"Type": "Pass", "Output": 1, "End": true}}}, "End": true}}}"##,
            expect![[r#"
                ERROR SCHEMA_VALIDATION_FAILED: The QueryLanguage is set to 'JSONPath', but field 'Output' is only supported for the 'JSONata' QueryLanguage at /States/A/ItemProcessor/States/B `"Output"`
                  add `"QueryLanguage": "JSONata"` to the state or to the state machine
            "#]],
        );
    }

    #[test]
    fn a_state_goes_on_or_ends() {
        check_state(
            r##"{"Type": "Pass"}"##,
            expect![[r#"
                ERROR SCHEMA_VALIDATION_FAILED: This object should have only one of the following fields: [Next, End] at /States/S `{`
                  say where to go on with `Next`, or stop with `"End": true`
            "#]],
        );
        check_state(
            r##"{"Type": "Pass", "End": false}"##,
            expect![[r#"
                ERROR SCHEMA_VALIDATION_FAILED: This object should have only one of the following fields: [Next, End] at /States/S `{`
                  say where to go on with `Next`, or stop with `"End": true`
            "#]],
        );
        check_state(
            r##"{"Type": "Pass", "Next": "T", "End": true}"##,
            expect![[r#"
            ERROR SCHEMA_VALIDATION_FAILED: There should only be one of the following fields: [Next, End] at /States/S `"End"`
        "#]],
        );
        check_state(r##"{"Type": "Pass", "Next": "T", "End": false}"##, expect!["accepted"]);
        check_state(
            r##"{"Type": "Pass", "Next": 5}"##,
            expect![[r#"
                ERROR SCHEMA_VALIDATION_FAILED: Expected value of type [STRING] at /States/S/Next `5`
            "#]],
        );
        check_state(
            r##"{"Type": "Pass", "End": "true"}"##,
            expect![[r#"
                ERROR SCHEMA_VALIDATION_FAILED: Expected value of type [BOOLEAN] at /States/S/End `"true"`
            "#]],
        );
    }

    #[test]
    fn a_field_that_stands_twice_counts_once() {
        check_state(
            r##"{"Type": "Pass", "End": false, "End": true, "Comment": "a", "Comment": "b"}"##,
            expect![[r#"
                WARNING DUPLICATE_FIELD: The field 'End' appears more than once at /States/S `"End"`
                  only the last one counts
                WARNING DUPLICATE_FIELD: The field 'Comment' appears more than once at /States/S `"Comment"`
                  only the last one counts
            "#]],
        );
    }

    #[test]
    fn blocks_are_numbered_in_document_order_depth_first() {
        let pass = |name: &str| format!(r#""{name}": {{"Type": "Pass", "End": true}}"#);
        let block = |states: &str, start: &str| {
            format!(r#"{{"StartAt": "{start}", "States": {{{states}}}}}"#)
        };
        let map = format!(
            r#""M": {{"Type": "Map", "Next": "P", "ItemProcessor": {}}}"#,
            block(&pass("I"), "I")
        );
        let inner = format!(
            r#""Q": {{"Type": "Parallel", "End": true, "Branches": [{}]}}"#,
            block(&pass("R"), "R")
        );
        let branches = format!("{}, {}", block(&inner, "Q"), block(&pass("B"), "B"));
        let parallel =
            format!(r#""P": {{"Type": "Parallel", "End": true, "Branches": [{branches}]}}"#);
        let text = block(&format!("{map}, {parallel}"), "M");
        let definition = machine(&text).definition.unwrap();
        let starts: Vec<&str> =
            definition.blocks.iter().map(|block| block.start_at.as_str()).collect();
        assert_eq!(starts, ["M", "I", "Q", "R", "B"]);
        let StateKind::Parallel(parallel) = &definition.blocks[0].states["P"].kind else {
            panic!()
        };
        assert_eq!(parallel.branches, [BlockId(2), BlockId(4)]);
    }

    #[test]
    fn a_single_state_may_name_what_is_not_there() {
        let name = StateName::parse("S").unwrap();
        let text = r#"{"Type": "Pass", "Next": "Elsewhere"}"#;
        let definition = parse_state(text, &name, &Options::default()).definition.unwrap();
        assert_eq!(definition.blocks[0].start_at, name);
        let refused = parse_state(r#"{"Type": "Pass"}"#, &name, &Options::default());
        expect!["Invalid State Machine Definition: 'SCHEMA_VALIDATION_FAILED: This object should have only one of the following fields: [Next, End] at /'"].assert_eq(&aws_message(&refused.diagnostics));
    }
}

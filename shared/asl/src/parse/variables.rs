//! Variables: their names, and who may assign them (EXPR-VAR).
//!
//! A block's states assign into the block; inner blocks see the variables of outer ones. AWS refuses an
//! inner assignment of a name that an outer state has assigned by then, on some way to the state that the
//! inner block belongs to. A name that is assigned only later, such as by that state's own catcher, is
//! free.

use super::object::Object;
use super::place::{Place, quoted};
use super::reader::Reader;
use crate::limits::VARIABLE_NAME_CHARS_MAX;
use crate::source::{Kind, Member, Node, Span};
use crate::{Code, QueryLanguage};
use std::collections::{BTreeMap, BTreeSet};

/// Transitions that one parse follows backwards to find what is assigned where; a definition that needs
/// more is not checked further for names that are taken.
const STEPS_MAX: usize = 200_000;

/// The variables that these states assign, catchers and choice rules included.
pub(super) fn assigned_names<'a>(
    states: impl IntoIterator<Item = &'a Node>,
    machine: QueryLanguage,
) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    for state in states {
        let language = language_of(state, machine);
        names.extend(assigned_by(state, language).map(str::to_owned));
        for entry in ["Catch", "Choices"].into_iter().flat_map(|list| entries(state, list)) {
            names.extend(assigned_by(entry, language).map(str::to_owned));
        }
    }
    names
}

/// The variables that may be assigned when a state of a block begins.
fn assigned_before<'a>(
    states: &'a [Member],
    name: &'a str,
    machine: QueryLanguage,
) -> BTreeSet<String> {
    let mut ways_to: BTreeMap<&str, Vec<(&Member, &Node)>> = BTreeMap::new();
    for state in states {
        for (target, assigns) in transitions(&state.value) {
            ways_to.entry(target).or_default().push((state, assigns));
        }
    }
    let mut names = BTreeSet::new();
    let mut waiting = vec![name];
    let mut seen = BTreeSet::from([name]);
    while let Some(target) = waiting.pop() {
        for (state, assigns) in ways_to.get(target).into_iter().flatten() {
            let language = language_of(&state.value, machine);
            names.extend(assigned_by(assigns, language).map(str::to_owned));
            if seen.insert(state.key.as_str()) {
                waiting.push(&state.key);
            }
        }
    }
    names
}

/// Where a state may lead, each with the object whose `Assign` applies on that way.
fn transitions(state: &Node) -> impl Iterator<Item = (&str, &Node)> {
    let own = ["Next", "Default"].into_iter().map(move |name| (state, name));
    let listed = ["Choices", "Catch"].into_iter().flat_map(move |list| entries(state, list));
    own.chain(listed.map(|entry| (entry, "Next"))).filter_map(|(owner, name)| {
        let target = owner.member(name).map(|member| &member.value.kind);
        match target {
            Some(Kind::String(target)) => Some((target.as_str(), owner)),
            Some(
                Kind::Null | Kind::Bool(_) | Kind::Number(_) | Kind::Array(_) | Kind::Object(_),
            )
            | None => None,
        }
    })
}

/// The variables that the `Assign` of a state, a choice rule or a catcher assigns.
fn assigned_by(owner: &Node, language: QueryLanguage) -> impl Iterator<Item = &str> {
    let members = match owner.member("Assign").map(|member| &member.value.kind) {
        Some(Kind::Object(members)) => members.as_slice(),
        Some(Kind::Null | Kind::Bool(_) | Kind::Number(_) | Kind::String(_) | Kind::Array(_))
        | None => &[],
    };
    members.iter().map(move |member| variable_name(&member.key, language))
}

fn entries<'n>(state: &'n Node, list: &str) -> &'n [Node] {
    match state.member(list).map(|member| &member.value.kind) {
        Some(Kind::Array(entries)) => entries,
        Some(Kind::Null | Kind::Bool(_) | Kind::Number(_) | Kind::String(_) | Kind::Object(_))
        | None => &[],
    }
}

fn language_of(state: &Node, machine: QueryLanguage) -> QueryLanguage {
    match state.member("QueryLanguage").map(|member| &member.value.kind) {
        None => machine,
        Some(Kind::String(text)) if text == "JSONPath" => QueryLanguage::JsonPath,
        Some(_) => QueryLanguage::Jsonata,
    }
}

/// The variable that a key of `Assign` names.
fn variable_name(key: &str, language: QueryLanguage) -> &str {
    match language {
        QueryLanguage::JsonPath => key.strip_suffix(".$").unwrap_or(key),
        QueryLanguage::Jsonata => key,
    }
}

impl Reader<'_> {
    /// Checks the names that an `Assign` assigns.
    pub(super) fn assigned_variables(&mut self, assign: &Object<'_>, language: QueryLanguage) {
        for member in assign.members {
            let name = variable_name(&member.key, language);
            let place = assign.place.field(&member.key);
            if name == "states" {
                let message = "Cannot assign to reserved variable '$states'.";
                self.error(Code::ReservedVariableName, &place, member.key_span, message);
            } else if let Some(why) = invalid_name(name) {
                let message = format!("Invalid variable name '{}': {why}.", quoted(name));
                let help = "a name is a letter followed by letters, digits and underscores";
                let (code, span) = (Code::InvalidVariableName, member.key_span);
                self.error_with_help(code, &place, span, message, Some(help.to_owned()));
            } else if self.is_outer_variable(name) {
                let message = format!(
                    "The variable name '{}' was already defined in a parent scope.",
                    quoted(name)
                );
                let help = "an inner block reads outer variables; give its own another name";
                let (code, span) = (Code::DuplicateVariableName, member.key_span);
                self.error_with_help(code, &place, span, message, Some(help.to_owned()));
            }
        }
    }

    fn is_outer_variable(&self, name: &str) -> bool {
        self.taken_variables.iter().take(self.taken_depth).any(|names| names.contains(name))
    }

    /// Reads a state; what its inner blocks must not assign is known meanwhile.
    pub(super) fn with_taken_variables<T>(
        &mut self,
        states: &[Member],
        state: &Member,
        read: impl FnOnce(&mut Self) -> T,
    ) -> T {
        let has_blocks = ["Branches", "ItemProcessor", "Iterator"]
            .into_iter()
            .any(|name| state.value.member(name).is_some());
        if !has_blocks {
            return read(self);
        }
        self.steps_taken += states.len();
        let is_affordable = self.steps_taken <= STEPS_MAX;
        let taken = is_affordable.then(|| assigned_before(states, &state.key, self.language));
        self.taken_variables.push(taken.unwrap_or_default());
        let result = read(self);
        self.taken_variables.pop();
        result
    }

    /// Warns of a variable that nothing in sight assigns.
    pub(super) fn variable_is_read(&mut self, name: &str, place: &Place<'_>, span: Span) {
        if self.variables.iter().any(|names| names.contains(name)) {
            return;
        }
        let message = format!("Variable '{}' is possibly not defined.", quoted(name));
        let in_sight = self.variables.iter().flatten().map(String::as_str);
        let near = crate::suggest::did_you_mean(name, in_sight);
        let help = near.unwrap_or_else(|| "no `Assign` in sight sets it".to_owned());
        self.warn(Code::PossiblyUndefinedVariable, place, span, message, Some(help));
    }
}

/// Why a text is not a variable's name: Unicode's identifiers, to 80 characters.
fn invalid_name(name: &str) -> Option<&'static str> {
    let mut chars = name.chars();
    let starts = chars.next().is_some_and(char::is_alphabetic);
    if !starts || !chars.all(|c| c.is_alphanumeric() || c == '_') {
        return Some("the variable name contains invalid characters");
    }
    let is_long = name.chars().nth(VARIABLE_NAME_CHARS_MAX).is_some();
    is_long.then_some("the variable name exceeds the 80-character limit")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{check_jsonata_state, check_machine, check_state};
    use expect_test::expect;

    #[test]
    fn a_variable_name_is_an_identifier_of_at_most_80_characters() {
        for name in ["a", "aB_9", "é", "变量", &"x".repeat(80)] {
            assert_eq!(invalid_name(name), None, "{name}");
        }
        for name in ["", "9a", "_a", "a-b", "a.b", "a b", "$a", &"x".repeat(81)] {
            assert!(invalid_name(name).is_some(), "{name}");
        }
    }

    #[test]
    fn names_that_assign_takes() {
        check_state(
            r##"{"Type": "Pass", "Assign": {"a.$": "$.b", "é": 1, "x_1": 2}, "End": true}"##,
            expect!["accepted"],
        );
        check_state(
            r##"{"Type": "Pass", "Assign": {"states": 1, "states.$": "$", "a-b": 1, "a.b": 2, "1a": 3}, "End": true}"##,
            expect![[r#"
                ERROR RESERVED_VARIABLE_NAME: Cannot assign to reserved variable '$states'. at /States/S/Assign/states `"states"`
                ERROR RESERVED_VARIABLE_NAME: Cannot assign to reserved variable '$states'. at /States/S/Assign/states.$ `"states.$"`
                ERROR INVALID_VARIABLE_NAME: Invalid variable name 'a-b': the variable name contains invalid characters. at /States/S/Assign/a-b `"a-b"`
                  a name is a letter followed by letters, digits and underscores
                ERROR INVALID_VARIABLE_NAME: Invalid variable name 'a.b': the variable name contains invalid characters. at /States/S/Assign/a.b `"a.b"`
                  a name is a letter followed by letters, digits and underscores
                ERROR INVALID_VARIABLE_NAME: Invalid variable name '1a': the variable name contains invalid characters. at /States/S/Assign/1a `"1a"`
                  a name is a letter followed by letters, digits and underscores
            "#]],
        );
        check_state(
            r##"{"Type": "Pass", "Assign": 5, "End": true}"##,
            expect![[r#"
            ERROR SCHEMA_VALIDATION_FAILED: Expected value of type [OBJECT] at /States/S/Assign `5`
        "#]],
        );
        check_jsonata_state(
            r##"{"Type": "Pass", "Assign": {"a.$": 1}, "End": true}"##,
            expect![[r#"
                ERROR INVALID_VARIABLE_NAME: Invalid variable name 'a.$': the variable name contains invalid characters. at /States/S/Assign/a.$ `"a.$"`
                  a name is a letter followed by letters, digits and underscores
            "#]],
        );
        check_jsonata_state(
            r##"{"Type": "Pass", "Assign": "{% {} %}", "End": true}"##,
            expect![[r#"
                ERROR SCHEMA_VALIDATION_FAILED: Expected value of type [OBJECT] at /States/S/Assign `"{% {} %}"`
            "#]],
        );
    }

    #[test]
    fn an_inner_block_does_not_assign_what_is_assigned_by_then() {
        check_machine(
            r##"{"StartAt": "A", "States": {"A": {"Type": "Pass", "Assign": {"x": 1}, "Next": "P"}, "P": {"Type": "Parallel", "Branches": [{"StartAt": "B", "States": {"B": {"Type": "Pass", "Assign": {"x.$": "$.y", "y": 1}, "End": true}}}], "End": true}}}"##,
            expect![[r#"
                ERROR DUPLICATE_VARIABLE_NAME: The variable name 'x' was already defined in a parent scope. at /States/P/Branches[0]/States/B/Assign/x.$ `"x.$"`
                  an inner block reads outer variables; give its own another name
            "#]],
        );
        check_machine(
            r##"{"StartAt": "A", "States": {"A": {"Type": "Parallel", "Assign": {"x": 1}, "Catch": [{"ErrorEquals": ["E"], "Assign": {"y": 1}, "Next": "B"}], "Branches": [{"StartAt": "C", "States": {"C": {"Type": "Pass", "Assign": {"x": 1, "y": 2}, "End": true}}}], "Next": "B"}, "B": {"Type": "Pass", "Assign": {"x": 2}, "End": true}}}"##,
            expect!["accepted"],
        );
        check_machine(
            r##"{"StartAt": "A", "States": {"A": {"Type": "Choice", "Choices": [{"Variable": "$.a", "IsNull": true, "Assign": {"x": 1}, "Next": "M"}], "Default": "M"}, "M": {"Type": "Map", "ItemProcessor": {"StartAt": "B", "States": {"B": {"Type": "Pass", "Assign": {"x": 1}, "End": true}}}, "End": true}}}"##,
            expect![[r#"
                ERROR DUPLICATE_VARIABLE_NAME: The variable name 'x' was already defined in a parent scope. at /States/M/ItemProcessor/States/B/Assign/x `"x"`
                  an inner block reads outer variables; give its own another name
            "#]],
        );
        check_machine(
            r##"{"StartAt": "A", "States": {"A": {"Type": "Parallel", "Branches": [{"StartAt": "B", "States": {"B": {"Type": "Pass", "Assign": {"x": 1}, "End": true}}}, {"StartAt": "C", "States": {"C": {"Type": "Pass", "Assign": {"x": 1}, "End": true}}}], "End": true}}}"##,
            expect!["accepted"],
        );
    }

    #[test]
    fn a_variable_that_nothing_assigns_is_pointed_out() {
        check_machine(
            r##"{"StartAt": "A", "States": {"A": {"Type": "Pass", "Assign": {"total": 1}, "Next": "B"}, "B": {"Type": "Pass", "Parameters": {"a.$": "$total", "b.$": "States.Format('{}', $totl)"}, "InputPath": "$x", "End": true}}}"##,
            expect![[r#"
                WARNING POSSIBLY_UNDEFINED_VARIABLE: Variable 'x' is possibly not defined. at /States/B/InputPath `"$x"`
                  no `Assign` in sight sets it
                WARNING POSSIBLY_UNDEFINED_VARIABLE: Variable 'totl' is possibly not defined. at /States/B/Parameters `{"a.$": "$total", "b.$": "States.Format('{}', $tot`
                  did you mean `total`?
            "#]],
        );
        check_machine(
            r##"{"QueryLanguage": "JSONata", "StartAt": "A", "States": {"A": {"Type": "Pass", "Output": "{% $y + $sum([1]) %}", "End": true}}}"##,
            expect![[r#"
                WARNING POSSIBLY_UNDEFINED_VARIABLE: Variable 'y' is possibly not defined. at /States/A/Output `"{% $y + $sum([1]) %}"`
                  no `Assign` in sight sets it
            "#]],
        );
        check_machine(
            r##"{"StartAt": "A", "States": {"A": {"Type": "Pass", "Assign": {"x": 1}, "Next": "M"}, "M": {"Type": "Map", "ItemProcessor": {"StartAt": "B", "States": {"B": {"Type": "Pass", "InputPath": "$x", "End": true}}}, "End": true}}}"##,
            expect!["accepted"],
        );
    }
}

//! Transitions: every one leads to a state of its block, every state can be reached, and the machine can
//! end (ASL-TOP-02, ASL-TOP-10).
//!
//! Walks the text, not the states read from it, so that a fault elsewhere hides nothing here.

use super::object::Object;
use super::place::{Place, quoted};
use super::reader::Reader;
use crate::source::{Kind, Member, Node, Span};
use crate::{Code, StateName};
use std::collections::{BTreeMap, BTreeSet};

/// The most states that a help lists.
const STATES_LISTED_MAX: usize = 10;

/// Checks one block whose states have been read.
pub(super) fn check(reader: &mut Reader<'_>, block: &Object<'_>) {
    let Some(states) = block.get("States") else { return };
    let Kind::Object(members) = &states.node.kind else { return };
    // Of states of one name the last one counts; that there are two is reported elsewhere.
    let graph: BTreeMap<&str, &Member> = members.iter().map(|m| (m.key.as_str(), m)).collect();
    for member in members {
        missing_targets(reader, &states.place, member, &graph);
    }
    if members.iter().any(|state| is_open(&state.value)) {
        start_target(reader, block, &graph);
        return;
    }
    let is_top = reader.block_depth == 0;
    if is_top && !members.is_empty() && !members.iter().any(|state| is_terminal(&state.value)) {
        let message = "Workflow has no terminal state";
        let help = "give one state `\"End\": true`, or add a Succeed or Fail state".to_owned();
        reader.error_without_place(Code::MissingEndState, states.key_span, message, Some(help));
        start_target(reader, block, &graph);
        return;
    }
    if let Some(start) = start_target(reader, block, &graph) {
        unreachable_states(reader, start, &states.place, members, &graph);
    }
}

/// `StartAt`, which must name a state.
fn start_target<'a>(
    reader: &mut Reader<'_>,
    block: &Object<'a>,
    graph: &BTreeMap<&str, &Member>,
) -> Option<&'a str> {
    let field = block.get("StartAt")?;
    let Kind::String(start) = &field.node.kind else { return None };
    if !graph.contains_key(start.as_str()) {
        missing_target(reader, start, &field.place, field.node.span, graph);
    }
    Some(start)
}

fn missing_targets(
    reader: &mut Reader<'_>,
    states: &Place<'_>,
    state: &Member,
    graph: &BTreeMap<&str, &Member>,
) {
    let place = states.field(&state.key);
    for name in ["Next", "Default"] {
        if let Some((target, span)) = target(&state.value, name)
            && !graph.contains_key(target)
        {
            missing_target(reader, target, &place.field(name), span, graph);
        }
    }
    for list in ["Choices", "Catch"] {
        let list_place = place.field(list);
        for (index, entry) in entries(&state.value, list).iter().enumerate() {
            if let Some((target, span)) = target(entry, "Next")
                && !graph.contains_key(target)
            {
                let entry_place = list_place.index(index);
                missing_target(reader, target, &entry_place.field("Next"), span, graph);
            }
        }
    }
}

fn missing_target(
    reader: &mut Reader<'_>,
    target: &str,
    place: &Place<'_>,
    span: Span,
    graph: &BTreeMap<&str, &Member>,
) {
    let help = if reader.state_names.contains(target) {
        "that state is in another block: a transition stays within its own".to_owned()
    } else {
        let near = crate::suggest::did_you_mean(target, graph.keys().copied());
        near.unwrap_or_else(|| states_listed(graph))
    };
    let message = format!("Missing 'Next' target: {}", quoted(target));
    reader.error_with_help(Code::MissingTransitionTarget, place, span, message, Some(help));
}

fn states_listed(graph: &BTreeMap<&str, &Member>) -> String {
    let names: Vec<String> =
        graph.keys().take(STATES_LISTED_MAX).map(|name| format!("`{}`", quoted(name))).collect();
    let more = if graph.len() > names.len() { ", …" } else { "" };
    format!("the states here are {}{more}", names.join(", "))
}

fn unreachable_states(
    reader: &mut Reader<'_>,
    start: &str,
    states: &Place<'_>,
    members: &[Member],
    graph: &BTreeMap<&str, &Member>,
) {
    let mut reached = BTreeSet::new();
    let mut waiting = vec![start];
    while let Some(name) = waiting.pop() {
        if let Some(state) = graph.get(name).filter(|_| !reached.contains(name)) {
            reached.insert(state.key.as_str());
            waiting.extend(targets(&state.value));
        }
    }
    for state in members {
        if !reached.contains(state.key.as_str()) && StateName::parse(&state.key).is_ok() {
            let message = format!("State \"{}\" is not reachable.", quoted(&state.key));
            let help =
                "no `StartAt`, `Next`, `Default`, `Choices` or `Catch` leads to it".to_owned();
            let (code, place) = (Code::MissingTransitionTarget, states.field(&state.key));
            reader.error_with_help(code, &place, state.key_span, message, Some(help));
        }
    }
}

/// Everything that a state's transitions name.
fn targets(state: &Node) -> impl Iterator<Item = &str> {
    let own = ["Next", "Default"].into_iter().filter_map(|name| target(state, name));
    let listed = ["Choices", "Catch"].into_iter().flat_map(|list| entries(state, list));
    let listed = listed.filter_map(|entry| target(entry, "Next"));
    own.chain(listed).map(|(target, _)| target)
}

fn target<'n>(owner: &'n Node, name: &str) -> Option<(&'n str, Span)> {
    let member = owner.member(name)?;
    match &member.value.kind {
        Kind::String(target) => Some((target, member.value.span)),
        Kind::Null | Kind::Bool(_) | Kind::Number(_) | Kind::Array(_) | Kind::Object(_) => None,
    }
}

fn entries<'n>(state: &'n Node, list: &str) -> &'n [Node] {
    match state.member(list).map(|member| &member.value.kind) {
        Some(Kind::Array(entries)) => entries,
        Some(Kind::Null | Kind::Bool(_) | Kind::Number(_) | Kind::String(_) | Kind::Object(_))
        | None => &[],
    }
}

/// Whether a state does not say where it leads, which is reported elsewhere: then nothing can be said of
/// what is reached.
fn is_open(state: &Node) -> bool {
    let state_type = match state.member("Type").map(|member| &member.value.kind) {
        Some(Kind::String(state_type)) => state_type.as_str(),
        Some(Kind::Null | Kind::Bool(_) | Kind::Number(_) | Kind::Array(_) | Kind::Object(_))
        | None => return true,
    };
    let leads_on = match state_type {
        "Succeed" | "Fail" => true,
        "Choice" => !entries(state, "Choices").is_empty(),
        _ => is_terminal(state) || target(state, "Next").is_some(),
    };
    let mut listed = ["Choices", "Catch"].into_iter().flat_map(|list| entries(state, list));
    !leads_on || listed.any(|entry| target(entry, "Next").is_none())
}

/// Whether the execution can end in a state, judged without regard to its other fields.
fn is_terminal(state: &Node) -> bool {
    let kind = |name: &str| state.member(name).map(|member| &member.value.kind);
    matches!(kind("End"), Some(Kind::Bool(true)))
        || matches!(kind("Type"), Some(Kind::String(kind)) if kind == "Succeed" || kind == "Fail")
}

#[cfg(test)]
mod tests {
    use crate::testing::check_machine;
    use expect_test::expect;

    #[test]
    fn every_transition_leads_to_a_state_of_its_block() {
        check_machine(
            r##"{"StartAt": "A", "States": {"A": {"Type": "Choice", "Choices": [{"Variable": "$.a", "IsNull": true, "Next": "B"}], "Default": "C"}, "B": {"Type": "Pass", "Next": "C"}, "C": {"Type": "Succeed"}}}"##,
            expect!["accepted"],
        );
        check_machine(
            r##"{"StartAt": "A", "States": {"A": {"Type": "Choice", "Choices": [{"Variable": "$.a", "IsNull": true, "Next": "Dispach"}], "Default": "Nowhere"}, "Dispatch": {"Type": "Succeed"}}}"##,
            expect![[r#"
                ERROR MISSING_TRANSITION_TARGET: Missing 'Next' target: Nowhere at /States/A/Default `"Nowhere"`
                  the states here are `A`, `Dispatch`
                ERROR MISSING_TRANSITION_TARGET: Missing 'Next' target: Dispach at /States/A/Choices[0]/Next `"Dispach"`
                  did you mean `Dispatch`?
                ERROR MISSING_TRANSITION_TARGET: State "Dispatch" is not reachable. at /States/Dispatch `"Dispatch"`
                  no `StartAt`, `Next`, `Default`, `Choices` or `Catch` leads to it
            "#]],
        );
        check_machine(
            r##"{"StartAt": "A", "States": {"A": {"Type": "Task", "Resource": "arn:aws:lambda:us-east-1:123456789012:function:f", "Catch": [{"ErrorEquals": ["E"], "Next": "Ghost"}], "End": true}}}"##,
            expect![[r#"
                ERROR MISSING_TRANSITION_TARGET: Missing 'Next' target: Ghost at /States/A/Catch[0]/Next `"Ghost"`
                  the states here are `A`
            "#]],
        );
        check_machine(
            r##"{"StartAt": "A", "States": {"A": {"Type": "Parallel", "Branches": [{"StartAt": "B", "States": {"B": {"Type": "Pass", "Next": "A"}}}], "End": true}}}"##,
            expect![[r#"
                ERROR MISSING_TRANSITION_TARGET: Missing 'Next' target: A at /States/A/Branches[0]/States/B/Next `"A"`
                  that state is in another block: a transition stays within its own
            "#]],
        );
        check_machine(
            r##"{"StartAt": "Nope", "States": {"A": {"Type": "Pass", "End": true}}}"##,
            expect![[r#"
                ERROR MISSING_TRANSITION_TARGET: Missing 'Next' target: Nope at /StartAt `"Nope"`
                  the states here are `A`
                ERROR MISSING_TRANSITION_TARGET: State "A" is not reachable. at /States/A `"A"`
                  no `StartAt`, `Next`, `Default`, `Choices` or `Catch` leads to it
            "#]],
        );
        check_machine(
            r##"{"StartAt": "A", "States": {"A": {"Type": "Map", "ItemProcessor": {"StartAt": "Nope", "States": {"B": {"Type": "Pass", "End": true}}}, "End": true}}}"##,
            expect![[r#"
                ERROR MISSING_TRANSITION_TARGET: Missing 'Next' target: Nope at /States/A/ItemProcessor/StartAt `"Nope"`
                  the states here are `B`
                ERROR MISSING_TRANSITION_TARGET: State "B" is not reachable. at /States/A/ItemProcessor/States/B `"B"`
                  no `StartAt`, `Next`, `Default`, `Choices` or `Catch` leads to it
            "#]],
        );
    }

    #[test]
    fn a_machine_can_end_and_a_loop_within_it_need_not() {
        check_machine(
            r##"{"StartAt": "A", "States": {"A": {"Type": "Pass", "Next": "B"}, "B": {"Type": "Pass", "Next": "A"}, "Unused": {"Type": "Pass", "Next": "A"}}}"##,
            expect![[r#"
                ERROR MISSING_END_STATE: Workflow has no terminal state at null `"States"`
                  give one state `"End": true`, or add a Succeed or Fail state
            "#]],
        );
        check_machine(
            r##"{"StartAt": "A", "States": {"A": {"Type": "Pass", "Next": "NOPE"}}}"##,
            expect![[r#"
                ERROR MISSING_TRANSITION_TARGET: Missing 'Next' target: NOPE at /States/A/Next `"NOPE"`
                  the states here are `A`
                ERROR MISSING_END_STATE: Workflow has no terminal state at null `"States"`
                  give one state `"End": true`, or add a Succeed or Fail state
            "#]],
        );
        check_machine(
            r##"{"StartAt": "A", "States": {"A": {"Type": "Map", "ItemProcessor": {"StartAt": "B", "States": {"B": {"Type": "Pass", "Next": "B"}}}, "End": true}}}"##,
            expect!["accepted"],
        );
        check_machine(
            r##"{"StartAt": "A", "States": {"A": {"Type": "Pass", "Next": "B"}, "B": {"Type": "Fail"}}}"##,
            expect!["accepted"],
        );
    }

    #[test]
    fn every_state_can_be_reached() {
        check_machine(
            r##"{"StartAt": "A", "States": {"A": {"Type": "Pass", "End": true}, "a/b": {"Type": "Pass", "Next": "A"}}}"##,
            expect![[r#"
                ERROR MISSING_TRANSITION_TARGET: State "a/b" is not reachable. at /States/a/b `"a/b"`
                  no `StartAt`, `Next`, `Default`, `Choices` or `Catch` leads to it
            "#]],
        );
        check_machine(
            r##"{"StartAt": "A", "States": {"A": {"Type": "Pass", "Next": "B"}, "B": {"Type": "Pass", "Next": "A"}, "C": {"Type": "Pass", "End": true}}}"##,
            expect![[r#"
                ERROR MISSING_TRANSITION_TARGET: State "C" is not reachable. at /States/C `"C"`
                  no `StartAt`, `Next`, `Default`, `Choices` or `Catch` leads to it
            "#]],
        );
        check_machine(
            r##"{"StartAt": "A", "States": {"A": {"Type": "Parallel", "Branches": [{"StartAt": "B", "States": {"B": {"Type": "Pass", "End": true}, "C": {"Type": "Pass", "Next": "B"}}}], "End": true}}}"##,
            expect![[r#"
                ERROR MISSING_TRANSITION_TARGET: State "C" is not reachable. at /States/A/Branches[0]/States/C `"C"`
                  no `StartAt`, `Next`, `Default`, `Choices` or `Catch` leads to it
            "#]],
        );
        check_machine(
            r##"{"StartAt": "A", "States": {"A": {"Type": "Task", "Resource": "arn:aws:lambda:us-east-1:123456789012:function:f", "Catch": [{"ErrorEquals": ["E"], "Next": "B"}], "End": true}, "B": {"Type": "Pass", "Next": "A"}}}"##,
            expect!["accepted"],
        );
    }
}

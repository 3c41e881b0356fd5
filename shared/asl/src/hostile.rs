//! Text that means harm, or none at all: it is refused, or read, and nothing else happens.

use crate::limits::DEFINITION_BYTES_MAX;
use crate::testing::machine;
use crate::{Code, aws_message, check_json};
use proptest::prelude::*;
use std::thread;

const ORDER: &str = r#"{"Comment": "c", "StartAt": "Check", "TimeoutSeconds": 60, "States": {
    "Check": {"Type": "Choice", "Choices": [{"And": [{"Variable": "$.a", "NumericGreaterThan": 1},
        {"Not": {"Variable": "$.b", "StringMatches": "x*"}}], "Next": "All"}], "Default": "Wait"},
    "Wait": {"Type": "Wait", "SecondsPath": "$.s", "Assign": {"n.$": "States.MathAdd($.x, 1)"}, "Next": "All"},
    "All": {"Type": "Parallel", "Branches": [{"StartAt": "Call", "States": {"Call": {"Type": "Task",
        "Resource": "arn:aws:states:::lambda:invoke", "Parameters": {"FunctionName": "f", "Payload.$": "$"},
        "Retry": [{"ErrorEquals": ["States.ALL"], "BackoffRate": 1.5}], "Next": "Done"},
        "Done": {"Type": "Succeed"}}}], "Catch": [{"ErrorEquals": ["E"], "Next": "Each"}], "Next": "Each"},
    "Each": {"Type": "Map", "QueryLanguage": "JSONata", "Items": "{% $states.input.items %}",
        "ItemProcessor": {"StartAt": "One", "States": {"One": {"Type": "Pass", "End": true}}},
        "Output": {"r": "{% $states.result %}"}, "Next": "Bad"},
    "Bad": {"Type": "Fail", "Error": "E", "CausePath": "States.Format('{}', $.c)"}}}"#;

#[test]
fn deep_nesting_is_refused_and_does_not_overflow_the_stack() {
    let inner = r#"{"StartAt": "X", "States": {"X": {"Type": "Pass", "End": true}}}"#;
    let parallel = |levels: usize| {
        (0..levels).fold(inner.to_owned(), |block, level| {
            let states = format!(
                r#""S{level}": {{"Type": "Parallel", "Branches": [{block}], "End": true}}"#
            );
            format!(r#"{{"StartAt": "S{level}", "States": {{{states}}}}}"#)
        })
    };
    let rules = |levels: usize| {
        let test = r#"{"Variable": "$.a", "IsNull": true}"#.to_owned();
        let test = (0..levels).fold(test, |test, _| format!(r#"{{"Not": {test}}}"#));
        let rule = format!(r#"{{"Not": {test}, "Next": "T"}}"#);
        format!(
            r#"{{"StartAt": "S", "States": {{"S": {{"Type": "Choice", "Choices": [{rule}]}}, "T": {{"Type": "Succeed"}}}}}}"#
        )
    };
    let payload = |levels: usize| {
        let value = format!("{}{}", "[".repeat(levels), "]".repeat(levels));
        format!(
            r#"{{"StartAt": "S", "States": {{"S": {{"Type": "Pass", "Result": {value}, "End": true}}}}}}"#
        )
    };
    // Half of what a thread has by default.
    on_a_stack_of(1024 * 1024, move || {
        for (text, refused_as) in [
            (parallel(31), None),
            (parallel(32), Some(Code::TooDeeplyNested)),
            (parallel(100), Some(Code::InvalidJsonDescription)),
            (parallel(5_000), Some(Code::InvalidJsonDescription)),
            (rules(62), None),
            (rules(63), Some(Code::TooDeeplyNested)),
            (payload(100), None),
            (payload(101), Some(Code::SchemaValidationFailed)),
            (payload(100_000), Some(Code::InvalidJsonDescription)),
        ] {
            let parsed = machine(&text);
            let codes: Vec<Code> = parsed.diagnostics.iter().map(|finding| finding.code).collect();
            assert_eq!(codes.first().copied(), refused_as, "{} bytes: {codes:?}", text.len());
        }
    });
}

#[test]
fn a_definition_may_be_as_long_as_aws_allows_and_no_longer() {
    let definition = |comment: usize| {
        let comment = "c".repeat(comment);
        format!(
            r#"{{"Comment": "{comment}", "StartAt": "A", "States": {{"A": {{"Type": "Succeed"}}}}}}"#
        )
    };
    let rest = definition(0).len();
    assert!(machine(&definition(DEFINITION_BYTES_MAX - rest)).definition.is_some());
    let parsed = machine(&definition(DEFINITION_BYTES_MAX - rest + 1));
    let message = aws_message(&parsed.diagnostics);
    assert!(message.contains("longer than 1048576 bytes"), "{message}");
}

#[test]
fn a_long_list_of_faults_is_cut_and_still_refused() {
    let states: Vec<String> = (0..5_000)
        .map(|n| {
            format!(
                r#""S{n}": {{"Type": "Pass", "Assign": {{"v.$": "$w{n}"}}, "Next": "S{}"}}"#,
                n + 1
            )
        })
        .collect();
    let text = format!(
        r#"{{"StartAt": "S0", "States": {{{}, "S5000": {{"Type": "Pass", "Next": "Gone"}}}}}}"#,
        states.join(", ")
    );
    let parsed = machine(&text);
    assert!(parsed.is_refused(), "an error is not lost among warnings");
    assert!(parsed.diagnostics.len() < 1_100);
}

#[test]
fn long_names_do_not_multiply() {
    let name = "n".repeat(300_000);
    let states: Vec<String> = (0..5_000).map(|n| format!(r#""{n}":{{"Type":"Pas"}}"#)).collect();
    let text = format!(
        r#"{{"StartAt": "P", "States": {{"P": {{"Type": "Parallel", "End": true, "Branches": [{{"StartAt": "0", "States": {{"{name}": {{}}, {}}}}}]}}}}}}"#,
        states.join(",")
    );
    let said: usize =
        machine(&text).diagnostics.iter().map(|finding| finding.to_string().len()).sum();
    assert!(said < 1_000_000, "{said} bytes of messages");
}

#[test]
fn a_machine_of_many_maps_is_read_in_time() {
    let map = |n: usize| {
        format!(
            r#""M{n}":{{"Type":"Map","Assign":{{"v{n}":1}},"ItemProcessor":{{"StartAt":"P{n}","States":{{"P{n}":{{"Type":"Pass","End":true}}}}}},"Next":"M{}"}}"#,
            n + 1
        )
    };
    let maps: Vec<String> = (0..6_000).map(map).collect();
    let text = format!(
        r#"{{"StartAt": "M0", "States": {{{}, "M6000": {{"Type": "Succeed"}}}}}}"#,
        maps.join(",")
    );
    assert!(text.len() < DEFINITION_BYTES_MAX);
    assert_eq!(machine(&text).definition.map(|definition| definition.blocks.len()), Some(6_001));
}

proptest! {
    #[test]
    fn any_text_is_read_or_refused(text in "\\PC{0,200}") {
        let parsed = machine(&text);
        prop_assert!(parsed.definition.is_some() != parsed.is_refused());
        render_all(&text);
    }

    #[test]
    fn text_is_json_for_us_as_it_is_for_serde_json(text in r#"[\[\]{}",:0-9eE.+\-tfn\\u \n]{0,24}"#) {
        let ours = check_json(&text).is_ok();
        let theirs = serde_json::from_str::<serde_json::Value>(&text).is_ok();
        prop_assert_eq!(ours, theirs);
    }

    #[test]
    fn a_definition_cut_anywhere_is_refused(at in 0..ORDER.len()) {
        prop_assume!(ORDER.is_char_boundary(at));
        prop_assert!(machine(&ORDER[..at]).is_refused());
        render_all(&ORDER[..at]);
    }

    #[test]
    fn a_mutated_definition_is_read_or_refused(
        at in 0..ORDER.len(),
        removed in 0..8_usize,
        put_in in r#"[\[\]{}",:$.a-zA-Z0-9%* ]{0,6}"#,
    ) {
        let end = (at + removed).min(ORDER.len());
        let text = format!("{}{put_in}{}", &ORDER[..at], &ORDER[end..]);
        let parsed = machine(&text);
        prop_assert!(parsed.definition.is_some() != parsed.is_refused());
        render_all(&text);
    }

    #[test]
    fn a_definition_with_a_value_exchanged_is_read_or_refused(
        which in 0..1_000_usize,
        value in prop_oneof![
            Just("null"), Just("true"), Just("-1"), Just("1e300"), Just("\"\""), Just("\"$.a\""),
            Just("\"{% 1 %}\""), Just("[]"), Just("{}"), Just("[{}]"), Just("[null]"),
        ],
    ) {
        let mut tree: serde_json::Value = serde_json::from_str(ORDER).unwrap();
        let mut left = which % count(&tree);
        replace(&mut tree, &mut left, &serde_json::from_str(value).unwrap());
        let text = tree.to_string();
        let parsed = machine(&text);
        prop_assert!(parsed.definition.is_some() != parsed.is_refused());
        render_all(&text);
    }
}

#[test]
fn the_definition_that_is_mutated_is_accepted() {
    assert_eq!(machine(ORDER).diagnostics, []);
}

fn render_all(text: &str) {
    for diagnostic in machine(text).diagnostics {
        assert!(diagnostic.start <= diagnostic.end);
        assert!(!diagnostic.render(text, "file").is_empty());
    }
}

fn count(value: &serde_json::Value) -> usize {
    let members = value.as_object().into_iter().flatten().map(|(_, member)| member);
    1 + members.chain(value.as_array().into_iter().flatten()).map(count).sum::<usize>()
}

fn replace(value: &mut serde_json::Value, left: &mut usize, with: &serde_json::Value) {
    if *left == 0 {
        *value = with.clone();
        *left = usize::MAX;
        return;
    }
    *left = left.saturating_sub(1);
    if let Some(object) = value.as_object_mut() {
        object.values_mut().for_each(|member| replace(member, left, with));
    } else if let Some(items) = value.as_array_mut() {
        items.iter_mut().for_each(|item| replace(item, left, with));
    }
}

fn on_a_stack_of(bytes: usize, run: impl FnOnce() + Send + 'static) {
    thread::Builder::new().stack_size(bytes).spawn(run).unwrap().join().unwrap();
}

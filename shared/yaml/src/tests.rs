//! YAML in, JSON and located findings out.

use crate::read;
use baton_asl::limits::DEFINITION_BYTES_MAX;
use baton_asl::{Options, parse};
use expect_test::{Expect, expect};
use proptest::prelude::*;

fn check(text: &str, expected: Expect) {
    expected.assert_eq(&match read(text) {
        Ok(source) => source.json,
        Err(finding) => finding.render(text, "a.yaml"),
    });
}

#[test]
fn a_definition_is_the_same_in_json() {
    let text = "\
# An order.
StartAt: Check
States:
  Check:
    Type: Choice
    Choices:
      - {Variable: $.total, NumericGreaterThan: 100, Next: Ask}
    Default: 'Pay it'
  Ask: &end {Type: Wait, Seconds: 60, End: true}
  Pay it: *end
  Text:
    Type: Pass
    Result: |
      two
      lines
    End: true
";
    check(
        text,
        expect![[
            r#"{"StartAt":"Check","States":{"Check":{"Type":"Choice","Choices":[{"Variable":"$.total","NumericGreaterThan":100,"Next":"Ask"}],"Default":"Pay it"},"Ask":{"Type":"Wait","Seconds":60,"End":true},"Pay it":{"Type":"Wait","Seconds":60,"End":true},"Text":{"Type":"Pass","Result":"two\nlines\n","End":true}}}"#
        ]],
    );
}

#[test]
fn json_is_yaml_too() {
    check(
        "{\"a\": [1, \"x\\u00e9\", null], \"b\": {}, \"a\": 1.50}",
        expect![[r#"{"a":[1,"xé",null],"b":{},"a":1.50}"#]],
    );
}

#[test]
fn findings_are_shown_in_the_yaml() {
    let text = "StartAt: A\nStates:\n  A:\n    Type: Pas\n    Nxt: B\n  B:\n    Type: Pass\n    QueryLanguage: JSONata\n    Output: '{% 1 + %}'\n    End: true\n";
    let source = read(text).unwrap();
    let findings = parse(&source.json, &Options::default()).diagnostics;
    let shown: Vec<String> = findings
        .into_iter()
        .map(|finding| source.relocate(finding).render(text, "a.yaml"))
        .collect();
    expect![[r#"
        error[SCHEMA_VALIDATION_FAILED]: The field 'Type' should have one of these values: [Task, Wait, Pass, Succeed, Fail, Choice, Parallel, Map]
         --> a.yaml:4:11
          |
        4 |     Type: Pas
          |           ^^^
          = at /States/A/Type
          = help: did you mean `Pass`?

        error[INVALID_JSONATA_EXPRESSION]: Unexpected end of expression
         --> a.yaml:9:13
          |
        9 |     Output: '{% 1 + %}'
          |             ^^^^^^^^^^^
          = at /States/B/Output
    "#]].assert_eq(&shown.join("\n"));
}

#[test]
fn what_is_no_yaml_says_where() {
    let texts = [
        "a: [1, 2",
        "a: 1\n b: 2",
        "a: !Sub x",
        "? [a]\n: b",
        "a: 1\n---\nb: 2",
        "a: &a [*a]",
        "a: *b",
        "a: .nan",
        "a: !!int x",
        "",
    ];
    let shown = texts.map(|text| {
        let finding = read(text).unwrap_err();
        let (line, column) = (finding.start.line, finding.start.column);
        format!("{text:?} at {line}:{column}: {}\n", finding.message)
    });
    expect![[r#"
        "a: [1, 2" at 1:9: The text is not YAML: while parsing a flow sequence, expected ',' or ']'
        "a: 1\n b: 2" at 2:3: The text is not YAML: mapping values are not allowed in this context
        "a: !Sub x" at 1:4: The tag `!Sub` means nothing in a definition
        "? [a]\n: b" at 1:3: A key must be a text
        "a: 1\n---\nb: 2" at 2:1: The text has more than one document
        "a: &a [*a]" at 1:8: An alias stands within what it stands for
        "a: *b" at 1:4: The text is not YAML: while parsing node, found unknown anchor
        "a: .nan" at 1:4: JSON has no number `.nan`
        "a: !!int x" at 1:4: `x` is not what its tag `!!int` says
        "" at 1:1: The text is empty
    "#]]
    .assert_eq(&shown.concat());
    let help = read("a: !Sub x").unwrap_err().help.unwrap();
    assert!(help.contains("--substitute"), "{help}");
}

#[test]
fn aliases_that_multiply_are_refused() {
    let mut text = "a0: &a0 [\"lol\", \"lol\", \"lol\", \"lol\", \"lol\", \"lol\", \"lol\", \"lol\", \"lol\"]\n".to_owned();
    for level in 1..40 {
        let before = level - 1;
        let items = vec![format!("*a{before}"); 9].join(", ");
        text.push_str(&format!("a{level}: &a{level} [{items}]\n"));
    }
    let refusal = read(&text).unwrap_err();
    assert_eq!(
        refusal.message,
        format!("The definition is longer than {DEFINITION_BYTES_MAX} bytes")
    );
}

#[test]
fn nesting_is_bounded() {
    let indented: String = (0..1_000).map(|level| format!("{}a:\n", " ".repeat(level))).collect();
    for text in ["[".repeat(100_000), indented, "- ".repeat(100_000), "{a: ".repeat(10_000)] {
        assert!(read(&text).is_err());
    }
    // Each alias one level deeper than the last.
    let chain: String =
        (1..1_000).map(|level| format!("a{level}: &a{level} [*a{}]\n", level - 1)).collect();
    let refusal = read(&format!("a0: &a0 1\n{chain}")).unwrap_err();
    assert!(refusal.message.contains("levels deep"), "{}", refusal.message);
}

#[test]
fn a_megabyte_in_one_line_is_read_in_its_time() {
    let items = vec!["{a: é, b: [1, 2]}"; 40_000].join(", ");
    let source = read(&format!("[{items}]")).unwrap();
    assert_eq!(source.json.len(), 40_000 * "{\"a\":\"é\",\"b\":[1,2]},".len() + 1);
}

proptest! {
    #[test]
    fn any_text_is_read_or_refused(text in "[a-c0-9:\\-\\[\\]{}&*!|>'\"#%@,?. \n\t\\\\~<é]{0,60}") {
        if let Ok(source) = read(&text) {
            let value: Result<serde_json::Value, _> = serde_json::from_str(&source.json);
            prop_assert!(value.is_ok(), "{}", source.json);
            for finding in parse(&source.json, &Options::default()).diagnostics {
                let shown = source.relocate(finding).render(&text, "a.yaml");
                prop_assert!(!shown.is_empty());
            }
        }
    }

    #[test]
    fn what_json_says_comes_back(value in json()) {
        let source = read(&value.to_string()).unwrap();
        let back: serde_json::Value = serde_json::from_str(&source.json).unwrap();
        prop_assert_eq!(back, value);
    }
}

fn json() -> impl Strategy<Value = serde_json::Value> {
    let leaf = prop_oneof![
        Just(serde_json::Value::Null),
        any::<bool>().prop_map(Into::into),
        any::<i64>().prop_map(Into::into),
        "[ -~é]{0,12}".prop_map(Into::into),
    ];
    leaf.prop_recursive(4, 30, 5, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(Into::into),
            prop::collection::btree_map("[a-z]{1,4}", inner, 0..5)
                .prop_map(|members| serde_json::Value::Object(members.into_iter().collect())),
        ]
    })
}

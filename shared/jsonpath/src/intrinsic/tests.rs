//! What the intrinsic functions compute, and what they refuse.

use proptest::prelude::*;
use serde_json::{Value, json};

use super::Intrinsic;
use crate::error::EvalError;
use crate::path::Path;
use crate::scope::{Chance, NoVariables, Scope};

/// Chance that always falls alike.
struct Fixed(f64);

impl Chance for Fixed {
    fn uuid(&mut self) -> String {
        "ca4c1140-dcc1-40cd-ad05-7b4aa23df4a8".to_owned()
    }

    fn unit(&mut self) -> f64 {
        self.0
    }
}

fn eval(call: &str, input: &Value) -> Result<Value, EvalError> {
    let call = Intrinsic::parse(call).unwrap_or_else(|error| panic!("{call}: {error}"));
    let context = json!({"StateMachine": {"Name": "order-flow"}});
    let scope = Scope { input, context: &context, variables: &NoVariables };
    call.eval(&scope, &mut Fixed(0.5))
}

#[track_caller]
fn check(call: &str, input: Value, expected: Value) {
    assert_eq!(eval(call, &input), Ok(expected), "{call} of {input}");
}

/// The function that is named first in the call does not take its arguments.
#[track_caller]
fn check_invalid(call: &str, input: Value) {
    let failure = eval(call, &input).expect_err(call);
    let name = call.split('(').next().unwrap_or_default();
    assert_eq!(failure.error_name(), "States.IntrinsicFailure", "{call}");
    assert_eq!(failure.to_string(), format!("Invalid arguments in {name}"));
}

#[track_caller]
fn check_refused(call: &str, reason: &str) {
    let error = Intrinsic::parse(call).expect_err(call);
    assert_eq!(error.to_string(), reason, "{call}");
}

#[test]
fn array_collects_its_arguments() {
    check("States.Array()", json!({}), json!([]));
    check("States.Array( )", json!({}), json!([]));
    check(
        "States.Array(1, -2.5, 'a', true, null, $.x)",
        json!({"x": {}}),
        json!([1, -2.5, "a", true, null, {}]),
    );
}

#[test]
fn array_partition_cuts_the_size_off_and_keeps_the_rest() {
    let input = || json!({"a": [1, 2, 3, 4, 5]});
    check("States.ArrayPartition($.a, 2)", input(), json!([[1, 2], [3, 4], [5]]));
    check("States.ArrayPartition($.a, 2.9)", input(), json!([[1, 2], [3, 4], [5]]));
    check("States.ArrayPartition($.a, 2147483647)", input(), json!([[1, 2, 3, 4, 5]]));
    check("States.ArrayPartition(States.Array(), 3)", input(), json!([]));
    for size in ["0", "-1", "0.6", "'2'", "null"] {
        check_invalid(&format!("States.ArrayPartition($.a, {size})"), input());
    }
    check_invalid("States.ArrayPartition('a', 2)", input());
    check_invalid("States.ArrayPartition($.a)", input());
    check_invalid("States.ArrayPartition($.a, 2, 3)", input());
}

#[test]
fn array_contains_compares_deeply() {
    let input = || json!({"a": [[1, {"x": 2}], 3, null]});
    check("States.ArrayContains($.a, 3.0)", input(), json!(true));
    check("States.ArrayContains($.a, null)", input(), json!(true));
    check("States.ArrayContains($.a, $.a[0])", input(), json!(true));
    check("States.ArrayContains($.a, '3')", input(), json!(false));
    check_invalid("States.ArrayContains('abc', 'a')", input());
}

#[test]
fn array_range_includes_its_end() {
    check("States.ArrayRange(1, 9, 2)", json!({}), json!([1, 3, 5, 7, 9]));
    check("States.ArrayRange(0, 3, 1)", json!({}), json!([0, 1, 2, 3]));
    check("States.ArrayRange(5, 1, -2)", json!({}), json!([5, 3, 1]));
    check("States.ArrayRange(5.4, -0.6, -2.4)", json!({}), json!([5, 3, 1]));
    check("States.ArrayRange(1.6, 1.4, 1)", json!({}), json!([1]));
    check("States.ArrayRange(3, 3, -1)", json!({}), json!([3]));
    check("States.ArrayRange(5, 1, 1)", json!({}), json!([]));
    check("States.ArrayLength(States.ArrayRange(1, 1000, 1))", json!({}), json!(1000));
    for call in [
        "1, 1001, 1",
        "1001, 1, -1",
        "1, 10, 0",
        "1, 10, 0.49",
        "'a', 5, 1",
        "1, 5",
        "-2147483648, 2147483647, 1",
        "1, 3000000000, 1",
    ] {
        check_invalid(&format!("States.ArrayRange({call})"), json!({}));
    }
}

#[test]
fn array_get_item_counts_from_zero() {
    let input = || json!({"a": [10, 20, null], "e": []});
    check("States.ArrayGetItem($.a, 0)", input(), json!(10));
    check("States.ArrayGetItem($.a, 1.9)", input(), json!(20));
    check("States.ArrayGetItem($.a, 2)", input(), json!(null));
    check("States.ArrayGetItem($.e, 9)", input(), json!(null));
    check_invalid("States.ArrayGetItem($.a, 3)", input());
    check_invalid("States.ArrayGetItem($.a, -1)", input());
    check_invalid("States.ArrayGetItem($.a, '1')", input());
    check_invalid("States.ArrayGetItem('abc', 1)", input());
}

#[test]
fn array_unique_keeps_the_first_of_each() {
    check(
        "States.ArrayUnique($)",
        json!([1, "1", 1.0, [1], [1.0], {"a": 1, "b": 2}, {"b": 2, "a": 1}, null, null, true, 1]),
        json!([1, "1", [1], {"a": 1, "b": 2}, null, true]),
    );
    check_invalid("States.ArrayUnique('aa')", json!({}));
    check_invalid("States.ArrayUnique()", json!({}));
}

#[test]
fn array_unique_and_length_take_large_arrays() {
    let numbers: Value = (0..100_000).map(|number| Value::from(number % 50_000)).collect();
    check("States.ArrayLength(States.ArrayUnique($))", numbers, json!(50_000));
    check_invalid("States.ArrayLength($)", json!({}));
}

#[test]
fn base64_goes_there_and_back() {
    check("States.Base64Encode('Data to encode')", json!({}), json!("RGF0YSB0byBlbmNvZGU="));
    check("States.Base64Encode($)", json!("✓🚀"), json!("4pyT8J+agA=="));
    check("States.Base64Decode('RGF0YSB0byBlbmNvZGU=')", json!({}), json!("Data to encode"));
    check("States.Base64Decode('')", json!({}), json!(""));
    check("States.Base64Decode(' YWJj\nZA ')", json!({}), json!("abcd"));
    check("States.Base64Decode('YWJj==ZA')", json!({}), json!("abc"));
    check("States.Base64Decode('/w==')", json!({}), json!("\u{fffd}"));
    check_invalid("States.Base64Decode('a')", json!({}));
    check_invalid("States.Base64Encode(1)", json!({}));
    check_invalid("States.Base64Decode($)", json!({}));
}

#[test]
fn coded_strings_have_ten_thousand_characters_at_most() {
    for (call, wrong) in [
        ("States.Base64Encode($)", "a".repeat(10_001)),
        ("States.Base64Decode($)", "A".repeat(10_001)),
        ("States.Hash($, 'MD5')", "a".repeat(10_001)),
    ] {
        let right = wrong[1..].to_owned();
        assert!(eval(call, &json!(right)).is_ok(), "{call}");
        check_invalid(call, json!(wrong));
    }
}

#[test]
fn hash_knows_five_algorithms() {
    let of = |algorithm: &str| eval(&format!("States.Hash('hello', '{algorithm}')"), &json!({}));
    assert_eq!(of("MD5"), Ok(json!("5d41402abc4b2a76b9719d911017c592")));
    assert_eq!(of("SHA-1"), Ok(json!("aaf4c61ddcc5e8a2dabede0f3b482cd9aea9434d")));
    assert_eq!(
        of("SHA-256"),
        Ok(json!("2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824"))
    );
    for (algorithm, start, digits) in
        [("SHA-384", "59e1748777448c69", 96), ("SHA-512", "9b71d224bd62f378", 128)]
    {
        let digest = of(algorithm).expect("a digest");
        let digest = digest.as_str().expect("a string");
        assert!(digest.starts_with(start) && digest.len() == digits, "{algorithm}: {digest}");
    }
    for wrong in ["sha-256", "SHA256", "MD-5", ""] {
        check_invalid(&format!("States.Hash('a', '{wrong}')"), json!({}));
    }
    check_invalid("States.Hash('a', 1)", json!({}));
    check_invalid("States.Hash('a')", json!({}));
    let json_text = eval(r"States.Hash($.text, 'MD5')", &json!({"text": "{\"a\":1}"}));
    assert_eq!(eval("States.Hash($, 'MD5')", &json!({"a": 1})), json_text);
}

#[test]
fn json_merge_replaces_whole_members() {
    check(
        "States.JsonMerge($.a, $.b, false)",
        json!({"a": {"k": {"x": 1}, "l": 1}, "b": {"k": {"y": 2}, "m": null}}),
        json!({"k": {"y": 2}, "l": 1, "m": null}),
    );
    let input = || json!({"o": {}, "a": []});
    check_invalid("States.JsonMerge($.o, $.o, true)", input());
    check_invalid("States.JsonMerge($.a, $.o, false)", input());
    check_invalid("States.JsonMerge($.o, null, false)", input());
    check_invalid("States.JsonMerge($.o, $.o)", input());
}

#[test]
fn json_text_is_parsed_and_written() {
    check("States.StringToJson('{\"a\": [1, 2.50]}')", json!({}), json!({"a": [1, 2.5]}));
    check("States.StringToJson(' ')", json!({}), json!(null));
    check("States.StringToJson('-0')", json!({}), json!(0));
    check(
        "States.JsonToString($)",
        json!({"b": [null, "x\""], "a": 1.0}),
        json!("{\"b\":[null,\"x\\\"\"],\"a\":1.0}"),
    );
    check("States.JsonToString('x')", json!({}), json!("\"x\""));
    for wrong in ["{bad json}", "[1", "undefined", "1 2"] {
        check_invalid("States.StringToJson($)", json!(wrong));
    }
    check_invalid("States.StringToJson($)", json!("[".repeat(100_000)));
    check_invalid("States.StringToJson(1)", json!({}));
}

#[test]
fn math_add_rounds_halves_up_first() {
    let sum = |left: f64, right: f64, expected: i64| {
        check("States.MathAdd($.a, $.b)", json!({"a": left, "b": right}), json!(expected));
    };
    sum(1.49, 1.5, 3);
    sum(-1.5, -1.51, -3);
    sum(1.5, 0.0, 2);
    sum(-1.5, 0.0, -1);
    sum(0.1, 0.2, 0);
    check("States.MathAdd(111, -1)", json!({}), json!(110));
    check("States.MathAdd(2147483646, 1)", json!({}), json!(2_147_483_647));
    check("States.MathAdd(-2147483647, -1)", json!({}), json!(-2_147_483_648_i64));
    for call in [
        "2147483647, 1",
        "-2147483648, -1",
        "3000000000, 1",
        "1e300, 1",
        "'1', 1",
        "null, 1",
        "true, 1",
        "1",
    ] {
        check_invalid(&format!("States.MathAdd({call})"), json!({}));
    }
}

#[test]
fn math_random_stays_in_its_range() {
    check("States.MathRandom(0, 10)", json!({}), json!(5));
    check("States.MathRandom(1.6, 5.4)", json!({}), json!(3));
    check("States.MathRandom(-2147483648, 2147483647)", json!({}), json!(-1));
    check("States.MathRandom(0, 100, 0)", json!({}), json!(60));
    check("States.MathRandom(1, 101, 0)", json!({}), json!(61));
    check("States.MathRandom(-2147483648, 2147483647, 42)", json!({}), json!(-1_170_105_035));
    for call in
        ["1, 1", "10, 5", "1.4, 1.6", "'a', 2", "1, 10, 'x'", "1, 10, null", "1", "1, 2, 3, 4"]
    {
        check_invalid(&format!("States.MathRandom({call})"), json!({}));
    }
}

#[test]
fn math_random_reaches_both_ends() {
    let call = Intrinsic::parse("States.MathRandom(3, 6)").expect("a call");
    let scope = Scope { input: &Value::Null, context: &Value::Null, variables: &NoVariables };
    let at = |unit: f64| call.eval(&scope, &mut Fixed(unit)).expect("a number");
    assert_eq!(at(0.0), json!(3));
    assert_eq!(at(0.999_999), json!(5));
    assert_eq!(at(1.0), json!(5), "even if the source of chance breaks its word");
    assert_eq!(at(f64::NAN), json!(3));
}

#[test]
fn string_split_cuts_at_each_character() {
    check("States.StringSplit('1.2+3,4', '.+,')", json!({}), json!(["1", "2", "3", "4"]));
    check("States.StringSplit(', , ,', ',')", json!({}), json!([" ", " "]));
    check("States.StringSplit(',,,,', ',')", json!({}), json!([]));
    check("States.StringSplit('abc', '')", json!({}), json!(["abc"]));
    check("States.StringSplit('', ',')", json!({}), json!([]));
    check_invalid("States.StringSplit(1, ',')", json!({}));
    check_invalid("States.StringSplit('a', null)", json!({}));
}

#[test]
fn uuid_ignores_its_arguments() {
    check("States.UUID()", json!({}), json!("ca4c1140-dcc1-40cd-ad05-7b4aa23df4a8"));
    check("States.UUID('x', 1)", json!({}), json!("ca4c1140-dcc1-40cd-ad05-7b4aa23df4a8"));
}

#[test]
fn format_fills_placeholders_in_order() {
    check("States.Format('{} is {}', 'a', 1)", json!({}), json!("a is 1"));
    check("States.Format('none')", json!({}), json!("none"));
    check(
        "States.Format($.t, $.v)",
        json!({"t": "[{}]", "v": {"a": [1, "x"], "b": {}}}),
        json!("[{a=[1, x], b={}}]"),
    );
    check("States.Format('{}|{}|{}', null, false, 1e10)", json!({}), json!("null|false|1.0E10"));
    check("States.Format('{}', '{}')", json!({}), json!("{}"));
    check_invalid("States.Format('{} {}', 'a')", json!({}));
    check_invalid("States.Format('{}', 'a', 'b')", json!({}));
    check_invalid("States.Format(1)", json!({}));
    check_invalid("States.Format()", json!({}));
}

#[test]
fn braces_in_a_template_are_escaped() {
    check(r"States.Format('\{\} {} it\'s \\', 1)", json!({}), json!(r"{} 1 it's \"));
    check(r"States.Format($.t, 1)", json!({"t": r"\{{}\} C:\x\"}), json!(r"{1} C:\x\"));
    for template in ["Hello {", "{{}}", "}", "{ }"] {
        check_invalid(&format!("States.Format('{template}', 1)"), json!({}));
    }
}

#[test]
fn strings_know_four_escapes() {
    check(r"States.Array('\{\}\'\\')", json!({}), json!([r"{}'\"]));
    check("States.StringSplit('Hello\nWorld', '\n')", json!({}), json!(["Hello", "World"]));
    check("States.Array('a, (b) \"c\" $.d')", json!({}), json!(["a, (b) \"c\" $.d"]));
    let reason = r"the escapes are `\'`, `\{`, `\}` and `\\`";
    check_refused(
        r#"States.StringToJson('{"text":"An \"escaped\""}')"#,
        &format!("{reason} at character 36"),
    );
    check_refused(r"States.Array('\n')", &format!("{reason} at character 17"));
}

#[test]
fn calls_nest_ten_deep() {
    let nested = |depth: usize| "States.Array(".repeat(depth) + &")".repeat(depth);
    assert!(Intrinsic::parse(&nested(10)).is_ok());
    check_refused(&nested(11), "intrinsic calls are nested more than 10 deep at character 131");
    check_refused(&nested(4_000), "intrinsic calls are nested more than 10 deep at character 131");
    check(
        "States.ArrayGetItem(States.StringSplit($$.StateMachine.Name, '-'), 0)",
        json!({}),
        json!("order"),
    );
}

#[test]
fn what_is_not_a_call_is_refused() {
    let no_call = "expected an intrinsic function or a path";
    check_refused("", &format!("{no_call} at character 1"));
    check_refused("Hello", &format!("{no_call} at character 6"));
    check_refused("States.Nope()", &format!("{no_call} at character 12"));
    check_refused("States.UUID", "expected `(` at character 12");
    check_refused("States.UUID(", "expected an argument at character 13");
    check_refused("States.UUID(,)", &format!("{no_call} at character 13"));
    check_refused("States.UUID() x", "expected the end at character 14");
    check_refused("States.Array(1 2)", "expected `,` at character 16");
    check_refused("States.Array(1,)", &format!("{no_call} at character 16"));
    check_refused("States.Array('a)", "expected the closing quote at character 17");
    check_refused("States.Array(1e999)", "not a number at character 19");
    check_refused("States.Array(01)", "not a number at character 16");
    check_refused("States.Array($.)", "expected a name, `*` or `[` at character 16");
}

#[test]
fn an_argument_that_finds_nothing_names_the_whole_call() {
    let text = |call: &str, input: Value| {
        let failure = eval(call, &input).expect_err(call);
        assert_eq!(failure.error_name(), "States.Runtime");
        failure.to_string()
    };
    let call = "States.Format('{}', States.Format('{}',$.nope))";
    assert_eq!(
        text(call, json!({"other": 1})),
        format!(
            "The function '{call}' had the following error: The JsonPath argument for the field \
             '$.nope' could not be found in the input '{{\"other\":1}}'"
        )
    );
    assert_eq!(
        text("States.Format('{}', $$.Nope.Deep)", json!({"other": 1})),
        "The function 'States.Format('{}', $$.Nope.Deep)' had the following error: The JsonPath \
         argument for the field '$.Nope.Deep' could not be found in the input '{\"other\":1}'"
    );
    assert_eq!(
        text("States.Array($.items[5])", json!({"items": [1]})),
        "The function 'States.Array($.items[5])' had the following error: The JsonPath argument \
         for the field '$.items[5]' could not be found in the input '{\"items\":[1]}'"
    );
    assert_eq!(
        text("States.Array($.other[0])", json!({"other": 1})),
        "The function 'States.Array($.other[0])' had the following error: Filter: [0] can only be \
         applied to arrays. Current context is: 1"
    );
    check(
        "States.Array($.nul, $.items[*].nope)",
        json!({"nul": null, "items": [1]}),
        json!([null, []]),
    );
}

#[test]
fn references_include_those_of_nested_calls() {
    let call =
        "States.Format($.t, $$.x, States.Array($v.a, States.ArrayLength($.b[?(@.c == ')')])))";
    let call = Intrinsic::parse(call).expect("a call");
    let texts: Vec<_> = call.references().map(Path::text).collect();
    assert_eq!(texts, ["$.t", "$$.x", "$v.a", "$.b[?(@.c == ')')]"]);
}

#[test]
fn a_call_that_multiplies_its_input_is_given_up() {
    let call = format!("States.Array({}$)", "$, ".repeat(99));
    assert_eq!(eval(&call, &json!("x".repeat(1_000_000))), Err(EvalError::TooMuch));
}

/// The values AWS gave, recorded; they lie beside the checkout where they lie at all.
#[test]
fn recorded_results_are_ours() {
    let file = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../../shared/conformance/tables/intrinsic_functions.json"
    );
    let Ok(text) = std::fs::read_to_string(file) else { return };
    let rows: Vec<Value> = serde_json::from_str(&text).expect("an array");
    let context = json!({"StateMachine": {"Name": "ArnPart_0idx-x"}});
    for row in rows.iter().filter(|row| row["query_language"] == "JSONPath") {
        let call = Intrinsic::parse(row["expression"].as_str().expect("text")).expect("a call");
        let scope = Scope { input: &row["input"], context: &context, variables: &NoVariables };
        let result = call.eval(&scope, &mut Fixed(0.5)).expect("a value");
        match row["result"].as_str() {
            Some("RandomNumberGenerated") => assert!(result.is_i64(), "{row}"),
            Some("generated-uuid") => assert!(result.is_string(), "{row}"),
            _ => assert_eq!(result, row["result"], "{row}"),
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_text_makes_the_parser_panic(text in r#"States\.[A-Za-z0-9]{0,14}[$.()\[\]'{}\\a-c0-9, -]{0,30}"#) {
        let _ = Intrinsic::parse(&text);
        let _ = Intrinsic::parse(&format!("States.Format({text})"));
    }

    #[test]
    fn no_arguments_make_a_function_panic(
        name in "Array|ArrayPartition|ArrayContains|ArrayRange|ArrayGetItem|ArrayLength|ArrayUnique|Base64Encode|Base64Decode|Hash|JsonMerge|StringToJson|JsonToString|MathRandom|MathAdd|StringSplit|UUID|Format",
        arguments in proptest::collection::vec(
            r"-?[0-9]{1,25}(\.[0-9]{1,3})?(e-?[0-9]{1,2})?|'[a-zA-Z0-9{},=]{0,6}'|true|null|\$|\$\.a",
            0..4,
        ),
        input in prop_oneof![
            Just(json!([1, [2], {"a": null}])),
            Just(json!({"a": {"b": 1}})),
            Just(json!("x{}")),
        ],
    ) {
        if let Ok(call) = Intrinsic::parse(&format!("States.{name}({})", arguments.join(","))) {
            let scope = Scope { input: &input, context: &input, variables: &NoVariables };
            let _ = call.eval(&scope, &mut Fixed(0.7));
        }
    }

    #[test]
    fn a_seeded_number_is_in_range_and_repeatable(from in -3000..3000_i64, span in 1..5000_i64, seed in any::<i64>()) {
        let call = format!("States.MathRandom({from}, {}, {seed})", from + span);
        let first = eval(&call, &json!({}));
        prop_assert_eq!(&first, &eval(&call, &json!({})));
        let number = first.ok().and_then(|value| value.as_i64()).expect("a number");
        prop_assert!((from..from + span).contains(&number));
    }
}

//! What paths select, and what they say when they do not.

use proptest::prelude::*;
use serde_json::{Value, json};

use super::{Path, Root, Selected};
use crate::scope::{NoVariables, Scope};

/// The value a path selects, or `! ` and the failure's text.
#[track_caller]
fn check(path: &str, input: Value, expected: Value) {
    assert_eq!(eval(path, &input), expected, "{path} of {input}");
}

fn eval(path: &str, input: &Value) -> Value {
    let path = Path::parse(path).unwrap_or_else(|error| panic!("{path}: {error}"));
    let context = json!({"Execution": {"Name": "run"}});
    let scope = Scope { input, context: &context, variables: &NoVariables };
    match path.select(&scope) {
        Ok(selected) => selected.into_value(),
        Err(error) => json!(format!("! {error}")),
    }
}

#[track_caller]
fn check_refused(path: &str, reason: &str) {
    match Path::parse(path) {
        Ok(path) => panic!("{path} is taken: {path:?}"),
        Err(error) => assert_eq!(error.to_string(), reason, "{path}"),
    }
}

fn shop() -> Value {
    json!({
        "items": [
            {"name": "pen", "price": 2, "tags": ["blue"]},
            {"name": "ink", "price": 9.5},
            {"price": 4, "tags": []},
        ],
        "owner": {"name": "Ada", "delivery-partner": "x"},
    })
}

#[test]
fn definite_paths_select_the_value_itself() {
    check("$", json!([1]), json!([1]));
    check("$.owner.name", shop(), json!("Ada"));
    check("$['owner'][\"name\"]", shop(), json!("Ada"));
    check("$[ 'owner' ]", json!({"owner": 1}), json!(1));
    check("$.owner.delivery-partner", shop(), json!("x"));
    check("$.items[0].tags[0]", shop(), json!("blue"));
    check("$.items[-1].price", shop(), json!(4));
    check("$[0]", json!([7]), json!(7));
    check("$.größe", json!({"größe": 1}), json!(1));
    check("$.1a", json!({"1a": 1}), json!(1));
    check("$.a", json!({"a": null}), json!(null));
    check("$['']", json!({"": 1}), json!(1));
}

#[test]
fn roots_are_told_apart() {
    check("$$.Execution.Name", json!({}), json!("run"));
    check("$$", json!({}), json!({"Execution": {"Name": "run"}}));
    let variables = json!({"x": {"y": [1, 2]}});
    let input = json!({"x": 0});
    let scope =
        Scope { input: &input, context: &input, variables: variables.as_object().expect("object") };
    let select = |path: &str| {
        let path = Path::parse(path).expect("a path");
        path.select(&scope).map(Selected::into_value).map_err(|error| error.to_string())
    };
    assert_eq!(select("$x"), Ok(json!({"y": [1, 2]})));
    assert_eq!(select("$x.y[1]"), Ok(json!(2)));
    assert_eq!(select("$x['y'][*]"), Ok(json!([1, 2])));
    assert_eq!(select("$.x"), Ok(json!(0)));
    assert_eq!(select("$z.a"), Err("The variable 'z' is not defined".to_owned()));
    assert_eq!(Path::parse("$x.y").map(|path| path.root().clone()), Ok(Root::Variable("x".into())));
}

#[test]
fn a_definite_path_borrows_and_keeps_its_text() {
    let input = json!({"a": {"b": 1}});
    let scope = Scope { input: &input, context: &Value::Null, variables: &NoVariables };
    let path = Path::parse("$.a['b']").expect("a path");
    assert_eq!(path.text(), "$.a['b']");
    match path.select(&scope) {
        Ok(Selected::One(value)) => assert!(std::ptr::eq(value, &input["a"]["b"])),
        other => panic!("{other:?}"),
    }
    assert!(Path::parse("$").is_ok_and(|path| path.is_root()));
    assert!(Path::parse("$$").is_ok_and(|path| !path.is_root()));
    assert!(Path::parse("$.length()").is_ok_and(|path| !path.is_root()));
}

#[test]
fn a_missing_member_is_told_in_the_librarys_words() {
    check("$.x", json!({}), json!("! No results for path: $['x']"));
    check("$.a.x", json!({"a": {}}), json!("! No results for path: $['a']['x']"));
    check("$.no.such.path", json!({}), json!("! Missing property in path $['no']"));
    check("$.a.b.c", json!({"a": {}}), json!("! Missing property in path $['a']['b']"));
    check("$[\"it's\"]", json!({}), json!("! No results for path: $['it\\'s']"));
    check(
        "$.a.x",
        json!({"a": "text"}),
        json!(
            "! Expected to find an object with property ['x'] in path $['a'] but found \
             'java.lang.String'. This is not a json object according to the JsonProvider: \
             'com.jayway.jsonpath.spi.json.JacksonJsonNodeJsonProvider'."
        ),
    );
    check(
        "$.a[0].x.y",
        json!({"a": [1]}),
        json!(
            "! Expected to find an object with property ['x'] in path $['a'][0] but found \
             'com.fasterxml.jackson.databind.node.IntNode'. This is not a json object according \
             to the JsonProvider: 'com.jayway.jsonpath.spi.json.JacksonJsonNodeJsonProvider'."
        ),
    );
}

#[test]
fn an_index_asks_for_an_array() {
    check(
        "$.a[0].b",
        json!({"a": {"k": 1}}),
        json!("! Filter: [0]['b'] can only be applied to arrays. Current context is: {\"k\":1}"),
    );
    check(
        "$[0]",
        json!(1),
        json!("! Filter: [0] can only be applied to arrays. Current context is: 1"),
    );
}

#[test]
fn an_index_outside_the_array_is_null_at_the_end_and_an_error_before_it() {
    check("$.a[5]", json!({"a": [1]}), json!(null));
    check("$.a[-2]", json!({"a": [1]}), json!(null));
    let input = json!([1]);
    let scope = Scope { input: &input, context: &Value::Null, variables: &NoVariables };
    let path = Path::parse("$[1]").expect("a path");
    assert_eq!(path.select(&scope), Ok(Selected::Outside));
    check(
        "$.a[5].x",
        json!({"a": [1]}),
        json!(
            "! Expected to find an object with property ['x'] in path $['a'][5] but found 'null'. \
             This is not a json object according to the JsonProvider: \
             'com.jayway.jsonpath.spi.json.JacksonJsonNodeJsonProvider'."
        ),
    );
}

#[test]
fn wildcards_skip_what_has_no_such_member() {
    check("$.items[*].name", shop(), json!(["pen", "ink"]));
    check("$.items.*.tags[0]", shop(), json!(["blue"]));
    check("$.owner.*", shop(), json!(["Ada", "x"]));
    check("$[*]", json!({}), json!([]));
    check("$[*]", json!("text"), json!([]));
}

#[test]
fn an_indefinite_path_never_fails() {
    for path in [
        "$.item.items[1:5].itemValue",
        "$.item.items[1:]",
        "$.items[*]",
        "$.items[:1]",
        "$.a.b.c[*].d",
        "$..x",
        "$.a[?(@.b == 1)]",
        "$.a['x','y'].z",
        "$[0,1]",
    ] {
        check(path, json!({}), json!([]));
        assert!(!Path::parse(path).expect("a path").is_definite(), "{path}");
    }
}

#[test]
fn slices_count_from_either_end() {
    let letters = || json!(["a", "b", "c", "d"]);
    check("$[1:3]", letters(), json!(["b", "c"]));
    check("$[2:]", letters(), json!(["c", "d"]));
    check("$[:2]", letters(), json!(["a", "b"]));
    check("$[-2:]", letters(), json!(["c", "d"]));
    check("$[:-1]", letters(), json!(["a", "b", "c"]));
    check("$[-3:-1]", letters(), json!(["b", "c"]));
    check("$[-9:9]", letters(), letters());
    check("$[3:1]", letters(), json!([]));
    check("$[ 1 : 2 ]", letters(), json!(["b"]));
    check("$[0:4:2]", letters(), letters());
}

#[test]
fn unions_select_in_the_order_written() {
    check("$[2,0]", json!(["a", "b", "c"]), json!(["c", "a"]));
    check("$[0, -1, 7]", json!(["a", "b", "c"]), json!(["a", "c"]));
    check("$['b','a'].v", json!({"a": {"v": 1}, "b": {"v": 2}}), json!([2, 1]));
}

#[test]
fn several_names_at_the_end_make_an_object() {
    check("$['a','c','b']", json!({"a": 1, "b": {"v": 2}}), json!({"a": 1, "b": {"v": 2}}));
    check(
        "$[*]['a','b']",
        json!([{"a": 1}, {"a": 2, "b": 3}, 4]),
        json!([{"a": 1}, {"a": 2, "b": 3}]),
    );
    check("$..['a','b']", json!([{"a": 1}, {"a": 2, "b": 3}]), json!([{"a": 2, "b": 3}]));
}

#[test]
fn descent_visits_a_value_before_its_contents() {
    let tree = || json!({"v": 1, "kids": [{"v": 2, "kids": [{"v": 3}]}, {"v": 4}]});
    check("$..v", tree(), json!([1, 2, 3, 4]));
    check("$.kids..v", tree(), json!([2, 3, 4]));
    check("$..kids[0].v", tree(), json!([2, 3]));
    check("$..*", json!({"a": [1], "b": 2}), json!([[1], 2, 1]));
    check("$..[0]", json!([[1, 2], [3]]), json!([[1, 2], 1, 3]));
    check("$..[?(@.v > 2)].v", tree(), json!([3, 4]));
}

#[test]
fn functions_end_a_path() {
    check("$.a.length()", json!({"a": [1, 2, 3]}), json!(3));
    check("$.a.size()", json!({"a": {"x": 1}}), json!(1));
    check("$.length()", json!("text"), json!(null));
    check("$.a.keys()", json!({"a": {"x": 1, "y": 2}}), json!(["x", "y"]));
    check("$.a.sum()", json!({"a": [1, 2, "x", 3.5]}), json!(6.5));
    check("$.a.min()", json!({"a": [3, -1]}), json!(-1.0));
    check("$.a.max()", json!({"a": [3, -1]}), json!(3.0));
    check("$.a.avg()", json!({"a": [1, 2]}), json!(1.5));
    check("$.a.stddev()", json!({"a": [2, 4, 4, 4, 5, 5, 7, 9]}), json!(2.0));
    check("$..price.sum()", shop(), json!(15.5));
    check("$.items[*].tags.length()", shop(), json!(2));
    check("$.a.length()", json!({}), json!("! No results for path: $['a']"));
    check(
        "$.a.sum()",
        json!({"a": []}),
        json!("! Aggregation function attempted to calculate value using empty array"),
    );
}

#[test]
fn a_backslash_escapes_the_quote_around_it_and_itself() {
    check(r"$['it\'s']", json!({"it's": 1}), json!(1));
    check(r#"$["a\"b"]"#, json!({"a\"b": 1}), json!(1));
    check(r"$['a\\b']", json!({"a\\b": 1}), json!(1));
    check(r#"$['Test\""Name"']"#, json!({"Test\\\"\"Name\"": "Value\"\\"}), json!("Value\"\\"));
    check(r"$['a.b[0]']", json!({"a.b[0]": 1}), json!(1));
}

#[test]
fn what_is_not_a_path_is_refused_with_its_place() {
    check_refused("", "expected `$` at character 1");
    check_refused("a", "expected `$` at character 1");
    check_refused("$.", "expected a name, `*` or `[` at character 3");
    check_refused("$..", "expected a name, `*` or `[` at character 4");
    check_refused("$...a", "expected a name, `*` or `[` at character 4");
    check_refused("$.a b", "expected the end at character 4");
    check_refused("$.a@b", "expected the end at character 4");
    check_refused("$['a", "expected the closing quote at character 5");
    check_refused("$['a'", "expected `]` at character 6");
    check_refused("$[]", "expected a quoted name, a number, `*` or `?` at character 3");
    check_refused("$[a]", "expected a quoted name, a number, `*` or `?` at character 3");
    check_refused("$[:]", "a slice needs a bound at character 4");
    check_refused("$[-]", "not an index at character 4");
    check_refused("$[99999999999]", "not an index at character 14");
    check_refused("$.a.shuffle()", "unknown function `shuffle` at character 13");
    check_refused("$.a.length().b", "expected the end at character 13");
    check_refused("$$x", "expected the end at character 3");
    check_refused("$1", "expected the end at character 2");
    check_refused(
        &format!("${}", "v".repeat(81)),
        "a variable name is longer than 80 characters at character 83",
    );
    check_refused(&format!("${}", "[0]".repeat(257)), "more than 256 steps at character 773");
    check_refused(&"$".repeat(70_000), "longer than 65536 bytes at character 1");
}

#[test]
fn a_path_that_multiplies_values_is_given_up() {
    let wide = json!(vec![vec![0; 100]; 100]);
    let text = format!("$..*{}", "..*".repeat(20));
    check(&text, json!([[[[[[1]]]]]]), json!([]));
    check("$..*..*..*..*", json!(vec![wide; 30]), json!("! The path selects too much"));
    let large = json!(["x".repeat(1_000_000)]);
    check(&format!("$[{}0]", "0,".repeat(99)), large, json!("! The path selects too much"));
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_text_makes_the_parser_panic(text in r#"[\$@.\[\]()'"a-z0-9:,*?!=<>&| \\-]{0,40}"#) {
        let _ = Path::parse(&text);
        let _ = Path::parse(&format!("${text}"));
        let _ = Path::parse(&format!("$[?({text})]"));
    }

    #[test]
    fn no_unicode_makes_the_parser_panic(text in "\\PC{0,40}") {
        let _ = Path::parse(&text);
        let _ = Path::parse(&format!("$.{text}"));
        let _ = Path::parse(&format!("$['{text}"));
    }

    #[test]
    fn selecting_does_not_panic(
        text in r"\$(\.[ab]|\[-?[0-2]\]|\[\*\]|\.\.[ab]|\[-?[0-2]:\]|\[\?\(@\.a [=<>]= ?[01]\)\]){0,5}",
        input in documents(),
    ) {
        if let Ok(path) = Path::parse(&text) {
            let scope = Scope { input: &input, context: &input, variables: &NoVariables };
            let selected = path.select(&scope);
            prop_assert!(selected.is_ok() || path.is_definite());
        }
    }

    /// RFC 9535 and Jayway agree on these steps, but for the order of `..`.
    #[test]
    fn the_common_part_agrees_with_rfc_9535(
        text in r"\$(\.[abc]|\['[abc]'\]|\[(-[1-3]|[0-3])\]|\[\*\]|\.\*|\[0,2\]|\[(-[1-3]|[0-3]):\]|\[(-[1-3]|[0-3]):(-[1-3]|[0-3])\]|\.\.[abc]){1,5}",
        input in documents(),
    ) {
        let expected = serde_json_path::JsonPath::parse(&text).expect("both read it").query(&input);
        let expected = sorted(expected.all());
        let path = Path::parse(&text).expect("both read it");
        let scope = Scope { input: &input, context: &input, variables: &NoVariables };
        let found = match path.select(&scope) {
            Ok(Selected::Many(values)) => values,
            Ok(Selected::One(value)) => vec![value],
            Ok(Selected::Outside) | Err(_) => Vec::new(),
            Ok(Selected::Computed(value)) => panic!("computed {value}"),
        };
        prop_assert_eq!(sorted(found), expected);
    }

    #[test]
    fn filters_of_array_elements_agree_with_rfc_9535(
        left in r"@\.[ab]",
        operator in "==|!=|<|<=|>|>=",
        right in r"-[12]|[0-2]|1\.5",
        glue in r"&&|\|\|",
        input in proptest::collection::vec(small_objects(), 0..6),
    ) {
        let input = Value::Array(input);
        let text = format!("$[?({left} {operator} {right} {glue} !@.c)]");
        let expected = serde_json_path::JsonPath::parse(&text).expect("both read it").query(&input);
        prop_assert_eq!(eval(&text, &input), json!(expected.all()));
    }
}

/// Values as texts in order: a set with repetitions.
fn sorted(values: Vec<&Value>) -> Vec<String> {
    let mut texts: Vec<_> = values.into_iter().map(Value::to_string).collect();
    texts.sort();
    texts
}

fn documents() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(json!(null)),
        any::<bool>().prop_map(Value::from),
        (0..3).prop_map(Value::from),
        "[xy]".prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 32, 4, |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..4).prop_map(Value::Array),
            proptest::collection::btree_map("[abc]", inner, 0..4)
                .prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}

/// Objects whose members never make Jayway compare a number with a string.
fn small_objects() -> impl Strategy<Value = Value> {
    let value = prop_oneof![
        Just(json!(null)),
        any::<bool>().prop_map(Value::from),
        (-2..3).prop_map(Value::from),
        Just(json!(1.5)),
    ];
    proptest::collection::btree_map("[abc]", value, 0..3)
        .prop_map(|members| Value::Object(members.into_iter().collect()))
}

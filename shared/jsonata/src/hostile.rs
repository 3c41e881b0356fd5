//! Expressions and data that mean harm: each must end soon, with an error that says why.

use std::time::Duration;

use proptest::prelude::*;
use serde_json::{Value, json};

use crate::testing::{Counted, Given};
use crate::{Environment, EvalError, Exceeded, Expression, Limits, ParseError};

#[test]
fn endless_recursion_is_stopped() {
    check("($f := function($n) { $n + $f($n + 1) }; $f(1))", Exceeded::Stack);
    check("($f := function($n) { $f($n + 1) }; $f(1))", Exceeded::Time);
    check("($f := function() { $g() }; $g := function() { $f() }; $f())", Exceeded::Time);
    check("(function($f) { $f($f) & '' })(function($f) { $f($f) & '' })", Exceeded::Stack);
    check("$map([1..25000], function() { $sum([1..25000]) })", Exceeded::Memory);
    check("$map([1..25000], function() { $sum($a) })", Exceeded::Time);
}

#[test]
fn texts_that_grow_are_stopped() {
    check("$pad('x', 2e9)", Exceeded::Memory);
    check("$pad('x', -2e9, 'ab')", Exceeded::Memory);
    check("'x' ~> $pad(2e9)", Exceeded::Memory);
    check("$map(['x'], $pad(?, 2e9))", Exceeded::Memory);
    check("$reduce([1..60], function($s, $i) { $s & $s }, 'xx')", Exceeded::Memory);
    check("($f := function($s) { $f($s & $s) }; $f('xx'))", Exceeded::Memory);
    check("$join($map($a, $string), $s)", Exceeded::Memory);
    check("$replace($s, 'x', $s)", Exceeded::Memory);
    check("[$s].$replace(/x/, $s)", Exceeded::Memory);
    check("$replace($s, /x+/, $pad('', 10000, '$0'))", Exceeded::Memory);
    check("$replace($s, /x/, function() { $s })", Exceeded::Memory);
    check("$map($a, function($i) { $s & $i })", Exceeded::Memory);
    check("$formatInteger(1e300, 'I')", Exceeded::Memory);
    check("$fromMillis(0, '[H,4000000000]')", Exceeded::Memory);
    check("$fromMillis(0, '[H,99999999999999999999999]')", Exceeded::Memory);
    check("$now('[H,4000000000]')", Exceeded::Memory);
}

#[test]
fn what_a_text_is_taken_apart_into_is_bounded() {
    check("$count($split($pad('', 400000, 'x'), ''))", Exceeded::Memory);
    check("$count($split($pad('', 400000, 'x'), /x/))", Exceeded::Memory);
    check("$count($match($pad('', 400000, 'x'), /x/))", Exceeded::Memory);
    check("$count($map($a, function() { $split($s, '') }))", Exceeded::Memory);
    check("$count($map($a, function() { $match($s, /x/, 100) }))", Exceeded::Memory);
    assert_eq!(outcome("$count($split($pad('', 400000, 'x'), '', 3))"), Ok(json!(3)));
    assert_eq!(outcome("$count($match($pad('', 400000, 'x'), /x/, 3))"), Ok(json!(3)));
    assert_eq!(outcome("$count($split($s, ''))"), Ok(json!(10_000)));
}

#[test]
fn values_that_grow_are_stopped() {
    check("$reduce([1..60], function($v, $i) { [$v, $v] }, 1)", Exceeded::Memory);
    check("$reduce([1..60], function($v, $i) { {'a': $v, 'b': $v} }, 1)", Exceeded::Memory);
    check("$string($reduce([1..60], function($v, $i) { [[$v], [$v]] }, 1))", Exceeded::Memory);
    check(
        "$reduce([1..60], function($v, $i) { $map([1, 2], function() { $v }) }, [1])",
        Exceeded::Memory,
    );
    check("$reduce([1..60], function($v, $i) { $append($v, $v) }, [1])", Exceeded::Memory);
    check(
        "($y := $map($a, function() { $a }); $z := $map($a, function() { $y }); $z = $z)",
        Exceeded::Memory,
    );
    check("($y := $map($a, function() { $a }); $map($a, function() { $y }))", Exceeded::Memory);
    check("$count($a.($a))", Exceeded::Memory);
    check("$count($a.[$a])", Exceeded::Memory);
    check("$a@$x.$a@$y[$x = $y]", Exceeded::Memory);
    check("($o := {'a': $a}; $o.(a@$x.a@$y[$x = $y]))", Exceeded::Memory);
    check("$reduce([1..2000], function($v, $i) { {'a': $v} }, 1)", Exceeded::Depth);
    check("[1..1000000]", Exceeded::Memory);
    check("[1..20000].$random() ~> $map(function() { $shuffle([1..20000]) })", Exceeded::Memory);
}

#[test]
fn ranges_beyond_what_a_double_counts_are_refused() {
    for text in ["[-1e300..1e300]", "[0 - $n..$n]", "[1..9007199254740993]"] {
        let error = outcome(text).unwrap_err().to_string();
        assert!(error.starts_with("D2014: "), "{text}: {error}");
    }
}

#[test]
fn regular_expressions_take_time_in_proportion() {
    assert_eq!(outcome("$contains($s, /(x+x+)+y/)"), Ok(json!(false)));
    assert_eq!(outcome("$contains($s, /(x*)*$/)"), Ok(json!(true)));
    let huge = "$contains($s, /((((x{1,1000}){1,1000}){1,1000}){1,1000})/)";
    assert!(matches!(outcome(huge), Err(EvalError::Thrown { .. })));
}

#[test]
fn what_would_take_the_square_of_its_input_does_not() {
    assert_eq!(
        outcome("$count($distinct($map($a, function($v, $i) { {'i': $i} })))"),
        Ok(json!(2_000))
    );
}

#[test]
fn deep_expressions_are_refused() {
    for (start, middle, end) in [
        ("(", "1", ")"),
        ("[", "1", "]"),
        ("-", "1", ""),
        ("", "a", ".a"),
        ("", "1", "+1"),
        ("", "a", "[0]"),
        ("", "$f", "()"),
        ("1?1:", "1", ""),
        ("$a:=", "1", ""),
        ("function(){", "1", "}"),
        ("{'a':", "1", "}"),
        ("", "1", " ~> $f"),
    ] {
        let text = format!("{}{middle}{}", start.repeat(20_000), end.repeat(20_000));
        assert!(matches!(Expression::parse(&text), Err(ParseError::Syntax(_))), "{start}{end}");
        // As deep as the parser takes it, it must also be walked, guarded, evaluated and dropped.
        let text = format!("{}{middle}{}", start.repeat(300), end.repeat(300));
        if let Ok(expression) = Expression::parse(&text) {
            let _ = run(&expression);
        }
    }
}

#[test]
fn long_expressions_are_refused() {
    let text = format!("'{}'", "x".repeat(1_048_576));
    assert_eq!(
        Expression::parse(&text),
        Err(ParseError::TooLong { length: 1_048_578, max: 1_048_576 })
    );
}

#[test]
fn a_panic_of_the_library_is_an_error() {
    // A year cut to 64 digits: the library divides by 10^64, which overflows to 0.
    assert_eq!(
        outcome("$fromMillis(0, '[Y,64]')"),
        Err(EvalError::Thrown {
            code: None,
            message: "the evaluation failed unexpectedly".to_owned()
        })
    );
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]

    #[test]
    fn no_text_is_fatal(text in "\\PC{0,40}") {
        if let Ok(expression) = Expression::parse(&text) {
            let _ = run(&expression);
        }
    }

    #[test]
    fn no_mixture_of_words_is_fatal(words in prop::collection::vec(prop::sample::select(WORDS), 1..14)) {
        if let Ok(expression) = Expression::parse(&words.join(" ")) {
            let _ = run(&expression);
        }
    }
}

const WORDS: &[&str] = &[
    "$a",
    "$s",
    "$n",
    "$x",
    "$",
    "$$",
    "a",
    "b",
    "%",
    "*",
    "**",
    "1",
    "-1",
    "0.5",
    "1e300",
    "'x'",
    "''",
    "null",
    "true",
    "/x/",
    ".",
    ".(",
    ".[",
    ".{",
    "(",
    ")",
    "[",
    "]",
    "{",
    "}",
    ":",
    ";",
    ",",
    "+",
    "-",
    "/",
    "=",
    "!=",
    "<",
    "&",
    "and",
    "in",
    "..",
    "?",
    "~>",
    ":=",
    "$x :=",
    "@$x",
    "#$i",
    "^(",
    "function($x){",
    "}",
    "$string(",
    "$map(",
    "$reduce(",
    "$append(",
    "$replace(",
    "$pad(",
    "$join(",
    "$split(",
    "$distinct(",
    "$sort(",
    "$fromMillis(",
    "$formatNumber(",
    "$lookup(",
    "$zip(",
    "$partition(",
    "$range(",
    "$random(",
    "$parse(",
    "$sum(",
    "[1..5]",
    "|$|{'a':1}|",
];

fn check(text: &str, expected: Exceeded) {
    let expression = Expression::parse(text).unwrap_or_else(|error| panic!("{text}: {error}"));
    let outcome = match expected {
        Exceeded::Time => run_for(&expression, Duration::from_millis(50)),
        Exceeded::Memory | Exceeded::Stack | Exceeded::Depth => run(&expression),
    };
    assert_eq!(outcome, Err(EvalError::Exceeded(expected)), "{text}");
}

fn outcome(text: &str) -> Result<Value, EvalError> {
    run(&Expression::parse(text).unwrap_or_else(|error| panic!("{text}: {error}")))
}

/// A tenth of what is usually allowed, and, as no test may depend on how fast it runs, all the time in
/// the world but for what never ends.
fn run(expression: &Expression) -> Result<Value, EvalError> {
    run_for(expression, Duration::from_secs(60))
}

fn run_for(expression: &Expression, time: Duration) -> Result<Value, EvalError> {
    let given =
        Given(json!({"s": "x".repeat(10_000), "a": vec![0; 2_000], "n": 1e19, "b": {"c": [1]}}));
    let usual = Limits::default();
    let limits = Limits {
        time,
        stack_depth: usual.stack_depth / 10,
        sequence_length: usual.sequence_length / 10,
        intermediate_size: usual.intermediate_size / 10,
        total_bytes: usual.total_bytes / 10,
        output_bytes: usual.output_bytes / 10,
    };
    expression.eval(&Environment::new(&given), &mut Counted::default(), &limits)
}

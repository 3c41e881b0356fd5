//! The functions that Step Functions adds to JSONata, and those of JSONata's own that it takes away or
//! that depend on chance or time.
//!
//! Arguments come in already evaluated. As with JSONata's own functions, an undefined argument gives
//! undefined, and a callback's surplus arguments mean nothing.

mod array;
pub(crate) mod guards;
mod hash;
mod random;
mod text;
mod time;

use std::rc::Rc;

use jsonata_core::evaluator::{Evaluator, EvaluatorError};
use jsonata_core::value::JValue;

use crate::convert::integer;
use crate::evaluation::Shared;
use crate::{EvalError, Exceeded};

/// What a function gives.
type Answer = Result<JValue, Fault>;

/// Why a function gives nothing.
pub(crate) enum Fault {
    /// An error of JSONata, code first.
    Thrown(String),
    /// The evaluation must stop.
    Exceeded(Exceeded),
    /// The stock of chance is dry: the evaluation starts over.
    Dry,
}

impl From<EvaluatorError> for Fault {
    fn from(error: EvaluatorError) -> Fault {
        Fault::Thrown(error.message().to_owned())
    }
}

impl From<EvalError> for Fault {
    fn from(error: EvalError) -> Fault {
        match error {
            EvalError::Exceeded(exceeded) => Fault::Exceeded(exceeded),
            error @ (EvalError::Undefined | EvalError::Unsupported | EvalError::Thrown { .. }) => {
                Fault::Thrown(error.to_string())
            }
        }
    }
}

type Call = fn(&Arguments<'_>, &Shared) -> Answer;

const FUNCTIONS: &[(&str, Call)] = &[
    ("eval", no_function),
    ("hash", hash::hash),
    ("millis", time::millis),
    ("now", time::now),
    ("parse", text::parse),
    ("partition", array::partition),
    ("random", random::random),
    ("range", array::range),
    ("shuffle", random::shuffle),
    ("uuid", random::uuid),
];

/// Makes those functions known that the expression mentions.
pub(crate) fn register(
    evaluator: &mut Evaluator,
    shared: &Rc<Shared>,
    mentioned: impl Fn(&str) -> bool,
) -> Result<(), EvaluatorError> {
    let all = FUNCTIONS.iter().chain(guards::FUNCTIONS);
    for (name, call) in all.filter(|(name, _)| mentioned(name)) {
        let shared = Rc::clone(shared);
        evaluator.register_fn_override(*name, move |values: &[JValue]| {
            call(&Arguments { name, values }, &shared).map_err(|fault| shared.stop(fault))
        })?;
    }
    Ok(())
}

/// `$eval`, which Step Functions does not have.
fn no_function(_: &Arguments<'_>, _: &Shared) -> Answer {
    Err(Fault::Thrown("T1006: Attempted to invoke a non-function".to_owned()))
}

/// The arguments of one call.
struct Arguments<'v> {
    name: &'static str,
    values: &'v [JValue],
}

impl<'v> Arguments<'v> {
    fn first(&self) -> &'v JValue {
        self.values.first().unwrap_or(&JValue::Undefined)
    }

    /// An argument that is there.
    fn get(&self, index: usize) -> Option<&'v JValue> {
        self.values.get(index).filter(|value| !value.is_undefined())
    }

    /// Whether one of the first `count` arguments is undefined, which makes the answer undefined;
    /// one that is not there at all is an error.
    fn has_undefined(&self, count: usize) -> Result<bool, Fault> {
        if self.values.len() < count {
            return Err(self.mismatch(self.values.len()));
        }
        Ok(self.values.iter().take(count).any(JValue::is_undefined))
    }

    /// An integer: other numbers are rounded down.
    fn integer(&self, index: usize) -> Result<i64, Fault> {
        self.get(index)
            .and_then(JValue::as_f64)
            .and_then(|number| integer(number.floor()))
            .ok_or_else(|| self.mismatch(index))
    }

    fn text(&self, index: usize) -> Result<&'v str, Fault> {
        self.get(index).and_then(JValue::as_str).ok_or_else(|| self.mismatch(index))
    }

    /// An array; anything else stands for an array of itself.
    fn items(&self, index: usize) -> &'v [JValue] {
        match self.get(index) {
            Some(JValue::Array(items)) => items,
            Some(value) => std::slice::from_ref(value),
            None => &[],
        }
    }

    fn mismatch(&self, index: usize) -> Fault {
        let number = index + 1;
        let name = self.name;
        Fault::Thrown(format!(
            "T0410: Argument {number} of function \"{name}\" does not match function signature"
        ))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use crate::testing::{eval, eval_with};

    #[test]
    fn partition_cuts_an_array() {
        check("$partition([1, 2, 3], 2)", "[[1,2],[3]]");
        check("$partition([0], 5)", "[[0]]");
        check("$partition([1, 2, 3], 1.9)", "[[1],[2],[3]]");
        check("$partition([], 2)", "[]");
        check("$partition('a', 2)", r#"[["a"]]"#);
        check("[1, 2, 3] ~> $partition(2)", "[[1,2],[3]]");
        check("$partition(nothing, 2)", "undefined");
        check("$partition([1], 0)", "$partition: the size of a partition must be greater than 0");
        check("$partition([1], 0.5)", "$partition: the size of a partition must be greater than 0");
        check("$partition([1], -1)", "$partition: the size of a partition must be greater than 0");
        check("$partition([1], 'a')", &mismatch(2, "partition"));
        check("$partition([1])", &mismatch(2, "partition"));
    }

    #[test]
    fn range_counts_up_and_down_with_both_ends() {
        check("$range(1, 9, 2)", "[1,3,5,7,9]");
        check("$range(0, 10, 4)", "[0,4,8]");
        check("$range(3, 1, -1)", "[3,2,1]");
        check("$range(1.9, 3.9, 1.9)", "[1,2,3]");
        check("$range(-1.5, 0, 1)", "[-2,-1,0]");
        check("$range(5, 5, 1)", "[5]");
        check("$range(5, 5, -1)", "[5]");
        check("$range(3, 1, 1)", "[]");
        check("$range(1, 3, -1)", "[]");
        check("$count($range(1, 1000, 1))", "1000");
        check("$range(1, 1001, 1)", "$range: the array would have more than 1000 elements");
        check("$range(-9e18, 9e18, 1)", "$range: the array would have more than 1000 elements");
        check("$range(0, 1, 0)", "$range: the step must not be 0");
        check("$range(0, 1, 0.5)", "$range: the step must not be 0");
        check("$range(0, 1e300, 1)", &mismatch(2, "range"));
        check("$range(0, 1)", &mismatch(3, "range"));
        check("$range(nothing, 1, 1)", "undefined");
    }

    #[test]
    fn hash_gives_hexadecimal_digits() {
        check("$hash('input data', 'SHA-1')", r#""aaff4a450a104cd177d28d18d74485e8cae074b7""#);
        check("$hash('', 'MD5')", r#""d41d8cd98f00b204e9800998ecf8427e""#);
        check(
            "$hash('a', 'SHA-256')",
            r#""ca978112ca1bbdcafac231b39a23dc4da786eff8147c4e72b9807785afee48bb""#,
        );
        check("$length($hash('a', 'SHA-384'))", "96");
        check("$length($hash('a', 'SHA-512'))", "128");
        check("$hash({'a': [1, 2.0]}, 'MD5') = $hash('{\"a\":[1,2]}', 'MD5')", "true");
        check("$hash('a', 'md5')", "$hash: `md5` is none of MD5, SHA-1, SHA-256, SHA-384, SHA-512");
        check("$hash($pad('', 10000), 'MD5') != ''", "true");
        check("$hash($pad('', 10001), 'MD5')", "$hash: the data has more than 10000 characters");
        check("$hash('a')", &mismatch(2, "hash"));
        check("$hash(nothing, 'MD5')", "undefined");
    }

    #[test]
    fn parse_reads_json() {
        check("$parse('{\"a\": [1, null, \"x\"]}').a[2]", r#""x""#);
        check("$parse('-0')", "0");
        check("$parse('12345678901234567890')", "12345678901234567890");
        check("$parse('1.10')", "1.1");
        check("$parse('[1')", "$parse: invalid JSON: EOF while parsing a list at line 1 column 2");
        check("$parse(1)", &mismatch(1, "parse"));
        check("$parse(nothing)", "undefined");
        check("$map(['1', '[2]'], $parse)", "[1,[2]]");
    }

    #[test]
    fn time_stands_still_at_the_moment_given() {
        check("$millis()", "1600000000123");
        check("$now()", r#""2020-09-13T12:26:40.123Z""#);
        check("$now('[Y0001]-[M01]-[D01]')", r#""2020-09-13""#);
        check("$now('[H01]:[m01][Z]', '+0200')", r#""14:26+02:00""#);
        check("$map([1, 2], function() { $millis() })", "[1600000000123,1600000000123]");
        check("$map([1], function() { $now() })", r#""2020-09-13T12:26:40.123Z""#);
    }

    #[test]
    fn chance_is_drawn_in_order() {
        check("$uuid()", r#""uuid-1""#);
        check("[1..3].$uuid()", r#"["uuid-1","uuid-2","uuid-3"]"#);
        check("$random()", "0.125");
        check("[1..20].$random() ~> $count()", "20");
        check("[$random(7), $random(7.9)]", "[0.7306990420600421,0.7306990420600421]");
        check("$random(7) = $random(8)", "false");
        check("$random('a')", &mismatch(1, "random"));
        check("$shuffle([1..5])", "[5,3,4,2,1]");
        check("$shuffle([1..100]) ~> $sort() ~> $count()", "100");
        check("$shuffle('a')", r#"["a"]"#);
    }

    #[test]
    fn functions_that_step_functions_lacks_are_none() {
        check("$eval('1')", "T1006: Attempted to invoke a non-function");
        check("($e := $eval; $e('1'))", "T1006: Attempted to invoke a non-function");
        check("['1'] ~> $map($eval)", "T1006: Attempted to invoke a non-function");
        check("$randomSeeded(1)", "T1006: Attempted to invoke a non-function");
    }

    #[test]
    fn a_variable_hides_a_function_of_its_name() {
        let range = json!({"range": [1, 2]});
        assert_eq!(eval_with("$range[1]", range.clone()), Ok(json!(2)));
        assert_eq!(
            eval_with("$range(1, 2, 1)", range).map_err(|error| error.to_string()),
            Err("T1006: Attempted to invoke a non-function".to_owned())
        );
    }

    fn mismatch(number: usize, name: &str) -> String {
        format!("T0410: Argument {number} of function \"{name}\" does not match function signature")
    }

    fn check(text: &str, expected: &str) {
        let found = match eval(text) {
            Ok(value) => value.to_string(),
            Err(crate::EvalError::Undefined) => "undefined".to_owned(),
            Err(error) => error.to_string(),
        };
        assert_eq!(found, expected, "{text}");
        let value: Result<Value, _> = serde_json::from_str(expected);
        assert!(value.is_ok() || !expected.starts_with(['[', '"', '{']), "{expected}");
    }
}

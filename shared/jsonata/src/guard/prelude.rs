//! Functions of JSONata that can make something huge out of small arguments, each put behind a
//! function of the same name that reckons the size first.
//!
//! They are written in JSONata and assigned in front of an expression that mentions them. Each keeps
//! the signature of the function that it stands for, so that the context is filled in and wrong
//! arguments are refused in the same way. A variable of the same name is left alone.

use std::sync::LazyLock;

use jsonata_core::ast::{AstNode, BinaryOp};
use jsonata_core::parser;

use crate::children::each_child;
use crate::functions::guards::PRELUDE_MARK;
use crate::references::Found;

/// Name, and function; `$builtin` is JSONata's own, and names in capitals stand for checks.
const FUNCTIONS: &[(&str, &str)] = &[
    ("distinct", "function($items)<x:x> { $DISTINCT($items) }"),
    (
        "formatInteger",
        "function($number, $picture)<n-s:s> {
            ($NUMERAL_FITS($number, $picture); $builtin($number, $picture))
        }",
    ),
    (
        "fromMillis",
        "function($millis, $picture, $zone)<n-s?s?:s> {
            ($PICTURE_FITS($picture); $builtin($millis, $picture, $zone))
        }",
    ),
    (
        "join",
        "function($texts, $separator)<a<s>s?:s> {
            ($JOIN_FITS($texts, $separator); $builtin($texts, $separator))
        }",
    ),
    (
        "match",
        "function($text, $pattern, $limit)<s-f<s:o>n?:a<o>> {
            ($MATCH_FITS($text, $pattern, $limit); $builtin($text, $pattern, $limit))
        }",
    ),
    (
        "pad",
        "function($text, $width, $filler)<s-ns?:s> {
            ($PAD_FITS($width); $builtin($text, $width, $filler))
        }",
    ),
    (
        "replace",
        "function($text, $pattern, $by, $limit)<s-(sf)(sf)n?:s> {(
            $REPLACE_FITS($text, $pattern, $by);
            $each := $type($by) = 'function' ? function($match) { $EMITTED($by($match)) } : $by;
            $builtin($text, $pattern, $each, $limit)
        )}",
    ),
    (
        "split",
        "function($text, $separator, $limit)<s-(sf)n?:a<s>> {
            ($SPLIT_FITS($text, $separator, $limit); $builtin($text, $separator, $limit))
        }",
    ),
];

struct Substitute {
    name: &'static str,
    assignment: AstNode,
    checks: Vec<String>,
}

static SUBSTITUTES: LazyLock<Vec<Substitute>> = LazyLock::new(|| {
    FUNCTIONS.iter().filter_map(|(name, function)| substitute(name, function)).collect()
});

/// Puts those substitutes in front of an expression that it mentions.
pub(super) fn add(tree: &mut AstNode, found: &mut Found) {
    let mentioned = |substitute: &&Substitute| found.mentioned.contains(substitute.name);
    let needed: Vec<&Substitute> = SUBSTITUTES.iter().filter(mentioned).collect();
    if needed.is_empty() {
        return;
    }
    let expression = std::mem::replace(tree, AstNode::Null);
    let assignments = needed.iter().map(|substitute| substitute.assignment.clone());
    *tree = AstNode::Block(assignments.chain([expression]).collect());
    found.mentioned.extend(needed.iter().flat_map(|substitute| substitute.checks.clone()));
}

fn substitute(name: &'static str, function: &str) -> Option<Substitute> {
    let text = format!(
        "${name} := ($builtin := ${name}; $type($builtin) = 'function' ? {function} : $builtin)"
    );
    let mut assignment = parser::parse(&text).ok()?;
    let mut checks = Vec::new();
    mark_checks(&mut assignment, &mut checks);
    matches!(assignment, AstNode::Binary { op: BinaryOp::ColonEqual, .. }).then_some(Substitute {
        name,
        assignment,
        checks,
    })
}

/// Gives the checks names that no expression can spell.
fn mark_checks(node: &mut AstNode, checks: &mut Vec<String>) {
    if let AstNode::Function { name, .. } = node
        && name.starts_with(|letter: char| letter.is_ascii_uppercase())
    {
        name.insert_str(0, PRELUDE_MARK);
        checks.push(name.clone());
    }
    each_child(node, &mut |child| mark_checks(child, checks));
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::testing::{eval, eval_with};

    #[test]
    fn every_substitute_compiles() {
        assert_eq!(SUBSTITUTES.len(), FUNCTIONS.len());
    }

    #[test]
    fn a_variable_of_the_same_name_is_left_alone() {
        let pad = json!({"pad": {"a": [1, 2]}});
        assert_eq!(eval_with("$pad.a[1] & ''", pad), Ok(json!("2")));
        assert_eq!(eval_with("$join + 1", json!({"join": 1})), Ok(json!(2)));
    }

    #[test]
    fn a_function_of_the_expression_s_own_is_left_alone() {
        assert_eq!(eval("($pad := function($a) { $a & '!' }; $pad('x'))"), Ok(json!("x!")));
    }

    #[test]
    fn substitutes_do_what_they_stand_for() {
        assert_eq!(eval("['b', 'a'] ~> $join('-')"), Ok(json!("b-a")));
        assert_eq!(eval("$join(['b', 'a'])"), Ok(json!("ba")));
        assert_eq!(eval("$map(['a', 'b'], $pad(?, 3)) ~> $join('|')"), Ok(json!("a  |b  ")));
        assert_eq!(eval("['axbx'].$replace('x', '-')"), Ok(json!("a-b-")));
        assert_eq!(eval("$replace('axbx', 'x', '-', 1)"), Ok(json!("a-bx")));
        assert_eq!(
            eval("$replace('a1b2', /([a-z])(\\d)/, function($m) { $m.groups[1] & $m.groups[0] })"),
            Ok(json!("1a2b"))
        );
        assert_eq!(
            eval("$distinct([1, '1', {'a': 1, 'b': 2}, {'b': 2, 'a': 1}, 1])"),
            Ok(json!([1, "1", {"a": 1, "b": 2}]))
        );
        assert_eq!(eval("$fromMillis(0, '[Y0001]/[M01]')"), Ok(json!("1970/01")));
        assert_eq!(eval("$formatInteger(1999, 'I')"), Ok(json!("MCMXCIX")));
    }
}

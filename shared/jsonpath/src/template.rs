//! Payload templates: JSON in which the members whose names end in `.$` are computed.

use serde_json::{Map, Value};

use crate::budget::Budget;
use crate::error::{EvalError, ParseError};
use crate::expression::PathOrIntrinsic;
use crate::limits::VALUE_DEPTH_MAX;
use crate::path::Path;
use crate::scope::{Chance, Scope};

/// The end of the name of a computed member.
const SUFFIX: &str = ".$";

/// A compiled payload template.
#[derive(Debug, Clone, PartialEq)]
pub struct Template {
    node: Node,
}

#[derive(Debug, Clone, PartialEq)]
enum Node {
    /// Nothing in it is computed.
    Constant(Value),
    Array(Vec<Node>),
    Object(Vec<(String, Node)>),
    /// The field's name as written, and what it holds.
    Computed(String, PathOrIntrinsic),
}

/// A member that is not what its name says.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct TemplateProblem {
    /// Where: a JSON pointer below the template.
    pub pointer: String,
    /// What AWS says.
    pub message: String,
    /// What is wrong in detail; none if the value is not a string at all.
    #[source]
    pub reason: Option<ParseError>,
}

impl Template {
    /// Compiles a template.
    ///
    /// # Errors
    /// Every member that is not what its name says.
    pub fn parse(value: &Value) -> Result<Self, Vec<TemplateProblem>> {
        let mut problems = Vec::new();
        let node = Parser { problems: &mut problems }.node(value, &mut String::new(), 0);
        if problems.is_empty() { Ok(Self { node }) } else { Err(problems) }
    }

    /// The payload.
    ///
    /// # Errors
    /// A path finds nothing, or a function fails.
    pub fn eval(&self, scope: &Scope<'_>, chance: &mut dyn Chance) -> Result<Value, EvalError> {
        self.node.eval(scope, chance, &mut Budget::default())
    }

    /// The payload of a template in which nothing is computed.
    #[must_use]
    pub fn as_constant(&self) -> Option<&Value> {
        match &self.node {
            Node::Constant(value) => Some(value),
            Node::Array(_) | Node::Object(_) | Node::Computed(..) => None,
        }
    }

    /// All paths used anywhere in it, those among the arguments of intrinsic functions included.
    pub fn references(&self) -> impl Iterator<Item = &Path> {
        let mut paths = Vec::new();
        self.node.collect(&mut paths);
        paths.into_iter()
    }

    /// The names of the members that the payload has, if the template is an object: those of
    /// `Assign` are variables.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        let constant = self.as_constant().and_then(Value::as_object);
        let computed = match &self.node {
            Node::Object(members) => members.as_slice(),
            Node::Constant(_) | Node::Array(_) | Node::Computed(..) => &[],
        };
        let constant = constant.into_iter().flat_map(Map::keys).map(String::as_str);
        constant.chain(computed.iter().map(|(name, _)| name.as_str()))
    }
}

impl Node {
    fn eval(
        &self,
        scope: &Scope<'_>,
        chance: &mut dyn Chance,
        budget: &mut Budget,
    ) -> Result<Value, EvalError> {
        match self {
            Self::Constant(value) => Ok(value.clone()),
            Self::Computed(field, expression) => {
                expression.eval_within(field, scope, chance, budget)
            }
            Self::Array(nodes) => {
                nodes.iter().map(|node| node.eval(scope, chance, budget)).collect::<Result<_, _>>()
            }
            Self::Object(nodes) => {
                let mut members = Map::with_capacity(nodes.len());
                for (name, node) in nodes {
                    members.insert(name.clone(), node.eval(scope, chance, budget)?);
                }
                Ok(Value::Object(members))
            }
        }
    }

    fn collect<'p>(&'p self, paths: &mut Vec<&'p Path>) {
        match self {
            Self::Constant(_) => {}
            Self::Computed(_, expression) => expression.collect(paths),
            Self::Array(nodes) => nodes.iter().for_each(|node| node.collect(paths)),
            Self::Object(nodes) => nodes.iter().for_each(|(_, node)| node.collect(paths)),
        }
    }

    fn is_constant(&self) -> bool {
        matches!(self, Self::Constant(_))
    }
}

struct Parser<'p> {
    problems: &'p mut Vec<TemplateProblem>,
}

impl Parser<'_> {
    /// Compiles the value at `pointer`. A value in which nothing is computed is kept as it is.
    fn node(&mut self, value: &Value, pointer: &mut String, depth: usize) -> Node {
        if depth > VALUE_DEPTH_MAX {
            let message = format!("The value is nested more than {VALUE_DEPTH_MAX} levels deep");
            self.problems.push(TemplateProblem { pointer: pointer.clone(), message, reason: None });
            return Node::Constant(Value::Null);
        }
        match value {
            Value::Array(items) => {
                let items = items.iter().enumerate();
                let nodes: Vec<_> = items
                    .map(|(at, item)| {
                        self.below(&at.to_string(), pointer, |parser, pointer| {
                            parser.node(item, pointer, depth + 1)
                        })
                    })
                    .collect();
                if nodes.iter().all(Node::is_constant) {
                    return Node::Constant(value.clone());
                }
                Node::Array(nodes)
            }
            Value::Object(members) => {
                let nodes: Vec<_> = members
                    .iter()
                    .map(|(name, member)| {
                        self.below(name, pointer, |parser, pointer| {
                            parser.member(name, member, pointer, depth + 1)
                        })
                    })
                    .collect();
                if nodes.iter().all(|(_, node)| node.is_constant()) {
                    return Node::Constant(value.clone());
                }
                Node::Object(nodes)
            }
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {
                Node::Constant(value.clone())
            }
        }
    }

    fn member(
        &mut self,
        name: &str,
        value: &Value,
        pointer: &mut String,
        depth: usize,
    ) -> (String, Node) {
        let Some(target) = name.strip_suffix(SUFFIX) else {
            return (name.to_owned(), self.node(value, pointer, depth));
        };
        let parsed = match value.as_str() {
            Some(text) => PathOrIntrinsic::parse(text).map_err(Some),
            None => Err(None),
        };
        let node = parsed.map_or_else(
            |reason| {
                self.problems.push(TemplateProblem {
                    pointer: pointer.clone(),
                    message: format!(
                        "The value for the field '{name}' must be a valid JSONPath or a valid intrinsic function call"
                    ),
                    reason,
                });
                Node::Constant(Value::Null)
            },
            |expression| Node::Computed(name.to_owned(), expression),
        );
        (target.to_owned(), node)
    }

    /// Lets `read` work one level further down the pointer.
    fn below<T>(
        &mut self,
        key: &str,
        pointer: &mut String,
        read: impl FnOnce(&mut Self, &mut String) -> T,
    ) -> T {
        let length = pointer.len();
        pointer.push('/');
        pointer.push_str(&key.replace('~', "~0").replace('/', "~1"));
        let result = read(self, pointer);
        pointer.truncate(length);
        result
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;
    use crate::scope::NoVariables;

    struct NoChance;

    impl Chance for NoChance {
        fn uuid(&mut self) -> String {
            "uuid".to_owned()
        }

        fn unit(&mut self) -> f64 {
            0.0
        }
    }

    fn eval(template: &Value, input: &Value) -> Result<Value, EvalError> {
        let context = json!({"State": {"Name": "S"}});
        let scope = Scope { input, context: &context, variables: &NoVariables };
        Template::parse(template).expect("a template").eval(&scope, &mut NoChance)
    }

    #[track_caller]
    fn check(template: Value, input: Value, expected: Value) {
        assert_eq!(eval(&template, &input), Ok(expected), "{template} of {input}");
    }

    #[track_caller]
    fn check_fails(template: Value, input: Value, error: &str, text: &str) {
        let failure = eval(&template, &input).expect_err("fails");
        assert_eq!((failure.error_name(), failure.to_string().as_str()), (error, text));
    }

    #[test]
    fn members_with_the_suffix_are_computed_and_lose_it() {
        check(
            json!({"a.$": "$.x", "b": "$.x", "c": {"d.$": "$$.State.Name"}, "e": [{"f.$": "$"}, "$.x"]}),
            json!({"x": [1]}),
            json!({"a": [1], "b": "$.x", "c": {"d": "S"}, "e": [{"f": {"x": [1]}}, "$.x"]}),
        );
        check(json!({"n.$": "States.ArrayLength($.x)"}), json!({"x": [1]}), json!({"n": 1}));
        check(json!({"a.$": "$.x[*].y"}), json!({}), json!({"a": []}));
        check(json!({"a.$": "$.x[5]"}), json!({"x": []}), json!({"a": null}));
    }

    #[test]
    fn the_order_of_members_is_kept() {
        let template = json!({"z": 1, "b.$": "$", "a": 2});
        let value = eval(&template, &json!(0)).expect("evaluates");
        assert_eq!(value.to_string(), r#"{"z":1,"b":0,"a":2}"#);
    }

    #[test]
    fn a_template_may_be_any_value_and_constants_stay() {
        for constant in [json!(1), json!("$.x"), json!(null), json!(["$.x", {"a": 1}]), json!({})] {
            check(constant.clone(), json!({}), constant.clone());
            let template = Template::parse(&constant).expect("a template");
            assert_eq!(template.as_constant(), Some(&constant));
        }
        let computed = Template::parse(&json!([{"a.$": "$"}])).expect("a template");
        assert_eq!(computed.as_constant(), None);
    }

    #[test]
    fn a_path_that_finds_nothing_names_field_and_document() {
        check_fails(
            json!({"deep": {"value.$": "$.x"}}),
            json!({"y": "ä"}),
            "States.Runtime",
            r#"The JSONPath '$.x' specified for the field 'value.$' could not be found in the input '{"y":"ä"}'"#,
        );
        check_fails(
            json!({"value.$": "$$.Nope"}),
            json!({}),
            "States.Runtime",
            r#"The JSONPath '$.Nope' specified for the field 'value.$' could not be found in the input '{"State":{"Name":"S"}}'"#,
        );
        check_fails(
            json!({"value.$": "$.a[0]"}),
            json!({"a": 1}),
            "States.Runtime",
            "Invalid path '$.a[0]' : Filter: [0] can only be applied to arrays. Current context is: 1",
        );
    }

    #[test]
    fn a_failing_function_fails_the_template() {
        check_fails(
            json!({"value.$": "States.MathAdd(1, 'x')"}),
            json!({}),
            "States.IntrinsicFailure",
            "Invalid arguments in States.MathAdd",
        );
    }

    #[test]
    fn every_problem_is_found_with_its_place() {
        let template = json!({
            "ok.$": "$.x",
            "bad.$": "x",
            "list": [{"a/b": {"c.$": 1}}, {"d.$": "States.Nope()"}],
        });
        let problems = Template::parse(&template).expect_err("refused");
        let found: Vec<_> = problems.iter().map(|problem| problem.pointer.as_str()).collect();
        assert_eq!(found, ["/bad.$", "/list/0/a~1b/c.$", "/list/1/d.$"]);
        assert_eq!(
            problems[0].to_string(),
            "The value for the field 'bad.$' must be a valid JSONPath or a valid intrinsic function call"
        );
        assert_eq!(problems[1].reason, None);
        assert_eq!(
            problems[2].reason.as_ref().map(ToString::to_string).as_deref(),
            Some("expected an intrinsic function or a path at character 12")
        );
    }

    #[test]
    fn references_come_from_every_depth() {
        let template = json!({
            "a.$": "$x.y",
            "b": [{"c.$": "States.Format('{}{}', $.q, States.ArrayLength($z))"}],
        });
        let template = Template::parse(&template).expect("a template");
        let texts: Vec<_> = template.references().map(Path::text).collect();
        assert_eq!(texts, ["$x.y", "$.q", "$z"]);
        assert_eq!(template.names().collect::<Vec<_>>(), ["a", "b"]);
    }

    #[test]
    fn a_template_that_multiplies_its_input_is_given_up() {
        let members = (0..100).map(|at| (format!("m{at}.$"), json!("$")));
        let template = Value::Object(members.collect());
        let failure = eval(&template, &json!("x".repeat(1_000_000))).expect_err("too much");
        assert_eq!(failure.error_name(), "States.DataLimitExceeded");
        let deep = (0..300).fold(json!(0), |inner, _| json!([inner]));
        assert!(Template::parse(&deep).is_err());
        assert_eq!(eval(&json!({"a.$": "$"}), &deep), Err(EvalError::TooMuch));
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn no_text_makes_the_parser_panic(text in r#"(States\.(Format|Array|Hash))?[$.()\[\]'{}\\a0-9, -]{0,30}"#) {
            let _ = Template::parse(&json!({"a.$": text}));
        }
    }
}

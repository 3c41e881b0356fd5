//! JSON with expressions in it: `Arguments`, `Output`, `Assign`, `ItemSelector` …

use serde_json::{Map, Value};

use crate::convert::Budget;
use crate::limits::VALUE_DEPTH_MAX;
use crate::{
    Chance, Environment, EvalError, Expression, Limits, Marker, ParseError, References, marker,
};

/// Any JSON value of which some strings are expressions; compiled once.
#[derive(Debug)]
pub struct Template(Node);

#[derive(Debug)]
enum Node {
    /// A value without an expression in it.
    Constant(Value),
    Expression(Expression),
    Array(Vec<Node>),
    Object(Vec<(String, Node)>),
}

/// What is wrong with one string of a template.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// Where the string is: a JSON pointer below the template.
    pub pointer: String,
    /// What is wrong with it.
    pub message: String,
}

/// Which expression of a template has no value, and why.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expression at `{location}` failed")]
pub struct TemplateError {
    /// Where the expression is below the template, as AWS writes it after the field's name: empty, or
    /// `/result`.
    pub location: String,
    /// The expression.
    pub expression: Expression,
    /// Why it has no value.
    #[source]
    pub error: EvalError,
}

impl Template {
    /// Compiles every expression in a value.
    ///
    /// # Errors
    ///
    /// All strings that only look like expressions or do not compile.
    pub fn parse(value: &Value) -> Result<Template, Vec<Problem>> {
        let mut problems = Vec::new();
        let node = compile(value, &mut Vec::new(), &mut problems);
        if problems.is_empty() { Ok(Template(node)) } else { Err(problems) }
    }

    /// Evaluates every expression and puts the results in their places.
    ///
    /// # Errors
    ///
    /// The first expression that has no value.
    pub fn eval(
        &self,
        environment: &Environment<'_>,
        chance: &mut dyn Chance,
        limits: &Limits,
    ) -> Result<Value, TemplateError> {
        let budget = Budget::new(limits.output_bytes);
        Evaluation { environment, chance, limits, budget }
            .node(&self.0)
            .map_err(|failed| failed.finish())
    }

    /// The expressions, each with its place below the template, in the order of the text.
    #[must_use]
    pub fn expressions(&self) -> Vec<(String, &Expression)> {
        let mut found = Vec::new();
        collect(&self.0, "", &mut found);
        found
    }

    /// What the expressions take from their surroundings.
    #[must_use]
    pub fn references(&self) -> References {
        let mut all = References::default();
        for (_, expression) in self.expressions() {
            all.merge(expression.references());
        }
        all
    }

    /// The value, if there is no expression in it.
    #[must_use]
    pub fn as_constant(&self) -> Option<&Value> {
        match &self.0 {
            Node::Constant(value) => Some(value),
            Node::Expression(_) | Node::Array(_) | Node::Object(_) => None,
        }
    }

    /// The expression, if the template is nothing but one.
    #[must_use]
    pub fn as_expression(&self) -> Option<&Expression> {
        match &self.0 {
            Node::Expression(expression) => Some(expression),
            Node::Constant(_) | Node::Array(_) | Node::Object(_) => None,
        }
    }
}

fn compile(value: &Value, path: &mut Vec<String>, problems: &mut Vec<Problem>) -> Node {
    if path.len() > VALUE_DEPTH_MAX {
        problems.push(problem(path, format!("value is nested deeper than {VALUE_DEPTH_MAX}")));
        return Node::Constant(Value::Null);
    }
    match value {
        Value::String(text) => compile_text(text, path, problems),
        Value::Array(items) => {
            let nodes: Vec<_> = items
                .iter()
                .enumerate()
                .map(|(index, item)| below(path, index.to_string(), item, problems))
                .collect();
            if nodes.iter().all(is_constant) {
                return Node::Constant(value.clone());
            }
            Node::Array(nodes)
        }
        Value::Object(members) => {
            let nodes: Vec<_> = members
                .iter()
                .map(|(name, member)| (name.clone(), below(path, name.clone(), member, problems)))
                .collect();
            if nodes.iter().all(|(_, node)| is_constant(node)) {
                return Node::Constant(value.clone());
            }
            Node::Object(nodes)
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => Node::Constant(value.clone()),
    }
}

fn below(path: &mut Vec<String>, step: String, value: &Value, problems: &mut Vec<Problem>) -> Node {
    path.push(step);
    let node = compile(value, path, problems);
    path.pop();
    node
}

fn compile_text(text: &str, path: &[String], problems: &mut Vec<Problem>) -> Node {
    let compiled = match marker(text) {
        Marker::Literal => return Node::Constant(Value::String(text.to_owned())),
        Marker::Expression(inner) => Expression::parse(inner).map(Node::Expression),
        Marker::Broken => Err(ParseError::Marks),
    };
    compiled.unwrap_or_else(|error| {
        problems.push(problem(path, error.to_string()));
        Node::Constant(Value::Null)
    })
}

fn problem(path: &[String], message: String) -> Problem {
    let escape = |step: &String| format!("/{}", step.replace('~', "~0").replace('/', "~1"));
    Problem { pointer: path.iter().map(escape).collect(), message }
}

fn is_constant(node: &Node) -> bool {
    matches!(node, Node::Constant(_))
}

fn collect<'t>(node: &'t Node, location: &str, found: &mut Vec<(String, &'t Expression)>) {
    match node {
        Node::Constant(_) => {}
        Node::Expression(expression) => found.push((location.to_owned(), expression)),
        Node::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                collect(item, &format!("{location}/{index}"), found);
            }
        }
        Node::Object(members) => {
            for (name, member) in members {
                collect(member, &format!("{location}/{name}"), found);
            }
        }
    }
}

struct Evaluation<'e> {
    environment: &'e Environment<'e>,
    chance: &'e mut dyn Chance,
    limits: &'e Limits,
    budget: Budget,
}

/// A failure on its way up: the path is gathered from its end.
struct Failed<'t> {
    path: Vec<String>,
    expression: &'t Expression,
    error: EvalError,
}

impl Evaluation<'_> {
    fn node<'t>(&mut self, node: &'t Node) -> Result<Value, Box<Failed<'t>>> {
        match node {
            Node::Constant(value) => Ok(value.clone()),
            Node::Expression(expression) => expression
                .eval_within(self.environment, self.chance, self.limits, &mut self.budget)
                .map_err(|error| Box::new(Failed { path: Vec::new(), expression, error })),
            Node::Array(items) => items
                .iter()
                .enumerate()
                .map(|(index, item)| self.node(item).map_err(|failed| failed.at(index.to_string())))
                .collect::<Result<_, _>>()
                .map(Value::Array),
            Node::Object(members) => members
                .iter()
                .map(|(name, member)| match self.node(member) {
                    Ok(value) => Ok((name.clone(), value)),
                    Err(failed) => Err(failed.at(name.clone())),
                })
                .collect::<Result<Map<_, _>, _>>()
                .map(Value::Object),
        }
    }
}

impl Failed<'_> {
    fn at(mut self: Box<Self>, step: String) -> Box<Self> {
        self.path.push(step);
        self
    }

    fn finish(self) -> TemplateError {
        let location = self.path.iter().rev().map(|step| format!("/{step}")).collect();
        TemplateError { location, expression: self.expression.clone(), error: self.error }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::Member;
    use crate::testing::{Counted, Given};

    #[test]
    fn expressions_are_put_in_their_places() {
        check(json!("{% $states.input %}"), json!({"a": [1, {"b": 2.5}], "total": 7}));
        check(json!({"k": "{% true %}", "l": [1, "{% $v %}"]}), json!({"k": true, "l": [1, "x"]}));
        check(
            json!([
                null,
                0,
                0.1,
                true,
                "s",
                [],
                "$v",
                "$.no.path",
                "{% $sum($states.input.a[0]) %}"
            ]),
            json!([null, 0, 0.1, true, "s", [], "$v", "$.no.path", 1]),
        );
        check(json!({"{% $v %}": 1, "a.$": "$.a"}), json!({"{% $v %}": 1, "a.$": "$.a"}));
        check(json!(" {% $v %} "), json!(" {% $v %} "));
        check(json!({}), json!({}));
    }

    #[test]
    fn the_place_of_a_failure_is_told() {
        check_failure(json!("{% $nothing %}"), "", "$nothing");
        check_failure(json!({"a": {"b": [1, "{% $nothing %}"]}}), "/a/b/1", "$nothing");
        check_failure(json!({"a/b": "{% $nothing %}"}), "/a/b", "$nothing");
        check_failure(json!(["{% $v %}", "{%$x.y%}", "{% $z %}"]), "/1", "$x.y");
    }

    #[test]
    fn every_problem_is_reported_with_its_pointer() {
        let template = json!({"a": "{% 1 + %}", "b/c": ["ok", "{% open"], "d": "close %}", "e": 1});
        let problems = Template::parse(&template).unwrap_err();
        let shown: Vec<_> = problems
            .iter()
            .map(|problem| format!("{}: {}", problem.pointer, problem.message))
            .collect();
        assert_eq!(
            shown,
            [
                "/a: S0207: Unexpected end of expression",
                "/b~1c/1: expression must start with `{%` and end with `%}`",
                "/d: expression must start with `{%` and end with `%}`",
            ]
        );
    }

    #[test]
    fn what_has_no_expression_is_a_constant() {
        let value = json!({"a": [1, "{ % $x % }"]});
        assert_eq!(Template::parse(&value).unwrap().as_constant(), Some(&value));
        let template = Template::parse(&json!({"a": "{% 1 %}"})).unwrap();
        assert_eq!(template.as_constant(), None);
        assert_eq!(template.as_expression(), None);
        let template = Template::parse(&json!("{% 1 %}")).unwrap();
        assert_eq!(template.as_expression().map(Expression::text), Some("1"));
    }

    #[test]
    fn references_are_those_of_all_expressions() {
        let template = json!(["{% $a.b %}", {"x": "{% $b + $states.result %}"}, "$c"]);
        let template = Template::parse(&template).unwrap();
        let references = template.references();
        assert_eq!(references.variables.into_iter().collect::<Vec<_>>(), ["a", "b"]);
        assert_eq!(references.members.into_iter().collect::<Vec<_>>(), [Member::Result]);
        let places: Vec<_> = template.expressions().into_iter().map(|(place, _)| place).collect();
        assert_eq!(places, ["/0", "/1/x"]);
    }

    #[test]
    fn results_are_bounded_together() {
        let template = Template::parse(&json!(vec!["{% $states.input.s %}"; 200])).unwrap();
        let given = Given(json!({"input": {"s": "x".repeat(100_000)}}));
        let result =
            template.eval(&Environment::new(&given), &mut Counted::default(), &Limits::default());
        assert_eq!(result.unwrap_err().error, EvalError::Exceeded(crate::Exceeded::Memory));
    }

    #[test]
    fn deep_templates_are_refused() {
        let deep = (0..=VALUE_DEPTH_MAX).fold(json!("{% 1 %}"), |inner, _| json!([inner]));
        assert_eq!(Template::parse(&deep).unwrap_err().len(), 1);
    }

    fn check(template: Value, expected: Value) {
        assert_eq!(eval(&template), Ok(expected), "{template}");
    }

    fn check_failure(template: Value, location: &str, text: &str) {
        let failure = eval(&template).unwrap_err();
        assert_eq!(failure.location, location, "{template}");
        assert_eq!(failure.expression.text(), text);
        assert_eq!(failure.error, EvalError::Undefined);
    }

    fn eval(template: &Value) -> Result<Value, TemplateError> {
        let given = Given(json!({"input": {"a": [1, {"b": 2.5}], "total": 7}, "v": "x"}));
        Template::parse(template).unwrap().eval(
            &Environment::new(&given),
            &mut Counted::default(),
            &Limits::default(),
        )
    }
}

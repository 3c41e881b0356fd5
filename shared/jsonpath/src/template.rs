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

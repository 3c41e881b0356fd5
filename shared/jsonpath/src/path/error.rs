//! Why a path selects nothing, in the words of Jayway's JSONPath library, which AWS shows.

use serde_json::Value;

use super::{Step, Steps};

/// A path has no value in the document.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PathError {
    /// The last member is missing, or an index before it.
    #[error("No results for path: {path}")]
    NoResults {
        /// The whole path, in brackets.
        path: String,
    },
    /// A member before the last is missing.
    #[error("Missing property in path {path}")]
    MissingProperty {
        /// The path up to the missing member, in brackets.
        path: String,
    },
    /// A member is asked of something that is not an object.
    #[error(
        "Expected to find an object with property {property} in path {path} but found '{found}'. This is not a json object according to the JsonProvider: 'com.jayway.jsonpath.spi.json.JacksonJsonNodeJsonProvider'."
    )]
    NotAnObject {
        /// The member, in brackets.
        property: String,
        /// The path to what was found instead, in brackets.
        path: String,
        /// The Java class of what was found instead.
        found: &'static str,
    },
    /// An element is asked of something that is not an array.
    #[error("Filter: {steps} can only be applied to arrays. Current context is: {context}")]
    NotAnArray {
        /// The rest of the path, in brackets.
        steps: String,
        /// What was found instead, as JSON text.
        context: String,
    },
    /// The function at the end of the path cannot be applied to the value.
    #[error("Aggregation function attempted to calculate value using empty array")]
    NothingToAggregate,
    /// The variable is not assigned.
    #[error("The variable '{name}' is not defined")]
    NoVariable {
        /// The variable's name.
        name: String,
    },
    /// The path selects more than any payload may hold, or looks at too much for it.
    #[error("The path selects too much")]
    TooMuch,
}

impl PathError {
    /// Whether the path was applied and found nothing, as against one that cannot be applied.
    #[must_use]
    pub fn is_absence(&self) -> bool {
        match self {
            Self::NoResults { .. }
            | Self::MissingProperty { .. }
            | Self::NotAnObject { .. }
            | Self::NoVariable { .. } => true,
            Self::NotAnArray { .. } | Self::NothingToAggregate | Self::TooMuch => false,
        }
    }
}

/// Why the definite step at `at` cannot be taken from `found`.
pub(super) fn explain(path: &Steps, at: usize, found: &Value) -> PathError {
    let steps = path.steps.as_slice();
    let (before, rest) = steps.split_at(at.min(steps.len()));
    let is_last = rest.len() <= 1;
    match (rest.first(), found) {
        (Some(step @ (Step::Name(_) | Step::Names(_))), found) if !found.is_object() => {
            PathError::NotAnObject {
                property: brackets(std::slice::from_ref(step), true),
                path: format!("${}", brackets(before, false)),
                found: java_class(found, before.last()),
            }
        }
        (Some(step @ Step::Name(_)), _) if !is_last => PathError::MissingProperty {
            path: format!(
                "${}{}",
                brackets(before, false),
                brackets(std::slice::from_ref(step), false)
            ),
        },
        (Some(Step::Index(_)), found) if !found.is_array() => {
            PathError::NotAnArray { steps: brackets(rest, true), context: found.to_string() }
        }
        _ => PathError::NoResults { path: format!("${}", brackets(steps, true)) },
    }
}

/// Why a member of the element that an index did not find cannot be had: for Jayway it is a null.
pub(super) fn explain_outside(path: &Steps, at: usize) -> PathError {
    explain(path, at, &Value::Null)
}

/// Definite steps in bracket notation.
fn brackets(steps: &[Step], escaped: bool) -> String {
    let quote = |name: &String| {
        if escaped {
            format!("'{}'", name.replace('\\', "\\\\").replace('\'', "\\'"))
        } else {
            format!("'{name}'")
        }
    };
    steps
        .iter()
        .map(|step| match step {
            Step::Name(name) => format!("[{}]", quote(name)),
            Step::Names(names) => {
                format!("[{}]", names.iter().map(quote).collect::<Vec<_>>().join(","))
            }
            Step::Index(index) => format!("[{index}]"),
            Step::Indexes(_)
            | Step::Slice { .. }
            | Step::Wildcard
            | Step::Descend
            | Step::Filter(_) => String::new(),
        })
        .collect()
}

/// The class that Jayway over Jackson finds: members are unwrapped, elements are not.
fn java_class(value: &Value, reached_by: Option<&Step>) -> &'static str {
    let is_member = matches!(reached_by, Some(Step::Name(_)));
    match value {
        Value::Null => "null",
        Value::Array(_) => "com.fasterxml.jackson.databind.node.ArrayNode",
        Value::Object(_) => "com.fasterxml.jackson.databind.node.ObjectNode",
        Value::String(_) if is_member => "java.lang.String",
        Value::String(_) => "com.fasterxml.jackson.databind.node.TextNode",
        Value::Bool(_) if is_member => "java.lang.Boolean",
        Value::Bool(_) => "com.fasterxml.jackson.databind.node.BooleanNode",
        Value::Number(number) => match number.as_i64() {
            Some(whole) if i32::try_from(whole).is_ok() && is_member => "java.lang.Integer",
            Some(whole) if i32::try_from(whole).is_ok() => {
                "com.fasterxml.jackson.databind.node.IntNode"
            }
            Some(_) if is_member => "java.lang.Long",
            Some(_) => "com.fasterxml.jackson.databind.node.LongNode",
            None if is_member => "java.lang.Double",
            None => "com.fasterxml.jackson.databind.node.DoubleNode",
        },
    }
}

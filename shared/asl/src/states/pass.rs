//! Pass.

use crate::parse::{Field, Object, Reader, is_dynamic};
use crate::{Code, QueryLanguage, Transition};
use serde_json::Value;

/// `Pass`: its input, or a fixed result, becomes its output.
#[derive(Debug)]
pub struct Pass {
    /// `Result`, in a JSONPath state.
    pub result: Option<Value>,
    /// `Next` or `End`.
    pub transition: Transition,
}

impl Pass {
    pub(crate) const FIELDS: &'static [&'static str] = &[
        "Type",
        "Comment",
        "QueryLanguage",
        "InputPath",
        "Parameters",
        "Result",
        "ResultPath",
        "OutputPath",
        "Output",
        "Assign",
        "Next",
        "End",
    ];

    pub(crate) fn read(
        reader: &mut Reader<'_>,
        state: &Object<'_>,
        language: QueryLanguage,
    ) -> Option<Self> {
        let result = state.get("Result").filter(|_| language == QueryLanguage::JsonPath);
        let result = reader.optional(result, |reader, field| {
            let value = reader.payload(field.node, &field.place)?;
            warn_of_paths(reader, field, &value);
            Some(value)
        });
        let transition = reader.transition(state);
        Some(Pass { result: result?, transition: transition? })
    }
}

/// A Pass state's `Result` is not a template.
fn warn_of_paths(reader: &mut Reader<'_>, field: &Field<'_>, value: &Value) {
    let is_path = |value: &Value| value.as_str().is_some_and(is_dynamic);
    let mut waiting = vec![value];
    while let Some(value) = waiting.pop() {
        let members = value.as_object().into_iter().flatten();
        let computed = members.clone().any(|(key, value)| key.ends_with(".$") && is_path(value));
        if computed || is_path(value) {
            let message = "The Result of a Pass state is static: a path in it is not evaluated";
            let help = Some("use `Parameters` to compute a result".to_owned());
            let (code, span) = (Code::PassResultIsStatic, field.node.span);
            reader.warn(code, &field.place, span, message, help);
            return;
        }
        waiting.extend(members.map(|(_, value)| value));
        waiting.extend(value.as_array().into_iter().flatten());
    }
}

//! The Context Object: what `$$` and `$states.context` show.

use crate::record::{MapItem, Visit};
use crate::{Execution, Payload};
use jiff::Timestamp;
use serde_json::{Map, Value, json};
use std::cell::OnceCell;
use std::collections::BTreeMap;
use std::sync::Arc;

/// The Context Object of one state, built when an expression first asks for it.
#[derive(Debug)]
pub(crate) struct ContextObject<'a> {
    pub(crate) execution: &'a Execution,
    pub(crate) state_name: &'a str,
    pub(crate) visit: &'a Visit,
    /// Whether the state can be retried: only then `State.RetryCount` is there.
    pub(crate) is_retriable: bool,
    pub(crate) item: Option<Arc<MapItem>>,
    pub(crate) token: Option<&'a str>,
    pub(crate) built: OnceCell<Value>,
    /// The same without `Execution.Input`, which nearly no expression asks for and which may be large.
    pub(crate) without_input: OnceCell<Value>,
}

impl ContextObject<'_> {
    fn build(&self, input: &Value) -> Value {
        let execution = self.execution;
        let mut object = json!({
            "Execution": {
                "Id": &*execution.arn,
                "Input": input,
                "StartTime": timestamp_text(execution.started),
                "Name": &*execution.name,
                "RoleArn": &*execution.role_arn,
                "RedriveCount": execution.redrives.count,
            },
            "StateMachine": { "Id": &*execution.machine_arn, "Name": &*execution.machine_name },
            "State": { "Name": self.state_name, "EnteredTime": timestamp_text(self.visit.entered) },
        });
        if let Value::Object(members) = &mut object {
            self.add_optional(members);
        }
        object
    }

    fn add_optional(&self, members: &mut Map<String, Value>) {
        if let Some(latest) = self.execution.redrives.latest
            && let Some(Value::Object(execution)) = members.get_mut("Execution")
        {
            execution.insert("RedriveTime".to_owned(), timestamp_text(latest).into());
        }
        if self.is_retriable
            && let Some(Value::Object(state)) = members.get_mut("State")
        {
            state.insert("RetryCount".to_owned(), self.visit.retry_count().into());
        }
        if let Some(item) = &self.item {
            members.insert("Map".to_owned(), shown_item(item));
        }
        if let Some(token) = self.token {
            members.insert("Task".to_owned(), json!({ "Token": token }));
        }
    }
}

/// `Map` of the Context Object.
pub(crate) fn shown_item(item: &MapItem) -> Value {
    let mut shown = Map::new();
    shown.insert("Index".to_owned(), item.index.into());
    if let Some(key) = &item.key {
        shown.insert("Key".to_owned(), Value::from(&**key));
    }
    shown.insert("Value".to_owned(), item.value.value().clone());
    if let Some(source) = &item.source {
        shown.insert("Source".to_owned(), Value::from(&**source));
    }
    json!({ "Item": shown })
}

impl baton_jsonpath::Context for ContextObject<'_> {
    fn value(&self) -> &Value {
        self.built.get_or_init(|| self.build(self.execution.input.value()))
    }

    fn without_input(&self) -> &Value {
        // One that is there is as good, and may be given from outside.
        self.built
            .get()
            .unwrap_or_else(|| self.without_input.get_or_init(|| self.build(&Value::Null)))
    }

    fn input(&self) -> Option<&Value> {
        self.built.get().is_none().then(|| self.execution.input.value())
    }
}

impl Visit {
    /// `State.RetryCount`.
    #[must_use]
    pub fn retry_count(&self) -> u32 {
        self.retries.iter().fold(0, |sum, retries| sum.saturating_add(*retries))
    }
}

/// The variables in sight, for a JSONPath expression.
pub(crate) struct InSight<'a>(pub(crate) &'a BTreeMap<Arc<str>, Payload>);

impl baton_jsonpath::Variables for InSight<'_> {
    fn get(&self, name: &str) -> Option<&Value> {
        self.0.get(name).map(Payload::value)
    }
}

/// A time as the Context Object shows it: UTC, milliseconds, trailing zeros of the fraction dropped.
pub(crate) fn timestamp_text(time: Timestamp) -> String {
    Timestamp::from_millisecond(time.as_millisecond()).unwrap_or(time).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_drop_trailing_zeros_of_the_fraction() {
        let check = |millis, text| {
            assert_eq!(timestamp_text(Timestamp::from_millisecond(millis).unwrap()), text)
        };
        check(0, "1970-01-01T00:00:00Z");
        check(120, "1970-01-01T00:00:00.12Z");
        check(1_001, "1970-01-01T00:00:01.001Z");
    }
}

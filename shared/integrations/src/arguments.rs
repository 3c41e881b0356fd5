//! A task's evaluated `Parameters` or `Arguments`, read member by member.

use baton_engine::{Failure, Payload};
use serde_json::{Map, Value};

/// The arguments of one task: an object.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Arguments<'a> {
    payload: &'a Payload,
    members: &'a Map<String, Value>,
}

impl<'a> Arguments<'a> {
    /// Takes the arguments; whatever is no object cannot be given to a service.
    pub(crate) fn new(payload: &'a Payload) -> Result<Self, Failure> {
        match payload.value() {
            Value::Object(members) => Ok(Arguments { payload, members }),
            Value::Null
            | Value::Bool(_)
            | Value::Number(_)
            | Value::String(_)
            | Value::Array(_) => Err(unfit(payload, "The parameters are not an object")),
        }
    }

    /// All members.
    pub(crate) fn members(&self) -> &'a Map<String, Value> {
        self.members
    }

    /// A member that is there and not null.
    pub(crate) fn get(&self, name: &str) -> Option<&'a Value> {
        self.members.get(name).filter(|value| !value.is_null())
    }

    /// A text, if it is there.
    pub(crate) fn text(&self, name: &str) -> Result<Option<&'a str>, Failure> {
        match self.get(name) {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(text)),
            Some(_) => Err(self.malformed(name)),
        }
    }

    /// A text that must be there.
    pub(crate) fn required_text(&self, name: &str) -> Result<&'a str, Failure> {
        match self.text(name)? {
            Some(text) if !text.is_empty() => Ok(text),
            _ => Err(self.missing(name)),
        }
    }

    /// Refuses members that the action does not have.
    pub(crate) fn check_known(&self, names: &[&str]) -> Result<(), Failure> {
        match self.members.keys().find(|key| !names.contains(&key.as_str())) {
            Some(unknown) => Err(self.unsupported(unknown)),
            None => Ok(()),
        }
    }

    /// The failure of a value that is of another form.
    pub(crate) fn malformed(&self, name: &str) -> Failure {
        unfit(self.payload, &format!("The value of the field '{name}' has an invalid format"))
    }

    /// The failure of a value that is not there.
    pub(crate) fn missing(&self, name: &str) -> Failure {
        unfit(self.payload, &format!("The field \"{name}\" is required but was missing"))
    }

    /// The failure of a member that may not be given.
    pub(crate) fn unsupported(&self, name: &str) -> Failure {
        unfit(self.payload, &format!("The field \"{name}\" is not supported by Step Functions"))
    }
}

/// A service is given text where a definition may give any JSON.
pub(crate) fn as_text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_) => {
            value.to_string()
        }
    }
}

/// The failure of a task that cannot even be started with its parameters. No handler sees it.
pub(crate) fn unfit(payload: &Payload, what: &str) -> Failure {
    let text = payload.text();
    Failure::runtime(&format!(
        "The Parameters '{text}' could not be used to start the Task: [{what}]"
    ))
}

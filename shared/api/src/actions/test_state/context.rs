//! The Context Object of a state under test: the one given, over one made up.

use crate::ApiError;
use serde_json::{Map, Value};

/// What a member of the Context Object may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    Any,
    Text,
    Number,
}

use Form::{Any, Number, Text};

/// The members that may be given.
const MEMBERS: &[(&str, &[(&str, Form)])] = &[
    (
        "Execution",
        &[
            ("Id", Text),
            ("Input", Any),
            ("Name", Text),
            ("RoleArn", Text),
            ("StartTime", Text),
            ("RedriveCount", Number),
            ("RedriveTime", Text),
        ],
    ),
    ("State", &[("EnteredTime", Text), ("Name", Text), ("RetryCount", Number)]),
    ("StateMachine", &[("Id", Text), ("Name", Text)]),
    ("Task", &[("Token", Text)]),
];

/// Puts what is given over what is made up, member by member.
pub(super) fn merge(given: &str, made_up: &mut Value, has_token: bool) -> Result<(), ApiError> {
    let Ok(Value::Object(given)) = serde_json::from_str(given) else {
        return Err(invalid("Context object must be a JSON object"));
    };
    for (name, members) in given {
        let members = checked(&name, members, has_token)?;
        if let Value::Object(objects) = &mut *made_up {
            let object = objects.entry(name).or_insert_with(|| Value::Object(Map::new()));
            if let Value::Object(object) = object {
                object.extend(members);
            }
        }
    }
    Ok(())
}

fn checked(name: &str, members: Value, has_token: bool) -> Result<Map<String, Value>, ApiError> {
    if name == "Map" {
        return Err(invalid("'Map' field is not supported when mocking a Context object"));
    }
    let Some((_, allowed)) = MEMBERS.iter().find(|(known, _)| *known == name) else {
        return Err(not_allowed(name));
    };
    if name == "Task" && !has_token {
        return Err(invalid(
            "Context object contains 'Task' when state is not a Task state with a '.sync' or '.waitForTaskToken' service integration pattern",
        ));
    }
    let Value::Object(members) = members else {
        return Err(invalid(&format!("{name} must be an object")));
    };
    for (member, value) in &members {
        let Some((_, form)) = allowed.iter().find(|(known, _)| known == member) else {
            return Err(not_allowed(member));
        };
        match (form, value) {
            (Any, _) | (Text, Value::String(_)) | (Number, Value::Number(_)) => {}
            (Text, _) => return Err(invalid(&format!("{name}.{member} must be a string"))),
            (Number, _) => return Err(invalid(&format!("{name}.{member} must be a number"))),
        }
    }
    Ok(members)
}

fn not_allowed(field: &str) -> ApiError {
    let shown: String = field.chars().take(80).collect();
    invalid(&format!("Field '{shown}' is not allowed"))
}

fn invalid(detail: &str) -> ApiError {
    ApiError::validation(format!("Invalid Context object provided: {detail}"))
}

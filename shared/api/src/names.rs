//! Names and ARNs as requests give them.

use crate::ApiError;
use baton_store::{ExecutionArn, MachineArn};

/// What a name may not contain (API-NAMES).
const FORBIDDEN: &str = " \"#$%&*,/:;<>?[\\]^`{|}~";

/// Checks a name's characters; its length is the caller's.
pub(crate) fn check_name(name: &str) -> Result<(), ApiError> {
    let is_forbidden = |c: char| FORBIDDEN.contains(c) || c.is_control() || c.is_whitespace();
    if name.contains(is_forbidden) { Err(ApiError::invalid_name(name)) } else { Ok(()) }
}

/// A state machine's ARN in a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum NamedMachine {
    /// The machine itself.
    Plain(MachineArn),
    /// A version or alias of it.
    Qualified(String),
}

impl NamedMachine {
    pub(crate) fn parse(text: &str) -> Result<Self, ApiError> {
        if let Ok(arn) = MachineArn::parse(text) {
            return Ok(NamedMachine::Plain(arn));
        }
        let parts = parts(text)?;
        match parts.get(5) {
            Some(&"stateMachine")
                if parts.len() == 8 && parts.iter().all(|part| !part.is_empty()) =>
            {
                Ok(NamedMachine::Qualified(text.to_owned()))
            }
            kind => Err(not_here(kind, "stateMachine", text)),
        }
    }
}

/// A Standard execution's ARN in a request.
pub(crate) fn execution_arn(text: &str) -> Result<ExecutionArn, ApiError> {
    ExecutionArn::parse(text)
        .or_else(|_| parts(text).and_then(|parts| Err(not_here(parts.get(5), "execution", text))))
}

/// The fields of an ARN of the service `states`.
fn parts(text: &str) -> Result<Vec<&str>, ApiError> {
    let parts: Vec<&str> = text.split(':').collect();
    match parts.as_slice() {
        ["arn", _, "states", _, _, _, ..] => Ok(parts),
        _ => Err(ApiError::invalid_arn(&format!("Invalid ARN prefix: {text}"))),
    }
}

fn not_here(kind: Option<&&str>, wanted: &str, text: &str) -> ApiError {
    match kind {
        Some(kind) if *kind != wanted => {
            ApiError::invalid_arn(&format!("Resource type not valid in this context: {kind}"))
        }
        Some(_) | None => ApiError::invalid_arn(&format!("Invalid ARN format: {text}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_have_no_blanks_wildcards_brackets_or_control_characters() {
        for name in ["a", "A-b_c.9", "名前", "a@b", "a=b", "a(b)!'"] {
            assert_eq!(check_name(name), Ok(()), "{name}");
        }
        for c in FORBIDDEN.chars().chain(['\0', '\u{1f}', '\u{7f}', '\u{9f}', '\t', '\u{a0}']) {
            let name = format!("a{c}b");
            assert_eq!(check_name(&name), Err(ApiError::invalid_name(&name)));
        }
    }

    #[test]
    fn arns_are_told_apart() {
        let machine = "arn:aws:states:us-east-1:111111111111:stateMachine:m";
        assert!(matches!(NamedMachine::parse(machine), Ok(NamedMachine::Plain(_))));
        for qualified in [":1", ":alias"] {
            let text = format!("{machine}{qualified}");
            assert_eq!(NamedMachine::parse(&text), Ok(NamedMachine::Qualified(text)));
        }
        for (text, expected) in [
            ("x", "Invalid ARN prefix: x"),
            ("", "Invalid ARN prefix: "),
            (
                "arn:aws:sns:r:1:stateMachine:m",
                "Invalid ARN prefix: arn:aws:sns:r:1:stateMachine:m",
            ),
            (
                "arn:aws:states:r:1:execution:m:n",
                "Resource type not valid in this context: execution",
            ),
            (
                "arn:aws:states:r:1:stateMachine:",
                "Invalid ARN format: arn:aws:states:r:1:stateMachine:",
            ),
        ] {
            assert_eq!(NamedMachine::parse(text), Err(ApiError::invalid_arn(expected)));
        }
        let express = "arn:aws:states:r:1:express:m:n:u";
        let expected = "Resource type not valid in this context: express";
        assert_eq!(execution_arn(express), Err(ApiError::invalid_arn(expected)));
        assert!(execution_arn("arn:aws:states:r:1:execution:m:n").is_ok());
        assert!(execution_arn("arn:aws:states:r:1:execution:m").is_err());
    }
}

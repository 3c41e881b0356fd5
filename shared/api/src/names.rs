//! Names and ARNs as requests give them.

use crate::ApiError;
use baton_store::{ExecutionArn, MachineArn};
use std::fmt;
use std::sync::Arc;

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
    Qualified(QualifiedArn),
}

/// The ARN of a version or an alias.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct QualifiedArn {
    /// The machine.
    pub(crate) machine: MachineArn,
    /// What stands behind it.
    pub(crate) qualifier: Qualifier,
}

/// What a version or an alias is called.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Qualifier {
    /// Digits alone.
    Version(u32),
    /// Anything else.
    Alias(String),
}

impl NamedMachine {
    pub(crate) fn parse(text: &str) -> Result<Self, ApiError> {
        if let Ok(arn) = MachineArn::parse(text) {
            return Ok(NamedMachine::Plain(arn));
        }
        let parts = parts(text)?;
        let not_here = || Err(not_here(parts.get(5), "stateMachine", text));
        let Some((machine, qualifier)) = text.rsplit_once(':') else { return not_here() };
        match MachineArn::parse(machine) {
            Ok(machine) if !qualifier.is_empty() => {
                let qualifier = Qualifier::parse(qualifier);
                Ok(NamedMachine::Qualified(QualifiedArn { machine, qualifier }))
            }
            Ok(_) | Err(_) => not_here(),
        }
    }

    /// The machine itself; a version or an alias of it is no machine.
    pub(crate) fn parse_plain(text: &str) -> Result<MachineArn, ApiError> {
        match NamedMachine::parse(text)? {
            NamedMachine::Plain(arn) => Ok(arn),
            NamedMachine::Qualified(_) => Err(ApiError::no_such_machine(text)),
        }
    }
}

impl QualifiedArn {
    /// A version or an alias, as [`NamedMachine::parse`] reads it.
    pub(crate) fn parse(text: &str) -> Result<Self, ApiError> {
        match NamedMachine::parse(text)? {
            NamedMachine::Qualified(arn) => Ok(arn),
            NamedMachine::Plain(_) => {
                Err(ApiError::invalid_arn(&format!("Invalid ARN format: {text}")))
            }
        }
    }

    pub(crate) fn version(machine: &MachineArn, number: u32) -> Self {
        QualifiedArn { machine: machine.clone(), qualifier: Qualifier::Version(number) }
    }

    pub(crate) fn alias(machine: &MachineArn, name: &str) -> Self {
        QualifiedArn { machine: machine.clone(), qualifier: Qualifier::Alias(name.to_owned()) }
    }
}

impl Qualifier {
    fn parse(text: &str) -> Self {
        let is_number = text.bytes().all(|byte| byte.is_ascii_digit()) && !text.starts_with('0');
        match text.parse().ok().filter(|_| is_number) {
            Some(number) => Qualifier::Version(number),
            None => Qualifier::Alias(text.to_owned()),
        }
    }
}

impl fmt::Display for QualifiedArn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.qualifier {
            Qualifier::Version(number) => write!(f, "{}:{number}", self.machine),
            Qualifier::Alias(name) => write!(f, "{}:{name}", self.machine),
        }
    }
}

/// A resource that has tags.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Tagged {
    /// A state machine.
    Machine(MachineArn),
    /// An activity.
    Activity(ActivityArn),
}

impl Tagged {
    pub(crate) fn parse(text: &str) -> Result<Self, ApiError> {
        if let Ok(arn) = ActivityArn::parse(text) {
            return Ok(Tagged::Activity(arn));
        }
        match NamedMachine::parse(text)? {
            NamedMachine::Plain(arn) => Ok(Tagged::Machine(arn)),
            NamedMachine::Qualified(_) => Err(ApiError::no_such_resource(text)),
        }
    }
}

/// `arn:<partition>:states:<region>:<account>:activity:<name>`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct ActivityArn(Arc<str>);

impl ActivityArn {
    pub(crate) fn parse(text: &str) -> Result<Self, ApiError> {
        let parts = parts(text)?;
        let is_filled = parts.len() == 7 && parts.iter().all(|part| !part.is_empty());
        match parts.get(5) {
            Some(&"activity") if is_filled => Ok(ActivityArn(text.into())),
            kind => Err(not_here(kind, "activity", text)),
        }
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }

    pub(crate) fn name(&self) -> &str {
        self.0.rsplit(':').next().unwrap_or_default()
    }
}

/// A Standard execution's ARN in a request.
pub(crate) fn execution_arn(text: &str) -> Result<ExecutionArn, ApiError> {
    match ExecutionArn::parse(text) {
        Ok(arn) if !arn.is_express() => Ok(arn),
        Ok(_) | Err(_) => Err(not_here(parts(text)?.get(5), "execution", text)),
    }
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
        for (qualified, qualifier) in [
            ("1", Qualifier::Version(1)),
            ("01", Qualifier::Alias("01".to_owned())),
            ("99999999999", Qualifier::Alias("99999999999".to_owned())),
            ("alias", Qualifier::Alias("alias".to_owned())),
        ] {
            let text = format!("{machine}:{qualified}");
            let arn = QualifiedArn::parse(&text).unwrap();
            assert_eq!((arn.to_string(), arn.qualifier), (text.clone(), qualifier));
            assert_eq!(Tagged::parse(&text), Err(ApiError::no_such_resource(&text)));
        }
        assert!(QualifiedArn::parse(machine).is_err());
        let activity = "arn:aws:states:us-east-1:111111111111:activity:a";
        assert!(matches!(Tagged::parse(activity), Ok(Tagged::Activity(_))));
        assert!(ActivityArn::parse(machine).is_err());
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

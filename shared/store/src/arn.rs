//! The ARNs of what is kept.

use std::fmt;
use std::sync::Arc;

/// `arn:<partition>:states:<region>:<account>:execution:<machine>:<name>`, or `…:express:<machine>:<name>:<id>`, whose id tells
/// apart the executions of one name.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ExecutionArn(Arc<str>);

/// `arn:<partition>:states:<region>:<account>:stateMachine:<name>`, unqualified.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MachineArn(Arc<str>);

/// A text that is not the ARN it should be.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not such an ARN")]
pub struct InvalidArn(pub String);

/// The longest ARN that is read.
const BYTES_MAX: usize = 512;

/// Splits an ARN of the service `states` into its six fields and what follows, if it has the wanted number of colons.
fn parts<const N: usize>(text: &str) -> Option<[&str; N]> {
    if text.len() > BYTES_MAX {
        return None;
    }
    let parts: [&str; N] = text.split(':').collect::<Vec<_>>().try_into().ok()?;
    let is_filled = parts.iter().all(|part| !part.is_empty());
    (is_filled && text.starts_with("arn:") && parts.get(2) == Some(&"states")).then_some(parts)
}

impl ExecutionArn {
    /// Reads an execution's ARN.
    ///
    /// # Errors
    ///
    /// [`InvalidArn`] if the text is not one.
    pub fn parse(text: &str) -> Result<Self, InvalidArn> {
        match (parts::<8>(text), parts::<9>(text)) {
            (Some([_, _, _, _, _, "execution", _, _]), _)
            | (_, Some([_, _, _, _, _, "express", _, _, _])) => Ok(ExecutionArn(text.into())),
            _ => Err(InvalidArn(text.to_owned())),
        }
    }

    /// Takes an ARN that was parsed before it was kept.
    #[must_use]
    pub fn trusted(text: Arc<str>) -> Self {
        ExecutionArn(text)
    }

    /// The execution of this name of a machine.
    #[must_use]
    pub fn of(machine: &MachineArn, name: &str) -> Self {
        let (head, machine_name) =
            machine.0.split_once(":stateMachine:").unwrap_or((&machine.0, ""));
        ExecutionArn(format!("{head}:execution:{machine_name}:{name}").into())
    }

    /// The Express execution of this name and id of a machine.
    #[must_use]
    pub fn express(machine: &MachineArn, name: &str, id: &str) -> Self {
        let (head, machine_name) =
            machine.0.split_once(":stateMachine:").unwrap_or((&machine.0, ""));
        ExecutionArn(format!("{head}:express:{machine_name}:{name}:{id}").into())
    }

    /// Whether this is an Express execution, which has no journal.
    #[must_use]
    pub fn is_express(&self) -> bool {
        self.0.split(':').nth(5) == Some("express")
    }

    /// The ARN.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The execution's name.
    #[must_use]
    pub fn name(&self) -> &str {
        self.0.split(':').nth(7).unwrap_or_default()
    }

    /// The state machine's ARN.
    #[must_use]
    pub fn machine(&self) -> MachineArn {
        let kind = if self.is_express() { ":express:" } else { ":execution:" };
        let (head, rest) = self.0.split_once(kind).unwrap_or((&self.0, ""));
        let machine_name = rest.split(':').next().unwrap_or_default();
        MachineArn(format!("{head}:stateMachine:{machine_name}").into())
    }
}

impl MachineArn {
    /// Reads an unqualified state machine ARN.
    ///
    /// # Errors
    ///
    /// [`InvalidArn`] if the text is not one.
    pub fn parse(text: &str) -> Result<Self, InvalidArn> {
        match parts::<7>(text) {
            Some([_, _, _, _, _, "stateMachine", _]) => Ok(MachineArn(text.into())),
            _ => Err(InvalidArn(text.to_owned())),
        }
    }

    /// Takes an ARN that was parsed before it was kept.
    #[must_use]
    pub fn trusted(text: Arc<str>) -> Self {
        MachineArn(text)
    }

    /// The ARN.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The machine as the children of the map runs of this label have it: `…:stateMachine:<name>/<label>`.
    #[must_use]
    pub fn labelled(&self, label: &str) -> Self {
        MachineArn(format!("{}/{label}", self.unlabelled().0).into())
    }

    /// The machine without a map run's label: the one whose revisions are kept.
    #[must_use]
    pub fn unlabelled(&self) -> Self {
        match self.0.rsplit_once('/') {
            Some((machine, _)) => MachineArn(machine.into()),
            None => self.clone(),
        }
    }

    /// The label, if it has one.
    #[must_use]
    pub fn label(&self) -> Option<&str> {
        self.0.rsplit_once('/').map(|(_, label)| label)
    }

    /// The machine's name.
    #[must_use]
    pub fn name(&self) -> &str {
        self.0.rsplit(':').next().unwrap_or_default()
    }
}

impl fmt::Display for ExecutionArn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Display for MachineArn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_execution_knows_its_machine_and_name() {
        let arn =
            ExecutionArn::parse("arn:aws:states:us-east-1:111111111111:execution:m:n").unwrap();
        assert_eq!(arn.machine().as_str(), "arn:aws:states:us-east-1:111111111111:stateMachine:m");
        assert_eq!(arn.name(), "n");
        assert_eq!(ExecutionArn::of(&arn.machine(), "n"), arn);
        let child = ExecutionArn::of(&arn.machine().labelled("l"), "n");
        assert!(child.as_str().ends_with(":execution:m/l:n"), "{child}");
        assert_eq!(child.machine().unlabelled(), arn.machine());
        assert_eq!((child.machine().label(), arn.machine().label()), (Some("l"), None));
    }

    #[test]
    fn an_express_execution_has_an_id_besides_its_name() {
        let text = "arn:aws:states:us-east-1:111111111111:express:m:n:u";
        let arn = ExecutionArn::parse(text).unwrap();
        assert_eq!(arn.machine().as_str(), "arn:aws:states:us-east-1:111111111111:stateMachine:m");
        assert_eq!((arn.name(), arn.is_express()), ("n", true));
        assert_eq!(ExecutionArn::express(&arn.machine(), "n", "u"), arn);
        assert!(!ExecutionArn::of(&arn.machine(), "n").is_express());
    }

    #[test]
    fn other_arns_are_refused() {
        for text in [
            "",
            "x",
            "arn:aws:states:r:a:execution:m",
            "arn:aws:states:r:a:express:m:n",
            "arn:aws:sns:r:a:execution:m:n",
        ] {
            assert!(ExecutionArn::parse(text).is_err(), "{text}");
        }
        assert!(MachineArn::parse("arn:aws:states:r:a:stateMachine:m:1").is_err());
    }
}

//! Finding what people call by its name.

use super::{Client, text};
use crate::complaint::Complaint;
use serde_json::json;

/// The most state machines or activities that are looked through for a name.
const NAMES_MAX: usize = 10_000;

impl Client {
    /// The ARN of a state machine, or of a version or an alias of it, from its ARN or name.
    pub(crate) async fn machine_arn(&self, name: &str) -> Result<String, Complaint> {
        if name.starts_with("arn:") {
            return Ok(name.to_owned());
        }
        let (bare, qualifier) = match name.split_once(':') {
            Some((bare, qualifier)) => (bare, format!(":{qualifier}")),
            None => (name, String::new()),
        };
        let arn = self.find("ListStateMachines", "stateMachines", "stateMachineArn", bare).await?;
        let arn = arn.ok_or_else(|| Complaint(format!("there is no state machine `{bare}`")))?;
        Ok(format!("{arn}{qualifier}"))
    }

    /// The ARN of an execution, from its ARN or `STATE-MACHINE:EXECUTION`.
    pub(crate) async fn execution_arn(&self, name: &str) -> Result<String, Complaint> {
        if name.starts_with("arn:") {
            return Ok(name.to_owned());
        }
        let (machine, execution) = name.split_once(':').ok_or_else(|| {
            Complaint(format!("`{name}` is neither an ARN nor like STATE-MACHINE:EXECUTION"))
        })?;
        let machine = self.machine_arn(machine).await?;
        Ok(format!("{}:{execution}", machine.replacen(":stateMachine:", ":execution:", 1)))
    }

    /// The ARN of an activity, from its ARN or name.
    pub(crate) async fn activity_arn(&self, name: &str) -> Result<String, Complaint> {
        if name.starts_with("arn:") {
            return Ok(name.to_owned());
        }
        let arn = self.find("ListActivities", "activities", "activityArn", name).await?;
        arn.ok_or_else(|| Complaint(format!("there is no activity `{name}`")))
    }

    async fn find(
        &self,
        action: &str,
        list: &str,
        arn: &str,
        name: &str,
    ) -> Result<Option<String>, Complaint> {
        let (items, _) = self.list(action, &json!({}), list, NAMES_MAX).await?;
        let found = items.iter().find(|item| text(item, "name") == name);
        Ok(found.map(|item| text(item, arn).to_owned()))
    }
}

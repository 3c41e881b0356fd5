//! `baton api`: any action, with its parameters as they are.

use super::arguments::ApiCall;
use super::{Client, show};
use crate::complaint::Complaint;
use crate::environment::Environment;
use crate::files;
use serde_json::Value;

/// Asks for the action, and prints the answer.
pub(crate) async fn call_api(
    arguments: ApiCall,
    environment: &Environment,
) -> Result<(), Complaint> {
    let client = Client::new(&arguments.reach, environment)?;
    let parameters: Value = serde_json::from_str(&files::argument(&arguments.parameters)?)
        .map_err(|error| Complaint::of("the parameters are not JSON", &error))?;
    let answer = client.call(&arguments.action, &parameters).await?;
    if arguments.reach.json {
        show::json(&answer);
    } else {
        show::line(&show::pretty(&answer));
    }
    Ok(())
}

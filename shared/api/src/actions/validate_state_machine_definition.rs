//! ValidateStateMachineDefinition: what CreateStateMachine would say, finding by finding.

use super::{DEFINITION, options};
use crate::members::Members;
use crate::{ApiError, limits};
use baton_asl::{Diagnostic, Severity};
use baton_store::MachineKind;
use serde::Serialize;

#[derive(Debug)]
struct Input {
    definition: String,
    kind: MachineKind,
    /// Findings that weigh less are not answered.
    least: Severity,
    results_max: usize,
}

impl Input {
    fn read(body: &[u8]) -> Result<Self, ApiError> {
        let mut members = Members::parse(body)?;
        let input = Input {
            definition: members.required_text("definition", DEFINITION)?,
            kind: match members.choice("type", &["STANDARD", "EXPRESS"])? {
                Some("EXPRESS") => MachineKind::Express,
                Some(_) | None => MachineKind::Standard,
            },
            least: match members.choice("severity", &["ERROR", "WARNING"])? {
                Some("WARNING") => Severity::Warning,
                Some(_) | None => Severity::Error,
            },
            results_max: results_max(&mut members)?,
        };
        members.finish()?;
        Ok(input)
    }
}

/// `maxResults`, with what 0 and none stand for.
fn results_max(members: &mut Members) -> Result<usize, ApiError> {
    let given = members.integer("maxResults", 0..=i64::from(limits::DIAGNOSTICS_MAX))?;
    let given = given.and_then(|count| u8::try_from(count).ok()).filter(|count| *count > 0);
    Ok(given.unwrap_or(limits::DIAGNOSTICS_MAX).into())
}

#[derive(Debug, Serialize)]
pub(super) struct Output {
    result: &'static str,
    diagnostics: Vec<Finding>,
    truncated: bool,
}

#[derive(Debug, Serialize)]
struct Finding {
    severity: &'static str,
    code: &'static str,
    message: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    location: Option<String>,
}

pub(super) fn call(body: &[u8]) -> Result<Output, ApiError> {
    let input = Input::read(body)?;
    let parsed = baton_asl::parse(&input.definition, &options(input.kind));
    let result = if parsed.is_refused() { "FAIL" } else { "OK" };
    let mut diagnostics: Vec<Finding> = parsed
        .diagnostics
        .into_iter()
        .filter(|diagnostic| diagnostic.severity <= input.least)
        .map(Finding::from)
        .collect();
    let truncated = diagnostics.len() > input.results_max;
    diagnostics.truncate(input.results_max);
    Ok(Output { result, diagnostics, truncated })
}

impl From<Diagnostic> for Finding {
    fn from(diagnostic: Diagnostic) -> Self {
        let Diagnostic { severity, code, message, location, .. } = diagnostic;
        Finding { severity: severity.as_str(), code: code.as_str(), message, location }
    }
}

//! What TestState answers.

use baton_engine::inspect::{Inspection, Stage};
use baton_engine::{End, Failure, Payload, Pending, Record, Variables};
use serde::Serialize;
use serde_json::ser::{Formatter, Serializer};
use serde_json::{Map, Value};
use std::io;

#[derive(Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub(in crate::actions) struct Output {
    #[serde(skip_serializing_if = "Option::is_none")]
    output: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    cause: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    inspection_data: Option<Map<String, Value>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_state: Option<String>,
    status: &'static str,
}

/// The answer for a state that has ended, or is to be retried.
pub(super) fn output(record: Record, inspection: Inspection, is_inspected: bool) -> Output {
    let inspection_data = is_inspected.then(|| inspection_data(&record, &inspection));
    let next_state = inspection.next.as_ref().map(|next| next.as_str().to_owned());
    let answer = match record.pending {
        Pending::Ended(End::Succeeded(output)) => {
            let output = Some(output.text().to_owned());
            match inspection.failure {
                Some(failure) => Output { output, ..failed("CAUGHT_ERROR", &failure) },
                None => Output { output, status: "SUCCEEDED", ..Output::default() },
            }
        }
        Pending::Ended(End::Failed { failure, .. }) => failed("FAILED", &failure),
        Pending::Retry { .. } => {
            inspection.failure.map(|failure| failed("RETRIABLE", &failure)).unwrap_or_default()
        }
        Pending::Ended(End::Aborted(_) | End::TimedOut)
        | Pending::Continue
        | Pending::Failing(_)
        | Pending::Until(_)
        | Pending::Call(_)
        | Pending::Callback(_)
        | Pending::MapRun(_)
        | Pending::Fork(_) => failed("FAILED", &Failure::runtime("The state did not end.")),
    };
    Output { inspection_data, next_state, ..answer }
}

fn failed(status: &'static str, failure: &Failure) -> Output {
    let text = |part: &Option<std::sync::Arc<str>>| part.as_deref().map(str::to_owned);
    Output { error: text(&failure.error), cause: text(&failure.cause), status, ..Output::default() }
}

fn inspection_data(record: &Record, inspection: &Inspection) -> Map<String, Value> {
    let mut data = Map::new();
    let mut put = |name: &str, value: Value| drop(data.insert(name.to_owned(), value));
    put("input", record.visit.input.text().into());
    for (stage, value) in &inspection.stages {
        put(stage_name(*stage), shown(*stage, value).into());
    }
    if let Some(count) = inspection.concurrency_max {
        put("maxConcurrency", count.into());
    }
    if let Some(count) = inspection.tolerated_failure_count {
        put("toleratedFailureCount", count.into());
    }
    if let Some(percentage) = inspection.tolerated_failure_percentage {
        put("toleratedFailurePercentage", percentage.into());
    }
    if let Some(variables) = shown_variables(&record.variables) {
        put("variables", variables.into());
    }
    if let Some(details) = error_details(inspection) {
        put("errorDetails", details.into());
    }
    data
}

/// AWS writes the items with a blank behind each comma and colon, and all else as it is or compactly.
fn shown(stage: Stage, value: &Payload) -> String {
    match stage {
        Stage::AfterItemsPath => spaced(value.value()),
        Stage::AfterInputPath
        | Stage::AfterParameters
        | Stage::AfterArguments
        | Stage::AfterItemSelector
        | Stage::Result
        | Stage::AfterResultSelector
        | Stage::AfterResultPath => value.text().to_owned(),
    }
}

fn stage_name(stage: Stage) -> &'static str {
    match stage {
        Stage::AfterInputPath => "afterInputPath",
        Stage::AfterParameters => "afterParameters",
        Stage::AfterArguments => "afterArguments",
        Stage::AfterItemsPath => "afterItemsPath",
        Stage::AfterItemSelector => "afterItemSelector",
        Stage::Result => "result",
        Stage::AfterResultSelector => "afterResultSelector",
        Stage::AfterResultPath => "afterResultPath",
    }
}

fn shown_variables(variables: &Variables) -> Option<String> {
    if variables.is_empty() {
        return None;
    }
    let members = variables.iter().map(|(name, value)| (name.to_string(), value.value().clone()));
    Some(Value::Object(members.collect()).to_string())
}

/// Which handler saw the failure.
fn error_details(inspection: &Inspection) -> Option<Map<String, Value>> {
    let mut details = Map::new();
    let mut put = |name: &str, value: Value| drop(details.insert(name.to_owned(), value));
    if let Some(index) = inspection.retrier {
        put("retryIndex", index.into());
    }
    if let Some(backoff) = inspection.backoff {
        put("retryBackoffIntervalSeconds", backoff.as_secs().into());
    }
    if let Some(index) = inspection.catcher {
        put("catchIndex", index.into());
    }
    (!details.is_empty()).then_some(details)
}

fn spaced(value: &Value) -> String {
    let mut bytes = Vec::new();
    let mut serializer = Serializer::with_formatter(&mut bytes, Spaced);
    match value.serialize(&mut serializer) {
        Ok(()) => String::from_utf8(bytes).unwrap_or_default(),
        Err(_) => value.to_string(),
    }
}

/// Writes a blank behind each comma and colon.
struct Spaced;

impl Formatter for Spaced {
    fn begin_array_value<W: ?Sized + io::Write>(
        &mut self,
        w: &mut W,
        first: bool,
    ) -> io::Result<()> {
        w.write_all(if first { b"" } else { b", " })
    }

    fn begin_object_key<W: ?Sized + io::Write>(
        &mut self,
        w: &mut W,
        first: bool,
    ) -> io::Result<()> {
        w.write_all(if first { b"" } else { b", " })
    }

    fn begin_object_value<W: ?Sized + io::Write>(&mut self, w: &mut W) -> io::Result<()> {
        w.write_all(b": ")
    }
}

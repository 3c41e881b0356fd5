//! How an execution ended, for people and for programs.

use crate::paint::Paint;
use jiff::Timestamp;
use serde_json::{Map, Value, json};
use std::io::{IsTerminal, Write as _};
use std::process::ExitCode;

/// What DescribeExecution says of the end.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct End {
    arn: String,
    name: String,
    status: String,
    output: Option<String>,
    error: Option<String>,
    cause: Option<String>,
    started: Option<Timestamp>,
    stopped: Option<Timestamp>,
}

impl End {
    pub(crate) fn read(description: &Value) -> Self {
        let text = |name: &str| description.get(name).and_then(Value::as_str).map(str::to_owned);
        let time = |name: &str| timestamp(description.get(name)?.as_f64()?);
        End {
            arn: text("executionArn").unwrap_or_default(),
            name: text("name").unwrap_or_default(),
            status: text("status").unwrap_or_default(),
            output: text("output"),
            error: text("error"),
            cause: text("cause"),
            started: time("startDate"),
            stopped: time("stopDate"),
        }
    }

    /// Prints the result to stdout, and a failure to stderr; answers the exit code.
    pub(crate) fn print(&self, as_json: bool, paint: Paint) -> ExitCode {
        let is_success = self.status == "SUCCEEDED";
        let mut stdout = std::io::stdout();
        // Without a stdout or stderr nobody is there to be told.
        if as_json {
            let _ = writeln!(stdout, "{}", self.json());
        } else if let Some(output) = &self.output {
            let _ = writeln!(stdout, "{}", shown(output, stdout.is_terminal()));
        }
        if !is_success {
            let _ = write!(std::io::stderr(), "{}", self.failure(paint));
        }
        if is_success { ExitCode::SUCCESS } else { ExitCode::FAILURE }
    }

    fn failure(&self, paint: Paint) -> String {
        let mut text = paint.bad(&self.status);
        if let Some(error) = &self.error {
            text.push(' ');
            text.push_str(error);
        }
        text.push('\n');
        if let Some(cause) = self.cause.as_deref().filter(|cause| !cause.is_empty()) {
            text.push_str(cause);
            text.push('\n');
        }
        text
    }

    fn json(&self) -> Value {
        let mut object = Map::new();
        let mut add = |name: &str, value: Option<Value>| {
            object.extend(value.map(|value| (name.to_owned(), value)));
        };
        add("executionArn", Some(json!(self.arn)));
        add("name", Some(json!(self.name)));
        add("status", Some(json!(self.status)));
        add("startDate", self.started.map(|time| json!(time.to_string())));
        add("stopDate", self.stopped.map(|time| json!(time.to_string())));
        let output = self.output.as_deref();
        add(
            "output",
            output.map(|text| serde_json::from_str(text).unwrap_or_else(|_| json!(text))),
        );
        add("error", self.error.clone().map(Value::from));
        add("cause", self.cause.clone().map(Value::from));
        Value::Object(object)
    }
}

/// As it is for programs, laid out for people.
fn shown(output: &str, is_laid_out: bool) -> String {
    let value: Option<Value> = serde_json::from_str(output).ok().filter(|_| is_laid_out);
    let laid_out = value.and_then(|value| serde_json::to_string_pretty(&value).ok());
    laid_out.unwrap_or_else(|| output.to_owned())
}

fn timestamp(seconds: f64) -> Option<Timestamp> {
    #[expect(clippy::cast_possible_truncation, reason = "`as` saturates")]
    let millis = (seconds * 1_000.0).round() as i64;
    Timestamp::from_millisecond(millis).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use expect_test::expect;

    #[test]
    fn an_end_is_told_to_people_and_programs() {
        let end = End::read(&json!({
            "executionArn": "arn", "name": "n", "status": "FAILED", "startDate": 1.5,
            "stopDate": 2.25, "error": "Lost", "cause": "for good",
        }));
        expect![[r#"{"executionArn":"arn","name":"n","status":"FAILED","startDate":"1970-01-01T00:00:01.5Z","stopDate":"1970-01-01T00:00:02.25Z","error":"Lost","cause":"for good"}"#]]
            .assert_eq(&end.json().to_string());
        expect!["FAILED Lost\nfor good\n"].assert_eq(&end.failure(Paint { is_on: false }));
    }

    #[test]
    fn an_output_is_laid_out_for_people_alone() {
        assert_eq!(shown("{ \"a\":1}", false), "{ \"a\":1}");
        assert_eq!(shown("{ \"a\":1}", true), "{\n  \"a\": 1\n}");
        let end = End::read(&json!({"status": "SUCCEEDED", "output": "{\"a\":1}"}));
        assert_eq!(end.json().get("output"), Some(&json!({"a": 1})));
    }
}

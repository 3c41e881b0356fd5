//! The state's output.

use super::record::quoted;
use super::{ChildResult, OutputType, WriterConfig, transform};

/// The results are larger than the state's output may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the results are larger than {bytes_max} bytes")]
pub struct OutputTooLarge {
    /// What it may have.
    pub bytes_max: usize,
}

/// The output of a state whose results are not exported: all of them, in the items' order.
#[derive(Debug)]
pub struct StateOutput {
    config: WriterConfig,
    text: String,
    bytes_max: usize,
}

impl StateOutput {
    /// An output of at most `bytes_max` bytes.
    pub fn new(config: WriterConfig, bytes_max: usize) -> Self {
        Self { config, text: String::new(), bytes_max }
    }

    /// Adds a child's result.
    pub fn push(&mut self, child: &ChildResult<'_>) -> Result<(), OutputTooLarge> {
        let is_array = self.config.output_type == OutputType::Json;
        let (text, bytes_max) = (&mut self.text, self.bytes_max);
        transform(child, self.config.transformation, |result| {
            if text.len() <= bytes_max {
                let before = if text.is_empty() { "[" } else { "," };
                text.push_str(if is_array { before } else { "" });
                text.push_str(result);
                text.push_str(if is_array { "" } else { "\n" });
            }
        });
        self.checked(self.text.len())
    }

    /// The output: an array, or for JSON Lines the lines as one string.
    pub fn finish(mut self) -> Result<String, OutputTooLarge> {
        match self.config.output_type {
            OutputType::Json if self.text.is_empty() => self.text.push_str("[]"),
            OutputType::Json => self.text.push(']'),
            OutputType::JsonLines => self.text = quoted(&self.text).into_owned(),
        }
        self.checked(self.text.len())?;
        Ok(self.text)
    }

    fn checked(&self, length: usize) -> Result<(), OutputTooLarge> {
        if length > self.bytes_max {
            return Err(OutputTooLarge { bytes_max: self.bytes_max });
        }
        Ok(())
    }
}

/// The output of a state whose results were exported.
pub fn exported(map_run_arn: &str, bucket: &str, manifest_key: &str) -> String {
    format!(
        r#"{{"MapRunArn":{},"ResultWriterDetails":{{"Bucket":{},"Key":{}}}}}"#,
        quoted(map_run_arn),
        quoted(bucket),
        quoted(manifest_key)
    )
}

#[cfg(test)]
mod tests {
    use super::super::record::ChildExecution;
    use super::super::{RedriveStatus, ResultKind, Transformation};
    use super::*;
    use expect_test::{Expect, expect};

    fn child(output: Option<&'static str>) -> ChildResult<'static> {
        let is_good = output.is_some();
        ChildResult {
            kind: if is_good { ResultKind::Succeeded } else { ResultKind::Failed },
            input: r#"{"n":1}"#,
            output,
            error: (!is_good).then_some("Oops"),
            cause: (!is_good).then_some("say \"why\""),
            execution: Some(ChildExecution {
                arn: "arn:aws:states:us-east-1:123456789012:execution:m/L:u",
                name: "u",
                state_machine_arn: "arn:aws:states:us-east-1:123456789012:stateMachine:m/L",
                status: if is_good { "SUCCEEDED" } else { "FAILED" },
                start: "2025-02-04T01:49:50.099Z".parse().unwrap(),
                stop: "2025-02-04T01:49:50.163999Z".parse().unwrap(),
                redrive_count: 0,
                redrive_status: match is_good {
                    true => RedriveStatus::NotRedrivable,
                    false => RedriveStatus::Redrivable,
                },
            }),
        }
    }

    fn output(transformation: Transformation, output_type: OutputType, max: usize) -> String {
        let config = WriterConfig { transformation, output_type };
        let mut output = StateOutput::new(config, max);
        for child in [child(Some("[1, {\"a\":2}]")), child(Some("\"x\"")), child(None)] {
            if let Err(failure) = output.push(&child) {
                return failure.to_string();
            }
        }
        output.finish().unwrap_or_else(|failure| failure.to_string())
    }

    fn check(transformation: Transformation, output_type: OutputType, expected: Expect) {
        expected.assert_eq(&output(transformation, output_type, 10_000));
    }

    #[test]
    fn outputs_are_transformed_and_failures_never() {
        check(
            Transformation::Compact,
            OutputType::Json,
            expect![[
                r#"[[1, {"a":2}],"x",{"Cause":"say \"why\"","Error":"Oops","ExecutionArn":"arn:aws:states:us-east-1:123456789012:execution:m/L:u","Input":"{\"n\":1}","InputDetails":{"Included":true},"Name":"u","RedriveCount":0,"RedriveStatus":"REDRIVABLE","StartDate":"2025-02-04T01:49:50.099Z","StateMachineArn":"arn:aws:states:us-east-1:123456789012:stateMachine:m/L","Status":"FAILED","StopDate":"2025-02-04T01:49:50.163Z"}]"#
            ]],
        );
        let flat = output(Transformation::Flatten, OutputType::JsonLines, 10_000);
        let lines: String = serde_json::from_str(&flat).unwrap();
        assert_eq!(lines.lines().take(3).collect::<Vec<_>>(), ["1", "{\"a\":2}", "\"x\""]);
        let whole = output(Transformation::None, OutputType::Json, 10_000);
        expect![[r#"[{"ExecutionArn":"arn:aws:states:us-east-1:123456789012:execution:m/L:u","Input":"{\"n\":1}","InputDetails":{"Included":true},"Name":"u","Output":"[1, {\"a\":2}]","OutputDetails":{"Included":true},"RedriveCount":0,"RedriveStatus":"NOT_REDRIVABLE","RedriveStatusReason":"Execution is SUCCEEDED and cannot be redriven","StartDate":"2025-02-04T01:49:50.099Z","StateMachineArn":"arn:aws:states:us-east-1:123456789012:stateMachine:m/L","Status":"SUCCEEDED","StopDate":"2025-02-04T01:49:50.163Z"}"#]]
        .assert_eq(whole.get(..whole.find(",{\"ExecutionArn").unwrap()).unwrap());
    }

    #[test]
    fn a_child_that_never_began_has_its_input() {
        let pending = ChildResult {
            kind: ResultKind::Pending,
            error: None,
            cause: None,
            execution: None,
            ..child(None)
        };
        expect![[r#"{"Input":"{\"n\":1}","InputDetails":{"Included":true},"Status":"PENDING"}"#]]
            .assert_eq(&pending.to_record());
    }

    #[test]
    fn too_many_results_are_refused() {
        assert_eq!(
            output(Transformation::None, OutputType::Json, 500),
            "the results are larger than 500 bytes"
        );
        let empty = StateOutput::new(WriterConfig::NOT_EXPORTED, 2).finish();
        assert_eq!(empty, Ok("[]".to_owned()));
    }
}

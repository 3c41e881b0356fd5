//! A function served by a command: the payload on stdin, the result on stdout.
//!
//! # The contract
//!
//! * Exit 0: stdout is the result, JSON; nothing at all stands for `null`.
//! * Any other exit: the function failed. If stdout, or else the last line of stderr, is a JSON object with `errorType` or
//!   `errorMessage`, that is its error; otherwise the error is `Runtime.ExitError` with the end of stderr.
//!
//! # Invariants
//!
//! * The command and all it started are gone when the call is over, whether it ended or was given up.
//! * What it prints is read to the end, and no more of it is kept than the limits allow.

use crate::limits::{OUTPUT_BYTES_MAX, STDERR_BYTES_KEPT};
use rustix::process::{Pid, Signal, kill_process_group};
use serde_json::{Value, json};
use std::io;
use std::process::{ExitStatus, Stdio};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWriteExt};
use tokio::process::{Child, Command};

/// What a function answered: its payload, and whether it failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Reply {
    pub(crate) payload: Vec<u8>,
    pub(crate) is_failure: bool,
}

impl Reply {
    /// The failure of a function that does not say so itself.
    pub(crate) fn failure(error_type: &str, message: &str) -> Self {
        let payload = json!({ "errorMessage": message, "errorType": error_type });
        Reply { payload: payload.to_string().into_bytes(), is_failure: true }
    }
}

/// Runs a command to its end. The error says why it could not even be started.
pub(crate) async fn run(
    words: &[String],
    variables: &[(&str, &str)],
    payload: &str,
) -> io::Result<Reply> {
    let mut child = spawn(words, variables)?;
    let group = Group(child.id().and_then(|id| Pid::from_raw(i32::try_from(id).ok()?)));
    let (stdin, stdout, stderr) = (child.stdin.take(), child.stdout.take(), child.stderr.take());
    let write = async {
        if let Some(mut stdin) = stdin {
            // A command that does not read its input closes the pipe: its answer counts all the same.
            let _ = stdin.write_all(payload.as_bytes()).await;
        }
    };
    let end = async {
        let status = child.wait().await;
        // What it left running must not hold its output open.
        drop(group);
        status
    };
    let (stdout, stderr, (), status) =
        tokio::join!(read_head(stdout), read_tail(stderr), write, end);
    let (stdout, stderr) = (stdout?, stderr?);
    let stderr = String::from_utf8_lossy(&stderr);
    tracing::debug!(command = words.first(), stderr = %stderr.trim_end(), "a command ended");
    Ok(reply(status?, stdout, &stderr))
}

fn spawn(words: &[String], variables: &[(&str, &str)]) -> io::Result<Child> {
    let (program, arguments) =
        words.split_first().ok_or_else(|| io::Error::from(io::ErrorKind::InvalidInput))?;
    Command::new(program)
        .args(arguments)
        .envs(variables.iter().copied())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .process_group(0)
        .kill_on_drop(true)
        .spawn()
}

/// The process group of a command, ended when this is dropped.
struct Group(Option<Pid>);

impl Drop for Group {
    fn drop(&mut self) {
        // An empty group is no longer there.
        let _ = self.0.map(|group| kill_process_group(group, Signal::KILL));
    }
}

/// The beginning of what a command prints, one byte more than allowed if it prints more.
async fn read_head(output: Option<impl AsyncRead + Unpin>) -> io::Result<Vec<u8>> {
    let mut kept = Vec::new();
    if let Some(mut output) = output {
        let most = u64::try_from(OUTPUT_BYTES_MAX).unwrap_or(u64::MAX).saturating_add(1);
        (&mut output).take(most).read_to_end(&mut kept).await?;
        tokio::io::copy(&mut output, &mut tokio::io::sink()).await?;
    }
    Ok(kept)
}

/// The end of what a command prints.
async fn read_tail(output: Option<impl AsyncRead + Unpin>) -> io::Result<Vec<u8>> {
    let mut kept = Vec::new();
    let mut piece = vec![0; 8 * 1024];
    if let Some(mut output) = output {
        loop {
            let count = output.read(&mut piece).await?;
            if count == 0 {
                break;
            }
            kept.extend_from_slice(piece.get(..count).unwrap_or_default());
            let surplus = kept.len().saturating_sub(STDERR_BYTES_KEPT);
            kept.drain(..surplus);
        }
    }
    Ok(kept)
}

fn reply(status: ExitStatus, stdout: Vec<u8>, stderr: &str) -> Reply {
    if status.success() {
        return success(stdout);
    }
    let last_line = stderr.lines().rev().find(|line| !line.trim().is_empty()).unwrap_or_default();
    for text in [stdout.as_slice(), last_line.as_bytes()] {
        if is_error(text) {
            return Reply { payload: text.trim_ascii().to_vec(), is_failure: true };
        }
    }
    let mut message = format!("the command ended with {status}");
    if !stderr.trim().is_empty() {
        message.push_str(": ");
        message.push_str(stderr.trim());
    }
    Reply::failure("Runtime.ExitError", &message)
}

fn success(stdout: Vec<u8>) -> Reply {
    if stdout.len() > OUTPUT_BYTES_MAX {
        let message = format!("the command printed more than {OUTPUT_BYTES_MAX} bytes");
        return Reply::failure("Function.ResponseSizeTooLarge", &message);
    }
    let text = stdout.trim_ascii();
    if text.is_empty() {
        return Reply { payload: b"null".to_vec(), is_failure: false };
    }
    match serde_json::from_slice::<Value>(text) {
        Ok(_) => Reply { payload: text.to_vec(), is_failure: false },
        Err(error) => {
            let shown: String = String::from_utf8_lossy(text).chars().take(200).collect();
            let message = format!("the command's output is not JSON ({error}): {shown}");
            Reply::failure("Runtime.MarshalError", &message)
        }
    }
}

/// Whether a text is a function's own description of its error.
fn is_error(text: &[u8]) -> bool {
    let value: Option<Value> = serde_json::from_slice(text).ok();
    let has = |name: &str| value.as_ref().is_some_and(|value| value.get(name).is_some());
    has("errorType") || has("errorMessage")
}

#[cfg(test)]
mod tests {
    use super::*;
    use expect_test::{Expect, expect};
    use std::time::Duration;

    async fn sh(script: &str, payload: &str) -> Reply {
        let words = ["sh", "-c", script].map(str::to_owned);
        run(&words, &[("AWS_LAMBDA_FUNCTION_NAME", "f")], payload).await.unwrap()
    }

    async fn check(script: &str, expected: &Expect) {
        let reply = sh(script, "{\"a\": 1}").await;
        let how = if reply.is_failure { "failed" } else { "answered" };
        expected.assert_eq(&format!("{how} {}", String::from_utf8_lossy(&reply.payload)));
    }

    #[tokio::test]
    async fn the_payload_goes_in_and_the_result_comes_out() {
        check("cat", &expect![[r#"answered {"a": 1}"#]]).await;
        check("cat >/dev/null", &expect!["answered null"]).await;
        check("echo 1", &expect!["answered 1"]).await;
        check("printf '\"%s\"' \"$AWS_LAMBDA_FUNCTION_NAME\"", &expect![[r#"answered "f""#]]).await;
    }

    #[tokio::test]
    async fn a_failure_tells_its_error_where_it_can() {
        check(
            "echo log >&2; echo '{\"errorType\":\"E\",\"errorMessage\":\"m\"}' >&2; exit 1",
            &expect![[r#"failed {"errorType":"E","errorMessage":"m"}"#]],
        )
        .await;
        check(
            "echo '{\"errorMessage\":\"m\"}'; exit 1",
            &expect![[r#"failed {"errorMessage":"m"}"#]],
        )
        .await;
        check(
            "echo boom >&2; exit 3",
            &expect![[
                r#"failed {"errorMessage":"the command ended with exit status: 3: boom","errorType":"Runtime.ExitError"}"#
            ]],
        )
        .await;
        check(
            "kill -9 $$",
            &expect![[
                r#"failed {"errorMessage":"the command ended with signal: 9 (SIGKILL)","errorType":"Runtime.ExitError"}"#
            ]],
        )
        .await;
    }

    #[tokio::test]
    async fn output_that_is_no_json_is_an_error() {
        check(
            "echo hello",
            &expect![[
                r#"failed {"errorMessage":"the command's output is not JSON (expected value at line 1 column 1): hello","errorType":"Runtime.MarshalError"}"#
            ]],
        )
        .await;
    }

    #[tokio::test]
    async fn output_over_the_limit_is_read_and_refused() {
        let reply = sh("head -c 8000000 /dev/zero | tr '\\0' a", "1").await;
        assert!(reply.is_failure);
        let payload = String::from_utf8(reply.payload).unwrap();
        assert!(payload.contains("Function.ResponseSizeTooLarge"), "{payload}");
    }

    #[tokio::test]
    async fn a_large_payload_that_nobody_reads_does_no_harm() {
        let reply = sh("echo 1", &format!("\"{}\"", "a".repeat(1_000_000))).await;
        assert_eq!(reply, Reply { payload: b"1".to_vec(), is_failure: false });
    }

    #[tokio::test]
    async fn what_a_command_leaves_running_ends_with_it() {
        // Without that the call would last as long as the sleep, which holds stdout open.
        let call = sh("sleep 600 & echo 1", "1");
        let reply = tokio::time::timeout(Duration::from_secs(30), call).await.unwrap();
        assert_eq!(reply.payload, b"1");
    }

    #[tokio::test]
    async fn a_call_that_is_given_up_ends_its_command() {
        let folder = tempfile::tempdir().unwrap();
        let pipe = folder.path().join("pipe");
        // The pipe ends when its only writer, the sleep, is gone; the command would hold it open for ten minutes.
        let script = format!("mkfifo '{0}'; sleep 600 > '{0}'", pipe.display());
        let call = sh(&script, "1");
        let reader = tokio::task::spawn_blocking(move || {
            while !pipe.exists() {
                std::thread::yield_now();
            }
            std::fs::read(pipe).unwrap()
        });
        {
            let mut call = std::pin::pin!(call);
            let begun = tokio::time::timeout(Duration::from_millis(300), &mut call).await;
            assert!(begun.is_err());
        }
        assert_eq!(reader.await.unwrap(), b"");
    }

    #[tokio::test]
    async fn a_command_that_is_not_there_is_not_started() {
        let error = run(&["/nonexistent".to_owned()], &[], "1").await.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::NotFound);
    }
}

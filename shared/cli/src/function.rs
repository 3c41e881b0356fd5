//! A Lambda function of a stack, as Invoke has it.

use serde_json::Value;

/// Where it is invoked.
pub(crate) fn invocation_path(function: &str) -> String {
    format!("/2015-03-31/functions/{}/invocations", encoded(function))
}

/// What it answered, or with which error it failed: Invoke itself answers 200 to both.
pub(crate) fn answer(body: &[u8]) -> Result<Value, String> {
    let answer: Value =
        serde_json::from_slice(body).map_err(|error| format!("the answer is no JSON: {error}"))?;
    match answer.get("errorMessage").and_then(Value::as_str) {
        Some(message) => Err(message.to_owned()),
        None => Ok(answer),
    }
}

/// A function's name or ARN as a part of a path.
fn encoded(function: &str) -> String {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte);
    let encode = |byte: u8| {
        if is_plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") }
    };
    function.bytes().map(encode).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_functions_name_stays_within_the_path() {
        assert_eq!(invocation_path("a-b_1"), "/2015-03-31/functions/a-b_1/invocations");
        assert_eq!(encoded("arn:a/../b"), "arn%3Aa%2F..%2Fb");
    }

    #[test]
    fn an_answer_is_told_from_an_error() {
        assert_eq!(answer(br#"{"a": 1}"#), Ok(json!({"a": 1})));
        assert_eq!(answer(br#"{"errorMessage": "timed out"}"#), Err("timed out".to_owned()));
        assert!(answer(b"<html>").unwrap_err().starts_with("the answer is no JSON: "));
    }
}

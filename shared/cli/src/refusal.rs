//! A request that the API refused.

use crate::complaint::Complaint;
use serde_json::Value;

/// How much of an answer that is not the API's is shown.
const SHOWN_MAX: usize = 300;

/// A request that the API refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{code}: {message}")]
pub(crate) struct Refusal {
    pub(crate) code: String,
    pub(crate) message: String,
}

impl From<Refusal> for Complaint {
    fn from(refusal: Refusal) -> Self {
        Complaint(refusal.to_string())
    }
}

impl Refusal {
    /// Reads an answer that is none of success.
    pub(crate) fn read(status: u16, answer: &Value, body: &[u8]) -> Self {
        let text = |names: [&str; 3]| {
            let found = names.iter().find_map(|name| answer.get(name)?.as_str());
            found.map(str::to_owned)
        };
        let code = text(["__type", "code", "Code"]);
        let code = code.map(|code| code.rsplit('#').next().unwrap_or(&code).to_owned());
        let message = text(["message", "Message", "errorMessage"])
            .unwrap_or_else(|| crate::paint::plain(&String::from_utf8_lossy(body), SHOWN_MAX));
        Refusal { code: code.unwrap_or_else(|| format!("HTTP {status}")), message }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn refusals_are_told_in_the_apis_words() {
        let answer = json!({"__type": "com.amazonaws.states#InvalidArn", "message": "Invalid Arn"});
        assert_eq!(Refusal::read(400, &answer, b"").to_string(), "InvalidArn: Invalid Arn");
        assert_eq!(
            Refusal::read(403, &json!({"Message": "Forbidden"}), b"").to_string(),
            "HTTP 403: Forbidden"
        );
        assert_eq!(Refusal::read(502, &Value::Null, b"<html>\n").to_string(), "HTTP 502: <html> ");
    }
}

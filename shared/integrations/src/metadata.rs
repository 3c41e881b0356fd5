//! `SdkHttpMetadata` and `SdkResponseMetadata`: what optimised integrations add to a service's answer.

use crate::refusal::request_id;
use crate::{Response, Service};
use serde_json::{Map, Value, json};

/// The answer with its metadata, the members in order of their names.
pub(crate) fn with_metadata(
    mut answer: Map<String, Value>,
    service: Service,
    response: &Response,
) -> Value {
    answer.insert("SdkHttpMetadata".to_owned(), http_metadata(service, response));
    let id = request_id(response);
    answer.insert("SdkResponseMetadata".to_owned(), json!({ "RequestId": id }));
    answer.sort_keys();
    Value::Object(answer)
}

/// The same for a service whose headers are spelled as most are.
pub(crate) fn with_plain_metadata(answer: Map<String, Value>, response: &Response) -> Value {
    with_metadata(answer, Service::Sqs, response)
}

fn http_metadata(service: Service, response: &Response) -> Value {
    let mut headers: Vec<(String, &str)> = response
        .headers
        .iter()
        .map(|(name, value)| (spelling(service, name), value.as_str()))
        .collect();
    headers.sort_by_key(|(name, _)| name.to_ascii_lowercase());
    let mut all = Map::new();
    let mut last = Map::new();
    for (name, value) in headers {
        if let Some(values) = all.entry(name.clone()).or_insert_with(|| json!([])).as_array_mut() {
            values.push(value.into());
        }
        last.insert(name, value.into());
    }
    json!({ "AllHttpHeaders": all, "HttpHeaders": last, "HttpStatusCode": response.status })
}

/// A header's name with the letters that the services themselves use: on the way here their case may have been lost.
fn spelling(service: Service, name: &str) -> String {
    let lower = name.to_ascii_lowercase();
    let known = match lower.as_str() {
        "connection" => match service {
            Service::Lambda | Service::DynamoDb => "Connection",
            Service::EventBridge | Service::Sns | Service::Sqs | Service::StepFunctions => {
                "connection"
            }
        },
        "content-length" => "Content-Length",
        "content-type" => "Content-Type",
        "date" => "Date",
        "server" => "Server",
        "x-amz-executed-version" => "X-Amz-Executed-Version",
        "x-amz-log-result" => "X-Amz-Log-Result",
        "x-amzn-remapped-content-length" => "x-amzn-Remapped-Content-Length",
        "x-amzn-requestid" => "x-amzn-RequestId",
        "x-amzn-trace-id" => "X-Amzn-Trace-Id",
        _ => return name.to_owned(),
    };
    known.to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn metadata_is_spelled_as_recorded() {
        let headers = [
            ("date", "now"),
            ("content-type", "application/json"),
            ("x-amzn-requestid", "7"),
            ("connection", "keep-alive"),
            ("x-mine", "a"),
            ("x-mine", "b"),
        ];
        let headers = headers.map(|(name, value)| (name.to_owned(), value.to_owned())).to_vec();
        let response = Response { status: 200, headers, body: Vec::new() };
        let answer = Map::from_iter([("MessageId".to_owned(), json!("m"))]);
        let expected = json!({
            "MessageId": "m",
            "SdkHttpMetadata": {
                "AllHttpHeaders": {
                    "connection": ["keep-alive"],
                    "Content-Type": ["application/json"],
                    "Date": ["now"],
                    "x-amzn-RequestId": ["7"],
                    "x-mine": ["a", "b"],
                },
                "HttpHeaders": {
                    "connection": "keep-alive",
                    "Content-Type": "application/json",
                    "Date": "now",
                    "x-amzn-RequestId": "7",
                    "x-mine": "b",
                },
                "HttpStatusCode": 200,
            },
            "SdkResponseMetadata": { "RequestId": "7" },
        });
        let got = with_metadata(answer, Service::Sqs, &response);
        assert_eq!(got.to_string(), expected.to_string());
    }
}

//! The services of our own cases: what they answer, request by request, and what they were asked.

use baton_driver::TaskCall;
use baton_integrations::http_task::HttpRequest;
use baton_integrations::{Request, Response};
use serde_json::{Map, Value, json};
use std::collections::VecDeque;
use std::sync::Mutex;

/// The services that a case has, instead of answers by state.
#[derive(Debug)]
pub struct Services {
    answers: Mutex<VecDeque<Value>>,
    callbacks: Mutex<VecDeque<Value>>,
    asked: Mutex<Vec<Value>>,
}

const REQUEST_ID: &str = "1b671a64-40d5-491e-99b0-da01ff1f3341";

impl Services {
    /// Those of a case; nothing if it has none.
    pub fn of(case: &Value) -> Option<Self> {
        let list = |name: &str| case.get(name).and_then(Value::as_array).cloned();
        Some(Services {
            answers: Mutex::new(list("services")?.into()),
            callbacks: Mutex::new(list("callbacks").unwrap_or_default().into()),
            asked: Mutex::default(),
        })
    }

    /// What was asked, in order, and what would have been answered besides.
    pub fn account(&self) -> Value {
        let asked = std::mem::take(&mut *self.asked.lock().unwrap());
        let mut account = json!({ "requests": asked });
        let left = self.answers.lock().unwrap().len() + self.callbacks.lock().unwrap().len();
        if left > 0 {
            account["unused"] = left.into();
        }
        account
    }

    /// What becomes of the next token that was handed out.
    pub fn callback_of(&self, call: &TaskCall<'_>) -> Option<Value> {
        call.token.and_then(|_| self.callbacks.lock().unwrap().pop_front())
    }

    /// Notes a request that something else answers.
    pub fn note(&self, request: &Request, call: &TaskCall<'_>) {
        let host = &request.destination.host;
        let mut noted = json!({
            "request": format!("{} https://{host}{}", request.method.as_str(), request.path),
        });
        if let Some(name) = &request.destination.signing.name {
            noted["signed"] = format!("{name} {}", request.destination.signing.region).into();
        }
        if let Some(cluster) = &request.destination.cluster {
            noted["cluster"] = cluster.name.as_str().into();
        }
        for (name, value) in &request.headers {
            if name != "content-type" {
                let noted = &mut noted["headers"][name.as_ref()];
                let before = noted.as_str().map(|value| format!("{value}, ")).unwrap_or_default();
                *noted = format!("{before}{value}").into();
            }
        }
        self.push(noted, &request.body, call);
    }

    /// The answer to a request, or what is known of its silence.
    pub fn answer(&self, request: &Request, call: &TaskCall<'_>) -> Result<Response, String> {
        self.note(request, call);
        self.next()
    }

    /// The same for an HTTP Task.
    pub fn answer_http(
        &self,
        request: &HttpRequest,
        call: &TaskCall<'_>,
    ) -> Result<Response, String> {
        let headers: Map<String, Value> = request
            .headers
            .iter()
            .map(|(name, value)| (name.clone(), value.clone().into()))
            .collect();
        let noted = json!({
            "request": format!("{} {}", request.method, request.address), "headers": headers,
        });
        self.push(noted, &request.body, call);
        self.next()
    }

    fn push(&self, mut noted: Value, body: &[u8], call: &TaskCall<'_>) {
        let mut body = String::from_utf8_lossy(body).into_owned();
        if let Some(token) = call.token {
            body = body.replace(token, "<token>");
        }
        if !body.is_empty() {
            noted["body"] = serde_json::from_str(&body).unwrap_or(Value::from(body));
        }
        self.asked.lock().unwrap().push(noted);
    }

    fn next(&self) -> Result<Response, String> {
        let answer = self.answers.lock().unwrap().pop_front();
        let answer = answer.ok_or("the case has no answer to this")?;
        if let Some(silence) = answer["silence"].as_str() {
            return Err(silence.to_owned());
        }
        let given = answer["headers"].as_object().into_iter().flatten();
        let given =
            given.map(|(name, value)| (name.clone(), value.as_str().unwrap_or("").to_owned()));
        let mut headers = vec![("x-amzn-requestid".to_owned(), REQUEST_ID.to_owned())];
        headers.extend(given);
        let body = match &answer["body"] {
            Value::Null => String::new(),
            Value::String(text) => text.clone(),
            other => other.to_string(),
        };
        let status = answer["status"].as_u64().unwrap_or(200);
        let status = u16::try_from(status).map_err(|_| "no status".to_owned())?;
        Ok(Response { status, headers, body: body.into_bytes() })
    }
}

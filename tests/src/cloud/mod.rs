//! AWS in memory, as the SDKs of the real functions speak to it: DynamoDB, SQS, S3, STS and Secrets Manager, with a clock that
//! stands still until it is moved. It notes every request, with what AWS bills for it.
//!
//! It is what tests count, disturb and search; that DynamoDB itself answers so is the contract suite's to prove.

pub mod dynamo;
mod expression;
mod gate;
mod home;
mod http;
mod item;
mod log;
mod queues;
mod record;
mod stack;
mod table;

pub use gate::Gate;
pub use home::CloudHome;
pub use item::{Item, Value};
pub use log::Log;
pub use queues::Message;
pub use record::Request;
pub use stack::{Stack, Terms};

use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_smithy_runtime_api::client::http::{
    HttpConnector, HttpConnectorFuture, SharedHttpConnector, http_client_fn,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_types::body::SdkBody;
use base64::Engine as _;
use baton_aws::{Aws, Names, Settings};
use baton_engine::{Cue, Sequence};
use jiff::Timestamp;
use queues::Queues;
use serde_json::json;
use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use table::{Refusal, Table};

pub const CUE_QUEUE: &str = "https://sqs.us-east-1.amazonaws.com/123456789012/cues";
pub const TASK_QUEUE: &str = "https://sqs.us-east-1.amazonaws.com/123456789012/tasks";
pub const DEAD_QUEUE: &str = "https://sqs.us-east-1.amazonaws.com/123456789012/dead";
pub const KEPT_QUEUE: &str = "https://sqs.us-east-1.amazonaws.com/123456789012/kept";
pub const EXPRESS_QUEUE: &str = "https://sqs.us-east-1.amazonaws.com/123456789012/express";
pub const MAP_QUEUE: &str = "https://sqs.us-east-1.amazonaws.com/123456789012/maps";
pub const TABLE: &str = "baton";
pub const BUCKET: &str = "baton-bucket";

/// What befalls a request instead of its answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// It is refused, as there are too many.
    Throttled,
    /// It is carried out, and its answer is lost.
    Unanswered,
    /// It is refused by STS, as the role does not trust who asks.
    Distrusted,
}

const DISTRUSTED: &str = "<ErrorResponse><Error><Type>Sender</Type><Code>AccessDenied</Code><Message>User: arn:aws:sts::123456789012:assumed-role/task/f is not authorized to perform: sts:AssumeRole</Message></Error><RequestId>1</RequestId></ErrorResponse>";

type Weather = Box<dyn FnMut(&Request) -> Option<Fault> + Send>;

struct State {
    now: i64,
    table: Table,
    queues: Queues,
    objects: BTreeMap<String, Vec<u8>>,
    requests: Vec<Request>,
    weather: Option<Weather>,
    secret: String,
    earlier_secret: Option<String>,
    /// Where DynamoDB is, if it is not in memory.
    dynamo: Option<String>,
    table_name: String,
}

/// The cloud. A clone is the same.
#[derive(Clone)]
pub struct Cloud(Arc<Mutex<State>>);

impl fmt::Debug for Cloud {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Cloud")
    }
}

impl Default for Cloud {
    fn default() -> Self {
        Cloud(Arc::new(Mutex::new(State {
            now: 1_763_640_000_000,
            table: Table::default(),
            queues: Queues::default(),
            objects: BTreeMap::new(),
            requests: Vec::new(),
            weather: None,
            secret: "s".repeat(64),
            earlier_secret: None,
            dynamo: None,
            table_name: TABLE.to_owned(),
        })))
    }
}

impl Cloud {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// One whose table is in a DynamoDB elsewhere.
    pub fn over(host: &str, table: &str) -> Self {
        let cloud = Cloud::default();
        let mut state = cloud.lock();
        state.dynamo = Some(host.to_owned());
        state.table_name = table.to_owned();
        drop(state);
        cloud
    }

    /// The backend of one function, whose requests carry its name.
    pub fn backend(&self, function: &str) -> Aws {
        let names = Names {
            table: self.lock().table_name.as_str().into(),
            bucket: BUCKET.into(),
            cue_queue_url: CUE_QUEUE.into(),
            task_queue_url: TASK_QUEUE.into(),
            express_queue_url: EXPRESS_QUEUE.into(),
            map_queue_url: MAP_QUEUE.into(),
        };
        let cloud = self.clone();
        Aws::new(&self.config(function), &Settings { names, retention_days: 90 })
            .with_clock(move || cloud.now())
    }

    /// The SDK's configuration whose requests come here.
    pub fn config(&self, function: &str) -> SdkConfig {
        let connector =
            SharedHttpConnector::new(Line { cloud: self.clone(), function: function.to_owned() });
        SdkConfig::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::new("us-east-1"))
            .http_client(http_client_fn(move |_, _| connector.clone()))
            .sleep_impl(aws_smithy_async::rt::sleep::SharedAsyncSleep::new(
                aws_smithy_async::rt::sleep::TokioSleep::new(),
            ))
            .credentials_provider(aws_sdk_sts::config::SharedCredentialsProvider::new(
                aws_sdk_sts::config::Credentials::new("AKID", "secret", None, None, "test"),
            ))
            .retry_config(aws_config::retry::RetryConfig::disabled())
            .request_checksum_calculation(
                aws_sdk_s3::config::RequestChecksumCalculation::WhenRequired,
            )
            .build()
    }

    pub fn now(&self) -> Timestamp {
        Timestamp::from_millisecond(self.lock().now).expect("a time")
    }

    /// Moves the clock.
    pub fn set_now(&self, millis: i64) {
        self.lock().now = millis;
    }

    /// What befalls requests from now on.
    pub fn disturb(&self, weather: impl FnMut(&Request) -> Option<Fault> + Send + 'static) {
        self.lock().weather = Some(Box::new(weather));
    }

    /// Nothing befalls requests any longer.
    pub fn calm(&self) {
        self.lock().weather = None;
    }

    /// Puts another secret in the place of the one that signs tokens.
    pub fn rotate_secret(&self, secret: &str) {
        let mut state = self.lock();
        let earlier = std::mem::replace(&mut state.secret, secret.to_owned());
        state.earlier_secret = Some(earlier);
    }

    /// The requests so far, which are forgotten.
    pub fn take_requests(&self) -> Vec<Request> {
        std::mem::take(&mut self.lock().requests)
    }

    /// Notes requests as if they had come after all others.
    pub fn put_requests(&self, requests: Vec<Request>) {
        self.lock().requests.extend(requests);
    }

    /// The table's rows whose partition key begins so.
    pub fn rows(&self, prefix: &str) -> Vec<Item> {
        self.lock().table.rows(prefix)
    }

    /// The same, wherever the table is.
    pub async fn all_rows(&self, prefix: &str) -> Vec<Item> {
        let (elsewhere, table) = {
            let state = self.lock();
            (state.dynamo.clone(), state.table_name.clone())
        };
        let Some(host) = elsewhere else { return self.rows(prefix) };
        let request = json!({ "TableName": table, "ConsistentRead": true }).to_string();
        let (_, body) = dynamo::forward(&host, "Scan", request.as_bytes()).await.expect("a scan");
        let answer: Value = serde_json::from_slice(&body).expect("JSON");
        let items = answer["Items"].as_array().expect("items").iter();
        let is_it =
            |item: &&Value| item["pk"]["S"].as_str().is_some_and(|pk| pk.starts_with(prefix));
        items.filter(is_it).filter_map(|item| item.as_object().cloned()).collect()
    }

    /// Takes a row away, as a person could.
    pub fn remove_row(&self, item: &Item) {
        self.lock().table.remove(item);
    }

    /// Writes a row, as a person could.
    pub fn put_row(&self, item: Item) {
        self.lock().table.put(item);
    }

    /// The keys of the bucket's objects.
    pub fn object_keys(&self) -> Vec<String> {
        self.lock().objects.keys().cloned().collect()
    }

    /// Sends a message, as anybody with the right to could.
    pub fn send(&self, queue: &str, body: &str) {
        let mut state = self.lock();
        let now = state.now;
        state.queues.send(queue, body, now);
    }

    /// Empties queues, as a disaster would.
    pub fn lose_messages(&self, queues: &[&str]) {
        let state = &mut *self.lock();
        for queue in queues {
            for message in state.queues.messages(queue) {
                state.queues.delete(queue, message.id);
            }
        }
    }

    /// The messages that are in a queue, hidden ones too.
    pub fn messages(&self, queue: &str) -> Vec<Message> {
        self.lock().queues.messages(queue)
    }

    fn answer(&self, function: &str, request: &HttpRequest) -> Result<(u16, Vec<u8>), Fault> {
        let state = &mut *self.lock();
        let (mut noted, path) = describe(function, request);
        let body = request.body().bytes().unwrap_or_default().to_vec();
        noted.body = String::from_utf8_lossy(&body).into_owned();
        let fault = state.weather.as_mut().and_then(|weather| weather(&noted));
        if let Some(fault @ (Fault::Throttled | Fault::Distrusted)) = fault {
            state.requests.push(noted);
            return Err(fault);
        }
        let answer = state.perform(&mut noted, &path, request.method(), body);
        state.requests.push(noted);
        if fault == Some(Fault::Unanswered) { Err(Fault::Unanswered) } else { Ok(answer) }
    }
}

impl State {
    fn perform(
        &mut self,
        noted: &mut Request,
        path: &str,
        method: &str,
        body: Vec<u8>,
    ) -> (u16, Vec<u8>) {
        let json = || serde_json::from_slice::<Value>(&body).expect("a JSON body");
        match noted.service {
            "dynamodb" => {
                let operation = noted.operation.clone();
                match self.table.answer(&operation, &json(), noted) {
                    Ok(answer) => (200, answer.to_string().into_bytes()),
                    Err(Refusal(code, item)) => {
                        let code = format!("com.amazonaws.dynamodb.v20120810#{code}");
                        let refusal = json!({"__type": code, "message": "The conditional request failed", "Item": item});
                        (400, refusal.to_string().into_bytes())
                    }
                }
            }
            "sqs" => {
                let operation = noted.operation.clone();
                (
                    200,
                    self.queues
                        .answer(&operation, &json(), self.now, noted)
                        .to_string()
                        .into_bytes(),
                )
            }
            "s3" => self.object(noted, path, method, body),
            "sts" => {
                let expires = Timestamp::from_millisecond(self.now + 3_600_000).unwrap();
                (200, format!("<AssumeRoleResponse><AssumeRoleResult><Credentials><AccessKeyId>A</AccessKeyId><SecretAccessKey>S</SecretAccessKey><SessionToken>T</SessionToken><Expiration>{expires:.0}</Expiration></Credentials></AssumeRoleResult></AssumeRoleResponse>").into_bytes())
            }
            "secretsmanager" => {
                let is_current = json()["VersionStage"] == "AWSCURRENT";
                let secret = if is_current {
                    Some(self.secret.clone())
                } else {
                    self.earlier_secret.clone()
                };
                match secret {
                    Some(secret) => (200, json!({"SecretString": secret}).to_string().into_bytes()),
                    None => (
                        400,
                        json!({"__type": "ResourceNotFoundException", "Message": "no"})
                            .to_string()
                            .into_bytes(),
                    ),
                }
            }
            other => panic!("the service `{other}`"),
        }
    }

    fn object(
        &mut self,
        noted: &mut Request,
        path: &str,
        method: &str,
        body: Vec<u8>,
    ) -> (u16, Vec<u8>) {
        let key = path.trim_start_matches('/').split('?').next().unwrap_or_default();
        let key = key.strip_prefix(&format!("{BUCKET}/")).unwrap_or(key).to_owned();
        noted.key.clone_from(&key);
        noted.items = 1;
        match method {
            "PUT" => {
                noted.operation = "PutObject".to_owned();
                noted.bytes = body.len();
                noted.usage.s3_puts = 1.0;
                self.objects.insert(key, body);
                (200, Vec::new())
            }
            "GET" => {
                noted.operation = "GetObject".to_owned();
                noted.usage.s3_gets = 1.0;
                match self.objects.get(&key) {
                    Some(object) => {
                        noted.bytes = object.len();
                        (200, object.clone())
                    }
                    None => (404, b"<Error><Code>NoSuchKey</Code></Error>".to_vec()),
                }
            }
            other => panic!("S3's {other}"),
        }
    }
}

/// Which service a request goes to, what it asks for, and its path.
fn describe(function: &str, request: &HttpRequest) -> (Request, String) {
    let uri = request.uri();
    let rest = uri.split_once("://").map_or(uri, |(_, rest)| rest);
    let (host, path) = rest.split_once('/').unwrap_or((rest, ""));
    let target = request.headers().get("x-amz-target").unwrap_or_default();
    let service = ["dynamodb", "sqs", "secretsmanager", "sts", "s3"]
        .into_iter()
        .find(|service| host.split('.').any(|part| part == *service));
    let operation = target.rsplit('.').next().unwrap_or_default().to_owned();
    let service = service.unwrap_or_else(|| panic!("a request to {host}"));
    let operation = if service == "sts" { "AssumeRole".to_owned() } else { operation };
    (
        Request { function: function.to_owned(), service, operation, ..Request::default() },
        path.to_owned(),
    )
}

/// The line from one function to the cloud.
#[derive(Debug)]
struct Line {
    cloud: Cloud,
    function: String,
}

impl HttpConnector for Line {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let elsewhere = self.cloud.lock().dynamo.clone();
        if let Some(host) = elsewhere
            && let (described, _) = describe(&self.function, &request)
            && described.service == "dynamodb"
        {
            return elsewhere_answer(host, described.operation, request);
        }
        let answer = self.cloud.answer(&self.function, &request);
        HttpConnectorFuture::new(async move {
            // Requests of one process overlap, as they do over a network.
            tokio::task::yield_now().await;
            let (status, body) = match answer {
                Ok(answer) => answer,
                Err(Fault::Throttled) => {
                    let refusal =
                        json!({"__type": "ThrottlingException", "message": "Rate exceeded"});
                    (400, refusal.to_string().into_bytes())
                }
                Err(Fault::Distrusted) => (403, DISTRUSTED.as_bytes().to_vec()),
                Err(Fault::Unanswered) => {
                    return Err(ConnectorError::io("the connection was closed".into()));
                }
            };
            Ok(response(status, body))
        })
    }
}

/// The answer of a DynamoDB that is not in memory.
fn elsewhere_answer(host: String, operation: String, request: HttpRequest) -> HttpConnectorFuture {
    HttpConnectorFuture::new(async move {
        let body = request.body().bytes().unwrap_or_default();
        let answer = dynamo::forward(&host, &operation, body).await;
        let (status, body) = answer.map_err(|error| ConnectorError::io(error.into()))?;
        Ok(response(status, body))
    })
}

fn response(status: u16, body: Vec<u8>) -> HttpResponse {
    HttpResponse::new(status.try_into().expect("a status"), SdkBody::from(body))
}

/// The body of a cue's message.
pub fn cue_body(execution: &str, cue: &Cue) -> String {
    let Sequence(sequence) = cue.sequence;
    let scope = cue.scope.to_string();
    json!({"v": 1, "d": {"x": execution, "s": scope, "q": sequence, "g": "proceed"}}).to_string()
}

/// Base64, as DynamoDB's binary values have it.
pub fn base64(bytes: &[u8]) -> String {
    base64::engine::general_purpose::STANDARD.encode(bytes)
}

pub fn unbase64(text: &str) -> Vec<u8> {
    base64::engine::general_purpose::STANDARD.decode(text).expect("base64")
}

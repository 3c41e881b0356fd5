//! The stack's functions over the cloud in memory, driven as Lambda drives them: event source mappings, their batches and
//! deletions, the timer's schedule, and the API behind its URL.

use super::home::next_sweep;
use super::http::{Answers, Heads, Invoked, echo};
use super::{
    BUCKET, CUE_QUEUE, Cloud, DEAD_QUEUE, EXPRESS_QUEUE, KEPT_QUEUE, MAP_QUEUE, Message, Request,
    TABLE, TASK_QUEUE, Value,
};
use crate::s3::S3;
use baton_aws::Aws;
use baton_cost::{Usage, model, units};
use baton_lambda::{Configuration, Function, Listener, Queue, Sweeper};
use serde_json::json;
use serde_json::value::RawValue;
use std::collections::{BTreeMap, BTreeSet};

pub const ACCOUNT: &str = "123456789012";
/// The template's `maxReceiveCount`.
const DELIVERIES_MAX: u32 = 100;

/// How the stack is driven.
#[derive(Debug, Clone, Copy)]
pub struct Terms {
    /// How many messages an invocation gets at most.
    pub batch: usize,
    /// How long each call takes.
    pub call_secs: f64,
}

/// A deployed stack.
pub struct Stack {
    pub cloud: Cloud,
    pub terms: Terms,
    pub invoked: Invoked,
    /// The heads of the requests that tasks made.
    pub heads: Heads,
    answers: Answers,
    /// The users' own S3: the bucket `data` is there.
    pub s3: S3,
    pub transition: Function,
    pub task: Function,
    pub express: Function,
    pub map: Function,
    pub api: Function,
    pub dead_letter: Function,
    pub sweeper: Sweeper,
    pub event: Listener,
    /// What Lambda itself was paid for: invocations, their time, and its pollers' requests.
    pub lambda: Usage,
    /// How many messages were delivered.
    pub deliveries: u64,
    /// Where everything outside is, but what the functions themselves use.
    pub endpoint: String,
}

impl Stack {
    pub async fn new(terms: Terms) -> Self {
        let cloud = Cloud::default();
        let invoked = Invoked::default();
        let (heads, answers) = (Heads::default(), Answers::default());
        let endpoint = echo(invoked.clone(), heads.clone(), answers.clone()).await;
        let s3 = S3::start("data");
        let at = Endpoints { tasks: &endpoint, s3: &s3.address, hears_events: true };
        Stack {
            terms,
            invoked,
            heads,
            answers,
            transition: function(&cloud, "transition", at).await,
            task: function(&cloud, "task", at).await,
            express: function(&cloud, "express", at).await,
            map: function(&cloud, "map", at).await,
            api: function(&cloud, "api", at).await,
            dead_letter: function(&cloud, "dead-letter", at).await,
            sweeper: Sweeper::over(cloud.backend("timer")),
            event: Listener::over(cloud.backend("event")),
            lambda: Usage::default(),
            deliveries: 0,
            endpoint,
            s3,
            cloud,
        }
    }

    /// The same, with calls that go to this address.
    pub async fn at(terms: Terms, endpoint: &str) -> Self {
        let mut stack = Stack::new(terms).await;
        stack.endpoint = endpoint.to_owned();
        stack.redeploy().await;
        stack
    }

    /// What an action of another service is answered from now on, by its `x-amz-target`.
    pub fn answer(&self, target: &str, answer: &Value) {
        let (target, answer) = (target.to_ascii_lowercase(), answer.to_string());
        self.answers.lock().expect("no panic").insert(target, answer);
    }

    /// Starts every function anew, as a deployment does.
    pub async fn redeploy(&mut self) {
        let at = Endpoints { tasks: &self.endpoint, s3: &self.s3.address, hears_events: true };
        self.transition = function(&self.cloud, "transition", at).await;
        self.task = function(&self.cloud, "task", at).await;
        self.express = function(&self.cloud, "express", at).await;
        self.map = function(&self.cloud, "map", at).await;
        self.api = function(&self.cloud, "api", at).await;
    }

    /// Deploys it without events that tell the ends of jobs.
    pub async fn hear_no_events(&mut self) {
        let s3 = &self.s3.address;
        let at = Endpoints { tasks: &self.endpoint, s3, hears_events: false };
        self.task = function(&self.cloud, "task", at).await;
    }

    /// A backend of its own, for a look.
    pub fn backend(&self) -> Aws {
        self.cloud.backend("test")
    }

    /// Asks the API, through its function.
    pub async fn ask(&mut self, action: &str, body: &Value) -> Result<Value, String> {
        let event = json!({
            "requestContext": {},
            "headers": {"x-amz-target": format!("AWSStepFunctions.{action}")},
            "body": body.to_string(),
        });
        let before = self.cloud.lock().requests.len();
        let event = RawValue::from_string(event.to_string()).expect("JSON");
        self.api.begin(u64::MAX);
        let answer = self.api.answer(&event, baton_lambda::Access::Whole).await.expect("an answer");
        let requests = self.cloud.lock().requests.len() - before;
        self.bill(1.0, requests, 0.0);
        let text = answer["body"].as_str().expect("a body");
        if answer["statusCode"] == 200 {
            Ok(serde_json::from_str(text).expect("JSON"))
        } else {
            Err(text.to_owned())
        }
    }

    /// Starts an execution for somebody whose request belongs to a trace.
    pub async fn start_traced(&mut self, machine: &str, trace_header: &str) -> String {
        let event = json!({
            "requestContext": {},
            "headers": {
                "x-amz-target": "AWSStepFunctions.StartExecution", "x-amzn-trace-id": trace_header,
            },
            "body": json!({"stateMachineArn": machine, "input": "{}"}).to_string(),
        });
        let answer = self.invoke(&event).await.expect("an answer");
        let started: Value =
            serde_json::from_str(answer["body"].as_str().expect("a body")).expect("JSON");
        started["executionArn"].as_str().expect("an ARN").to_owned()
    }

    /// Creates a state machine.
    pub async fn create(&mut self, name: &str, definition: &Value) -> String {
        let request = json!({
            "name": name, "definition": definition.to_string(),
            "roleArn": format!("arn:aws:iam::{ACCOUNT}:role/baton-test"),
        });
        let created = self.ask("CreateStateMachine", &request).await.expect("it is created");
        created["stateMachineArn"].as_str().expect("an ARN").to_owned()
    }

    /// Starts an execution.
    pub async fn start(&mut self, machine: &str, name: &str, input: &Value) -> String {
        let request = json!({"stateMachineArn": machine, "name": name, "input": input.to_string()});
        let started = self.ask("StartExecution", &request).await.expect("it is started");
        started["executionArn"].as_str().expect("an ARN").to_owned()
    }

    /// Lets everything happen that will happen by itself, the clock moving on where nothing else is left.
    pub async fn run(&mut self) {
        self.run_until(i64::MAX).await;
    }

    /// The same up to a time.
    pub async fn run_until(&mut self, end_millis: i64) {
        for _ in 0..1_000_000 {
            let mut delivered = 0;
            for queue in [Queue::Cues, Queue::Tasks, Queue::Express, Queue::Maps] {
                delivered += self.deliver(queue).await;
            }
            if delivered + self.bury().await > 0 {
                continue;
            }
            let now = self.cloud.now().as_millisecond();
            let next_message = self.cloud.lock().queues.next_visible();
            let next_sweep = next_sweep(&self.cloud).map(|due| due.max(now));
            let next = next_message.into_iter().chain(next_sweep).min();
            let Some(next) = next.filter(|next| *next <= end_millis) else { return };
            self.cloud.set_now(next.max(now));
            if next_sweep.is_some_and(|sweep| sweep <= next) {
                self.note_sweeps_without_timers();
                self.sweep().await;
            }
        }
        panic!("it never rests");
    }

    /// Every sweep until five minutes ago found nothing, and is skipped here.
    fn note_sweeps_without_timers(&self) {
        let minute = (self.cloud.now().as_second() + 300) / 60;
        let row =
            json!({"pk": {"S": "t#swept"}, "sk": {"S": "m"}, "minute": {"N": minute.to_string()}});
        self.cloud.put_row(row.as_object().expect("a row").clone());
    }

    /// The timer function's schedule has come.
    pub async fn sweep(&mut self) {
        let deadline = self.cloud.now().as_millisecond().unsigned_abs() + 240_000;
        self.sweeper.sweep(deadline).await.expect("a sweep");
    }

    /// One invocation by an event source mapping; answers how many messages there were.
    pub async fn deliver(&mut self, queue: Queue) -> usize {
        let (url, hidden_secs) = match queue {
            Queue::Cues => (CUE_QUEUE, 180),
            Queue::Tasks => (TASK_QUEUE, 960),
            Queue::Express => (EXPRESS_QUEUE, 390),
            Queue::Maps => (MAP_QUEUE, 960),
        };
        let messages = {
            let state = &mut *self.cloud.lock();
            state.queues.receive(url, state.now, self.terms.batch, state.now + hidden_secs * 1000)
        };
        let messages = self.without_poison(url, messages);
        if messages.is_empty() {
            return 0;
        }
        let before = self.cloud.lock().requests.len();
        let function = match queue {
            Queue::Cues => &self.transition,
            Queue::Tasks => &self.task,
            Queue::Express => &self.express,
            Queue::Maps => &self.map,
        };
        function.begin(self.cloud.now().as_millisecond().unsigned_abs() + 900_000);
        let event =
            serde_json::from_value(json!({ "Records": records(&messages) })).expect("an event");
        let answer = function.take_each(queue, event).await;
        let failed: BTreeSet<String> =
            answer.batch_item_failures.into_iter().map(|failure| failure.item_identifier).collect();
        let (requests, commits) = {
            let made = &self.cloud.lock().requests[before..];
            (made.len(), made.iter().filter(|request| is_commit(request)).count())
        };
        let wait = if queue == Queue::Tasks { self.terms.call_secs } else { 0.0 };
        self.bill_batch(&messages, requests, wait, failed.len());
        self.lambda.gb_seconds +=
            model::further_gb_seconds(commits.saturating_sub(messages.len()) as f64);
        for message in &messages {
            if !failed.contains(&message.id.to_string()) {
                self.cloud.lock().queues.delete(url, message.id);
            }
        }
        messages.len()
    }

    /// All that a queue holds, as one event; they are not delivered again.
    pub fn receive_all(&self, url: &str) -> Value {
        let state = &mut *self.cloud.lock();
        let messages = state.queues.receive(url, state.now, usize::MAX, state.now);
        for message in &messages {
            state.queues.delete(url, message.id);
        }
        json!({ "Records": records(&messages) })
    }

    /// How many messages of a queue could be delivered.
    pub fn visible(&self, url: &str) -> usize {
        let state = self.cloud.lock();
        state.queues.visible(url, state.now)
    }

    /// Those that have not been delivered too often; the others go to the dead-letter queue.
    fn without_poison(&self, url: &str, messages: Vec<Message>) -> Vec<Message> {
        let state = &mut *self.cloud.lock();
        let (poison, rest): (Vec<Message>, Vec<Message>) =
            messages.into_iter().partition(|message| message.deliveries > DELIVERIES_MAX);
        for message in poison {
            state.queues.move_message(url, &message, DEAD_QUEUE, state.now);
        }
        rest
    }

    /// One invocation of the dead-letter function; answers how many messages there were.
    pub async fn bury(&mut self) -> usize {
        let messages = {
            let state = &mut *self.cloud.lock();
            state.queues.receive(DEAD_QUEUE, state.now, 10, state.now + 360_000)
        };
        if messages.is_empty() {
            return 0;
        }
        self.dead_letter.begin(u64::MAX);
        let event =
            serde_json::from_value(json!({ "Records": records(&messages) })).expect("an event");
        let answer = self.dead_letter.bury_each(event).await;
        let failed: BTreeSet<String> =
            answer.batch_item_failures.into_iter().map(|failure| failure.item_identifier).collect();
        for message in &messages {
            if !failed.contains(&message.id.to_string()) {
                self.cloud.lock().queues.delete(DEAD_QUEUE, message.id);
            }
        }
        messages.len()
    }

    /// Invokes the api function with an event that is no HTTP request.
    pub async fn invoke(&mut self, event: &Value) -> Result<Value, String> {
        let event = RawValue::from_string(event.to_string()).expect("JSON");
        self.api.begin(u64::MAX);
        self.api
            .answer(&event, baton_lambda::Access::Whole)
            .await
            .map_err(|error| error.to_string())
    }

    fn bill_batch(&mut self, messages: &[Message], requests: usize, wait_secs: f64, failed: usize) {
        let bytes: usize = messages.iter().map(|message| message.body.len()).sum();
        // The poller receives the batch at once, and deletes what was done with at once.
        self.lambda.sqs_requests += units::sqs_requests(bytes);
        if failed < messages.len() {
            self.lambda.sqs_requests += 1.0;
        }
        self.deliveries += messages.len() as u64;
        self.bill(messages.len() as f64, requests, wait_secs);
    }

    fn bill(&mut self, cues: f64, requests: usize, wait_secs: f64) {
        self.lambda.invocations += 1.0;
        self.lambda.gb_seconds += model::gb_seconds(cues, requests as f64, wait_secs);
    }

    /// What was used since the last time, the requests of it, and both are forgotten.
    pub fn take_usage(&mut self) -> (Usage, Vec<Request>) {
        let requests = self.cloud.take_requests();
        let mut usage = std::mem::take(&mut self.lambda);
        for request in requests.iter().filter(|request| !is_of_the_schedule(request)) {
            usage += request.usage;
        }
        (usage, requests)
    }
}

/// Whether a request commits a transition.
fn is_commit(request: &Request) -> bool {
    request.operation == "PutItem" && request.key.starts_with("x#")
}

/// What the timer function asks at each sweep, timers or none: part of what an idle stack costs.
fn is_of_the_schedule(request: &Request) -> bool {
    request.function == "timer"
        && matches!(request.operation.as_str(), "Query" | "GetItem" | "UpdateItem")
}

fn records(messages: &[Message]) -> Vec<Value> {
    messages
        .iter()
        .map(|message| {
            json!({
                "messageId": message.id.to_string(),
                "receiptHandle": message.id.to_string(),
                "body": message.body,
                "attributes": {"ApproximateReceiveCount": message.deliveries.to_string()},
                "messageAttributes": {},
                "eventSource": "aws:sqs",
                "awsRegion": "us-east-1",
            })
        })
        .collect()
}

/// What functions call outside the stack.
#[derive(Clone, Copy)]
struct Endpoints<'a> {
    tasks: &'a str,
    s3: &'a str,
    hears_events: bool,
}

async fn function(cloud: &Cloud, name: &str, at: Endpoints<'_>) -> Function {
    let role = format!("arn:aws:iam::{ACCOUNT}:role/task");
    let mut variables: BTreeMap<&str, &str> = [
        ("AWS_LAMBDA_FUNCTION_NAME", name),
        ("AWS_REGION", "us-east-1"),
        ("BATON_ACCOUNT", ACCOUNT),
        ("BATON_TOKEN_SECRET_ARN", "arn:secret"),
        ("BATON_PARTITION", "aws"),
        ("BATON_PAYLOAD_BYTES_MAX", "262144"),
        ("BATON_TABLE", TABLE),
        ("BATON_BUCKET", BUCKET),
        ("BATON_CUE_QUEUE_URL", CUE_QUEUE),
        ("BATON_TASK_QUEUE_URL", TASK_QUEUE),
        ("BATON_EXPRESS_QUEUE_URL", EXPRESS_QUEUE),
        ("BATON_MAP_QUEUE_URL", MAP_QUEUE),
        ("BATON_RETENTION_DAYS", "90"),
        ("AWS_ENDPOINT_URL", at.tasks),
        ("AWS_ENDPOINT_URL_S3", at.s3),
        ("BATON_HTTP_HOSTS", "127.0.0.1"),
    ]
    .into();
    if name == "dead-letter" {
        variables.insert("BATON_KEPT_QUEUE_URL", KEPT_QUEUE);
    }
    if ["task", "map"].contains(&name) {
        variables.insert("BATON_CALLER_ROLE_ARN", &role);
        variables.insert("BATON_JOB_EVENTS", if at.hears_events { "true" } else { "false" });
    }
    let configuration = Configuration::read(&|name| variables.get(name).map(|it| (*it).to_owned()));
    Function::over(cloud.backend(name), configuration.expect("the environment"))
        .await
        .expect("a function")
}

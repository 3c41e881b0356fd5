//! Running the workflows, and what each used.

use crate::workflows::{self, Workflow};
use baton_cost::{Usage, execution};
use baton_store::{ExecutionArn, Journal as _};
use baton_tests::cloud::{Log, Request, Stack, Terms};
use serde_json::json;
use std::collections::BTreeMap;

/// What one execution of a workflow used, at one size of batches.
#[derive(Debug, Clone)]
pub struct Row {
    pub workflow: Workflow,
    pub batch: usize,
    pub usage: Usage,
    /// What is told from the records of one of the executions.
    pub told: Usage,
    /// Requests by service and operation: how many, items, bytes.
    pub requests: BTreeMap<(String, String), (f64, f64, f64)>,
}

impl Row {
    /// The price of a million executions.
    pub fn million(&self) -> f64 {
        self.usage.dollars() * 1e6
    }

    /// The price of a million transitions, start and end of the executions included.
    pub fn million_transitions(&self) -> f64 {
        self.million() / self.workflow.transitions
    }
}

pub async fn all() -> Vec<Row> {
    let mut rows = Vec::new();
    for workflow in workflows::all() {
        for batch in [1, 10] {
            rows.push(measure(&workflow, batch).await);
        }
    }
    rows
}

pub async fn measure(workflow: &Workflow, batch: usize) -> Row {
    let log = Log::default();
    let _collects = log.collect("info");
    let mut stack = Stack::new(Terms { batch, call_secs: workflow.call_secs }).await;
    let machine = stack.create("workflow", &workflow.definition).await;
    // The first round fills what a warm function holds in memory.
    run(&mut stack, &machine, workflow, "warm").await;
    stack.take_usage();
    log.take();
    let execution = run(&mut stack, &machine, workflow, "counted").await;
    let (mut usage, requests) = stack.take_usage();
    usage.log_bytes = log.take().len() as f64;
    let told = told(&stack, &execution, workflow, batch).await;
    let share = 1.0 / workflow.executions as f64;
    Row {
        workflow: workflow.clone(),
        batch,
        usage: usage * share,
        told,
        requests: summed(&requests, share),
    }
}

async fn told(stack: &Stack, execution: &str, workflow: &Workflow, batch: usize) -> Usage {
    let (backend, arn) = (stack.backend(), ExecutionArn::parse(execution).expect("an ARN"));
    let header = backend.header(&arn).await.expect("an answer").expect("a header");
    let (mut records, mut from) = (Vec::new(), None::<String>);
    loop {
        let page = backend.records(&arn, from.as_deref()).await.expect("a page");
        records.extend(page.items.into_iter().map(|marked| marked.record));
        from = page.next;
        if from.is_none() {
            break;
        }
    }
    let definition_bytes = workflow.definition.to_string().len();
    let terms =
        execution::Terms { batch: batch as f64, call_secs: workflow.call_secs, definition_bytes };
    assert_eq!(
        f64::from(execution::transitions(&records)),
        workflow.transitions,
        "{}",
        workflow.name
    );
    execution::usage(&header, &records, &terms)
}

/// Runs a workflow's executions; answers one of them.
async fn run(stack: &mut Stack, machine: &str, workflow: &Workflow, name: &str) -> String {
    let mut executions = Vec::new();
    for at in 0..workflow.executions {
        // As long as the names that AWS gives.
        let name = format!("{name:-<8}-{at:04}-4b8e-9a55-0c6a4f6b7d21");
        // No two executions have the same payload, so that none is found where another left it.
        let mut input = workflow.input.clone();
        if input.is_object() {
            input["orderId"] = json!(name);
        }
        executions.push(stack.start(machine, &name, &input).await);
    }
    if let Some(secs) = workflow.callback_secs {
        let until = stack.cloud.now().as_millisecond() + secs * 1000;
        stack.run_until(until).await;
        stack.cloud.set_now(until);
        let tokens: Vec<String> = std::mem::take(&mut *stack.invoked.lock().unwrap());
        assert_eq!(tokens.len(), workflow.executions);
        for payload in tokens {
            let payload: serde_json::Value = serde_json::from_str(&payload).unwrap();
            let answer = json!({"taskToken": payload["token"], "output": "{\"ok\":true}"});
            stack.ask("SendTaskSuccess", &answer).await.expect("it is answered");
        }
    }
    stack.run().await;
    let (usage, requests) = (stack.lambda, stack.cloud.take_requests());
    for execution in &executions {
        let described = stack.ask("DescribeExecution", &json!({"executionArn": execution})).await;
        assert_eq!(described.expect("a description")["status"], "SUCCEEDED", "{}", workflow.name);
    }
    // Looking is not counted.
    stack.lambda = usage;
    stack.cloud.take_requests();
    stack.cloud.put_requests(requests);
    executions.swap_remove(0)
}

fn summed(requests: &[Request], share: f64) -> BTreeMap<(String, String), (f64, f64, f64)> {
    let mut sums: BTreeMap<(String, String), (f64, f64, f64)> = BTreeMap::new();
    for request in requests {
        let key = (request.service.to_owned(), request.operation.clone());
        let sum = sums.entry(key).or_default();
        sum.0 += share;
        sum.1 += share * request.items as f64;
        sum.2 += share * request.bytes as f64;
    }
    sums
}

//! Lists cost the same, however many executions there are.

use super::{chain, stack};
use baton_tests::cloud::{Stack, Value};
use serde_json::json;
use std::collections::BTreeMap;

/// How many executions there are.
const COUNTS: [usize; 2] = [1_000, 100_000];

/// Requests by their operation, and the read units of all.
type Cost = (BTreeMap<String, usize>, f64);

#[tokio::test]
async fn a_page_of_executions_costs_the_same_among_a_thousand_and_a_hundred_thousand() {
    let mut stack = stack().await;
    let machine = stack.create("m", &chain(&[json!({"Type": "Pass"})])).await;
    stack.start(&machine, "seed", &json!({})).await;
    stack.run().await;
    let seed = Seed::read(&stack, &machine);
    let (mut there, mut costs) = (0, Vec::new());
    for count in COUNTS {
        for number in there..count {
            seed.copy(&stack, number);
        }
        there = count;
        let mut of_count = Vec::new();
        for status in [None, Some("SUCCEEDED"), Some("FAILED"), Some("RUNNING")] {
            of_count.push(pages(&mut stack, &machine, status).await);
        }
        costs.push(of_count);
    }
    assert_eq!(costs[0], costs[1]);
    let (requests, _) = &costs[1][1][0];
    assert!(requests["Query"] > 0 && requests["BatchGetItem"] > 0, "{requests:?}");
}

/// The rows of an execution that has ended.
struct Seed {
    machine: String,
    header: Row,
    listed: [(&'static str, Row); 2],
}

type Row = serde_json::Map<String, Value>;

impl Seed {
    fn read(stack: &Stack, machine: &str) -> Self {
        let one = |prefix: &str, is_it: fn(&str) -> bool| {
            let mut rows = stack.cloud.rows(prefix).into_iter();
            rows.find(|row| row["sk"]["S"].as_str().is_some_and(is_it)).expect("its rows")
        };
        let execution = machine.replace(":stateMachine:", ":execution:");
        let header = one(&format!("x#{execution}:seed"), |key| key == "h");
        let listed = ["all", "SUCCEEDED"]
            .map(|list| (list, one(&format!("l#{machine}#{list}#"), |key| key.ends_with("#seed"))));
        Seed { machine: machine.to_owned(), header, listed }
    }

    /// Writes the rows of an execution that went as this one, at the same time.
    fn copy(&self, stack: &Stack, number: usize) {
        let name = format!("n{number:06}");
        let execution = self.machine.replace(":stateMachine:", ":execution:");
        let mut header = self.header.clone();
        header.insert("pk".into(), json!({"S": format!("x#{execution}:{name}")}));
        stack.cloud.put_row(header);
        for (list, row) in &self.listed {
            let mut row = row.clone();
            let (started, _) =
                row["sk"]["S"].as_str().and_then(|key| key.split_once('#')).expect("a key");
            let key = format!("{started}#{name}");
            let shard = number % 16;
            row.insert("pk".into(), json!({"S": format!("l#{}#{list}#{shard}", self.machine)}));
            row.insert("sk".into(), json!({ "S": key }));
            stack.cloud.put_row(row);
        }
    }
}

/// What the first page and the one after it cost.
async fn pages(stack: &mut Stack, machine: &str, status: Option<&str>) -> Vec<Cost> {
    let mut body = json!({"stateMachineArn": machine, "maxResults": 50});
    if let Some(status) = status {
        body["statusFilter"] = status.into();
    }
    let mut costs = Vec::new();
    for _ in 0..2 {
        drop(stack.take_usage());
        let page = stack.ask("ListExecutions", &body).await.expect("a page");
        let (_, requests) = stack.take_usage();
        let mut operations = BTreeMap::new();
        for request in &requests {
            *operations.entry(request.operation.clone()).or_default() += 1;
        }
        costs.push((operations, requests.iter().map(|it| it.usage.read_units).sum()));
        let count = page["executions"].as_array().expect("a list").len();
        let is_full = matches!(status, None | Some("SUCCEEDED"));
        assert_eq!(count, if is_full { 50 } else { 0 }, "{status:?}");
        if page["nextToken"].is_null() {
            break;
        }
        body["nextToken"] = page["nextToken"].clone();
    }
    costs
}

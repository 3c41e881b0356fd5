//! The reference workflows.

use baton_tests::cloud::Value;
use serde_json::json;

/// A workflow whose price is counted.
#[derive(Debug, Clone)]
pub struct Workflow {
    pub name: &'static str,
    pub definition: Value,
    pub input: Value,
    /// How many states an execution enters: what Standard bills.
    pub transitions: f64,
    /// How long each of its calls takes.
    pub call_secs: f64,
    /// Whether it waits for a callback, and for how long.
    pub callback_secs: Option<i64>,
    /// How many executions run side by side.
    pub executions: usize,
}

pub fn all() -> Vec<Workflow> {
    vec![
        plain("10 Pass, 1 KiB", passes(10), order(1), 10.0),
        plain("20 Pass, 1 KiB", passes(20), order(1), 20.0),
        plain("10 Pass, 100 KiB", passes(10), order(100), 10.0),
        plain("10 Choice, 1 KiB", choices(10), order(1), 11.0),
        plain("20 Choice, 1 KiB", choices(20), order(1), 21.0),
        Workflow { call_secs: 0.01, ..plain("5 Lambda of 10 ms, 1 KiB", tasks(5), order(1), 5.0) },
        Workflow {
            call_secs: 0.01,
            ..plain("10 Lambda of 10 ms, 1 KiB", tasks(10), order(1), 10.0)
        },
        Workflow { call_secs: 10.0, ..plain("5 Lambda of 10 s, 1 KiB", tasks(5), order(1), 5.0) },
        Workflow {
            call_secs: 10.0,
            ..plain("10 Lambda of 10 s, 1 KiB", tasks(10), order(1), 10.0)
        },
        Workflow {
            call_secs: 0.01,
            ..plain("5 Lambda of 10 ms, 100 KiB", tasks(5), order(100), 5.0)
        },
        Workflow { executions: 1, ..plain("Parallel of 100 Pass", parallel(100), order(1), 101.0) },
        Workflow {
            executions: 1,
            ..plain("Map of 100 Pass", map(), json!(vec![order_line(); 100]), 101.0)
        },
        plain("a Wait of a day", wait(86_400), order(1), 1.0),
        plain("a Wait of a year", wait(364 * 86_400), order(1), 1.0),
        Workflow {
            callback_secs: Some(60),
            ..plain("a callback of a minute", callback(), order(1), 1.0)
        },
        Workflow {
            callback_secs: Some(30 * 86_400),
            ..plain("a callback of a month", callback(), order(1), 1.0)
        },
    ]
}

fn plain(name: &'static str, definition: Value, input: Value, transitions: f64) -> Workflow {
    Workflow {
        name,
        definition,
        input,
        transitions,
        call_secs: 0.0,
        callback_secs: None,
        executions: 10,
    }
}

fn passes(count: usize) -> Value {
    chain(count, |_| json!({"Type": "Pass"}))
}

fn choices(count: usize) -> Value {
    let mut states = serde_json::Map::new();
    for at in 0..count {
        let next = if at + 1 == count { "Done".to_owned() } else { format!("S{}", at + 1) };
        let rule = json!({"Variable": "$.total", "NumericGreaterThan": 10, "Next": next});
        states.insert(format!("S{at}"), json!({"Type": "Choice", "Choices": [rule]}));
    }
    states.insert("Done".to_owned(), json!({"Type": "Succeed"}));
    json!({"StartAt": "S0", "States": states})
}

fn tasks(count: usize) -> Value {
    chain(
        count,
        |at| json!({"Type": "Task", "Resource": format!("arn:aws:lambda:us-east-1:123456789012:function:f{at}")}),
    )
}

fn parallel(width: usize) -> Value {
    let branch = |at: usize| {
        let name = format!("P{at}");
        let mut states = serde_json::Map::new();
        states.insert(name.clone(), json!({"Type": "Pass", "End": true}));
        json!({"StartAt": name, "States": states})
    };
    let branches: Vec<Value> = (0..width).map(branch).collect();
    json!({"StartAt": "All", "States": {"All": {"Type": "Parallel", "Branches": branches, "ResultPath": null, "End": true}}})
}

fn map() -> Value {
    let processor = json!({"StartAt": "P", "States": {"P": {"Type": "Pass", "End": true}}});
    json!({"StartAt": "Each", "States": {"Each": {"Type": "Map", "ItemProcessor": processor, "End": true}}})
}

fn wait(secs: i64) -> Value {
    json!({"StartAt": "W", "States": {"W": {"Type": "Wait", "Seconds": secs, "End": true}}})
}

fn callback() -> Value {
    json!({"StartAt": "C", "States": {"C": {
        "Type": "Task",
        "Resource": "arn:aws:states:::lambda:invoke.waitForTaskToken",
        "Parameters": {"FunctionName": "ask", "Payload": {"token.$": "$$.Task.Token"}},
        "End": true,
    }}})
}

fn chain(count: usize, state: impl Fn(usize) -> Value) -> Value {
    let mut states = serde_json::Map::new();
    for at in 0..count {
        let mut state = state(at);
        if at + 1 == count {
            state["End"] = json!(true);
        } else {
            state["Next"] = json!(format!("S{}", at + 1));
        }
        states.insert(format!("S{at}"), state);
    }
    json!({"StartAt": "S0", "States": states})
}

fn order_line() -> Value {
    json!({"sku": "B-4711-XL", "quantity": 2, "price": 19.95, "note": "gift"})
}

/// An order of about so many KiB, as they look: names repeat, values do not.
fn order(kib: usize) -> Value {
    let mut seed = 7_u64;
    let mut draw = |most: u64| {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (seed >> 33) % most
    };
    let mut order = json!({
        "orderId": "6f1c0f2e-8f5b-4b8e-9a55-0c6a4f6b7d21",
        "customer": {"id": 8_812_734, "name": "Ada Lovelace", "email": "ada@example.com", "tier": "gold"},
        "shipTo": {"street": "12 St James's Square", "city": "London", "postcode": "SW1Y 4JH", "country": "GB"},
        "total": 218.45,
        "lines": [],
    });
    while order.to_string().len() < kib * 1024 - 60 {
        let line = json!({
            "sku": format!("{:08X}", draw(u64::from(u32::MAX))),
            "quantity": draw(9) + 1,
            "price": draw(99_999) as f64 / 100.0,
            "warehouse": format!("W{}", draw(90)),
        });
        order["lines"].as_array_mut().expect("lines").push(line);
    }
    order
}

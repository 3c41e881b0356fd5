//! What a history says, in short.

use serde_json::Value;
use std::collections::BTreeMap;

/// The names of the states entered, in order.
pub fn entered(events: &[Value]) -> Vec<&str> {
    events.iter().filter_map(entered_state).collect()
}

/// How often each state's task was scheduled again after it had failed.
pub fn retries(events: &[Value]) -> BTreeMap<String, u64> {
    let mut scheduled = BTreeMap::<String, u64>::new();
    let mut entered = BTreeMap::<String, u64>::new();
    for event in events {
        if let Some(state) = entered_state(event) {
            *entered.entry(state.to_owned()).or_default() += 1;
        } else if event["type"] == "TaskScheduled" || event["type"] == "LambdaFunctionScheduled" {
            *scheduled.entry(state_of(event, events).to_owned()).or_default() += 1;
        }
    }
    let again = scheduled.into_iter().map(|(state, times)| {
        let first = entered.get(&state).copied().unwrap_or_default();
        (state, times.saturating_sub(first))
    });
    again.filter(|(_, times)| *times > 0).collect()
}

/// Checks what holds for every history.
#[track_caller]
pub fn check(events: &[Value]) {
    let mut time = f64::MIN;
    for (index, event) in events.iter().enumerate() {
        let id = event["id"].as_u64().expect("an id");
        assert_eq!(id, index as u64 + 1, "ids are counted from 1");
        assert!(event["previousEventId"].as_u64().is_some_and(|previous| previous < id), "{event}");
        let at = event["timestamp"].as_f64().expect("a time");
        assert!(at >= time, "{event} is earlier than the event before");
        time = at;
    }
    let ends = |kind: &&Value| {
        let kind = kind["type"].as_str().unwrap_or_default();
        kind.starts_with("Execution") && kind != "ExecutionStarted"
    };
    assert_eq!(events.iter().filter(ends).count(), 1, "an execution ends once");
    assert!(events.last().as_ref().is_some_and(ends), "the end is last");
}

fn entered_state(event: &Value) -> Option<&str> {
    event["stateEnteredEventDetails"]["name"].as_str()
}

/// The state that an event belongs to.
fn state_of<'a>(event: &'a Value, events: &'a [Value]) -> &'a str {
    let mut event = event;
    loop {
        if let Some(state) = entered_state(event) {
            return state;
        }
        let previous = event["previousEventId"].as_u64().and_then(|id| id.checked_sub(1));
        let previous = previous.and_then(|index| events.get(usize::try_from(index).ok()?));
        event = previous.expect("every task is in a state");
    }
}

//! What a transition allocates that passes 200 KiB on unchanged.

use crate::measure::Table;
use crate::run::Machine;
use baton_engine::Payload;
use serde_json::{Value, json};
use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicUsize, Ordering};

const PAYLOAD_BYTES: usize = 200 * 1024;

/// The system's allocator, counting the bytes asked for.
pub struct Counting;

static ALLOCATED: AtomicUsize = AtomicUsize::new(0);

// SAFETY: every call is passed on as it is.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        ALLOCATED.fetch_add(layout.size(), Ordering::Relaxed);
        // SAFETY: the caller's promise.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        // SAFETY: the caller's promise.
        unsafe { System.dealloc(pointer, layout) }
    }

    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        ALLOCATED.fetch_add(size.saturating_sub(layout.size()), Ordering::Relaxed);
        // SAFETY: the caller's promise.
        unsafe { System.realloc(pointer, layout, size) }
    }
}

pub fn copies(table: &mut Table) {
    let states = [
        ("Pass", json!({"Type": "Pass", "Next": "End"})),
        (
            "Pass, InputPath and OutputPath $",
            json!({"Type": "Pass", "InputPath": "$", "OutputPath": "$", "Next": "End"}),
        ),
        (
            "Pass, result discarded",
            json!({"Type": "Pass", "Result": 1, "ResultPath": null, "Next": "End"}),
        ),
        (
            "Choice",
            json!({"Type": "Choice", "Default": "End", "Choices": [
            {"Variable": "$.n", "NumericEquals": 2, "Next": "End"}]}),
        ),
        (
            "Pass that reads $$.Execution.Id into a variable",
            json!({"Type": "Pass", "Assign": {"id.$": "$$.Execution.Id"}, "Next": "End"}),
        ),
        ("JSONata Pass", json!({"Type": "Pass", "QueryLanguage": "JSONata", "Next": "End"})),
        (
            "JSONata Pass, Output {% $states.input %}",
            json!({"Type": "Pass", "QueryLanguage": "JSONata",
            "Output": "{% $states.input %}", "Next": "End"}),
        ),
        (
            "JSONata Choice",
            json!({"Type": "Choice", "QueryLanguage": "JSONata", "Default": "End",
            "Choices": [{"Condition": "{% $states.input.n = 2 %}", "Next": "End"}]}),
        ),
    ];
    for (what, state) in states {
        let allocated = allocated(&state);
        let share = format!("{:.4}", allocated as f64 / PAYLOAD_BYTES as f64);
        table.add(
            what,
            format!("{allocated} bytes"),
            format!("{PAYLOAD_BYTES} bytes"),
            share,
            "no copy",
        );
    }
}

/// The bytes that one transition out of the state allocates.
fn allocated(state: &Value) -> usize {
    let definition =
        json!({"StartAt": "First", "States": {"First": state, "End": {"Type": "Succeed"}}});
    let items: Vec<Value> =
        (0..PAYLOAD_BYTES / 20).map(|index| json!({ "id": index % 10 + 1_000_000 })).collect();
    let input = json!({"n": 1, "items": items}).to_string();
    let machine = Machine::new(&definition, Payload::parse(&input).expect("JSON"));
    let first = machine.begin();
    let before = ALLOCATED.load(Ordering::Relaxed);
    let next = machine.advance(&first);
    let allocated = ALLOCATED.load(Ordering::Relaxed) - before;
    assert_eq!(next.record.visit.input.value()["n"], 1);
    allocated
}

//! One evaluation of a compiled path, beside `serde_json_path`.

use crate::clock::CoreTime;
use crate::measure::{Table, median};
use baton_jsonpath::{NoVariables, Path, Scope};
use serde_json::{Value, json};
use serde_json_path::JsonPath;
use std::hint::black_box;

const ROUNDS: usize = 7;
/// How long one measurement takes.
const ROUND_SECS: f64 = 0.05;

/// Our path, and the same in RFC 9535's spelling.
const PATHS: [(&str, &str); 7] = [
    ("$.order.id", "$.order.id"),
    ("$.order.address.lines[0]", "$.order.address.lines[0]"),
    ("$.items[50].price", "$.items[50].price"),
    ("$.items[*].price", "$.items[*].price"),
    ("$.items[10:20].name", "$.items[10:20].name"),
    ("$..price", "$..price"),
    ("$.items[?(@.price > 50)].name", "$.items[?@.price > 50].name"),
];

pub fn paths(table: &mut Table) {
    let document = document();
    let mut shares = Vec::new();
    for (ours, theirs) in PATHS {
        let (path, theirs) =
            (Path::parse(ours).expect(ours), JsonPath::parse(theirs).expect(theirs));
        let scope = Scope { input: &document, context: &Value::Null, variables: &NoVariables };
        let baton = || {
            let selected = path.select(black_box(&scope)).expect("it selects");
            black_box(&selected);
        };
        let floor = || {
            let selected = theirs.query(black_box(&document)).all();
            black_box(&selected);
        };
        let (baton, floor) = both(baton, floor);
        shares.push(baton / floor);
        table.add(ours, ns(baton), ns(floor), format!("{:.2}", baton / floor), "1.50");
    }
    let mean = shares.iter().map(|share| share.ln()).sum::<f64>() / shares.len() as f64;
    table.add(
        "all paths, geometric mean",
        String::new(),
        String::new(),
        format!("{:.2}", mean.exp()),
        "1.50",
    );
}

/// The time of one of each, measured in turns so that a busy machine slows both.
pub fn both(mut one: impl FnMut(), mut other: impl FnMut()) -> (f64, f64) {
    let (one_times, other_times) = (times(&mut one), times(&mut other));
    let rounds: Vec<(f64, f64)> = (0..ROUNDS)
        .map(|_| (time_of(&mut one, one_times), time_of(&mut other, other_times)))
        .collect();
    let [ones, others]: [Vec<f64>; 2] =
        [rounds.iter().map(|it| it.0).collect(), rounds.iter().map(|it| it.1).collect()];
    (median(&ones), median(&others))
}

pub fn ns(seconds: f64) -> String {
    format!("{:.0} ns", seconds * 1e9)
}

/// How often something can be done in a round.
fn times(work: &mut impl FnMut()) -> u32 {
    let mut times = 1;
    loop {
        let once = time_of(work, times);
        if once * f64::from(times) > ROUND_SECS / 10.0 {
            return ((ROUND_SECS / once) as u32).max(1);
        }
        times *= 4;
    }
}

fn time_of(work: &mut impl FnMut(), times: u32) -> f64 {
    let watch = CoreTime::start();
    for _ in 0..times {
        work();
    }
    watch.secs() / f64::from(times)
}

fn document() -> Value {
    let item =
        |index: u32| json!({"name": format!("item-{index}"), "price": index, "tags": ["a", "b"]});
    json!({
        "order": {"id": 7, "customer": "c-1", "address": {"lines": ["1 Main St", "Town"]}},
        "items": (0..100).map(item).collect::<Vec<_>>(),
    })
}

//! One evaluation of a compiled expression, from a JSON value to a JSON value, beside the bare library doing as much.

use crate::jsonpath::{both, ns};
use crate::measure::Table;
use baton_jsonata::{Bindings, Chance, Environment, Expression, Limits, Member};
use jsonata_core::evaluator::{Context, Evaluator};
use jsonata_core::parser;
use jsonata_core::value::JValue;
use serde_json::{Value, json};
use std::hint::black_box;

const EXPRESSIONS: [(&str, &str); 6] = [
    ("pick a value", "$states.input.order.id"),
    ("compute a total", "$sum($states.input.lines.(qty * price)) > 100"),
    (
        "build an object",
        "{'id': $states.input.order.id, 'who': $uppercase($states.input.order.customer), 'n': $count($states.input.lines), 'ok': true}",
    ),
    ("text", "$states.input.order.customer & '-' & $string($states.input.order.id)"),
    (
        "filter and project 1,000 items",
        "$states.input.items[price > 500].{'name': name, 'price': price}",
    ),
    ("$map over 1,000 items", "$map($states.input.items, function($i) { $i.price * 2 })"),
];

struct Input<'a>(&'a Value);

impl Bindings for Input<'_> {
    fn member(&self, member: Member) -> Option<&Value> {
        (member == Member::Input).then_some(self.0)
    }

    fn variable(&self, _: &str) -> Option<&Value> {
        None
    }
}

struct NoChance;

impl Chance for NoChance {
    fn uuid(&mut self) -> String {
        String::new()
    }

    fn unit(&mut self) -> f64 {
        0.5
    }

    fn now_millis(&mut self) -> i64 {
        0
    }
}

pub fn expressions(table: &mut Table) {
    let (small, large) = (input(0), input(1_000));
    let mut shares = Vec::new();
    for (what, text) in EXPRESSIONS {
        let input = if text.contains("items") { &large } else { &small };
        let (expression, tree) =
            (Expression::parse(text).expect(text), parser::parse(text).expect(text));
        let baton = || {
            let bindings = Input(black_box(input));
            let environment = Environment::new(&bindings);
            let value = expression.eval(&environment, &mut NoChance, &Limits::default());
            black_box(value.expect(text));
        };
        let floor = || {
            let mut context = Context::new();
            context.bind("states".to_owned(), states(black_box(input)));
            let value = Evaluator::with_context(context).evaluate(&tree, &JValue::Undefined);
            black_box(serde_json::to_value(value.expect(text)).expect(text));
        };
        let (baton, floor) = both(baton, floor);
        shares.push(baton / floor);
        table.add(what, ns(baton), ns(floor), format!("{:.2}", baton / floor), "1.30");
    }
    let mean = shares.iter().map(|share| share.ln()).sum::<f64>() / shares.len() as f64;
    table.add(
        "all expressions, geometric mean",
        String::new(),
        String::new(),
        format!("{:.2}", mean.exp()),
        "1.30",
    );
}

/// `$states`.
fn states(input: &Value) -> JValue {
    JValue::object([("input".to_owned(), converted(input))].into_iter().collect())
}

/// A value as the library has it, by the shortest way.
fn converted(value: &Value) -> JValue {
    match value {
        Value::Null => JValue::Null,
        Value::Bool(flag) => JValue::Bool(*flag),
        Value::Number(number) => JValue::Number(number.as_f64().unwrap_or_default()),
        Value::String(text) => JValue::string(text.as_str()),
        Value::Array(items) => items.iter().map(converted).collect::<Vec<_>>().into(),
        Value::Object(members) => JValue::object(
            members.iter().map(|(name, value)| (name.clone(), converted(value))).collect(),
        ),
    }
}

fn input(items: u32) -> Value {
    let item = |index: u32| json!({"name": format!("item-{index}"), "price": index, "qty": 2});
    json!({
        "order": {"id": 7, "customer": "c-1", "address": {"lines": ["1 Main St", "Town"]}},
        "lines": [{"qty": 2, "price": 30}, {"qty": 1, "price": 70}],
        "items": (0..items).map(item).collect::<Vec<_>>(),
    })
}

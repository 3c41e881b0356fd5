//! The payment: taken with the first look at the order, given back when the order fails.

use serde_json::{Map, Value, json};

use crate::books::OpenBooks;
use crate::event::OrderEvent;
use crate::failure::Failure;

/// What the states add to an order. An order that brings one along could steer them.
const ADDED_BY_STATES: [&str; 8] = [
    "charge",
    "reservation",
    "approval",
    "confirmation",
    "prepared",
    "dispatch",
    "failure",
    "compensationFailure",
];

pub(crate) fn take(event: &OrderEvent<'_>, books: &OpenBooks<'_>) -> Result<Value, Failure> {
    refuse_results(event)?;
    let order = &event.order;
    let (id, amount_cents) = (order.id.as_str(), order.amount_cents());
    let file = file(id);
    let known = books.read(&file)?.filter(is_taken);
    if known.is_some_and(|payment| payment.get("amountCents") != Some(&json!(amount_cents))) {
        let problem = format!("order `{id}` was paid before, with another amount");
        return Err(Failure::invalid_order(&[problem]));
    }
    if order.card == "tok_declined" {
        return Err(Failure::new("PaymentDeclined", "the card was declined"));
    }
    let authorisation = format!("auth-{id}");
    let payment = json!({
        "orderId": id,
        "authorisation": authorisation,
        "amountCents": amount_cents,
        "status": "taken",
    });
    books.write(&file, &payment)?;
    Ok(json!({"authorisation": authorisation, "amountCents": amount_cents}))
}

pub(crate) fn refund(event: &OrderEvent<'_>, books: &OpenBooks<'_>) -> Result<Value, Failure> {
    let file = file(event.order.id.as_str());
    let Some(mut payment) = books.read(&file)? else {
        return Ok(json!({"refundedCents": 0}));
    };
    let refund = json!({"refundedCents": payment.get("amountCents")});
    if is_taken(&payment) {
        payment.insert("status".to_owned(), json!("refunded"));
        books.write(&file, &Value::Object(payment))?;
    }
    Ok(refund)
}

fn is_taken(payment: &Map<String, Value>) -> bool {
    payment.get("status").is_some_and(|status| status == "taken")
}

fn refuse_results(event: &OrderEvent<'_>) -> Result<(), Failure> {
    let brought = ADDED_BY_STATES.into_iter().filter(|name| event.left(name).is_some());
    let problems: Vec<_> =
        brought.map(|name| format!("`{name}` is not for the customer to say")).collect();
    if problems.is_empty() { Ok(()) } else { Err(Failure::invalid_order(&problems)) }
}

fn file(order_id: &str) -> String {
    format!("payments/{order_id}.json")
}

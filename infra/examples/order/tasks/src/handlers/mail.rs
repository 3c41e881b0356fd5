//! Mails to the customer, one of a kind an order, as files that a mail program opens.

use serde_json::{Value, json};

use crate::books::OpenBooks;
use crate::event::OrderEvent;
use crate::failure::Failure;

pub(crate) fn send(event: &OrderEvent<'_>, books: &OpenBooks<'_>) -> Result<Value, Failure> {
    let kind = event.text("kind")?;
    let (subject, body) = match kind {
        "confirmation" => ("is confirmed", "Thank you. We are preparing your order.".to_owned()),
        "failure" => ("could not be completed", failure_body(event)),
        _ => return Err(Failure::new("InvalidEvent", format!("there is no mail `{kind}`"))),
    };
    let order = &event.order;
    let (id, name, email) = (order.id.as_str(), &order.customer_name, &order.customer_email);
    let file = format!("mails/{id}.{kind}.eml");
    let mail = format!(
        "From: orders@example.com\nTo: {name} <{email}>\nSubject: Your order {id} {subject}\n\
         Content-Type: text/plain; charset=utf-8\n\nDear {name},\n\n{body}\n"
    );
    if books.read_text(&file)?.is_none() {
        books.write_text(&file, &mail)?;
    }
    Ok(json!({"file": file}))
}

fn failure_body(event: &OrderEvent<'_>) -> String {
    let error = event.left("failure").and_then(|failure| failure.get("Error")?.as_str());
    let reason = match error {
        Some("PaymentDeclined") => "Your card was declined.",
        Some("OutOfStock") => "We do not have enough of it in stock.",
        Some("ApprovalRejected") => "We cannot accept an order of this size from you.",
        Some("ApprovalTimedOut") => "We did not manage to check your order in time.",
        Some("LineFailed") => "One of the articles turned out to be damaged.",
        Some(_) | None => "Something went wrong on our side.",
    };
    let money = if event.left("compensationFailure").is_some() {
        "If you have been charged, we will give the money back and write to you again."
    } else if event.left("charge").is_some() {
        "Your payment has been refunded."
    } else {
        "You have not been charged."
    };
    format!("{reason}\n{money}")
}

//! The request for a person's approval: a file with the task token, for whoever decides.

use serde_json::{Value, json};

use crate::books::OpenBooks;
use crate::event::OrderEvent;
use crate::failure::Failure;

/// Each attempt has a token of its own, so the latest request replaces the one before.
pub(crate) fn request(event: &OrderEvent<'_>, books: &OpenBooks<'_>) -> Result<Value, Failure> {
    let order = &event.order;
    let request = json!({
        "orderId": order.id.as_str(),
        "customer": order.customer_name,
        "amountCents": order.amount_cents(),
        "taskToken": event.text("taskToken")?,
        "answerTo": event.answer_to,
    });
    let file = file(order.id.as_str());
    books.write(&file, &request)?;
    Ok(json!({"request": file}))
}

pub(super) fn file(order_id: &str) -> String {
    format!("approvals/{order_id}.json")
}

//! What others want to know of an order: the analysts a line, the accountants an invoice.

use serde_json::{Value, json};

use crate::books::OpenBooks;
use crate::event::OrderEvent;
use crate::failure::Failure;

const ANALYTICS: &str = "analytics.jsonl";

/// Counts an order once.
pub(crate) fn count(event: &OrderEvent<'_>, books: &OpenBooks<'_>) -> Result<Value, Failure> {
    let order = &event.order;
    let id = order.id.as_str();
    let counted = books.read_text(ANALYTICS)?.unwrap_or_default();
    let is_this = |line: &str| {
        serde_json::from_str::<Value>(line)
            .is_ok_and(|counted| counted.get("orderId").is_some_and(|counted| counted == id))
    };
    if !counted.lines().any(is_this) {
        let line = json!({
            "orderId": id,
            "orderedAt": event.text("orderedAt")?,
            "amountCents": order.amount_cents(),
            "lines": order.lines.len(),
        });
        books.append(ANALYTICS, &line)?;
    }
    Ok(json!({"recorded": true}))
}

/// Writes an invoice once.
pub(crate) fn invoice(event: &OrderEvent<'_>, books: &OpenBooks<'_>) -> Result<Value, Failure> {
    let order = &event.order;
    let id = order.id.as_str();
    let (number, file) = (format!("INV-{id}"), format!("invoices/{id}.json"));
    if books.read(&file)?.is_none() {
        let lines = order.lines.iter().map(|line| {
            json!({
                "sku": line.sku,
                "quantity": line.quantity,
                "amountCents": line.quantity * line.unit_price_cents,
            })
        });
        let invoice = json!({
            "number": number,
            "date": event.text("date")?,
            "customer": order.customer_name,
            "lines": lines.collect::<Vec<_>>(),
            "amountCents": order.amount_cents(),
        });
        books.write(&file, &invoice)?;
    }
    Ok(json!({"number": number, "file": file}))
}

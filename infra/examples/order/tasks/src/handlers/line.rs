//! One line of an order: picked from the shelf, with a slip for the packer.

use serde_json::{Value, json};

use crate::books::OpenBooks;
use crate::event::LineEvent;
use crate::failure::Failure;

pub(crate) fn prepare(event: &LineEvent, books: &OpenBooks<'_>) -> Result<Value, Failure> {
    let slip = file(event.order_id.as_str(), event.index);
    let (sku, quantity) = (&event.line.sku, event.line.quantity);
    books.write(&slip, &json!({"sku": sku, "quantity": quantity}))?;
    Ok(json!({"sku": sku, "quantity": quantity, "slip": slip}))
}

pub(super) fn file(order_id: &str, index: usize) -> String {
    format!("lines/{order_id}.{index}.json")
}

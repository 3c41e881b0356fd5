//! The parcel leaves the house.

use serde_json::{Value, json};

use super::inventory;
use crate::books::OpenBooks;
use crate::event::OrderEvent;
use crate::failure::Failure;
use crate::order::Order;

/// Settles the reservation on every call: an earlier one may have died between its two files.
pub(crate) fn dispatch(event: &OrderEvent<'_>, books: &OpenBooks<'_>) -> Result<Value, Failure> {
    let order = &event.order;
    let tracking_number = format!("TRACK-{}", order.id.as_str());
    if !is_dispatched(order, books)? {
        let parcel = json!({
            "orderId": order.id.as_str(),
            "trackingNumber": tracking_number,
            "articles": order.quantities(),
        });
        books.write(&file(order), &parcel)?;
    }
    inventory::settle(order, books)?;
    Ok(json!({"trackingNumber": tracking_number}))
}

pub(super) fn is_dispatched(order: &Order, books: &OpenBooks<'_>) -> Result<bool, Failure> {
    Ok(books.read(&file(order))?.is_some())
}

fn file(order: &Order) -> String {
    format!("dispatches/{}.json", order.id.as_str())
}

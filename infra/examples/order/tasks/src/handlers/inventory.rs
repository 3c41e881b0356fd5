//! The stock, and what is set aside of it: `inventory.json`.
//!
//! An article is in `stock` or in one order's reservation, never in both; it leaves the file when it is dispatched.

use serde_json::{Map, Value, json};

use super::{dispatch, line};
use crate::books::OpenBooks;
use crate::event::OrderEvent;
use crate::failure::Failure;
use crate::order::Order;

const FILE: &str = "inventory.json";

pub(crate) fn reserve(event: &OrderEvent<'_>, books: &OpenBooks<'_>) -> Result<Value, Failure> {
    let order = &event.order;
    let mut inventory = Inventory::read(books)?;
    let known = inventory.reservations.get(order.id.as_str());
    if known.is_none() && !dispatch::is_dispatched(order, books)? {
        inventory.set_aside(order)?;
        inventory.write(books)?;
    }
    Ok(json!({"reserved": order.quantities()}))
}

/// Puts the reservation back, and the lines that were already picked.
pub(crate) fn release(event: &OrderEvent<'_>, books: &OpenBooks<'_>) -> Result<Value, Failure> {
    let order = &event.order;
    let mut inventory = Inventory::read(books)?;
    let reserved = inventory.reservations.shift_remove(order.id.as_str());
    if let Some(Value::Object(reserved)) = &reserved {
        for (sku, quantity) in reserved {
            let quantity = quantity.as_u64().unwrap_or(0);
            inventory.put(sku, inventory.available(sku).saturating_add(quantity));
        }
        inventory.write(books)?;
    }
    for index in 0..order.lines.len() {
        books.remove(&line::file(order.id.as_str(), index))?;
    }
    Ok(json!({"released": reserved.unwrap_or_else(|| json!({}))}))
}

/// Forgets the reservation of an order that has left the house.
pub(super) fn settle(order: &Order, books: &OpenBooks<'_>) -> Result<(), Failure> {
    let mut inventory = Inventory::read(books)?;
    if inventory.reservations.shift_remove(order.id.as_str()).is_some() {
        inventory.write(books)?;
    }
    Ok(())
}

struct Inventory {
    stock: Map<String, Value>,
    reservations: Map<String, Value>,
}

impl Inventory {
    /// What the shelves hold before the first order.
    fn at_first() -> Self {
        let stock =
            [("pencil", 1_000_000), ("notebook", 100_000), ("lamp", 10_000), ("desk", 5_000)];
        let stock = stock.map(|(sku, quantity)| (sku.to_owned(), json!(quantity)));
        Self { stock: stock.into_iter().collect(), reservations: Map::new() }
    }

    fn read(books: &OpenBooks<'_>) -> Result<Self, Failure> {
        let Some(kept) = books.read(FILE)? else { return Ok(Self::at_first()) };
        let part = |name: &str| kept.get(name).and_then(Value::as_object).cloned();
        let (stock, reservations) = (part("stock"), part("reservations"));
        Ok(Self {
            stock: stock.unwrap_or_default(),
            reservations: reservations.unwrap_or_default(),
        })
    }

    fn write(self, books: &OpenBooks<'_>) -> Result<(), Failure> {
        books.write(FILE, &json!({"stock": self.stock, "reservations": self.reservations}))
    }

    fn available(&self, sku: &str) -> u64 {
        self.stock.get(sku).and_then(Value::as_u64).unwrap_or(0)
    }

    fn put(&mut self, sku: &str, quantity: u64) {
        self.stock.insert(sku.to_owned(), json!(quantity));
    }

    /// Moves the whole order out of the stock, or nothing of it.
    fn set_aside(&mut self, order: &Order) -> Result<(), Failure> {
        let quantities = order.quantities();
        for (sku, quantity) in &quantities {
            let Some(rest) = self.available(sku).checked_sub(*quantity) else {
                let available = self.available(sku);
                let message =
                    format!("only {available} of `{sku}` in stock, {quantity} were ordered");
                return Err(Failure::new("OutOfStock", message));
            };
            self.put(sku, rest);
        }
        self.reservations.insert(order.id.as_str().to_owned(), json!(quantities));
        Ok(())
    }
}

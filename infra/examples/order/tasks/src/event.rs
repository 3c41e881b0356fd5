//! What a function is called with.

use serde_json::Value;

use crate::failure::Failure;
use crate::limits::LINES_MAX;
use crate::order::{Line, Order, OrderId};

/// The event of every function but [`LineEvent`]'s: the order, and what the state adds to it.
#[derive(Debug)]
pub(crate) struct OrderEvent<'a> {
    pub(crate) order: Order,
    /// The endpoint for [`crate::answer()`], where the caller knows it.
    pub(crate) answer_to: Option<&'a str>,
    event: &'a Value,
}

impl<'a> OrderEvent<'a> {
    pub(crate) fn parse(event: &'a Value, answer_to: Option<&'a str>) -> Result<Self, Failure> {
        let order = Order::parse(event.get("order").unwrap_or(&Value::Null))?;
        Ok(Self { order, answer_to, event })
    }

    /// What the state put beside the order.
    pub(crate) fn text(&self, name: &str) -> Result<&'a str, Failure> {
        self.event
            .get(name)
            .and_then(Value::as_str)
            .ok_or_else(|| Failure::new("InvalidEvent", format!("`{name}` must be a string")))
    }

    /// What an earlier state left in the order.
    pub(crate) fn left(&self, name: &str) -> Option<&'a Value> {
        self.event.get("order")?.get(name)
    }
}

/// The event of one iteration over the lines.
#[derive(Debug)]
pub(crate) struct LineEvent {
    pub(crate) order_id: OrderId,
    pub(crate) index: usize,
    pub(crate) line: Line,
}

impl LineEvent {
    pub(crate) fn parse(event: &Value) -> Result<Self, Failure> {
        let index = event.get("index").and_then(Value::as_u64);
        let index = index.and_then(|index| usize::try_from(index).ok());
        Ok(Self {
            order_id: OrderId::parse(event)?,
            index: index
                .filter(|index| *index < LINES_MAX)
                .ok_or_else(|| Failure::new("InvalidEvent", "`index` must be a line's number"))?,
            line: Line::parse(event.get("line").unwrap_or(&Value::Null))?,
        })
    }
}

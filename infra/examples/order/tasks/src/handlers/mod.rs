//! What each function does. Each may be called again with the same event and then changes nothing.

mod approval;
mod dispatch;
mod inventory;
mod line;
mod mail;
mod payment;
mod records;

use serde_json::Value;

use crate::books::{Books, OpenBooks};
use crate::event::{LineEvent, OrderEvent};
use crate::failure::Failure;
use crate::function::Function;
use crate::order::OrderId;

type Handler = fn(&OrderEvent<'_>, &OpenBooks<'_>) -> Result<Value, Failure>;

pub(crate) fn run(
    function: Function,
    event: &Value,
    books: &Books,
    answer_to: Option<&str>,
) -> Result<Value, Failure> {
    let handler: Handler = match function {
        Function::ValidatePayment => payment::take,
        Function::ReserveInventory => inventory::reserve,
        Function::RequestApproval => approval::request,
        Function::SendMail => mail::send,
        Function::RecordAnalytics => records::count,
        Function::CreateInvoice => records::invoice,
        Function::PrepareLine => return prepare_line(event, books),
        Function::Dispatch => dispatch::dispatch,
        Function::ReleaseInventory => inventory::release,
        Function::RefundPayment => payment::refund,
    };
    let event = OrderEvent::parse(event, answer_to)?;
    let books = books.open()?;
    if let Some(mishap) = event.order.mishaps.get(function.key()) {
        let counter = format!("{}.{}", event.order.id.as_str(), function.key());
        mishap.happen(function, &counter, &books)?;
    }
    handler(&event, &books)
}

fn prepare_line(event: &Value, books: &Books) -> Result<Value, Failure> {
    let event = LineEvent::parse(event)?;
    let books = books.open()?;
    if let Some(mishap) = event.line.mishap {
        let counter = format!("{}.line-{}", event.order_id.as_str(), event.index);
        mishap.happen(Function::PrepareLine, &counter, &books)?;
    }
    line::prepare(&event, &books)
}

/// Where the request for approval of an order lies in the books.
pub(crate) fn approval_request(order_id: &OrderId) -> String {
    approval::file(order_id.as_str())
}

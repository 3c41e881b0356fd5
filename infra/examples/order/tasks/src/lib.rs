//! The functions behind the order example: what the Lambda functions of `order.asl.json` do, for one machine.
//!
//! [`call`] is the surface: a function's name and an event in, its result or its [`Failure`] out.
//! `functions/handler.py` is the same for AWS Lambda, and `behaviours.json` holds both to the same answers.
//!
//! # Invariants
//!
//! * Everything is kept in one folder, the [`Books`], and each file in it is named by the order it belongs to.
//! * Only one function at a time has the books open, also across processes.
//! * Every function may be called again with the same event and then changes nothing.

mod answer;
mod books;
mod event;
mod failure;
mod function;
mod handlers;
pub mod limits;
mod order;
mod simulate;

use serde_json::Value;

pub use answer::{Answer, answer};
pub use books::Books;
pub use failure::Failure;
pub use function::Function;

/// Calls the function of that name. `answer_to` is the endpoint where a person's approval can be
/// sent, where the caller knows it.
///
/// # Errors
///
/// What the function fails with, as Lambda would report it; `UnknownFunction` where none has that name.
pub fn call(
    name: &str,
    event: &Value,
    books: &Books,
    answer_to: Option<&str>,
) -> Result<Value, Failure> {
    let function = Function::parse(name).ok_or_else(|| Failure::unknown_function(name))?;
    handlers::run(function, event, books, answer_to)
}

//! `$now` and `$millis`, which stand still during one evaluation.

use std::sync::LazyLock;

use jsonata_core::ast::AstNode;
use jsonata_core::evaluator::{Context, Evaluator};
use jsonata_core::parser;
use jsonata_core::value::JValue;

use super::guards::check_picture;
use super::{Answer, Arguments, Fault};
use crate::evaluation::Shared;

/// `$millis()`: milliseconds since 1970.
pub(super) fn millis(_: &Arguments<'_>, shared: &Shared) -> Answer {
    Ok(JValue::from_i64(shared.stock.now_millis()))
}

/// `$now([picture [, timezone]])`: what `$fromMillis` makes of `$millis()`.
pub(super) fn now(arguments: &Arguments<'_>, shared: &Shared) -> Answer {
    static FORMAT: LazyLock<Option<AstNode>> =
        LazyLock::new(|| parser::parse("$fromMillis($millis, $picture, $timezone)").ok());
    if let Some(picture) = arguments.get(0).and_then(JValue::as_str) {
        check_picture(picture)?;
    }
    let format = FORMAT.as_ref().ok_or_else(|| Fault::Thrown("$now: no format".to_owned()))?;
    let mut context = Context::new();
    context.bind("millis".to_owned(), JValue::from_i64(shared.stock.now_millis()));
    for (index, name) in ["picture", "timezone"].into_iter().enumerate() {
        let value = arguments.get(index).cloned().unwrap_or(JValue::Undefined);
        context.bind(name.to_owned(), value);
    }
    Ok(Evaluator::with_context(context).evaluate(format, &JValue::Undefined)?)
}

//! `$parse`.

use jsonata_core::value::JValue;
use serde_json::Value;

use super::{Answer, Arguments, Fault};
use crate::convert::enter;
use crate::evaluation::Shared;

/// `$parse(text)`: the value that a JSON text says.
pub(super) fn parse(arguments: &Arguments<'_>, shared: &Shared) -> Answer {
    if arguments.has_undefined(1)? {
        return Ok(JValue::Undefined);
    }
    let value: Value = serde_json::from_str(arguments.text(0)?)
        .map_err(|error| Fault::Thrown(format!("$parse: invalid JSON: {error}")))?;
    Ok(enter(&value, &shared.digits)?)
}

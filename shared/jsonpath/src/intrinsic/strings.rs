//! The functions on strings and on JSON text.

use std::fmt::Write as _;

use base64::Engine as _;
use base64::alphabet::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use md5::Md5;
use serde_json::Value;
use sha1::Sha1;
use sha2::{Digest, Sha256, Sha384, Sha512};

use super::function::Arguments;
use crate::java::text;
use crate::limits::{CODED_CHARS_MAX, TEXT_BYTES_MAX};

/// Decodes what Java's MIME decoder decodes, once other characters are removed.
const LENIENT: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new()
        .with_decode_padding_mode(DecodePaddingMode::Indifferent)
        .with_decode_allow_trailing_bits(true),
);

/// `States.Format(template, value…)`: strings bare, other values as Java prints them.
pub(super) fn format(arguments: &Arguments<'_>) -> Option<Value> {
    let (template, values) = arguments.split_first()?;
    let mut values = values.iter();
    let mut formatted = String::new();
    let mut rest = template.as_str()?.chars();
    while let Some(next) = rest.next() {
        match next {
            '\\' => match rest.next() {
                Some(escaped @ ('\'' | '{' | '}' | '\\')) => formatted.push(escaped),
                other => formatted.extend(['\\'].into_iter().chain(other)),
            },
            '{' if rest.next() == Some('}') => formatted.push_str(&text(values.next()?)?),
            '{' | '}' => return None,
            other => formatted.push(other),
        }
        if formatted.len() > TEXT_BYTES_MAX {
            return None;
        }
    }
    values.next().is_none().then_some(Value::String(formatted))
}

/// `States.StringSplit(string, delimiters)`: at any of the characters; empty parts are dropped.
pub(super) fn split(arguments: &Arguments<'_>) -> Option<Value> {
    let [string, delimiters] = arguments else { return None };
    let delimiters = delimiters.as_str()?;
    let parts = string.as_str()?.split(|c| delimiters.contains(c));
    Some(parts.filter(|part| !part.is_empty()).collect())
}

/// `States.StringToJson(string)`. AWS makes null of a blank string.
pub(super) fn string_to_json(arguments: &Arguments<'_>) -> Option<Value> {
    let [string] = arguments else { return None };
    let text = string.as_str()?;
    match text.trim() {
        "" => Some(Value::Null),
        // Jackson reads the integer; a double would keep the sign.
        "-0" => Some(0.into()),
        text => serde_json::from_str(text).ok(),
    }
}

/// `States.JsonToString(value)`
pub(super) fn json_to_string(arguments: &Arguments<'_>) -> Option<Value> {
    let [value] = arguments else { return None };
    Some(Value::String(value.to_string()))
}

/// `States.JsonMerge(left, right, false)`: the right one's members win as wholes.
pub(super) fn json_merge(arguments: &Arguments<'_>) -> Option<Value> {
    let [left, right, deep] = arguments else { return None };
    if **deep == Value::Bool(true) {
        return None;
    }
    let mut merged = left.as_object()?.clone();
    for (name, value) in right.as_object()? {
        merged.insert(name.clone(), value.clone());
    }
    Some(Value::Object(merged))
}

/// `States.Base64Encode(string)`
pub(super) fn base64_encode(arguments: &Arguments<'_>) -> Option<Value> {
    let [string] = arguments else { return None };
    let text = short(string.as_str()?)?;
    Some(Value::String(LENIENT.encode(text)))
}

/// `States.Base64Decode(string)`: characters outside the alphabet are skipped.
pub(super) fn base64_decode(arguments: &Arguments<'_>) -> Option<Value> {
    let [string] = arguments else { return None };
    let text = short(string.as_str()?)?;
    let is_digit = |c: &char| c.is_ascii_alphanumeric() || matches!(c, '+' | '/');
    let digits: String = text.chars().take_while(|c| *c != '=').filter(is_digit).collect();
    let bytes = LENIENT.decode(digits).ok()?;
    Some(Value::String(String::from_utf8_lossy(&bytes).into_owned()))
}

/// `States.Hash(value, algorithm)`: of a string, or of another value's JSON text.
pub(super) fn hash(arguments: &Arguments<'_>) -> Option<Value> {
    let [value, algorithm] = arguments else { return None };
    let json;
    let text = match value.as_str() {
        Some(text) => text,
        None => {
            json = value.to_string();
            &json
        }
    };
    let text = short(text)?;
    let digest = match algorithm.as_str()? {
        "MD5" => hex(&Md5::digest(text)),
        "SHA-1" => hex(&Sha1::digest(text)),
        "SHA-256" => hex(&Sha256::digest(text)),
        "SHA-384" => hex(&Sha384::digest(text)),
        "SHA-512" => hex(&Sha512::digest(text)),
        _ => return None,
    };
    Some(Value::String(digest))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// The text, if AWS takes one of its length.
fn short(text: &str) -> Option<&str> {
    (text.encode_utf16().count() <= CODED_CHARS_MAX).then_some(text)
}

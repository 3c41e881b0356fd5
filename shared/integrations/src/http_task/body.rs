//! `Transform`: how the body of an HTTP Task is written.

use crate::arguments::{Arguments, as_text};
use crate::lambda::encoded;
use baton_engine::Failure;
use serde_json::Value;

/// How the body is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Encoding {
    /// As JSON.
    Json,
    /// As a form.
    Form(ArrayFormat),
}

/// `RequestEncodingOptions.ArrayFormat`: how a form has arrays.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ArrayFormat {
    /// `a[0]=x&a[1]=y`.
    Indices,
    /// `a=x&a=y`.
    Repeat,
    /// `a=x,y`.
    Commas,
    /// `a[]=x&a[]=y`.
    Brackets,
}

impl Encoding {
    pub(super) fn read(arguments: &Arguments<'_>) -> Result<Self, Failure> {
        let Some(transform) = arguments.get("Transform") else { return Ok(Encoding::Json) };
        match transform.get("RequestBodyEncoding").and_then(Value::as_str) {
            Some("URL_ENCODED") => {}
            None | Some("NONE") => return Ok(Encoding::Json),
            Some(_) => return Err(arguments.malformed("RequestBodyEncoding")),
        }
        let format =
            transform.pointer("/RequestEncodingOptions/ArrayFormat").and_then(Value::as_str);
        Ok(Encoding::Form(match format {
            None | Some("INDICES") => ArrayFormat::Indices,
            Some("REPEAT") => ArrayFormat::Repeat,
            Some("COMMAS") => ArrayFormat::Commas,
            Some("BRACKETS") => ArrayFormat::Brackets,
            Some(_) => return Err(arguments.malformed("ArrayFormat")),
        }))
    }

    pub(super) fn is_form(self) -> bool {
        matches!(self, Encoding::Form(_))
    }

    /// The body's bytes.
    pub(super) fn write(self, body: &Value) -> Vec<u8> {
        match self {
            Encoding::Json => body.to_string().into_bytes(),
            Encoding::Form(format) => {
                let mut fields = Vec::new();
                add(&mut fields, String::new(), body, format);
                fields.join("&").into_bytes()
            }
        }
    }
}

/// Adds a value under its name: `a`, `a[b]`, `a[0]` …
fn add(fields: &mut Vec<String>, name: String, value: &Value, format: ArrayFormat) {
    match value {
        Value::Object(members) => {
            for (key, inner) in members {
                let key = encoded(key);
                let name = if name.is_empty() { key } else { format!("{name}[{key}]") };
                add(fields, name, inner, format);
            }
        }
        Value::Array(items) if format == ArrayFormat::Commas => {
            let items: Vec<String> = items.iter().map(|item| encoded(&as_text(item))).collect();
            fields.push(format!("{name}={}", items.join(",")));
        }
        Value::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                let name = match format {
                    ArrayFormat::Indices => format!("{name}[{index}]"),
                    ArrayFormat::Brackets => format!("{name}[]"),
                    ArrayFormat::Repeat | ArrayFormat::Commas => name.clone(),
                };
                add(fields, name, item, format);
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) if name.is_empty() => {
            fields.push(encoded(&as_text(value)));
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {
            fields.push(format!("{name}={}", encoded(&as_text(value))));
        }
    }
}

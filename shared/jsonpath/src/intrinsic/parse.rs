//! The parser of intrinsic calls.

use serde_json::Value;

use super::function::Function;
use super::{Argument, Call};
use crate::error::ParseError;
use crate::limits::NESTED_CALLS_MAX;
use crate::path::PathParser;

/// Reads a whole text as one call.
pub(super) fn call(text: &str) -> Result<Call, ParseError> {
    let mut parser = PathParser::new(text)?;
    let call = nested_call(&mut parser, 1)?;
    parser.end()?;
    Ok(call)
}

/// Reads a call; `depth` counts this call and those around it.
fn nested_call(parser: &mut PathParser<'_>, depth: usize) -> Result<Call, ParseError> {
    if depth > NESTED_CALLS_MAX {
        let reason = format!("intrinsic calls are nested more than {NESTED_CALLS_MAX} deep");
        return Err(parser.cursor.error(reason));
    }
    let name = parser.cursor.take_while(|c| c == '.' || c.is_ascii_alphanumeric());
    let function = Function::parse(name)
        .ok_or_else(|| parser.cursor.error("expected an intrinsic function or a path"))?;
    parser.cursor.skip_blanks();
    parser.cursor.expect("(")?;
    parser.cursor.skip_blanks();
    let mut arguments = Vec::new();
    if parser.cursor.eat(")") {
        return Ok(Call { function, arguments });
    }
    loop {
        let is_template = function == Function::Format && arguments.is_empty();
        arguments.push(argument(parser, depth, is_template)?);
        parser.cursor.skip_blanks();
        if parser.cursor.eat(")") {
            return Ok(Call { function, arguments });
        }
        parser.cursor.expect(",")?;
        parser.cursor.skip_blanks();
    }
}

fn argument(
    parser: &mut PathParser<'_>,
    depth: usize,
    is_template: bool,
) -> Result<Argument, ParseError> {
    match parser.cursor.peek() {
        Some('$') => parser.path().map(Argument::Path),
        Some('\'') => string(parser, is_template).map(|text| Argument::Literal(text.into())),
        Some('-' | '0'..='9') => number(parser),
        Some(_) => word(parser, depth),
        None => Err(parser.cursor.error("expected an argument")),
    }
}

/// A string in single quotes. The escapes are `\'`, `\{`, `\}` and `\\`, nothing else; a template
/// keeps them, because there a brace means something.
fn string(parser: &mut PathParser<'_>, is_template: bool) -> Result<String, ParseError> {
    parser.cursor.expect("'")?;
    let mut text = String::new();
    loop {
        match parser.cursor.next() {
            None => return Err(parser.cursor.error("expected the closing quote")),
            Some('\'') => return Ok(text),
            Some('\\') => match parser.cursor.next() {
                Some(escaped @ ('\'' | '{' | '}' | '\\')) => {
                    if is_template {
                        text.push('\\');
                    }
                    text.push(escaped);
                }
                _ => return Err(parser.cursor.error(r"the escapes are `\'`, `\{`, `\}` and `\\`")),
            },
            Some(other) => text.push(other),
        }
    }
}

fn number(parser: &mut PathParser<'_>) -> Result<Argument, ParseError> {
    let text = parser.cursor.take_while(|c| c.is_ascii_digit() || "+-.eE".contains(c));
    serde_json::from_str(text)
        .map(|number| Argument::Literal(Value::Number(number)))
        .map_err(|_| parser.cursor.error("not a number"))
}

fn word(parser: &mut PathParser<'_>, depth: usize) -> Result<Argument, ParseError> {
    let literals =
        [("true", Value::Bool(true)), ("false", Value::Bool(false)), ("null", Value::Null)];
    for (word, value) in literals {
        if parser.cursor.eat(word) {
            return Ok(Argument::Literal(value));
        }
    }
    nested_call(parser, depth + 1).map(Argument::Call)
}

//! What is wrong with a text that is no expression, as JSONata says it.

use jsonata_core::parser::ParserError;

use crate::ParseError;

/// The library's text with the symbols that are in the expression in place of the library's names.
pub(crate) fn syntax_error(error: ParserError) -> ParseError {
    let message = match error {
        ParserError::InvalidSyntax(message) | ParserError::InvalidNumber(message) => message,
        ParserError::UnclosedComment => "S0106: Comment has no closing tag".to_owned(),
        error @ (ParserError::UnexpectedToken(_)
        | ParserError::UnexpectedEnd
        | ParserError::UnclosedString
        | ParserError::InvalidEscape(_)
        | ParserError::UnclosedBacktick
        | ParserError::Expected { .. }
        | ParserError::Coded { .. }) => error.to_string(),
    };
    ParseError::Syntax(with_symbols(&message).unwrap_or(message))
}

fn with_symbols(message: &str) -> Option<String> {
    let (code, text) = message.split_once(": ")?;
    let text = match code {
        "S0201" => format!("Syntax error: {}", quoted(text.strip_prefix("Syntax error: ")?)),
        "S0202" => {
            let (expected, found) = text.strip_prefix("Expected ")?.split_once(", got ")?;
            format!("Expected {}, got {}", quoted(expected), quoted(found))
        }
        "S0203" => {
            let end = " before end of expression";
            let expected = text.strip_prefix("Expected ")?.strip_suffix(end)?;
            format!("Expected {}{end}", quoted(expected))
        }
        "S0211" => {
            let end = " cannot be used as a unary operator";
            let symbol = text.strip_prefix("The symbol ")?.strip_suffix(end)?;
            format!("The symbol {}{end}", quoted(symbol))
        }
        _ => return None,
    };
    Some(format!("{code}: {text}"))
}

/// A token, which the library shows as `RightParen` or `Number(2.0)`, as it is written.
fn quoted(token: &str) -> String {
    if let Some((_, symbol)) = SYMBOLS.iter().find(|(name, _)| *name == token) {
        return format!("\"{symbol}\"");
    }
    let value =
        token.split_once('(').and_then(|(kind, rest)| Some((kind, rest.strip_suffix(')')?)));
    match value {
        Some(("Number", number)) => format!("\"{}\"", number.trim_end_matches(".0")),
        Some(("Variable", name)) => format!("\"${}\"", name.trim_matches('"')),
        Some(("String" | "Identifier" | "Function" | "ParentVariable", text)) => {
            format!("\"{}\"", text.trim_matches('"'))
        }
        Some(_) | None => format!("\"{token}\""),
    }
}

const SYMBOLS: &[(&str, &str)] = &[
    ("Ampersand", "&"),
    ("And", "and"),
    ("At", "@"),
    ("Caret", "^"),
    ("Colon", ":"),
    ("ColonEqual", ":="),
    ("Comma", ","),
    ("Dot", "."),
    ("DotDot", ".."),
    ("Eof", "(end)"),
    ("Equal", "="),
    ("False", "false"),
    ("GreaterThan", ">"),
    ("GreaterThanOrEqual", ">="),
    ("Hash", "#"),
    ("In", "in"),
    ("LeftBrace", "{"),
    ("LeftBracket", "["),
    ("LeftParen", "("),
    ("LessThan", "<"),
    ("LessThanOrEqual", "<="),
    ("Minus", "-"),
    ("NotEqual", "!="),
    ("Null", "null"),
    ("Or", "or"),
    ("Percent", "%"),
    ("Pipe", "|"),
    ("Plus", "+"),
    ("Question", "?"),
    ("QuestionColon", "?:"),
    ("QuestionQuestion", "??"),
    ("RightBrace", "}"),
    ("RightBracket", "]"),
    ("RightParen", ")"),
    ("Semicolon", ";"),
    ("Slash", "/"),
    ("Star", "*"),
    ("StarStar", "**"),
    ("TildeArrow", "~>"),
    ("True", "true"),
];

#[cfg(test)]
mod tests {
    use crate::Expression;

    #[test]
    fn syntax_errors_name_what_is_written() {
        check("", "S0207: Unexpected end of expression");
        check("$a +", "S0207: Unexpected end of expression");
        check("(1", "S0203: Expected \")\" before end of expression");
        check("[1}", "S0202: Expected \"]\", got \"}\"");
        check("1 2", "S0201: Syntax error: \"2\"");
        check("1 $a", "S0201: Syntax error: \"$a\"");
        check("1 'b'", "S0201: Syntax error: \"b\"");
        check("1)", "S0201: Syntax error: \")\"");
        check("&1", "S0211: The symbol \"&\" cannot be used as a unary operator");
        check("'a", "S0101: String literal must be terminated by a matching quote");
        check("'\\q'", "S0103: Unsupported escape sequence: \\q");
        check("1 /* 2", "S0106: Comment has no closing tag");
        check("1e999", "S0102: Number out of range: 1e999");
        check(
            "function(1){1}",
            "S0208: Parameter of function definition must be a variable name (start with $)",
        );
    }

    fn check(text: &str, expected: &str) {
        let error = Expression::parse(text).map(|_| "parsed").map_err(|error| error.to_string());
        assert_eq!(error, Err(expected.to_owned()), "{text}");
    }
}

//! JSONata's own wording of its errors, by code: the library words some of them in its own way, and
//! users match on what they read in a cause.

/// The message of an error with a code, as JSONata words it.
pub(crate) fn worded(code: &str, message: &str) -> String {
    if let Some((_, text)) = FIXED.iter().find(|(known, _)| *known == code) {
        return (*text).to_owned();
    }
    let reworded = match code {
        "T2001" | "T2002" => between(message, "The ", " operator must evaluate to a number")
            .and_then(|part| part.split_once(" of the "))
            .map(|(side, token)| {
                format!("The {side} of the {token:?} operator must evaluate to a number")
            }),
        "D3030" => between(message, "Cannot convert '", "' to number")
            .map(|value| format!("Unable to cast value to a number: {value:?}")),
        "D3100" => between(message, "Radix must be between 2 and 36, got ", "").map(|value| {
            format!("The radix of the formatBase function must be between 2 and 36.  It was given {value}")
        }),
        "D3130" => Some(format!(
            "Formatting or parsing an integer as a sequence starting with {message:?} is not supported by this implementation"
        )),
        "D3132" => {
            Some(format!("Unknown component specifier {message:?} in date/time picture string"))
        }
        "D3133" => Some(format!(
            "The 'name' modifier can only be applied to months and days in the date/time picture string, not {message:?}"
        )),
        _ => None,
    };
    reworded.unwrap_or_else(|| message.to_owned())
}

fn between<'m>(message: &'m str, start: &str, end: &str) -> Option<&'m str> {
    message.strip_prefix(start)?.strip_suffix(end)
}

/// Messages without a value in them.
const FIXED: &[(&str, &str)] = &[
    ("T1006", "Attempted to invoke a non-function"),
    ("T1008", "Attempted to partially apply a non-function"),
    ("T2003", "The left side of the range operator (..) must evaluate to an integer"),
    ("T2004", "The right side of the range operator (..) must evaluate to an integer"),
    ("T2006", "The right side of the function application operator ~> must be a function"),
    (
        "T2008",
        "The expressions within an order-by clause must evaluate to numeric or string values",
    ),
    ("D1002", "Cannot negate a non-numeric value"),
    ("D1004", "Regular expression matches zero length string"),
    ("D3010", "Second argument of replace function cannot be an empty string"),
    ("D3011", "Fourth argument of replace function must evaluate to a positive number"),
    ("D3012", "Attempted to replace a matched string with a non-string value"),
    ("D3020", "Third argument of split function must evaluate to a positive number"),
    ("D3040", "Third argument of match function must evaluate to a positive number"),
    (
        "D3050",
        "The second argument of reduce function must be a function with at least two arguments",
    ),
    ("D3080", "The picture string must only contain a maximum of two sub-pictures"),
    (
        "D3081",
        "The sub-picture must not contain more than one instance of the 'decimal-separator' character",
    ),
    ("D3082", "The sub-picture must not contain more than one instance of the 'percent' character"),
    (
        "D3083",
        "The sub-picture must not contain more than one instance of the 'per-mille' character",
    ),
    ("D3084", "The sub-picture must not contain both a 'percent' and a 'per-mille' character"),
    (
        "D3085",
        "The mantissa part of a sub-picture must contain at least one character that is either an 'optional digit character' or a member of the 'decimal digit family'",
    ),
    (
        "D3086",
        "The sub-picture must not contain a passive character that is preceded by an active character and that is followed by another active character",
    ),
    (
        "D3087",
        "The sub-picture must not contain a 'grouping-separator' character that appears adjacent to a 'decimal-separator' character",
    ),
    (
        "D3088",
        "The sub-picture must not contain a 'grouping-separator' at the end of the integer part",
    ),
    (
        "D3089",
        "The sub-picture must not contain two adjacent instances of the 'grouping-separator' character",
    ),
    (
        "D3090",
        "The integer part of the sub-picture must not contain a member of the 'decimal digit family' that is followed by an instance of the 'optional digit character'",
    ),
    (
        "D3091",
        "The fractional part of the sub-picture must not contain an instance of the 'optional digit character' that is followed by a member of the 'decimal digit family'",
    ),
    (
        "D3092",
        "A sub-picture that contains a 'percent' or 'per-mille' character must not contain a character treated as an 'exponent-separator'",
    ),
    (
        "D3093",
        "The exponent part of the sub-picture must comprise only of one or more characters that are members of the 'decimal digit family'",
    ),
    ("D3134", "The timezone integer format specifier cannot have more than four digits"),
    ("D3135", "No matching closing bracket ']' in date/time picture string"),
    ("D3136", "The date/time picture string is missing specifiers required to parse the timestamp"),
];

#[cfg(test)]
mod tests {
    use crate::testing::eval;

    #[test]
    fn errors_are_worded_as_jsonata_words_them() {
        check("$nosuch(1)", "T1006: Attempted to invoke a non-function");
        check("(1)(2)", "T1006: Attempted to invoke a non-function");
        check("sum(1)", "T1005: Attempted to invoke a non-function. Did you mean $sum?");
        check("'a' + 1", "T2001: The left side of the \"+\" operator must evaluate to a number");
        check("1 - 'a'", "T2002: The right side of the \"-\" operator must evaluate to a number");
        check(
            "[1.5..2]",
            "T2003: The left side of the range operator (..) must evaluate to an integer",
        );
        check(
            "[1..'a']",
            "T2004: The right side of the range operator (..) must evaluate to an integer",
        );
        check(
            "1 ~> 2",
            "T2006: The right side of the function application operator ~> must be a function",
        );
        check("$number('abc')", "D3030: Unable to cast value to a number: \"abc\"");
        check(
            "$replace('a', '', 'b')",
            "D3010: Second argument of replace function cannot be an empty string",
        );
        check("$error('mine')", "D3137: mine");
        check("$assert(false, 'mine')", "D3141: mine");
        check("1 / 0", "D1001: Number out of range: Infinity");
        check(
            "$formatBase(5, 1)",
            "D3100: The radix of the formatBase function must be between 2 and 36.  It was given 1",
        );
        check(
            "$fromMillis(0, '[YN]')",
            "D3133: The 'name' modifier can only be applied to months and days in the date/time picture string, not \"Y\"",
        );
    }

    fn check(text: &str, expected: &str) {
        assert_eq!(
            eval(text).map_err(|error| error.to_string()),
            Err(expected.to_owned()),
            "{text}"
        );
    }
}

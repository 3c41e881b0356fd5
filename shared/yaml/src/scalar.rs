//! What a scalar is in JSON: YAML 1.2's core schema.

use crate::tree::Scalar;
use serde_json::Number;

/// The scalar's JSON text; or why there is none.
pub(crate) fn json(scalar: &Scalar) -> Result<String, String> {
    let Scalar { text, is_plain, tag } = scalar;
    match tag.as_deref() {
        None if !is_plain => Ok(string(text)),
        None => plain(text),
        Some("str") => Ok(string(text)),
        Some("null") => Ok("null".to_owned()),
        Some(tag @ ("bool" | "int" | "float")) => {
            let json = plain(text)?;
            if json.starts_with('"') {
                return Err(format!("`{text}` is not what its tag `!!{tag}` says"));
            }
            Ok(json)
        }
        Some(tag) => Err(format!("The tag `!!{tag}` means nothing in a definition")),
    }
}

pub(crate) fn string(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

fn plain(text: &str) -> Result<String, String> {
    let json = match text {
        "" | "~" | "null" | "Null" | "NULL" => "null".to_owned(),
        "true" | "True" | "TRUE" => "true".to_owned(),
        "false" | "False" | "FALSE" => "false".to_owned(),
        ".inf" | ".Inf" | ".INF" | "+.inf" | "+.Inf" | "+.INF" | "-.inf" | "-.Inf" | "-.INF"
        | ".nan" | ".NaN" | ".NAN" => return Err(format!("JSON has no number `{text}`")),
        _ => number(text).unwrap_or_else(|| string(text)),
    };
    Ok(json)
}

/// The number's JSON text, its digits unchanged where JSON has the same form.
fn number(text: &str) -> Option<String> {
    for (prefix, radix) in [("0o", 8), ("0x", 16)] {
        if let Some(digits) = text.strip_prefix(prefix) {
            let is_digits = !digits.is_empty() && digits.chars().all(|digit| digit.is_digit(radix));
            let value = u64::from_str_radix(digits, radix).ok().filter(|_| is_digits);
            return value.map(|value| value.to_string());
        }
    }
    let (sign, rest) = match text.strip_prefix('-') {
        Some(rest) => ("-", rest),
        None => ("", text.strip_prefix('+').unwrap_or(text)),
    };
    let (mantissa, exponent) = match rest.find(['e', 'E']) {
        Some(at) => rest.split_at(at),
        None => (rest, ""),
    };
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let are_digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    let has_digits = !(whole.is_empty() && fraction.is_empty());
    if !has_digits || !are_digits(whole) || !are_digits(fraction) {
        return None;
    }
    let whole = match whole.trim_start_matches('0') {
        "" => "0",
        whole => whole,
    };
    let fraction = match (mantissa.contains('.'), fraction) {
        (false, _) => String::new(),
        (true, "") => ".0".to_owned(),
        (true, fraction) => format!(".{fraction}"),
    };
    let json = format!("{sign}{whole}{fraction}{exponent}");
    serde_json::from_str::<Number>(&json).is_ok().then_some(json)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: &str) {
        assert_eq!(plain(text).unwrap_or_else(|fault| fault), expected, "{text}");
    }

    #[test]
    fn plain_scalars_are_what_the_core_schema_says() {
        for text in ["", "~", "null", "NULL"] {
            check(text, "null");
        }
        check("True", "true");
        check("FALSE", "false");
        for text in [
            "yes",
            "off",
            "tRUE",
            "2026-01-01",
            "2026-01-01T00:00:00Z",
            "1_000",
            "1.2.3",
            "0b1",
            "e3",
            "-",
            "+",
            ".",
            "1e",
            "0x",
            "0xg",
            "0x+1",
            "1 2",
            "١",
        ] {
            check(text, &format!("\"{text}\""));
        }
        check(".inf", "JSON has no number `.inf`");
    }

    #[test]
    fn numbers_keep_their_digits() {
        for (text, expected) in [
            ("0", "0"),
            ("-0", "-0"),
            ("+12", "12"),
            ("007", "7"),
            ("0o17", "15"),
            ("0xFF", "255"),
            ("1.50", "1.50"),
            (".5", "0.5"),
            ("5.", "5.0"),
            ("-.5e3", "-0.5e3"),
            ("1E+3", "1E+3"),
            ("90071992547409931", "90071992547409931"),
        ] {
            check(text, expected);
        }
        check("1e999", "\"1e999\"");
    }
}

//! Reading and writing the attributes of DynamoDB items.

use crate::error::Malformed;
use aws_sdk_dynamodb::types::AttributeValue;
use std::str::FromStr;

/// An item, as the SDK has it.
#[expect(clippy::disallowed_types, reason = "the SDK's own type; nothing depends on its order")]
pub(crate) type Item = std::collections::HashMap<String, AttributeValue>;

/// An item of these attributes.
pub(crate) fn item<const N: usize>(attributes: [(&str, AttributeValue); N]) -> Item {
    attributes.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}

/// A string.
pub(crate) fn s(text: impl Into<String>) -> AttributeValue {
    AttributeValue::S(text.into())
}

/// A number.
pub(crate) fn n(number: impl ToString) -> AttributeValue {
    AttributeValue::N(number.to_string())
}

/// A string attribute that must be there.
pub(crate) fn text<'a>(item: &'a Item, name: &'static str) -> Result<&'a str, Malformed> {
    text_if_any(item, name)?.ok_or(Malformed::Attribute(name))
}

/// A string attribute.
pub(crate) fn text_if_any<'a>(
    item: &'a Item,
    name: &'static str,
) -> Result<Option<&'a str>, Malformed> {
    match item.get(name) {
        None => Ok(None),
        Some(value) => {
            value.as_s().map(|text| Some(text.as_str())).map_err(|_| Malformed::Attribute(name))
        }
    }
}

/// A number attribute that must be there.
pub(crate) fn number<T: FromStr>(item: &Item, name: &'static str) -> Result<T, Malformed> {
    number_if_any(item, name)?.ok_or(Malformed::Attribute(name))
}

/// A number attribute.
pub(crate) fn number_if_any<T: FromStr>(
    item: &Item,
    name: &'static str,
) -> Result<Option<T>, Malformed> {
    let Some(value) = item.get(name) else { return Ok(None) };
    let digits = value.as_n().map_err(|_| Malformed::Attribute(name))?;
    digits.parse().map(Some).map_err(|_| Malformed::Attribute(name))
}

/// A list of numbers; nothing is an empty one.
pub(crate) fn numbers<T: FromStr>(item: &Item, name: &'static str) -> Result<Vec<T>, Malformed> {
    let Some(value) = item.get(name) else { return Ok(Vec::new()) };
    let list = value.as_l().map_err(|_| Malformed::Attribute(name))?;
    list.iter()
        .map(|value| value.as_n().ok().and_then(|digits| digits.parse().ok()))
        .collect::<Option<_>>()
        .ok_or(Malformed::Attribute(name))
}

/// A set of strings; nothing is an empty one.
pub(crate) fn texts<'a>(item: &'a Item, name: &'static str) -> Result<&'a [String], Malformed> {
    match item.get(name) {
        None => Ok(&[]),
        Some(value) => value.as_ss().map(Vec::as_slice).map_err(|_| Malformed::Attribute(name)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn attributes_of_another_type_are_told_by_name() {
        let item = item([("a", s("1")), ("b", n(2))]);
        assert_eq!(text(&item, "a").unwrap(), "1");
        assert_eq!(number::<u32>(&item, "b").unwrap(), 2);
        assert_eq!(
            text(&item, "b").unwrap_err().to_string(),
            "attribute `b` is missing or of another type"
        );
        assert_eq!(
            number::<u32>(&item, "c").unwrap_err().to_string(),
            "attribute `c` is missing or of another type"
        );
        assert!(number::<u8>(&self::item([("b", n(256))]), "b").is_err());
    }

    #[test]
    fn nothing_is_an_empty_list_and_an_empty_set() {
        assert_eq!(numbers::<u32>(&Item::new(), "l").unwrap(), Vec::<u32>::new());
        assert_eq!(texts(&Item::new(), "t").unwrap(), Vec::<String>::new());
    }
}

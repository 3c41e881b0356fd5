//! Documents in attributes and messages.

use crate::error::Malformed;
use crate::item::Item;
use aws_sdk_dynamodb::primitives::Blob;
use aws_sdk_dynamodb::types::AttributeValue;
use baton_store::Outgoing;
use baton_store::records::{self, Decoded, Kept, Packing, Unreadable};

/// The attribute of an item's document.
pub(crate) const DOC: &str = "doc";

/// A document as an attribute.
pub(crate) fn attribute(document: Vec<u8>) -> AttributeValue {
    AttributeValue::B(Blob::new(document))
}

/// An item's document of this name.
pub(crate) fn document<'a>(item: &'a Item, name: &'static str) -> Result<&'a [u8], Malformed> {
    let document = item.get(name).and_then(|value| value.as_b().ok());
    document.map(AsRef::as_ref).ok_or(Malformed::Attribute(name))
}

/// A document without payloads as a text that people can read.
pub(crate) fn text<T: Kept>(value: &T) -> String {
    let packing = Packing { plain_bytes_max: usize::MAX, ..Packing::default() };
    String::from_utf8_lossy(&packing.encode(value).bytes).into_owned()
}

/// Reads what [`text`] wrote.
pub(crate) fn from_text<T: Kept>(text: &str) -> Result<T, Unreadable> {
    match records::decode(text.as_bytes())? {
        Decoded::Whole(value) => Ok(value),
        Decoded::Lacks(_) => Err(Unreadable::Value("payload")),
    }
}

/// Reads the body of a message.
///
/// # Errors
///
/// [`Unreadable`] if it is no cue. It never will be: trying again does not help.
pub fn read_cue(body: &str) -> Result<Outgoing, Unreadable> {
    from_text(body)
}

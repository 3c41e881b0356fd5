//! One item.

/// One item, as a reader lends it: it lives until the next is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ItemRef<'a> {
    /// Its place among all items of the object, from the reader's first index on: `$$.Map.Item.Index`.
    pub index: u64,
    /// Its name, where the dataset is a JSON object: `$$.Map.Item.Key`.
    pub key: Option<&'a str>,
    /// Its value as JSON text without white space, numbers as they were written: `$$.Map.Item.Value`.
    pub value: &'a str,
    /// Where it comes from: `$$.Map.Item.Source`.
    pub source: &'a str,
}

impl ItemRef<'_> {
    /// A copy to keep.
    pub fn to_item(&self) -> Item {
        Item {
            index: self.index,
            key: self.key.map(Into::into),
            value: self.value.into(),
            source: self.source.into(),
        }
    }
}

/// One item, kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Item {
    /// See [`ItemRef::index`].
    pub index: u64,
    /// See [`ItemRef::key`].
    pub key: Option<Box<str>>,
    /// See [`ItemRef::value`].
    pub value: Box<str>,
    /// See [`ItemRef::source`].
    pub source: Box<str>,
}

impl Item {
    /// The same, lent.
    pub fn as_ref(&self) -> ItemRef<'_> {
        ItemRef {
            index: self.index,
            key: self.key.as_deref(),
            value: &self.value,
            source: &self.source,
        }
    }
}

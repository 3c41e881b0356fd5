//! The eighteen functions by name.

use std::borrow::Cow;

use serde_json::Value;

use super::{arrays, numbers, strings};
use crate::scope::Chance;

/// Arguments are borrowed from the input where they can be.
pub(super) type Arguments<'a> = [Cow<'a, Value>];

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Function {
    Array,
    ArrayPartition,
    ArrayContains,
    ArrayRange,
    ArrayGetItem,
    ArrayLength,
    ArrayUnique,
    Base64Encode,
    Base64Decode,
    Hash,
    JsonMerge,
    StringToJson,
    JsonToString,
    MathRandom,
    MathAdd,
    StringSplit,
    Uuid,
    Format,
}

const FUNCTIONS: [(&str, Function); 18] = [
    ("States.Array", Function::Array),
    ("States.ArrayPartition", Function::ArrayPartition),
    ("States.ArrayContains", Function::ArrayContains),
    ("States.ArrayRange", Function::ArrayRange),
    ("States.ArrayGetItem", Function::ArrayGetItem),
    ("States.ArrayLength", Function::ArrayLength),
    ("States.ArrayUnique", Function::ArrayUnique),
    ("States.Base64Encode", Function::Base64Encode),
    ("States.Base64Decode", Function::Base64Decode),
    ("States.Hash", Function::Hash),
    ("States.JsonMerge", Function::JsonMerge),
    ("States.StringToJson", Function::StringToJson),
    ("States.JsonToString", Function::JsonToString),
    ("States.MathRandom", Function::MathRandom),
    ("States.MathAdd", Function::MathAdd),
    ("States.StringSplit", Function::StringSplit),
    ("States.UUID", Function::Uuid),
    ("States.Format", Function::Format),
];

impl Function {
    pub(super) fn parse(name: &str) -> Option<Self> {
        FUNCTIONS.iter().find(|(known, _)| *known == name).map(|(_, function)| *function)
    }

    pub(super) fn name(self) -> &'static str {
        let found = FUNCTIONS.iter().find(|(_, function)| *function == self);
        found.map_or("States", |(name, _)| name)
    }

    /// The result; none if the function does not take these arguments. AWS checks their number
    /// only here, when the state runs.
    pub(super) fn apply(self, arguments: &Arguments<'_>, chance: &mut dyn Chance) -> Option<Value> {
        match self {
            Self::Array => Some(arguments.iter().map(|value| value.as_ref().clone()).collect()),
            Self::ArrayPartition => arrays::partition(arguments),
            Self::ArrayContains => arrays::contains(arguments),
            Self::ArrayRange => arrays::range(arguments),
            Self::ArrayGetItem => arrays::get_item(arguments),
            Self::ArrayLength => arrays::length(arguments),
            Self::ArrayUnique => arrays::unique(arguments),
            Self::Base64Encode => strings::base64_encode(arguments),
            Self::Base64Decode => strings::base64_decode(arguments),
            Self::Hash => strings::hash(arguments),
            Self::JsonMerge => strings::json_merge(arguments),
            Self::StringToJson => strings::string_to_json(arguments),
            Self::JsonToString => strings::json_to_string(arguments),
            Self::MathRandom => numbers::random(arguments, chance),
            Self::MathAdd => numbers::add(arguments),
            Self::StringSplit => strings::split(arguments),
            // Whatever is handed to it is ignored.
            Self::Uuid => Some(Value::String(chance.uuid())),
            Self::Format => strings::format(arguments),
        }
    }
}

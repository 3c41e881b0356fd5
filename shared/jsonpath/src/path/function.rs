//! The functions that may end a path, as Jayway has them.

use serde_json::{Number, Value};

use super::PathError;

/// A function over what the path selects.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Function {
    Length,
    Keys,
    Min,
    Max,
    Average,
    Sum,
    StandardDeviation,
}

impl Function {
    pub(super) fn parse(name: &str) -> Option<Self> {
        match name {
            "length" | "size" => Some(Self::Length),
            "keys" => Some(Self::Keys),
            "min" => Some(Self::Min),
            "max" => Some(Self::Max),
            "avg" => Some(Self::Average),
            "sum" => Some(Self::Sum),
            "stddev" => Some(Self::StandardDeviation),
            _ => None,
        }
    }

    /// Applies the function to the value of a definite path.
    pub(super) fn apply(self, value: &Value) -> Result<Value, PathError> {
        let items = value.as_array().map(|items| items.iter());
        match self {
            Self::Length => Ok(length(value)),
            Self::Keys => Ok(keys(value)),
            Self::Min | Self::Max | Self::Average | Self::Sum | Self::StandardDeviation => {
                self.aggregate(items.into_iter().flatten())
            }
        }
    }

    /// Applies the function to the array that an indefinite path selects.
    pub(super) fn apply_all(self, values: &[&Value]) -> Result<Value, PathError> {
        match self {
            Self::Length => Ok(values.len().into()),
            Self::Keys => Ok(Value::Null),
            Self::Min | Self::Max | Self::Average | Self::Sum | Self::StandardDeviation => {
                self.aggregate(values.iter().copied())
            }
        }
    }

    /// Computes with the numbers among the values.
    fn aggregate<'v>(self, values: impl Iterator<Item = &'v Value>) -> Result<Value, PathError> {
        let mut tally = Tally::default();
        values.filter_map(Value::as_f64).for_each(|number| tally.add(number));
        if tally.count == 0.0 {
            return Err(PathError::NothingToAggregate);
        }
        let result = match self {
            Self::Min => tally.min,
            Self::Max => tally.max,
            Self::Sum => tally.sum,
            Self::Average => tally.sum / tally.count,
            Self::StandardDeviation => tally.deviation(),
            Self::Length | Self::Keys => return Ok(Value::Null),
        };
        Ok(Number::from_f64(result).map_or(Value::Null, Value::Number))
    }
}

#[derive(Default)]
struct Tally {
    count: f64,
    sum: f64,
    sum_of_squares: f64,
    min: f64,
    max: f64,
}

impl Tally {
    fn add(&mut self, number: f64) {
        let is_first = self.count == 0.0;
        self.min = if is_first { number } else { self.min.min(number) };
        self.max = if is_first { number } else { self.max.max(number) };
        self.count += 1.0;
        self.sum += number;
        self.sum_of_squares += number * number;
    }

    fn deviation(&self) -> f64 {
        let mean = self.sum / self.count;
        (self.sum_of_squares / self.count - mean * mean).max(0.0).sqrt()
    }
}

fn length(value: &Value) -> Value {
    match value {
        Value::Array(items) => items.len().into(),
        Value::Object(members) => members.len().into(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => Value::Null,
    }
}

fn keys(value: &Value) -> Value {
    value.as_object().map_or(Value::Null, |members| members.keys().cloned().collect())
}

//! Wait.

use crate::limits::SECONDS_MAX;
use crate::parse::{Field, Object, PathForm, Range, Reader, Within};
use crate::{NumberField, QueryLanguage, TextField, Transition};
use baton_jsonata::{Marker, marker};

/// `Wait`: until a time.
#[derive(Debug)]
pub struct Wait {
    /// For how long, or until when.
    pub duration: WaitFor,
    /// `Next` or `End`.
    pub transition: Transition,
}

/// The one of the four fields that is given.
#[derive(Debug)]
pub enum WaitFor {
    /// `Seconds`, `SecondsPath`.
    Seconds(NumberField),
    /// `Timestamp`, `TimestampPath`; a literal is a valid RFC 3339 timestamp.
    Timestamp(TextField),
}

/// In the order in which AWS lists them.
const ALTERNATIVES: [&str; 4] = ["SecondsPath", "Seconds", "TimestampPath", "Timestamp"];

impl Wait {
    pub(crate) const FIELDS: &'static [&'static str] = &[
        "Type",
        "Comment",
        "QueryLanguage",
        "Seconds",
        "SecondsPath",
        "Timestamp",
        "TimestampPath",
        "InputPath",
        "OutputPath",
        "Output",
        "Assign",
        "Next",
        "End",
    ];

    pub(crate) fn read(
        reader: &mut Reader<'_>,
        state: &Object<'_>,
        language: QueryLanguage,
    ) -> Option<Self> {
        let one_of_them = reader.exclusive(state, &ALTERNATIVES, true);
        let given = ALTERNATIVES.into_iter().filter_map(|name| state.get(name));
        let durations: Vec<Option<WaitFor>> =
            given.map(|field| WaitFor::read(reader, &field, language)).collect();
        let duration = durations.into_iter().next().flatten().filter(|_| one_of_them);
        let transition = reader.transition(state);
        Some(Wait { duration: duration?, transition: transition? })
    }
}

impl WaitFor {
    fn read(reader: &mut Reader<'_>, field: &Field<'_>, language: QueryLanguage) -> Option<Self> {
        let path = |reader: &mut Reader<'_>| reader.path(field, PathForm::Reference);
        match field.key {
            "Seconds" => {
                let range = Range::whole(0, SECONDS_MAX);
                reader.written_number(field, range, language).map(WaitFor::Seconds)
            }
            "SecondsPath" => path(reader).map(|path| WaitFor::Seconds(NumberField::Path(path))),
            "Timestamp" => timestamp(reader, field, language).map(WaitFor::Timestamp),
            _ => path(reader)
                .map(baton_jsonpath::PathOrIntrinsic::Path)
                .map(|path| WaitFor::Timestamp(TextField::Path(path))),
        }
    }
}

fn timestamp(
    reader: &mut Reader<'_>,
    field: &Field<'_>,
    language: QueryLanguage,
) -> Option<TextField> {
    let text = reader.string(field.node, &field.place)?;
    if language == QueryLanguage::Jsonata && marker(text) != Marker::Literal {
        let expression = reader.expression(text, field.node, &field.place, Within::State);
        return expression.map(TextField::Expression);
    }
    reader.timestamp(field.node, &field.place)?;
    Some(TextField::Literal(text.to_owned()))
}

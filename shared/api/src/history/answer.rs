//! How a history event looks in an answer.

use crate::time::Epoch;
use baton_engine::{EventDetail, Numbered};
use baton_store::{EventDetails, EventReader, Header, details_key};
use serde::ser::{Serialize, SerializeMap, Serializer};

/// One event, with what its form depends on. Writes straight from the records: no copies.
#[derive(Debug, Clone, Copy)]
pub(crate) struct HistoryEvent<'a> {
    pub(crate) event: &'a Numbered,
    pub(crate) header: &'a Header,
    /// `includeExecutionData`.
    pub(crate) has_data: bool,
}

impl Serialize for HistoryEvent<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let HistoryEvent { event: Numbered { id, previous, millis, event }, .. } = self;
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("timestamp", &Epoch(*millis))?;
        map.serialize_entry("type", &Name(&event.detail))?;
        map.serialize_entry("id", id)?;
        map.serialize_entry("previousEventId", previous)?;
        if let Some(key) = details_key(&event.detail) {
            let (header, has_data) = (self.header, self.has_data);
            let reader = EventReader::Caller;
            let details = EventDetails { event: &event.detail, header, has_data, reader };
            map.serialize_entry(key, &details)?;
        }
        map.end()
    }
}

/// `type`.
struct Name<'a>(&'a EventDetail);

impl Serialize for Name<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&self.0.type_name())
    }
}

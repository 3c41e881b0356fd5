//! Where a page of a history begins.

use crate::limits;

/// A page's beginning.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Place {
    /// At the event of this number.
    Id(u64),
    /// At a place in the journal.
    Trail(OnTrail),
}

/// A place in the journal of an execution that has had no children so far.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct OnTrail {
    /// The journal's own page.
    pub(super) cursor: Option<String>,
    /// Records of that page that are done.
    pub(super) records: u32,
    /// Events of the record after them that are done.
    pub(super) events: u32,
    /// The trail before that record.
    pub(super) numbers: [u64; 3],
}

impl OnTrail {
    /// The number of the first event from here on.
    pub(super) fn first_id(&self) -> u64 {
        let [last, ..] = self.numbers;
        last + u64::from(self.events) + 1
    }
}

/// The longest place that a page token has room for: three quarters of the token, less its own bytes.
const PLACE_BYTES_MAX: usize = limits::PAGE_TOKEN_CHARS_MAX / 4 * 3 - 24;

impl Place {
    /// The place in the journal, or just the event's number if it is too long for a token.
    pub(super) fn trail_or_id(at: OnTrail, id: u64) -> String {
        let text = Place::Trail(at).text();
        if text.len() > PLACE_BYTES_MAX { Place::Id(id).text() } else { text }
    }

    pub(super) fn text(&self) -> String {
        match self {
            Place::Id(id) => format!("i{id}"),
            Place::Trail(OnTrail { cursor, records, events, numbers: [a, b, c] }) => {
                let (has_cursor, cursor) = (u8::from(cursor.is_some()), cursor.as_deref());
                let cursor = cursor.unwrap_or_default();
                format!("t{records} {events} {a} {b} {c} {has_cursor} {cursor}")
            }
        }
    }

    pub(super) fn parse(text: &str) -> Option<Self> {
        if let Some(id) = text.strip_prefix('i') {
            return Some(Place::Id(id.parse().ok()?));
        }
        let mut parts = text.strip_prefix('t')?.splitn(7, ' ');
        let mut number = || parts.next()?.parse::<u64>().ok();
        let (records, events) = (number()?, number()?);
        let numbers = [number()?, number()?, number()?];
        let has_cursor = number()? == 1;
        let cursor = parts.next().filter(|_| has_cursor).map(str::to_owned);
        let records = u32::try_from(records).ok()?;
        let events = u32::try_from(events).ok()?;
        // Numbers that no history reaches would overflow later.
        let is_real = numbers.iter().all(|number| *number < u64::MAX / 4);
        is_real.then_some(Place::Trail(OnTrail { cursor, records, events, numbers }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_read_back_as_written() {
        let on_trail =
            OnTrail { cursor: Some("a b".to_owned()), records: 7, events: 1, numbers: [9, 8, 7] };
        assert_eq!(on_trail.first_id(), 11);
        let empty = OnTrail { cursor: Some(String::new()), ..OnTrail::default() };
        for place in [
            Place::Id(3),
            Place::Trail(OnTrail::default()),
            Place::Trail(empty),
            Place::Trail(on_trail),
        ] {
            assert_eq!(Place::parse(&place.text()), Some(place));
        }
    }

    #[test]
    fn other_texts_are_no_places() {
        let huge = format!("t0 0 {} 0 0 0 ", u64::MAX);
        for text in ["", "i", "i-1", "x", "t", "t1 2 3", "t99999999999 0 0 0 0 0 ", &huge] {
            assert_eq!(Place::parse(text), None, "{text}");
        }
    }

    #[test]
    fn a_place_too_long_for_a_token_is_a_number() {
        let at = OnTrail { cursor: Some("c".repeat(800)), ..OnTrail::default() };
        assert_eq!(Place::trail_or_id(at, 5), "i5");
    }
}

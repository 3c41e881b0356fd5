//! Revision ids: UUIDs of version 7, whose first 48 bits are the revision's time in milliseconds.
//!
//! So the date of the revision that an execution runs is known whatever became of the machine since, and with it
//! whether it is the machine's first, whose id AWS does not show.

use baton_store::{Header, Machine, RevisionId};
use jiff::Timestamp;
use uuid::{Builder, Uuid};

/// A revision made at this time; later than the one before it, if there is one.
pub(crate) fn revision_id(now: Timestamp, before: Option<&RevisionId>, bits: u128) -> RevisionId {
    let earliest = before.and_then(made_at).map_or(i64::MIN, |at| at.as_millisecond() + 1);
    let millis = u64::try_from(now.as_millisecond().max(earliest)).unwrap_or_default();
    let [random @ .., _, _, _, _, _, _] = bits.to_be_bytes();
    let id = Builder::from_unix_timestamp_millis(millis, &random).into_uuid();
    RevisionId(id.to_string().into())
}

/// When a revision was made.
pub(crate) fn made_at(id: &RevisionId) -> Option<Timestamp> {
    let id = Uuid::parse_str(&id.0).ok().filter(|id| id.get_version_num() == 7)?;
    Timestamp::from_millisecond(i64::try_from(id.as_u128() >> 80).ok()?).ok()
}

/// Whether an execution runs a revision of this very machine, not of one that had its name before.
pub(crate) fn is_of(machine: &Machine, header: &Header) -> bool {
    made_at(&header.revision).is_none_or(|made| made >= machine.created)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_revision_knows_its_time_and_is_later_than_the_one_before() {
        let now = Timestamp::from_millisecond(1_763_648_113_123).unwrap();
        let first = revision_id(now, None, u128::MAX);
        assert_eq!(&*first.0, "019aa19e-89e3-7fff-bfff-ffffffffffff");
        assert_eq!(made_at(&first), Some(now));
        let second = revision_id(now, Some(&first), 0);
        assert_eq!(made_at(&second).unwrap().as_millisecond(), now.as_millisecond() + 1);
        for other in ["other", "ffffffff-ffff-4fff-bfff-ffffffffffff"] {
            assert_eq!(made_at(&RevisionId(other.into())), None);
        }
    }
}

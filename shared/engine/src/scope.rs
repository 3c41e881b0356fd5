//! Where in an execution: scopes, sequences, and moments.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

/// The number of a record within its scope's journal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Sequence(pub u32);

impl Sequence {
    /// The first record's.
    pub const FIRST: Sequence = Sequence(0);

    /// The following record's.
    #[must_use]
    pub fn next(self) -> Sequence {
        Sequence(self.0.saturating_add(1))
    }
}

impl fmt::Display for Sequence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// One step down from a scope to a child: the record that forked and the child's index.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Hop {
    /// The parent's record that forked. A retried Parallel or Map forks anew, so its children are other scopes.
    pub fork: Sequence,
    /// The branch's or iteration's index.
    pub child: u32,
}

/// A running level of `States`: the hops from the top, which itself has none.
///
/// Written `top`, or as hops like `3.0/7.2`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ScopePath(Arc<[Hop]>);

impl ScopePath {
    /// More hops than this are refused: deeper than any definition may nest.
    pub const HOPS_MAX: usize = 64;

    /// The execution's own scope.
    #[must_use]
    pub fn top() -> Self {
        ScopePath(Arc::from([]))
    }

    /// Whether this is the execution's own scope.
    #[must_use]
    pub fn is_top(&self) -> bool {
        self.0.is_empty()
    }

    /// The child scope that this hop leads to.
    #[must_use]
    pub fn child(&self, hop: Hop) -> Self {
        ScopePath(self.0.iter().copied().chain([hop]).collect())
    }

    /// The parent scope and the hop that leads from it to here; nothing for the top.
    #[must_use]
    pub fn parent(&self) -> Option<(ScopePath, Hop)> {
        let (hop, rest) = self.0.split_last()?;
        Some((ScopePath(rest.into()), *hop))
    }

    /// The hops from the top.
    #[must_use]
    pub fn hops(&self) -> &[Hop] {
        &self.0
    }

    /// Every fork that this scope lies under, outermost first.
    pub fn forks(&self) -> impl Iterator<Item = ForkId> + '_ {
        (0..self.0.len()).filter_map(|depth| {
            let (above, rest) = self.0.split_at_checked(depth)?;
            let fork = rest.first()?.fork;
            Some(ForkId { scope: ScopePath(above.into()), fork })
        })
    }
}

impl fmt::Display for ScopePath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_top() {
            return f.write_str("top");
        }
        for (depth, hop) in self.0.iter().enumerate() {
            if depth > 0 {
                f.write_str("/")?;
            }
            write!(f, "{}.{}", hop.fork, hop.child)?;
        }
        Ok(())
    }
}

/// A text that is not a scope.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a scope")]
pub struct InvalidScope(pub String);

impl FromStr for ScopePath {
    type Err = InvalidScope;

    fn from_str(text: &str) -> Result<Self, InvalidScope> {
        let invalid = || InvalidScope(text.to_owned());
        if text == "top" {
            return Ok(ScopePath::top());
        }
        let hops: Vec<Hop> = text
            .split('/')
            .take(Self::HOPS_MAX + 1)
            .map(|hop| {
                let (fork, child) = hop.split_once('.')?;
                Some(Hop { fork: Sequence(fork.parse().ok()?), child: child.parse().ok()? })
            })
            .collect::<Option<_>>()
            .ok_or_else(invalid)?;
        if hops.len() > Self::HOPS_MAX { Err(invalid()) } else { Ok(ScopePath(hops.into())) }
    }
}

/// One fork of one scope: what a join belongs to, and what is closed when a branch fails.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ForkId {
    /// The scope that forked.
    pub scope: ScopePath,
    /// Its record that forked.
    pub fork: Sequence,
}

impl fmt::Display for ForkId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.scope, self.fork)
    }
}

/// A hybrid clock's reading: the time in milliseconds, and a count within it. A record's moment is
/// later than that of every record it follows from, however the workers' clocks differ.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Moment {
    /// Milliseconds since 1970.
    pub millis: i64,
    /// Distinguishes moments of one millisecond.
    pub tick: u32,
}

impl Moment {
    /// The moment of something that happens now and follows from `causes`.
    #[must_use]
    pub fn after(now_millis: i64, causes: impl IntoIterator<Item = Moment>) -> Self {
        let start = Moment { millis: now_millis, tick: 0 };
        causes.into_iter().fold(start, |moment, cause| {
            if cause < moment {
                moment
            } else {
                Moment { tick: cause.tick.saturating_add(1), ..cause }
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scopes_read_back_as_written() {
        for text in ["top", "3.0", "3.0/7.2"] {
            assert_eq!(text.parse::<ScopePath>().unwrap().to_string(), text);
        }
        for text in ["", "3", "3.x", "top/1.1", "1.1/", "-1.0"] {
            assert!(text.parse::<ScopePath>().is_err(), "{text}");
        }
        assert!(vec!["1.1"; 65].join("/").parse::<ScopePath>().is_err());
    }

    #[test]
    fn a_scope_lies_under_each_fork_above_it() {
        let scope: ScopePath = "3.0/7.2".parse().unwrap();
        let forks: Vec<String> = scope.forks().map(|fork| fork.to_string()).collect();
        assert_eq!(forks, ["top:3", "3.0:7"]);
    }

    #[test]
    fn a_moment_is_later_than_its_causes() {
        let cause = Moment { millis: 10, tick: 4 };
        assert_eq!(Moment::after(11, [cause]), Moment { millis: 11, tick: 0 });
        assert_eq!(Moment::after(10, [cause]), Moment { millis: 10, tick: 5 });
        assert_eq!(Moment::after(9, [cause]), Moment { millis: 10, tick: 5 });
    }
}

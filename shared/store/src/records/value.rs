//! Small parts of several documents.
//!
//! | part | form |
//! |---|---|
//! | time | milliseconds since 1970, or RFC 3339 text where it is finer |
//! | moment | `[milliseconds, tick]` |
//! | scope | its text, absent for the top |
//! | error | `{"e": error, "c": cause}`, each absent where there is none |
//! | failure | an error with `"k"`, its kind, absent for an ordinary one |

use super::Unreadable;
use baton_engine::{ErrorDetail, Failure, FailureKind, Moment, ScopePath};
use jiff::Timestamp;
use serde::de::{self, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

/// A time, whole.
#[derive(Debug, Clone, Copy)]
pub(super) struct Time(pub(super) Timestamp);

impl Serialize for Time {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let millis = self.0.as_millisecond();
        if Timestamp::from_millisecond(millis).is_ok_and(|whole| whole == self.0) {
            serializer.serialize_i64(millis)
        } else {
            serializer.collect_str(&self.0)
        }
    }
}

impl<'de> Deserialize<'de> for Time {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(TimeVisitor).map(Time)
    }
}

struct TimeVisitor;

impl Visitor<'_> for TimeVisitor {
    type Value = Timestamp;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a time")
    }

    fn visit_i64<E: de::Error>(self, millis: i64) -> Result<Timestamp, E> {
        Timestamp::from_millisecond(millis).map_err(E::custom)
    }

    fn visit_u64<E: de::Error>(self, millis: u64) -> Result<Timestamp, E> {
        self.visit_i64(i64::try_from(millis).map_err(E::custom)?)
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Timestamp, E> {
        text.parse().map_err(E::custom)
    }
}

pub(super) type MomentForm = (i64, u32);

pub(super) fn moment_form(moment: Moment) -> MomentForm {
    (moment.millis, moment.tick)
}

pub(super) fn moment((millis, tick): MomentForm) -> Moment {
    Moment { millis, tick }
}

pub(super) fn scope_form(scope: &ScopePath) -> Option<String> {
    (!scope.is_top()).then(|| scope.to_string())
}

pub(super) fn scope(form: Option<&str>) -> Result<ScopePath, Unreadable> {
    form.map_or(Ok(ScopePath::top()), |text| text.parse().map_err(|_| Unreadable::Value("scope")))
}

/// An error and a cause.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct ErrorForm<'a> {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    e: Option<Cow<'a, str>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    c: Option<Cow<'a, str>>,
}

impl<'a> From<&'a ErrorDetail> for ErrorForm<'a> {
    fn from(detail: &'a ErrorDetail) -> Self {
        ErrorForm { e: borrowed(detail.error.as_ref()), c: borrowed(detail.cause.as_ref()) }
    }
}

impl From<ErrorForm<'_>> for ErrorDetail {
    fn from(form: ErrorForm<'_>) -> Self {
        ErrorDetail { error: form.e.map(Arc::from), cause: form.c.map(Arc::from) }
    }
}

/// A failure.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct FailureForm<'a> {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    e: Option<Cow<'a, str>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    c: Option<Cow<'a, str>>,
    #[serde(default, skip_serializing_if = "KindForm::is_ordinary")]
    k: KindForm,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum KindForm {
    #[default]
    Ordinary,
    Terminal,
    Timeout,
    Heartbeat,
}

impl KindForm {
    // serde hands over a reference.
    fn is_ordinary(&self) -> bool {
        *self == KindForm::Ordinary
    }
}

impl<'a> From<&'a Failure> for FailureForm<'a> {
    fn from(failure: &'a Failure) -> Self {
        let k = match failure.kind {
            FailureKind::Ordinary => KindForm::Ordinary,
            FailureKind::Terminal => KindForm::Terminal,
            FailureKind::Timeout => KindForm::Timeout,
            FailureKind::HeartbeatTimeout => KindForm::Heartbeat,
        };
        FailureForm { e: borrowed(failure.error.as_ref()), c: borrowed(failure.cause.as_ref()), k }
    }
}

impl From<FailureForm<'_>> for Failure {
    fn from(form: FailureForm<'_>) -> Self {
        let kind = match form.k {
            KindForm::Ordinary => FailureKind::Ordinary,
            KindForm::Terminal => FailureKind::Terminal,
            KindForm::Timeout => FailureKind::Timeout,
            KindForm::Heartbeat => FailureKind::HeartbeatTimeout,
        };
        Failure { error: form.e.map(Arc::from), cause: form.c.map(Arc::from), kind }
    }
}

/// Text that is borrowed for writing; reading makes it new.
pub(super) fn borrowed(text: Option<&Arc<str>>) -> Option<Cow<'_, str>> {
    text.map(|text| Cow::Borrowed(&**text))
}

/// Whether a value need not be written: it is what is read where there is none.
pub(crate) fn is_default<T: PartialEq + Default>(value: &T) -> bool {
    *value == T::default()
}

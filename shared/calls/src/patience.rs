//! Calls made again by themselves, as AWS's SDKs make them: after a throttle, after a connection that could not be made, and,
//! where a repeat is the same call, after trouble of the service's own.

use crate::error::CallError;
use crate::limits::{CODE_BYTES_MAX, PAUSE, PAUSE_MAX, THROTTLE_PAUSE, TRIES_MAX};
use baton_integrations::{Method, Response, Task};
use std::time::Duration;

/// Whether a call is made again, and how soon.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Patience {
    tries_max: u32,
    is_repeatable: bool,
    spread: u64,
}

/// A call, and how often it was made.
#[derive(Debug)]
pub struct Attempted {
    /// The last attempt's answer.
    pub answer: Result<Response, CallError>,
    /// How many attempts there were.
    pub count: u32,
}

/// What services call a throttle: nothing was carried out.
const THROTTLES: [&str; 13] = [
    "BandwidthLimitExceeded",
    "EC2ThrottledException",
    "PriorRequestNotComplete",
    "ProvisionedThroughputExceededException",
    "RequestLimitExceeded",
    "RequestThrottled",
    "RequestThrottledException",
    "SlowDown",
    "ThrottledException",
    "Throttling",
    "ThrottlingException",
    "TooManyRequestsException",
    "TransactionInProgressException",
];

impl Patience {
    /// The call is made once.
    pub const NONE: Patience = Patience { tries_max: 1, is_repeatable: false, spread: 0 };

    /// As the AWS SDK for Java has it. `spread` is some number of the call's own: calls that are throttled together do not
    /// come again together.
    #[must_use]
    pub fn of_sdk(is_repeatable: bool, spread: u64) -> Self {
        Patience { tries_max: TRIES_MAX, is_repeatable, spread }
    }

    /// As AWS has it for this task. `is_repeatable` says that a repeat of its call is the same call.
    #[must_use]
    pub fn of_task(task: &Task, is_repeatable: bool, spread: u64) -> Self {
        let is_reading = matches!(task.request().method, Method::Get | Method::Head);
        match task.is_by_sdk() {
            true => Patience::of_sdk(is_repeatable || is_reading, spread),
            false => Patience::NONE,
        }
    }

    /// How long to wait before the next attempt; nothing if this answer is the last.
    pub(crate) fn pause(
        self,
        count: u32,
        answer: &Result<Response, CallError>,
    ) -> Option<Duration> {
        if count >= self.tries_max {
            return None;
        }
        let base = match answer {
            Ok(response) if is_throttle(response) => THROTTLE_PAUSE,
            Ok(response) if self.is_repeatable && is_trouble(response) => PAUSE,
            Err(CallError::Unconnected { .. }) => PAUSE,
            Err(CallError::Broken { .. }) if self.is_repeatable => PAUSE,
            Ok(_) | Err(_) => return None,
        };
        let longest = base.saturating_mul(1 << count.saturating_sub(1).min(16)).min(PAUSE_MAX);
        // Between a half and the whole of it.
        let share = self.spread.rotate_right(count.wrapping_mul(8)) % 128;
        let share = u32::try_from(share).unwrap_or_default();
        Some(longest / 2 + longest * share / 256)
    }
}

fn is_trouble(response: &Response) -> bool {
    matches!(response.status, 500 | 502 | 503 | 504)
}

/// Whether the service says that it was asked too much. A code stands in a header, or at the beginning of a body.
fn is_throttle(response: &Response) -> bool {
    if response.is_success() || response.status < 400 {
        return false;
    }
    if response.status == 429 {
        return true;
    }
    let head = response.body.get(..CODE_BYTES_MAX).unwrap_or(&response.body);
    let head = String::from_utf8_lossy(head);
    let header = response.header("x-amzn-errortype").unwrap_or_default();
    [header, &head].iter().any(|text| {
        text.split(|letter: char| !letter.is_ascii_alphanumeric())
            .any(|word| THROTTLES.contains(&word))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(status: u16, header: &str, body: &str) -> Result<Response, CallError> {
        let headers = vec![("x-amzn-ErrorType".to_owned(), header.to_owned())];
        Ok(Response { status, headers, body: body.into() })
    }

    fn unconnected() -> Result<Response, CallError> {
        Err(CallError::Unconnected { host: "h".into(), source: "refused".into() })
    }

    fn broken() -> Result<Response, CallError> {
        Err(CallError::Broken { host: "h".into(), source: "reset".into() })
    }

    #[test]
    fn what_was_not_carried_out_is_asked_again() {
        for once in [false, true] {
            let patience = Patience::of_sdk(once, 7);
            for answer in [
                answer(429, "", ""),
                answer(400, "ThrottlingException:http://x/", ""),
                answer(
                    400,
                    "",
                    r#"{"__type":"com.amazon#ProvisionedThroughputExceededException"}"#,
                ),
                answer(503, "", "<Error><Code>SlowDown</Code></Error>"),
                unconnected(),
            ] {
                assert!(patience.pause(1, &answer).is_some(), "{answer:?}");
                assert_eq!(patience.pause(TRIES_MAX, &answer), None);
                assert_eq!(Patience::NONE.pause(1, &answer), None);
            }
        }
    }

    #[test]
    fn what_may_have_been_carried_out_is_asked_again_only_where_that_is_the_same() {
        for answer in [answer(500, "", "{}"), answer(503, "", "<html>"), broken()] {
            assert_eq!(Patience::of_sdk(false, 7).pause(1, &answer), None, "{answer:?}");
            assert!(Patience::of_sdk(true, 7).pause(1, &answer).is_some(), "{answer:?}");
        }
        for answer in [
            answer(200, "ThrottlingException", "Throttling"),
            answer(400, "ValidationException", r#"{"message":"no such Throttlings"}"#),
            answer(307, "", "Throttling"),
            Err(CallError::TimedOut(Duration::from_secs(1))),
            Err(CallError::TooLarge(1)),
        ] {
            assert_eq!(Patience::of_sdk(true, 7).pause(1, &answer), None, "{answer:?}");
        }
    }

    #[test]
    fn pauses_grow_and_differ() {
        let throttled = answer(429, "", "");
        let pause =
            |count, spread| Patience::of_sdk(false, spread).pause(count, &throttled).unwrap();
        for spread in [0, 1, 77, u64::MAX] {
            for count in 1..TRIES_MAX {
                let longest = THROTTLE_PAUSE * (1 << (count - 1));
                let pause = pause(count, spread);
                assert!(pause >= longest / 2 && pause <= longest, "{pause:?} of {longest:?}");
            }
        }
        assert_ne!(pause(1, 1 << 8), pause(1, 77 << 8));
    }
}

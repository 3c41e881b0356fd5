//! Trying again at once, where letting a cue come again would cost more.
//!
//! A call's answer that could not be committed lives in the process that got it, and in no other: another worker would find the claim,
//! wait for it to expire, and take the attempt for lost. So the task function tries a cue again itself for a while.

use std::time::Duration;

/// How long the first pause is; each further one is twice as long.
pub(crate) const PAUSE: Duration = Duration::from_secs(1);
/// How many pauses there are: half a minute in all.
const PAUSES_MAX: u32 = 5;

/// Tries until it goes well, fails for good, or has been tried often enough. `left` says how much time there is.
pub(crate) async fn patiently<E, F: Future<Output = Result<(), E>>>(
    mut attempt: impl FnMut() -> F,
    may_pass: impl Fn(&E) -> bool,
    left: impl Fn() -> Duration,
    mut pause: Duration,
) -> Result<(), E> {
    for _ in 0..PAUSES_MAX {
        match attempt().await {
            Err(error) if may_pass(&error) && left() > pause => {
                #[expect(
                    clippy::disallowed_methods,
                    reason = "a pause of the process, not of an execution"
                )]
                tokio::time::sleep(pause).await;
                pause = pause.saturating_mul(2);
            }
            answer => return answer,
        }
    }
    attempt().await
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::cell::Cell;
    use std::future::ready;

    /// How often it is tried where the first `failures` tries fail, and what came of it.
    async fn check(
        failures: u32,
        error: &'static str,
        left: Duration,
    ) -> (u32, Result<(), &'static str>) {
        let tries = Cell::new(0);
        let attempt = || {
            tries.set(tries.get() + 1);
            ready(if tries.get() > failures { Ok(()) } else { Err(error) })
        };
        let answer =
            patiently(attempt, |error| *error == "later", || left, Duration::from_nanos(1)).await;
        (tries.get(), answer)
    }

    const LONG: Duration = Duration::from_secs(900);

    #[tokio::test]
    async fn an_outage_of_seconds_is_waited_for() {
        assert_eq!(check(0, "later", LONG).await, (1, Ok(())));
        assert_eq!(check(5, "later", LONG).await, (6, Ok(())));
    }

    #[tokio::test]
    async fn what_lasts_longer_comes_again() {
        assert_eq!(check(99, "later", LONG).await, (6, Err("later")));
        assert_eq!(check(99, "never", LONG).await, (1, Err("never")));
        assert_eq!(check(99, "later", Duration::from_nanos(3)).await, (3, Err("later")));
    }
}

//! Trouble that an order asks for itself, so that every path can be walked on purpose.

use serde_json::{Value, json};

use crate::books::OpenBooks;
use crate::failure::Failure;
use crate::function::Function;

/// How a task goes wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mishap {
    /// So many attempts fail with `ServiceUnavailable`, which is retried; `None` is all of them.
    Transient(Option<u64>),
    /// Fails with an error of its own, which nothing retries.
    Fails,
}

impl Mishap {
    pub(crate) const WANTED: &'static str =
        "one of `transient-once`, `transient-twice`, `transient-always`, `fails`";

    pub(crate) fn parse(text: &str) -> Option<Self> {
        match text {
            "transient-once" => Some(Self::Transient(Some(1))),
            "transient-twice" => Some(Self::Transient(Some(2))),
            "transient-always" => Some(Self::Transient(None)),
            "fails" => Some(Self::Fails),
            _ => None,
        }
    }

    /// Lets the mishap happen. Attempts are counted in the books under `counter`, so they add up
    /// over processes.
    pub(crate) fn happen(
        self,
        function: Function,
        counter: &str,
        books: &OpenBooks<'_>,
    ) -> Result<(), Failure> {
        match self {
            Self::Fails => Err(Failure::new(function.failure_name(), "as the order asked for")),
            Self::Transient(failing) => {
                let file = format!("attempts/{counter}.json");
                let before = books.read(&file)?.unwrap_or_default();
                let before = before.get("attempts").and_then(Value::as_u64).unwrap_or(0);
                let attempt = before.saturating_add(1);
                books.write(&file, &json!({"attempts": attempt}))?;
                if failing.is_none_or(|failing| attempt <= failing) {
                    let message = format!("attempt {attempt} failed, as the order asked for");
                    return Err(Failure::new("ServiceUnavailable", message));
                }
                Ok(())
            }
        }
    }
}

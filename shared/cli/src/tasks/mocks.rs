//! `--mocks FILE#CASE`: answers from a mock configuration file of Step Functions Local.
//!
//! ```json
//! {
//!   "StateMachines": {"order": {"TestCases": {"HappyPath": {"Pay": "PaySecondTime"}}}},
//!   "MockedResponses": {
//!     "PaySecondTime": {
//!       "0": {"Throw": {"Error": "ServiceUnavailable", "Cause": "busy"}},
//!       "1-9": {"Return": {"StatusCode": 200, "Payload": {"paid": true}}}
//!     }
//!   }
//! }
//! ```
//!
//! A test case names a response for each state that is not to be called; the numbers are attempts, from 0. States that
//! it does not name are called as ever.

use baton_driver::CallAnswer;
use baton_engine::{Failure, Payload};
use serde_json::{Map, Value};
use std::collections::BTreeMap;
use std::sync::Arc;

/// What is answered instead of calling.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Mock {
    Return(Payload),
    Throw(Failure),
}

impl From<CallAnswer> for Mock {
    fn from(answer: CallAnswer) -> Self {
        match answer {
            CallAnswer::Succeeded(result) => Mock::Return(result),
            CallAnswer::Failed(failure) => Mock::Throw(failure),
        }
    }
}

type Response = Arc<Vec<(u32, u32, Mock)>>;

/// The answers of one test case, by state machine and state.
#[derive(Debug, Clone, Default)]
pub(crate) struct Mocks {
    machines: BTreeMap<String, BTreeMap<String, Response>>,
}

/// The place and the fault.
type Misfit = String;

impl Mocks {
    /// Reads a file's text and picks a test case; without a name, the only one there is.
    pub(crate) fn parse(text: &str, case: Option<&str>) -> Result<Self, Misfit> {
        let file: Value = serde_json::from_str(text).map_err(|error| error.to_string())?;
        let responses = responses(&file)?;
        let machines = object(file.get("StateMachines"), "StateMachines")?;
        let mut mocks = Mocks::default();
        let mut names: Vec<String> = Vec::new();
        for (machine, value) in machines {
            let place = format!("StateMachines.{machine}.TestCases");
            for (name, states) in object(value.get("TestCases"), &place)? {
                names.push(name.clone());
                if case.is_none_or(|case| case == name) {
                    let place = format!("{place}.{name}");
                    let states = states_of(object(Some(states), &place)?, &place, &responses)?;
                    mocks.machines.insert(machine.clone(), states);
                }
            }
        }
        names.sort();
        names.dedup();
        match case {
            Some(case) if mocks.machines.is_empty() => {
                Err(format!("there is no test case `{case}`; there are: {}", names.join(", ")))
            }
            None if names.len() > 1 => {
                Err(format!("name one test case as FILE#CASE: {}", names.join(", ")))
            }
            _ => Ok(mocks),
        }
    }

    /// The answers of the only state machine count for every machine: the file's owner may have named it otherwise.
    pub(crate) fn for_any_machine(mut self) -> Self {
        if self.machines.len() == 1
            && let Some((_, states)) = self.machines.pop_first()
        {
            self.machines.insert(String::new(), states);
        }
        self
    }

    /// The answer for a state's attempt, if it is not to be called.
    pub(crate) fn answer(&self, machine: &str, state: &str, attempt: u32) -> Option<Mock> {
        let states = self.machines.get(machine).or_else(|| self.machines.get(""))?;
        let response = states.get(state)?;
        let found = response.iter().find(|(from, to, _)| (*from..=*to).contains(&attempt));
        Some(found.map(|(_, _, mock)| mock.clone()).unwrap_or_else(|| {
            let cause =
                format!("The mocked response of `{state}` has nothing for attempt {attempt}.");
            Mock::Throw(Failure::runtime(&cause))
        }))
    }
}

fn states_of(
    states: &Map<String, Value>,
    place: &str,
    responses: &BTreeMap<String, Response>,
) -> Result<BTreeMap<String, Response>, Misfit> {
    let mut found = BTreeMap::new();
    for (state, name) in states {
        let name = name.as_str().ok_or_else(|| format!("{place}.{state}: it should be text"))?;
        let response = responses
            .get(name)
            .ok_or_else(|| format!("{place}.{state}: MockedResponses has no `{name}`"))?;
        found.insert(state.clone(), response.clone());
    }
    Ok(found)
}

fn responses(file: &Value) -> Result<BTreeMap<String, Response>, Misfit> {
    let mut responses = BTreeMap::new();
    for (name, attempts) in object(file.get("MockedResponses"), "MockedResponses")? {
        let place = format!("MockedResponses.{name}");
        let mut response = Vec::new();
        for (attempt, mock) in object(Some(attempts), &place)? {
            let place = format!("{place}.{attempt}");
            let (from, to) = range(attempt)
                .ok_or_else(|| format!("{place}: attempts are numbers like \"0\" or \"1-2\""))?;
            response.push((from, to, mock_of(mock, &place)?));
        }
        responses.insert(name.clone(), Arc::new(response));
    }
    Ok(responses)
}

fn mock_of(value: &Value, place: &str) -> Result<Mock, Misfit> {
    let members = object(Some(value), place)?;
    match (members.get("Return"), members.get("Throw")) {
        (Some(result), None) => Ok(Mock::Return(Payload::new(result.clone()))),
        (None, Some(error)) => {
            let text = |name: &str| error.get(name).and_then(Value::as_str);
            let name = text("Error").ok_or_else(|| format!("{place}.Throw: there is no Error"))?;
            Ok(Mock::Throw(Failure::new(name, text("Cause").unwrap_or_default())))
        }
        _ => Err(format!("{place}: it should have either Return or Throw")),
    }
}

fn range(attempts: &str) -> Option<(u32, u32)> {
    match attempts.split_once('-') {
        None => attempts.parse().ok().map(|attempt| (attempt, attempt)),
        Some((from, to)) => {
            Some((from.parse().ok()?, to.parse().ok()?)).filter(|(from, to)| from <= to)
        }
    }
}

fn object<'a>(value: Option<&'a Value>, place: &str) -> Result<&'a Map<String, Value>, Misfit> {
    value.and_then(Value::as_object).ok_or_else(|| format!("{place}: it should be an object"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn file() -> Value {
        json!({
            "StateMachines": {
                "order": {"TestCases": {
                    "happy": {"Pay": "paid"}, "sad": {"Pay": "refused", "Mail": "paid"},
                }},
            },
            "MockedResponses": {
                "paid": {"0": {"Throw": {"Error": "Busy"}}, "1-2": {"Return": {"paid": true}}},
                "refused": {"0": {"Throw": {"Error": "Declined", "Cause": "no money"}}},
            },
        })
    }

    fn check(case: &str, machine: &str, state: &str, attempt: u32, expected: &str) {
        let mocks = Mocks::parse(&file().to_string(), Some(case)).unwrap();
        let answer = match mocks.answer(machine, state, attempt) {
            None => "called".to_owned(),
            Some(Mock::Return(payload)) => payload.text().to_owned(),
            Some(Mock::Throw(Failure { error, cause, .. })) => {
                format!("{}: {}", error.unwrap(), cause.unwrap())
            }
        };
        assert_eq!(answer, expected);
    }

    #[test]
    fn an_attempt_has_its_own_answer() {
        check("happy", "order", "Pay", 0, "Busy: ");
        check("happy", "order", "Pay", 1, r#"{"paid":true}"#);
        check("happy", "order", "Pay", 2, r#"{"paid":true}"#);
        check(
            "happy",
            "order",
            "Pay",
            3,
            "States.Runtime: The mocked response of `Pay` has nothing for attempt 3.",
        );
        check("sad", "order", "Pay", 0, "Declined: no money");
    }

    #[test]
    fn what_the_case_does_not_name_is_called() {
        check("happy", "order", "Mail", 0, "called");
        check("happy", "other", "Pay", 0, "called");
        let mocks = Mocks::parse(&file().to_string(), Some("sad")).unwrap().for_any_machine();
        assert!(mocks.answer("other", "Pay", 0).is_some());
    }

    #[test]
    fn a_file_that_does_not_fit_says_where() {
        let with = |pointer: &str, value: Value| {
            let mut file = file();
            *file.pointer_mut(pointer).unwrap() = value;
            file.to_string()
        };
        for (text, case, expected) in [
            (file().to_string(), None, "name one test case as FILE#CASE: happy, sad"),
            (file().to_string(), Some("odd"), "there is no test case `odd`; there are: happy, sad"),
            ("{".to_owned(), None, "EOF while parsing an object at line 1 column 1"),
            (with("/StateMachines", json!(1)), None, "StateMachines: it should be an object"),
            (
                with("/StateMachines/order/TestCases/happy/Pay", json!("odd")),
                Some("happy"),
                "StateMachines.order.TestCases.happy.Pay: MockedResponses has no `odd`",
            ),
            (
                with("/MockedResponses/paid", json!({"2-1": {}})),
                Some("happy"),
                "MockedResponses.paid.2-1: attempts are numbers like \"0\" or \"1-2\"",
            ),
            (
                with("/MockedResponses/paid/0", json!({})),
                Some("happy"),
                "MockedResponses.paid.0: it should have either Return or Throw",
            ),
        ] {
            assert_eq!(Mocks::parse(&text, case).unwrap_err(), expected);
        }
    }
}

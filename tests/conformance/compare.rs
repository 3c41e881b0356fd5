//! What was expected beside what came, by the rules of recorded cases.
//!
//! * Objects have the same keys, arrays the same length and order.
//! * Where anything but a string is expected and a string came, the string is read as JSON first: `input`, `output`,
//!   `cause` and the like are strings on the wire and shown as what they hold. Strings are compared exactly, `1` is not `1.0`.
//! * Placeholders stand for text: [`Placeholder::Any`] for any, [`Placeholder::Same`] for the same text wherever it stands in
//!   the case. The word `date` stands for an ISO 8601 timestamp too.

use regex::{Regex, escape};
use serde_json::{Map, Value};
use std::collections::BTreeMap;

/// What a placeholder stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Placeholder {
    /// Any text; as the whole value also an object or number.
    Any,
    /// Text that is the same everywhere.
    Same,
}

/// The placeholders of one case and what they were found to stand for.
#[derive(Debug, Default)]
pub struct Comparison {
    placeholders: BTreeMap<String, Placeholder>,
    found: BTreeMap<String, String>,
}

impl Comparison {
    /// Adds placeholders as a case lists them: `{"<uuid:1>": "same text everywhere", …}`.
    pub fn add_placeholders(&mut self, listed: Option<&Value>) {
        for (name, meaning) in listed.and_then(Value::as_object).into_iter().flatten() {
            let is_same = meaning.as_str() == Some("same text everywhere");
            let placeholder = if is_same { Placeholder::Same } else { Placeholder::Any };
            self.placeholders.insert(name.clone(), placeholder);
        }
    }

    /// Checks that `actual` is what was `expected`.
    ///
    /// # Errors
    ///
    /// Where they differ, and how.
    pub fn check(&mut self, place: &str, expected: &Value, actual: &Value) -> Result<(), String> {
        match (expected, actual) {
            (Value::String(expected), _) => self.check_text(place, expected, actual),
            (_, Value::String(text)) => match serde_json::from_str::<Value>(text) {
                Ok(read) if !read.is_string() => self.check(place, expected, &read),
                _ => differ(place, expected, actual),
            },
            (Value::Object(expected), Value::Object(actual)) => {
                self.check_object(place, expected, actual)
            }
            (Value::Array(expected), Value::Array(actual)) => {
                self.check_array(place, expected, actual)
            }
            _ if expected == actual => Ok(()),
            _ => differ(place, expected, actual),
        }
    }

    fn check_object(
        &mut self,
        place: &str,
        expected: &Map<String, Value>,
        actual: &Map<String, Value>,
    ) -> Result<(), String> {
        if let Some(key) = actual.keys().find(|key| !expected.contains_key(*key)) {
            return Err(format!("{place}: unexpected member `{key}`: {}", shorten(&actual[key])));
        }
        for (key, expected) in expected {
            let place = format!("{place}/{key}");
            match actual.get(key) {
                Some(actual) if key == "variableReferences" => {
                    self.check(&place, &sorted(expected), &sorted(actual))?;
                }
                Some(actual) => self.check(&place, expected, actual)?,
                None => return Err(format!("{place}: missing, expected {}", shorten(expected))),
            }
        }
        Ok(())
    }

    fn check_array(
        &mut self,
        place: &str,
        expected: &[Value],
        actual: &[Value],
    ) -> Result<(), String> {
        if expected.len() != actual.len() {
            return Err(format!("{place}: {} elements, expected {}", actual.len(), expected.len()));
        }
        for (index, (expected, actual)) in expected.iter().zip(actual).enumerate() {
            self.check(&format!("{place}/{index}"), expected, actual)?;
        }
        Ok(())
    }

    fn check_text(&mut self, place: &str, expected: &str, actual: &Value) -> Result<(), String> {
        match self.placeholders.get(expected) {
            Some(Placeholder::Any) => return Ok(()),
            Some(Placeholder::Same) => {
                let text = actual.as_str().map_or_else(|| actual.to_string(), str::to_owned);
                let found = self.found.entry(expected.to_owned()).or_insert_with(|| text.clone());
                let is_same = *found == text && !text.is_empty();
                return if is_same {
                    Ok(())
                } else {
                    Err(format!("{place}: `{text}`, expected `{found}`"))
                };
            }
            None => {}
        }
        let Value::String(actual) = actual else {
            return differ(place, &Value::from(expected), actual);
        };
        if expected == actual || self.matches(expected, actual) {
            Ok(())
        } else {
            differ(place, &Value::from(expected), &Value::from(actual.as_str()))
        }
    }

    /// Whether a text with placeholders in it matches; what they stand for is kept.
    fn matches(&mut self, expected: &str, actual: &str) -> bool {
        let mut names: Vec<&str> = self
            .placeholders
            .keys()
            .map(String::as_str)
            .filter(|name| expected.contains(name))
            .chain(expected.contains("date").then_some("date"))
            .collect();
        names.sort_by_key(|name| std::cmp::Reverse(name.len()));
        names.dedup();
        if names.is_empty() {
            return false;
        }
        let mut groups = Vec::new();
        let pattern = self.pattern(expected, &names, &mut groups);
        let Ok(regex) = Regex::new(&format!("(?s)^{pattern}$")) else { return false };
        let Some(captures) = regex.captures(actual) else { return false };
        let mut found = self.found.clone();
        for (group, name) in groups.iter().enumerate() {
            let text = captures.get(group + 1).map_or("", |text| text.as_str());
            if found.entry(name.clone()).or_insert_with(|| text.to_owned()) != text {
                return false;
            }
        }
        self.found = found;
        true
    }

    fn pattern(&self, expected: &str, names: &[&str], groups: &mut Vec<String>) -> String {
        let next = names.iter().filter_map(|name| expected.find(name).map(|at| (at, *name)));
        let Some((at, name)) = next.min_by_key(|(at, name)| (*at, std::cmp::Reverse(name.len())))
        else {
            return escape(expected);
        };
        let middle = match (self.placeholders.get(name), self.found.get(name)) {
            (Some(Placeholder::Same), Some(found)) => escape(found),
            (Some(Placeholder::Same), None) => {
                groups.push(name.to_owned());
                "(.+?)".to_owned()
            }
            (Some(Placeholder::Any), _) => ".*?".to_owned(),
            (None, _) => {
                r"(?:date|\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(?:\.\d+)?(?:Z|[+-]\d{2}:?\d{2}))"
                    .to_owned()
            }
        };
        let (before, rest) = expected.split_at(at);
        let after = self.pattern(&rest[name.len()..], names, groups);
        format!("{}{middle}{after}", escape(before))
    }

    /// Checks a history: events in place, but those whose id was not recorded as a set.
    ///
    /// # Errors
    ///
    /// Where it differs, and how.
    pub fn check_history(&mut self, expected: &[Value], actual: &[Value]) -> Result<(), String> {
        if expected.len() != actual.len() {
            let types = |events: &[Value]| {
                events
                    .iter()
                    .map(|event| event["type"].as_str().unwrap_or("?").to_owned())
                    .collect::<Vec<_>>()
            };
            return Err(format!("history: {:?}\n  expected {:?}", types(actual), types(expected)));
        }
        let links = RunLinks::of(actual);
        let mut unplaced: Vec<&Value> = Vec::new();
        let mut unplaced_expected: Vec<Value> = Vec::new();
        for (expected, actual) in expected.iter().zip(actual) {
            let mut expected = expected.clone();
            let has_id = !expected["id"].is_null();
            drop_unrecorded(&mut expected);
            if has_id {
                forgive_run_link(&mut expected, actual, &links);
                let place = format!("history/{}", actual["id"]);
                self.check(&place, &expected, &without(actual, &expected))?;
            } else {
                unplaced.push(actual);
                unplaced_expected.push(expected);
            }
        }
        self.check_set(unplaced_expected, unplaced)
    }

    fn check_set(&mut self, expected: Vec<Value>, mut actual: Vec<&Value>) -> Result<(), String> {
        for expected in expected {
            let mut reasons = Vec::new();
            let found = actual.iter().position(|event| {
                let kept = self.found.clone();
                let checked = self.check("history", &expected, &without(event, &expected));
                checked
                    .map_err(|reason| {
                        self.found = kept;
                        if event["type"] == expected["type"] {
                            reasons.push(reason);
                        }
                    })
                    .is_ok()
            });
            match found {
                Some(index) => drop(actual.remove(index)),
                None => return Err(format!("no event matches {expected}: {reasons:?}")),
            }
        }
        Ok(())
    }
}

/// The cause of a `MapStateExited` behind a map run: up to August 2024 AWS named the run's success, since November 2024 its
/// start (L3 and L4 of the reference). The recordings have both; Baton does as AWS does today.
struct RunLinks(Vec<(Value, Value)>);

impl RunLinks {
    fn of(actual: &[Value]) -> Self {
        let succeeded = actual.iter().filter(|event| event["type"] == "MapRunSucceeded");
        let link = |event: &Value| (event["id"].clone(), event["previousEventId"].clone());
        RunLinks(succeeded.map(link).collect())
    }
}

fn forgive_run_link(expected: &mut Value, actual: &Value, RunLinks(links): &RunLinks) {
    let pair = (expected["previousEventId"].clone(), actual["previousEventId"].clone());
    if expected["type"] == "MapStateExited" && links.contains(&pair) {
        expected["previousEventId"] = pair.1;
    }
}

/// Ids that were not recorded are not compared.
fn drop_unrecorded(expected: &mut Value) {
    if let Value::Object(members) = expected {
        members
            .retain(|key, value| !(value.is_null() && (key == "id" || key == "previousEventId")));
    }
}

/// The event without what is never compared: its time, and ids that were not recorded.
fn without(actual: &Value, expected: &Value) -> Value {
    let mut actual = actual.clone();
    if let Value::Object(members) = &mut actual {
        members.retain(|key, _| {
            let is_id = key == "id" || key == "previousEventId";
            key != "timestamp" && (!is_id || expected.get(key).is_some())
        });
    }
    actual
}

fn sorted(value: &Value) -> Value {
    let mut value = value.clone();
    if let Value::Object(members) = &mut value {
        for list in members.values_mut().filter_map(Value::as_array_mut) {
            list.sort_by_key(ToString::to_string);
        }
    }
    value
}

fn differ(place: &str, expected: &Value, actual: &Value) -> Result<(), String> {
    Err(format!("{place}:\n  expected {}\n  but got  {}", shorten(expected), shorten(actual)))
}

fn shorten(value: &Value) -> String {
    let text = value.to_string();
    if text.chars().count() > 1_500 {
        text.chars().take(1_500).chain("…".chars()).collect()
    } else {
        text
    }
}

//! Applying a path to a document.

use serde_json::{Map, Value};

use super::error::{explain, explain_outside};
use super::{PathError, Selected, Step, Steps};
use crate::budget::{Budget, contents};
use crate::limits::{RESULTS_MAX, VISITS_MAX};

/// One application of a path: the document and what may still be spent on it.
#[derive(Debug)]
pub(crate) struct Selection<'a> {
    /// What `$` in a filter stands for.
    pub(crate) root: &'a Value,
    visits_left: usize,
    budget: Budget,
}

impl<'a> Selection<'a> {
    pub(crate) fn new(root: &'a Value) -> Self {
        Self { root, visits_left: VISITS_MAX, budget: Budget::default() }
    }

    pub(crate) fn select(
        &mut self,
        path: &Steps,
        document: &'a Value,
    ) -> Result<Selected<'a>, PathError> {
        if path.is_definite() {
            let selected = definite(path, 0, document)?;
            return match path.function {
                None => Ok(selected),
                Some(function) => Ok(Selected::Computed(function.apply(&selected.as_value())?)),
            };
        }
        let mut found = Found::default();
        if let Some((Step::Names(names), before)) = path.steps.split_last() {
            self.walk(document, before, &mut found)?;
            let needs_all = before.last() == Some(&Step::Descend);
            let picked = picked(&self.checked(found)?, names, needs_all);
            return Ok(Selected::Computed(match path.function {
                Some(function) => function.apply(&picked)?,
                None => picked,
            }));
        }
        self.walk(document, &path.steps, &mut found)?;
        match path.function {
            Some(function) => Ok(Selected::Computed(function.apply_all(&found.values)?)),
            None => Ok(Selected::Many(self.checked(found)?)),
        }
    }

    /// Follows the steps from `value`. What does not fit is left out.
    fn walk(
        &mut self,
        value: &'a Value,
        steps: &[Step],
        found: &mut Found<'a>,
    ) -> Result<(), PathError> {
        self.spend(1)?;
        let Some((step, rest)) = steps.split_first() else {
            return found.push(value);
        };
        match step {
            Step::Descend => self.descend(value, rest, found),
            Step::Filter(filter) => {
                for candidate in filtered(value) {
                    self.spend(1)?;
                    if filter.holds(candidate, self)? {
                        self.walk(candidate, rest, found)?;
                    }
                }
                Ok(())
            }
            Step::Name(name) => match value.as_object().and_then(|members| members.get(name)) {
                Some(member) => self.walk(member, rest, found),
                None => Ok(()),
            },
            Step::Index(index) => match value.as_array().and_then(|items| element(items, *index)) {
                Some(item) => self.walk(item, rest, found),
                None => Ok(()),
            },
            Step::Names(_) | Step::Indexes(_) | Step::Slice { .. } | Step::Wildcard => {
                for child in children(step, value) {
                    self.walk(child, rest, found)?;
                }
                Ok(())
            }
        }
    }

    /// Follows the steps from `top` and from everything in it: a value before what it contains.
    fn descend(
        &mut self,
        top: &'a Value,
        steps: &[Step],
        found: &mut Found<'a>,
    ) -> Result<(), PathError> {
        let is_filter = matches!(steps.first(), Some(Step::Filter(_)));
        let mut waiting = vec![top];
        while let Some(value) = waiting.pop() {
            // A filter tests each object where it stands; through the array around it, it would
            // be found twice.
            if !is_filter || value.is_object() {
                self.walk(value, steps, found)?;
            }
            waiting.extend(contents(value).rev());
            self.spend(1)?;
        }
        Ok(())
    }

    /// What was found, if it makes an array of a size that can be borne: one value may have been
    /// found many times.
    fn checked(&mut self, found: Found<'a>) -> Result<Vec<&'a Value>, PathError> {
        let fits = found.values.iter().all(|value| self.budget.take(value).is_ok());
        if fits { Ok(found.values) } else { Err(PathError::TooMuch) }
    }

    pub(crate) fn spend(&mut self, visits: usize) -> Result<(), PathError> {
        self.visits_left = self.visits_left.checked_sub(visits).ok_or(PathError::TooMuch)?;
        Ok(())
    }
}

/// What an indefinite path has found so far.
#[derive(Default)]
struct Found<'a> {
    values: Vec<&'a Value>,
}

impl<'a> Found<'a> {
    fn push(&mut self, value: &'a Value) -> Result<(), PathError> {
        if self.values.len() == RESULTS_MAX {
            return Err(PathError::TooMuch);
        }
        self.values.push(value);
        Ok(())
    }
}

/// Several names at the end of an indefinite path: of each object found, an object with these
/// members. After `..` only of objects that have them all.
fn picked(values: &[&Value], names: &[String], needs_all: bool) -> Value {
    let complete = |members: &&Map<String, Value>| {
        !needs_all || names.iter().all(|name| members.contains_key(name))
    };
    let objects = values.iter().filter_map(|value| value.as_object());
    objects.filter(complete).map(|members| pick(members, names)).collect()
}

/// Follows definite steps from one of them on: one lookup a step, nothing allocated unless it fails.
pub(super) fn definite<'a>(
    path: &Steps,
    from: usize,
    document: &'a Value,
) -> Result<Selected<'a>, PathError> {
    let mut value = document;
    for (at, step) in path.steps.iter().enumerate().skip(from) {
        let next = match step {
            Step::Name(name) => value.as_object().and_then(|members| members.get(name)),
            Step::Index(index) => match value.as_array() {
                Some(items) => match element(items, *index) {
                    None if at + 1 == path.steps.len() => return Ok(Selected::Outside),
                    None => return Err(explain_outside(path, at + 1)),
                    found => found,
                },
                None => None,
            },
            Step::Names(names) => {
                return match value.as_object() {
                    Some(members) => Ok(Selected::Computed(pick(members, names))),
                    None => Err(explain(path, at, value)),
                };
            }
            Step::Indexes(_)
            | Step::Slice { .. }
            | Step::Wildcard
            | Step::Descend
            | Step::Filter(_) => None,
        };
        value = next.ok_or_else(|| explain(path, at, value))?;
    }
    Ok(Selected::One(value))
}

/// The members of these names that are there.
fn pick(members: &Map<String, Value>, names: &[String]) -> Value {
    let picked = names.iter().filter_map(|name| members.get_key_value(name));
    Value::Object(picked.map(|(name, value)| (name.clone(), value.clone())).collect())
}

/// The values that a step of several leads to, where it is neither `..` nor a filter.
fn children<'a>(step: &Step, value: &'a Value) -> Vec<&'a Value> {
    match (step, value) {
        (Step::Names(names), Value::Object(members)) => {
            names.iter().filter_map(|name| members.get(name)).collect()
        }
        (Step::Indexes(indexes), Value::Array(items)) => {
            indexes.iter().filter_map(|index| element(items, *index)).collect()
        }
        (Step::Slice { from, to }, Value::Array(items)) => slice(items, *from, *to),
        (Step::Wildcard, value) => contents(value).collect(),
        _ => Vec::new(),
    }
}

/// What a filter tests: the elements of an array, or an object itself.
fn filtered(value: &Value) -> impl Iterator<Item = &Value> {
    let items = value.as_array().map(|items| items.iter()).into_iter().flatten();
    items.chain(value.is_object().then_some(value))
}

/// The element at an index; a negative one counts from the end.
fn element(items: &[Value], index: i64) -> Option<&Value> {
    items.get(usize::try_from(absolute(items.len(), index)).ok()?)
}

fn slice(items: &[Value], from: Option<i64>, to: Option<i64>) -> Vec<&Value> {
    let bound = |index: i64| usize::try_from(absolute(items.len(), index).max(0));
    let start = from.map_or(Ok(0), bound).unwrap_or(usize::MAX);
    let end = to.map_or(Ok(items.len()), bound).unwrap_or(usize::MAX);
    items.iter().take(end).skip(start).collect()
}

/// An index from the start, still negative if it lies before it.
fn absolute(length: usize, index: i64) -> i64 {
    let length = i64::try_from(length).unwrap_or(i64::MAX);
    if index < 0 { length.saturating_add(index) } else { index }
}

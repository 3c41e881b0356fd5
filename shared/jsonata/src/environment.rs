//! What the expressions of one transition see.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

use jsonata_core::value::{JMap, JValue};
use serde_json::Value;

use crate::EvalError;
use crate::convert::{Digits, deeper, enter, enter_at};
use crate::limits::VALUE_DEPTH_MAX;
use crate::references::{Found, Part};

/// A member of `$states`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Member {
    /// The input of the state.
    Input,
    /// What a Task, Parallel or Map state got, for its `Output` and `Assign`.
    Result,
    /// `{Error, Cause}`, for the `Output` and `Assign` of a catcher.
    ErrorOutput,
    /// The Context Object.
    Context,
}

impl Member {
    /// All of them, in the order in which `$states` shows them.
    pub const ALL: [Member; 4] =
        [Member::Input, Member::Result, Member::ErrorOutput, Member::Context];

    /// The name, as in `$states.input`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Member::Input => "input",
            Member::Result => "result",
            Member::ErrorOutput => "errorOutput",
            Member::Context => "context",
        }
    }

    pub(crate) fn named(name: &str) -> Option<Member> {
        Member::ALL.into_iter().find(|member| member.name() == name)
    }
}

/// The values behind `$states` and the variables. Asked only for what an expression mentions, so that
/// an implementation may make a value when it is asked for it.
pub trait Bindings {
    /// A member of `$states`; none where it does not exist.
    fn member(&self, member: Member) -> Option<&Value>;
    /// A variable by its name, without the `$`.
    fn variable(&self, name: &str) -> Option<&Value>;
    /// The Context Object, which may lack `Execution.Input`: for expressions that do not read that.
    fn context_without_input(&self) -> Option<&Value> {
        self.member(Member::Context)
    }
}

/// [`Bindings`] prepared for any number of expressions: each value is converted once, when the first
/// expression needs it. Made for one transition, on one thread.
pub struct Environment<'a> {
    bindings: &'a dyn Bindings,
    members: RefCell<BTreeMap<Member, Option<JValue>>>,
    /// Arrays and objects within members, by where they are: the bindings stay as they are meanwhile.
    parts: RefCell<BTreeMap<usize, JValue>>,
    variables: RefCell<BTreeMap<String, Option<JValue>>>,
    digits: Rc<Digits>,
}

impl<'a> Environment<'a> {
    /// Prepares the bindings; nothing is converted yet.
    #[must_use]
    pub fn new(bindings: &'a dyn Bindings) -> Environment<'a> {
        Environment {
            bindings,
            members: RefCell::default(),
            parts: RefCell::default(),
            variables: RefCell::default(),
            digits: Rc::default(),
        }
    }

    /// The values as they are, for expressions that need no evaluation.
    pub(crate) fn bindings(&self) -> &'a dyn Bindings {
        self.bindings
    }

    pub(crate) fn digits(&self) -> &Rc<Digits> {
        &self.digits
    }

    /// `$states` with those of the `wanted` members that exist.
    pub(crate) fn states(&self, found: &Found) -> Result<JValue, EvalError> {
        let mut states = JMap::from_iter([]);
        for member in found.references.members_needed() {
            let value = match found.part(member) {
                None => self.member(member)?,
                Some(part) => self.part_of(member, part)?,
            };
            if let Some(value) = value {
                states.insert(member.name().to_owned(), value);
            }
        }
        Ok(JValue::Object(Rc::new(states)))
    }

    /// As much of a member as an expression reads.
    fn part_of(&self, member: Member, part: &Part) -> Result<Option<JValue>, EvalError> {
        if let Some(known) = self.members.borrow().get(&member) {
            return Ok(known.clone());
        }
        let is_beside_input = member == Member::Context && !part.reaches(&["Execution", "Input"]);
        let value = match is_beside_input {
            true => self.bindings.context_without_input(),
            false => self.bindings.member(member),
        };
        value.map(|value| self.enter_part(value, part, VALUE_DEPTH_MAX)).transpose()
    }

    fn enter_part(
        &self,
        value: &Value,
        part: &Part,
        depth_left: usize,
    ) -> Result<JValue, EvalError> {
        let Value::Object(members) = value else { return self.enter_once(value, depth_left) };
        if part.is_whole {
            return self.enter_once(value, depth_left);
        }
        let depth_left = deeper(depth_left)?;
        let mut entered = JMap::from_iter([]);
        for (name, part) in &part.names {
            if let Some(member) = members.get(name) {
                entered.insert(name.clone(), self.enter_part(member, part, depth_left)?);
            }
        }
        Ok(JValue::Object(Rc::new(entered)))
    }

    /// Converts what several expressions may read one time.
    fn enter_once(&self, value: &Value, depth_left: usize) -> Result<JValue, EvalError> {
        if !matches!(value, Value::Array(_) | Value::Object(_)) {
            return enter_at(value, &self.digits, depth_left);
        }
        let place = std::ptr::from_ref(value).addr();
        if let Some(known) = self.parts.borrow().get(&place) {
            return Ok(known.clone());
        }
        let entered = enter_at(value, &self.digits, depth_left)?;
        self.parts.borrow_mut().insert(place, entered.clone());
        Ok(entered)
    }

    fn member(&self, member: Member) -> Result<Option<JValue>, EvalError> {
        if let Some(known) = self.members.borrow().get(&member) {
            return Ok(known.clone());
        }
        let value =
            self.bindings.member(member).map(|value| enter(value, &self.digits)).transpose()?;
        self.members.borrow_mut().insert(member, value.clone());
        Ok(value)
    }

    /// A variable, if there is one of that name.
    pub(crate) fn variable(&self, name: &str) -> Result<Option<JValue>, EvalError> {
        if let Some(known) = self.variables.borrow().get(name) {
            return Ok(known.clone());
        }
        let value =
            self.bindings.variable(name).map(|value| enter(value, &self.digits)).transpose()?;
        self.variables.borrow_mut().insert(name.to_owned(), value.clone());
        Ok(value)
    }
}

impl std::fmt::Debug for Environment<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // Values may be secret or large: only which of them have been needed.
        f.debug_struct("Environment")
            .field("members", &self.members.borrow().keys().collect::<Vec<_>>())
            .field("variables", &self.variables.borrow().keys().collect::<Vec<_>>())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;

    use serde_json::json;

    use super::*;
    use crate::names::is_function;
    use crate::testing::Counted;
    use crate::{Expression, Limits};

    #[test]
    fn only_what_is_mentioned_is_asked_for_and_once() {
        check(&["1 + 1"], &[]);
        check(&["$sum($states.input) + 0", "$states.input[0]"], &["states.input"]);
        check(&["$a + $b", "$b & ''"], &["$a", "$b"]);
        check(
            &["$keys($states)"],
            &["states.input", "states.result", "states.errorOutput", "states.context"],
        );
        check(&["$nothing & ''", "$nothing & ''"], &["$nothing"]);
    }

    #[test]
    fn a_picked_value_is_not_converted() {
        check(&["$states.input", "$states.input"], &["states.input", "states.input"]);
    }

    #[test]
    fn values_nested_too_deeply_are_refused() {
        let deep = (0..200).fold(json!(1), |inner, _| json!([inner]));
        let given = crate::testing::Given(json!({ "input": deep }));
        let environment = Environment::new(&given);
        for text in ["$states.input", "$count($states.input)"] {
            let expression = Expression::parse(text).unwrap();
            let result = expression.eval(&environment, &mut Counted::default(), &Limits::default());
            assert_eq!(result, Err(EvalError::Exceeded(crate::Exceeded::Depth)), "{text}");
        }
    }

    struct Watched {
        asked: RefCell<Vec<String>>,
        value: Value,
    }

    impl Bindings for Watched {
        fn member(&self, member: Member) -> Option<&Value> {
            self.asked.borrow_mut().push(format!("states.{}", member.name()));
            Some(&self.value)
        }

        fn variable(&self, name: &str) -> Option<&Value> {
            if is_function(name) {
                return None;
            }
            self.asked.borrow_mut().push(format!("${name}"));
            (name != "nothing").then_some(&self.value)
        }
    }

    fn check(expressions: &[&str], expected: &[&str]) {
        let watched = Watched { asked: RefCell::default(), value: json!(1) };
        let environment = Environment::new(&watched);
        for text in expressions {
            let expression = Expression::parse(text).unwrap();
            let result = expression.eval(&environment, &mut Counted::default(), &Limits::default());
            assert!(result.is_ok(), "{text}: {result:?}");
        }
        assert_eq!(*watched.asked.borrow(), expected, "{expressions:?}");
    }
}

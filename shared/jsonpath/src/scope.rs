//! What an expression may read when it is evaluated.

use serde_json::Value;

/// The values that the three kinds of root stand for.
#[derive(Clone, Copy)]
pub struct Scope<'a> {
    /// `$`: the state's input, or a result, as the field defines.
    pub input: &'a Value,
    /// `$$`: the Context Object, asked for only when a path needs it.
    pub context: &'a dyn Context,
    /// `$name`: the variables that are visible in the state.
    pub variables: &'a dyn Variables,
}

impl std::fmt::Debug for Scope<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Scope").field("input", self.input).finish_non_exhaustive()
    }
}

/// The Context Object. Building it may wait until a path asks for it.
pub trait Context {
    /// The whole Context Object.
    fn value(&self) -> &Value;

    /// The Context Object, which may lack `Execution.Input`: for paths that do not lead there. The input may be large, and
    /// the rest is small.
    fn without_input(&self) -> &Value {
        self.value()
    }

    /// `Execution.Input` by itself, where it can be had so.
    fn input(&self) -> Option<&Value> {
        None
    }
}

impl Context for Value {
    fn value(&self) -> &Value {
        self
    }
}

/// The variables in sight.
pub trait Variables {
    /// The variable's value, if it has been assigned.
    fn get(&self, name: &str) -> Option<&Value>;
}

impl Variables for serde_json::Map<String, Value> {
    fn get(&self, name: &str) -> Option<&Value> {
        serde_json::Map::get(self, name)
    }
}

/// The absence of variables.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoVariables;

impl Variables for NoVariables {
    fn get(&self, _name: &str) -> Option<&Value> {
        None
    }
}

/// The source of chance for `States.UUID` and `States.MathRandom`.
pub trait Chance {
    /// A version 4 UUID, in lower case.
    fn uuid(&mut self) -> String;
    /// A number from 0 (inclusive) to 1 (exclusive).
    fn unit(&mut self) -> f64;
}

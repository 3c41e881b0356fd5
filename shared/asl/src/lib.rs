//! Amazon States Language definitions: text in, types that cannot be wrong out.
//!
//! [`parse`] reads a definition once, compiles every expression in it, and collects every diagnostic
//! with its place. Whatever holds a [`Definition`] need not check it again: every `Next` names a state
//! of its block, every path and expression is compiled, every limit holds.
//!
//! # Invariants
//!
//! * Blocks are numbered in document order, depth first, the top being 0. A record names its block by
//!   that number, and an execution keeps the text that it started with, so the rule must not change.
//! * No field is both a JSONPath and a JSONata one: [`Flow`] and the `…Field` types say which.

mod definition;
mod diagnostic;
mod field;
mod flow;
mod handlers;
#[cfg(test)]
mod hostile;
pub mod limits;
mod name;
mod parse;
#[cfg(test)]
mod recorded;
mod references;
mod resource;
mod source;
pub mod states;
mod suggest;
#[cfg(test)]
mod testing;
mod timestamp;

pub use definition::{Block, BlockId, Definition, QueryLanguage, State, Transition};
pub use diagnostic::{Code, Diagnostic, Severity, aws_message};
pub use field::{NumberField, TextField};
pub use flow::{AnyTemplate, Flow, JsonPathFlow, JsonataFlow, ResultPath};
pub use handlers::{Catcher, ErrorNames, Handlers, Jitter, Retrier};
pub use name::{InvalidStateName, StateName};
pub use parse::{MachineType, Options, Parsed, parse, parse_state};
pub use resource::{Pattern, Resource, ServiceResource, UnknownResource};
pub use source::{JsonError, Position, check_json};
pub use states::StateKind;
pub use timestamp::parse_timestamp;

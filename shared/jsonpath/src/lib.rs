//! The JSONPath query language of Step Functions: paths, reference paths, payload templates and
//! intrinsic functions.
//!
//! Everything is compiled once, when a definition is parsed, and evaluated many times: a [`Path`]
//! selects values, a [`ReferencePath`] says where a result goes, a [`Template`] builds a payload,
//! an [`Intrinsic`] computes. What an expression may read is its [`Scope`]; chance is an argument
//! ([`Chance`]).
//!
//! # Invariants
//!
//! * Evaluation is pure: no clock, no environment, no randomness but through [`Chance`].
//! * Nothing is copied that is not changed: selecting borrows, inserting takes ownership.
//! * No text and no value can hang, crash or exhaust the process: `limits` bounds every recursion, loop
//!   and result.
//! * Failures carry the texts AWS shows, which are those of the JSONPath library it runs (Jayway).

mod budget;
mod cursor;
mod error;
mod expression;
mod filter;
mod intrinsic;
mod java;
mod limits;
mod path;
mod reference;
mod scope;
mod template;

pub use error::{EvalError, ParseError};
pub use expression::PathOrIntrinsic;
pub use intrinsic::Intrinsic;
pub use path::{Path, PathError, Root, Selected};
pub use reference::{InsertError, ReferencePath};
pub use scope::{Chance, Context, NoVariables, Scope, Variables};
pub use template::{Template, TemplateProblem};

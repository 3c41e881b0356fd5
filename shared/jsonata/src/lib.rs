//! The JSONata query language of Step Functions.
//!
//! A string `{% … %}` in a definition is an [`Expression`]; any JSON that holds such strings is a
//! [`Template`]. Both are compiled once, when the definition is parsed, and evaluated many times
//! against an [`Environment`]: what `$states` and the variables hold in one transition.
//!
//! The language itself comes from the crate `jsonata-core`; Step Functions' own functions, its limits
//! and its error texts are here. No type of that crate is in this interface.
//!
//! # Invariants
//!
//! * Equal expressions, environments and draws of [`Chance`] give equal results. The one exception is
//!   the time limit, for which the library reads the clock.
//! * Neither an expression nor its data can crash the process or keep it busy: text, nesting, time,
//!   sequences, strings and results are bounded ([`Limits`]), and a panic of the library is an error.
//! * What goes in and comes out unchanged keeps every digit of its numbers.

mod cause;
mod chance;
mod children;
mod convert;
mod direct;
mod environment;
mod error;
mod evaluation;
mod expression;
mod functions;
mod guard;
#[cfg(test)]
mod hostile;
pub mod limits;
mod marker;
mod messages;
mod names;
mod references;
#[cfg(test)]
mod suite;
mod syntax;
mod template;
#[cfg(test)]
mod testing;

pub use cause::{failed, unexpected_type};
pub use chance::Chance;
pub use environment::{Bindings, Environment, Member};
pub use error::{EvalError, Exceeded, ParseError};
pub use expression::Expression;
pub use limits::Limits;
pub use marker::{Marker, marker};
pub use references::References;
pub use template::{Problem, Template, TemplateError};

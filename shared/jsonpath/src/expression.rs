//! What a field ending in `.$` holds, and `ErrorPath` and `CausePath`: a path or an intrinsic call.

use serde_json::Value;

use crate::budget::Budget;
use crate::error::{EvalError, ParseError};
use crate::intrinsic::Intrinsic;
use crate::path::{Path, PathError, Selected};
use crate::scope::{Chance, Scope};

/// A path or a call of an intrinsic function.
#[derive(Debug, Clone, PartialEq)]
pub enum PathOrIntrinsic {
    /// `$…`
    Path(Path),
    /// `States.…(…)`
    Intrinsic(Intrinsic),
}

impl PathOrIntrinsic {
    /// Compiles a path or a call.
    ///
    /// # Errors
    /// The text is neither.
    pub fn parse(text: &str) -> Result<Self, ParseError> {
        if text.starts_with('$') {
            Path::parse(text).map(Self::Path)
        } else {
            Intrinsic::parse(text).map(Self::Intrinsic)
        }
    }

    /// The expression as written.
    #[must_use]
    pub fn text(&self) -> &str {
        match self {
            Self::Path(path) => path.text(),
            Self::Intrinsic(intrinsic) => intrinsic.text(),
        }
    }

    /// All paths used in it.
    pub fn references(&self) -> impl Iterator<Item = &Path> {
        let mut paths = Vec::new();
        self.collect(&mut paths);
        paths.into_iter()
    }

    pub(crate) fn collect<'p>(&'p self, paths: &mut Vec<&'p Path>) {
        match self {
            Self::Path(path) => paths.push(path),
            Self::Intrinsic(intrinsic) => intrinsic.collect(paths),
        }
    }

    /// The value; `field` is the field's name as written, for the failure's text.
    ///
    /// # Errors
    /// A path finds nothing, or a function fails.
    pub fn eval(
        &self,
        field: &str,
        scope: &Scope<'_>,
        chance: &mut dyn Chance,
    ) -> Result<Value, EvalError> {
        self.eval_within(field, scope, chance, &mut Budget::default())
    }

    pub(crate) fn eval_within(
        &self,
        field: &str,
        scope: &Scope<'_>,
        chance: &mut dyn Chance,
        budget: &mut Budget,
    ) -> Result<Value, EvalError> {
        match self {
            Self::Path(path) => match path.select(scope) {
                Ok(Selected::One(value)) => {
                    budget.take(value)?;
                    Ok(value.clone())
                }
                Ok(selected) => {
                    let value = selected.into_value();
                    budget.take(&value)?;
                    Ok(value)
                }
                Err(reason) => Err(path_failure(path, field, scope, reason)),
            },
            Self::Intrinsic(intrinsic) => intrinsic.eval_within(scope, chance, budget),
        }
    }
}

fn path_failure(path: &Path, field: &str, scope: &Scope<'_>, reason: PathError) -> EvalError {
    if !reason.is_absence() {
        return EvalError::InvalidPath { path: path.text().to_owned(), reason };
    }
    EvalError::NotFound {
        path: path.shown().to_owned(),
        field: field.to_owned(),
        input: path.document(scope).unwrap_or(scope.input).to_string(),
    }
}

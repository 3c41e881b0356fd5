//! Fields that hold a number, a text or a path.

use super::expressions::Within;
use super::object::{Field, Object};
use super::place::Place;
use super::reader::Reader;
use crate::source::{Kind, Node};
use crate::{Code, NumberField, QueryLanguage, TextField, parse_timestamp};
use baton_jsonata::{Marker, marker};
use baton_jsonpath::{Path, PathOrIntrinsic, Root};
use jiff::Timestamp;
use serde_json::Number;

/// What a path may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum PathForm {
    /// Any path: it may select several values.
    Any,
    /// Names and single indexes only.
    Reference,
    /// The same, and not into the Context Object: the numbers of a Map.
    ReferenceNotContext,
}

/// The values that a number may have.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Range {
    pub(crate) min: f64,
    pub(crate) max: f64,
    /// Whether fractions are allowed; also how AWS writes the bounds.
    pub(crate) is_float: bool,
}

impl Range {
    pub(crate) const fn whole(min: u32, max: u32) -> Range {
        // `f64::from` is not const.
        Range { min: min as f64, max: max as f64, is_float: false }
    }
}

impl Reader<'_> {
    /// A whole number that is written out.
    pub(crate) fn whole_number(&mut self, field: &Field<'_>, min: u32, max: u32) -> Option<u32> {
        let number = self.number(field, Range::whole(min, max))?.as_f64()?;
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "the number is whole and between two values of the type"
        )]
        Some(number as u32)
    }

    /// A number with a fraction that is written out.
    pub(crate) fn float(&mut self, field: &Field<'_>, min: f64, max: f64) -> Option<f64> {
        self.number(field, Range { min, max, is_float: true })?.as_f64()
    }

    fn number(&mut self, field: &Field<'_>, range: Range) -> Option<Number> {
        let Range { min, max, is_float } = range;
        let number = match &field.node.kind {
            Kind::Number(number) => number,
            Kind::Null | Kind::Bool(_) | Kind::String(_) | Kind::Array(_) | Kind::Object(_) => {
                return self.no_number(field, is_float);
            }
        };
        let value = number.as_f64()?;
        if !is_float && value.fract() != 0.0 {
            return self.no_number(field, is_float);
        }
        let bound = |bound: f64| if is_float { format!("{bound:?}") } else { format!("{bound}") };
        let message = if value < min {
            format!("Minimum value is {}", bound(min))
        } else if value > max {
            format!("Maximum value is {}", bound(max))
        } else {
            return Some(number.clone());
        };
        self.schema(&field.place, field.node.span, message);
        None
    }

    fn no_number(&mut self, field: &Field<'_>, is_float: bool) -> Option<Number> {
        let wanted = if is_float { "Double" } else { "Integer" };
        let message = format!("Expected value of type {wanted}");
        self.schema(&field.place, field.node.span, message);
        None
    }

    /// A number in one of its forms: `name`, or `name` with `Path` in a JSONPath state; `None` within if
    /// there is neither.
    pub(crate) fn number_field(
        &mut self,
        object: &Object<'_>,
        name: &str,
        range: Range,
        language: QueryLanguage,
        form: PathForm,
    ) -> Option<Option<NumberField>> {
        let path_name = format!("{name}Path");
        let exclusive = self.exclusive(object, &[name, &path_name], false);
        let path = object.get(&path_name).filter(|_| language == QueryLanguage::JsonPath);
        let number = match (path, object.get(name)) {
            (Some(field), _) => self.path(&field, form).map(|path| Some(NumberField::Path(path))),
            (None, Some(field)) => self.written_number(&field, range, language).map(Some),
            (None, None) => Some(None),
        };
        number.filter(|_| exclusive)
    }

    /// A number that is written out or, in a JSONata state, an expression.
    pub(crate) fn written_number(
        &mut self,
        field: &Field<'_>,
        range: Range,
        language: QueryLanguage,
    ) -> Option<NumberField> {
        match (&field.node.kind, language) {
            (Kind::String(text), QueryLanguage::Jsonata) if marker(text) != Marker::Literal => {
                let expression = self.expression(text, field.node, &field.place, Within::State)?;
                Some(NumberField::Expression(expression))
            }
            _ => self.number(field, range)?.as_f64().map(NumberField::Literal),
        }
    }

    /// A text that is written out or, in a JSONata state, an expression.
    pub(crate) fn written_text(
        &mut self,
        field: &Field<'_>,
        language: QueryLanguage,
    ) -> Option<TextField> {
        let text = self.string(field.node, &field.place)?;
        match language {
            QueryLanguage::JsonPath => {
                self.looks_like_a_path(field, text);
                Some(TextField::Literal(text.to_owned()))
            }
            QueryLanguage::Jsonata if marker(text) == Marker::Literal => {
                Some(TextField::Literal(text.to_owned()))
            }
            QueryLanguage::Jsonata => self
                .expression(text, field.node, &field.place, Within::State)
                .map(TextField::Expression),
        }
    }

    /// A text in one of its forms: `name`, or `name` with `Path` in a JSONPath state; `None` within if
    /// there is neither.
    pub(crate) fn text_field(
        &mut self,
        object: &Object<'_>,
        name: &str,
        language: QueryLanguage,
    ) -> Option<Option<TextField>> {
        let path_name = format!("{name}Path");
        let exclusive = self.exclusive(object, &[name, &path_name], false);
        let path = object.get(&path_name).filter(|_| language == QueryLanguage::JsonPath);
        let text = match (path, object.get(name)) {
            (Some(field), _) => {
                self.path_or_intrinsic(&field, &field.place).map(|path| Some(TextField::Path(path)))
            }
            (None, Some(field)) => self.written_text(&field, language).map(Some),
            (None, None) => Some(None),
        };
        text.filter(|_| exclusive)
    }

    /// A path or a call of an intrinsic function; what is wrong with it is reported at `place`.
    pub(crate) fn path_or_intrinsic(
        &mut self,
        field: &Field<'_>,
        place: &Place<'_>,
    ) -> Option<PathOrIntrinsic> {
        let text = self.string(field.node, &field.place)?;
        match PathOrIntrinsic::parse(text) {
            Ok(expression) => {
                self.paths_are_read(expression.references(), &field.place, field.node);
                Some(expression)
            }
            Err(error) => {
                let message = format!(
                    "The value for the field '{}' must be a valid JSONPath or a valid intrinsic function call",
                    field.key
                );
                let (code, span) = (Code::SchemaValidationFailed, field.node.span);
                self.error_with_help(code, place, span, message, Some(error.to_string()));
                None
            }
        }
    }

    /// A path.
    pub(crate) fn path(&mut self, field: &Field<'_>, form: PathForm) -> Option<Path> {
        let text = self.string(field.node, &field.place)?;
        let (message, help) = match Path::parse(text) {
            Ok(path) => match refusal(&path, form) {
                None => {
                    self.paths_are_read([&path], &field.place, field.node);
                    return Some(path);
                }
                Some(why) => ("Value is not a Reference Path".to_owned(), why.to_owned()),
            },
            Err(error) if form == PathForm::Any => {
                ("Value must be a valid JSONPath.".to_owned(), error.to_string())
            }
            Err(error) if text.starts_with('$') => {
                (format!("Value is not a Reference Path: {}", error.reason), error.to_string())
            }
            Err(error) => {
                let message = "Value is not a Reference Path: Reference path didn't start with '$'"
                    .to_owned();
                (message, error.to_string())
            }
        };
        let (code, span) = (Code::SchemaValidationFailed, field.node.span);
        self.error_with_help(code, &field.place, span, message, Some(help));
        None
    }

    /// A timestamp that is written out.
    pub(crate) fn timestamp(&mut self, node: &Node, place: &Place<'_>) -> Option<Timestamp> {
        let timestamp = parse_timestamp(self.string(node, place)?);
        if timestamp.is_none() {
            let help = "write it as `2030-01-31T12:00:00Z`, with `T` and with `Z` or an offset";
            let (code, message) =
                (Code::SchemaValidationFailed, "String does not match RFC3339 timestamp");
            self.error_with_help(code, place, node.span, message, Some(help.to_owned()));
        }
        timestamp
    }

    /// A path, or `null` which is `None` within; `$` if the field is not there.
    pub(crate) fn path_or_null(&mut self, field: Option<Field<'_>>) -> Option<Option<Path>> {
        match field {
            None => Path::parse("$").ok().map(Some),
            Some(field) if matches!(field.node.kind, Kind::Null) => Some(None),
            Some(field) => self.path(&field, PathForm::Any).map(Some),
        }
    }

    /// Notes the variables that paths start from.
    pub(super) fn paths_are_read<'p>(
        &mut self,
        paths: impl IntoIterator<Item = &'p Path>,
        place: &Place<'_>,
        node: &Node,
    ) {
        for path in paths {
            if let Root::Variable(name) = path.root() {
                self.variable_is_read(name, place, node.span);
            }
        }
    }

    /// Warns of a text that would be a path if its field were a `…Path` one.
    pub(crate) fn looks_like_a_path(&mut self, field: &Field<'_>, text: &str) {
        if is_dynamic(text) {
            let message = format!(
                "The value for the field '{}' looks like a path, but the field name does not end with 'Path'",
                field.key
            );
            let help = format!("`{}Path` takes a path; here the text is taken as it is", field.key);
            self.warn(Code::NoPath, &field.place, field.node.span, message, Some(help));
        }
    }
}

/// Why a path is not of this form.
fn refusal(path: &Path, form: PathForm) -> Option<&'static str> {
    match form {
        PathForm::Any => None,
        PathForm::Reference | PathForm::ReferenceNotContext if !path.is_reference() => Some(
            "a path of names and single indexes is wanted, one that cannot select several values",
        ),
        PathForm::ReferenceNotContext if *path.root() == Root::Context => {
            Some("this field cannot be read from the Context Object")
        }
        PathForm::Reference | PathForm::ReferenceNotContext => None,
    }
}

/// Whether a text looks like a path or a call of an intrinsic function.
pub(crate) fn is_dynamic(text: &str) -> bool {
    let path = ["$.", "$[", "$$."].iter().any(|start| text.starts_with(start));
    let is_path = text == "$" || (path && Path::parse(text).is_ok());
    is_path || (text.starts_with("States.") && PathOrIntrinsic::parse(text).is_ok())
}

//! The parser of paths. Intrinsic functions and filters use it for the paths inside them.

use super::{Function, Path, Root, Step, Steps};
use crate::cursor::Cursor;
use crate::error::ParseError;
use crate::filter::Filter;
use crate::limits::{EXPRESSION_BYTES_MAX, STEPS_MAX, VARIABLE_NAME_CHARS_MAX};

/// A parser that stands somewhere in a text.
#[derive(Debug)]
pub(crate) struct PathParser<'t> {
    pub(crate) cursor: Cursor<'t>,
    /// Steps read so far, those of paths in filters included.
    steps: usize,
}

impl<'t> PathParser<'t> {
    pub(crate) fn new(text: &'t str) -> Result<Self, ParseError> {
        let cursor = Cursor::new(text);
        if text.len() > EXPRESSION_BYTES_MAX {
            return Err(cursor.error(format!("longer than {EXPRESSION_BYTES_MAX} bytes")));
        }
        Ok(Self { cursor, steps: 0 })
    }

    /// Nothing may follow.
    pub(crate) fn end(&self) -> Result<(), ParseError> {
        if self.cursor.is_done() { Ok(()) } else { Err(self.cursor.error("expected the end")) }
    }

    /// Reads a path from its `$` to the first character that cannot belong to it.
    pub(crate) fn path(&mut self) -> Result<Path, ParseError> {
        let start = self.cursor.at();
        self.cursor.expect("$")?;
        let root = self.root()?;
        let steps = self.steps(0)?;
        Ok(Path::new(self.cursor.since(start), root, steps))
    }

    fn root(&mut self) -> Result<Root, ParseError> {
        if self.cursor.eat("$") {
            return Ok(Root::Context);
        }
        if !self.cursor.peek().is_some_and(is_name_start) {
            return Ok(Root::Input);
        }
        let name = self.cursor.take_while(is_identifier_part);
        if name.chars().count() > VARIABLE_NAME_CHARS_MAX {
            let reason =
                format!("a variable name is longer than {VARIABLE_NAME_CHARS_MAX} characters");
            return Err(self.cursor.error(reason));
        }
        Ok(Root::Variable(name.to_owned()))
    }

    /// Reads steps as far as they go, and the function that may end them. `depth` counts the
    /// filters around.
    pub(crate) fn steps(&mut self, depth: usize) -> Result<Steps, ParseError> {
        let mut path = Steps::default();
        loop {
            let step = if self.cursor.eat("..") {
                self.push(&mut path, Step::Descend)?;
                self.descended(depth)?
            } else if self.cursor.eat(".") {
                match self.dotted()? {
                    Dotted::Step(step) => step,
                    Dotted::Function(function) => {
                        path.function = Some(function);
                        return Ok(path);
                    }
                }
            } else if self.cursor.eat("[") {
                self.bracketed(depth)?
            } else {
                return Ok(path);
            };
            self.push(&mut path, step)?;
        }
    }

    fn push(&mut self, path: &mut Steps, step: Step) -> Result<(), ParseError> {
        self.steps += 1;
        if self.steps > STEPS_MAX {
            return Err(self.cursor.error(format!("more than {STEPS_MAX} steps")));
        }
        path.steps.push(step);
        Ok(())
    }

    /// What follows `..`
    fn descended(&mut self, depth: usize) -> Result<Step, ParseError> {
        if self.cursor.eat("[") {
            return self.bracketed(depth);
        }
        match self.dotted()? {
            Dotted::Step(step) => Ok(step),
            Dotted::Function(_) => Err(self.cursor.error("expected a name after `..`")),
        }
    }

    /// What follows `.`
    fn dotted(&mut self) -> Result<Dotted, ParseError> {
        if self.cursor.eat("*") {
            return Ok(Dotted::Step(Step::Wildcard));
        }
        let name = self.cursor.take_while(is_name_part);
        if name.is_empty() {
            return Err(self.cursor.error("expected a name, `*` or `[`"));
        }
        if !self.cursor.eat("(") {
            return Ok(Dotted::Step(Step::Name(name.to_owned())));
        }
        let function = Function::parse(name)
            .ok_or_else(|| self.cursor.error(format!("unknown function `{name}`")))?;
        self.cursor.skip_blanks();
        self.cursor.expect(")")?;
        Ok(Dotted::Function(function))
    }

    /// What follows `[`, up to and including `]`.
    fn bracketed(&mut self, depth: usize) -> Result<Step, ParseError> {
        self.cursor.skip_blanks();
        let step = match self.cursor.peek() {
            Some('*') => {
                self.cursor.next();
                Step::Wildcard
            }
            Some('?') => {
                self.cursor.next();
                Step::Filter(Filter::parse(self, depth + 1)?)
            }
            Some('\'' | '"') => self.names()?,
            Some('-' | ':' | '0'..='9') => self.indexes()?,
            _ => return Err(self.cursor.error("expected a quoted name, a number, `*` or `?`")),
        };
        self.cursor.skip_blanks();
        self.cursor.expect("]")?;
        Ok(step)
    }

    fn names(&mut self) -> Result<Step, ParseError> {
        let first = self.quoted()?;
        let mut names = vec![first];
        while self.comma() {
            names.push(self.quoted()?);
        }
        Ok(match names.pop() {
            Some(only) if names.is_empty() => Step::Name(only),
            last => Step::Names(names.into_iter().chain(last).collect()),
        })
    }

    fn comma(&mut self) -> bool {
        self.cursor.skip_blanks();
        let found = self.cursor.eat(",");
        self.cursor.skip_blanks();
        found
    }

    /// A name in quotes. A backslash before the quote or another backslash is dropped, any other
    /// stays: AWS finds the member `a\"b` by `['a\"b']`.
    pub(crate) fn quoted(&mut self) -> Result<String, ParseError> {
        let quote = match self.cursor.next() {
            Some(quote @ ('\'' | '"')) => quote,
            _ => return Err(self.cursor.error("expected a quoted name")),
        };
        let mut name = String::new();
        loop {
            match self.cursor.next() {
                None => return Err(self.cursor.error("expected the closing quote")),
                Some(end) if end == quote => return Ok(name),
                Some('\\') => match self.cursor.next() {
                    Some(escaped) if escaped == quote || escaped == '\\' => name.push(escaped),
                    Some(other) => name.extend(['\\', other]),
                    None => return Err(self.cursor.error("expected the closing quote")),
                },
                Some(other) => name.push(other),
            }
        }
    }

    /// An index, several, or a slice. As in Jayway, a slice needs a bound, and what follows a
    /// second colon (a step) is read and ignored.
    fn indexes(&mut self) -> Result<Step, ParseError> {
        let from = self.number()?;
        if self.cursor.eat(":") {
            let to = self.number()?;
            if self.cursor.eat(":") {
                self.number()?;
            }
            if from.is_none() && to.is_none() {
                return Err(self.cursor.error("a slice needs a bound"));
            }
            return Ok(Step::Slice { from, to });
        }
        let mut indexes: Vec<i64> = from.into_iter().collect();
        while self.comma() {
            indexes.extend(self.number()?);
        }
        match indexes.as_slice() {
            [] => Err(self.cursor.error("expected a number")),
            [index] => Ok(Step::Index(*index)),
            [_, _, ..] => Ok(Step::Indexes(indexes)),
        }
    }

    /// A number, if one stands here.
    fn number(&mut self) -> Result<Option<i64>, ParseError> {
        self.cursor.skip_blanks();
        let start = self.cursor.at();
        self.cursor.eat("-");
        self.cursor.take_while(|c| c.is_ascii_digit());
        let digits = self.cursor.since(start);
        self.cursor.skip_blanks();
        if digits.is_empty() {
            return Ok(None);
        }
        // Java's int, which is what the library reads.
        let number: Result<i32, _> = digits.parse();
        number.map(|number| Some(number.into())).map_err(|_| self.cursor.error("not an index"))
    }
}

enum Dotted {
    Step(Step),
    Function(Function),
}

fn is_name_start(c: char) -> bool {
    c == '_' || c.is_alphabetic()
}

fn is_identifier_part(c: char) -> bool {
    c == '_' || c.is_alphanumeric()
}

/// Characters of a name that needs no brackets.
fn is_name_part(c: char) -> bool {
    matches!(c, '_' | '-' | '0'..='9' | 'a'..='z' | 'A'..='Z')
        || (!c.is_ascii() && !c.is_whitespace() && !c.is_control())
}

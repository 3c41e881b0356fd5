//! A command line, split as a shell would.

use crate::limits::COMMAND_WORDS_MAX;

/// Why a command line cannot be split.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum InvalidCommand {
    #[error("a {0} is not closed")]
    OpenQuote(&'static str),
    #[error("it ends with a backslash")]
    OpenEscape,
    #[error("there is no command")]
    Empty,
    #[error("it has more than {COMMAND_WORDS_MAX} words")]
    TooLong,
}

/// Splits at blanks; quotes and backslashes mean what they mean to `sh`. Nothing is expanded.
pub(crate) fn split(text: &str) -> Result<Vec<String>, InvalidCommand> {
    let mut words = Vec::new();
    let mut letters = text.chars();
    let mut word: Option<String> = None;
    while let Some(letter) = letters.next() {
        match letter {
            '\'' => quoted(&mut letters, word.get_or_insert_default())?,
            '"' => double_quoted(&mut letters, word.get_or_insert_default())?,
            '\\' => {
                let escaped = letters.next().ok_or(InvalidCommand::OpenEscape)?;
                word.get_or_insert_default().push(escaped);
            }
            blank if blank.is_whitespace() => words.extend(word.take()),
            plain => word.get_or_insert_default().push(plain),
        }
    }
    words.extend(word);
    match words.len() {
        0 => Err(InvalidCommand::Empty),
        1..=COMMAND_WORDS_MAX => Ok(words),
        _ => Err(InvalidCommand::TooLong),
    }
}

fn quoted(letters: &mut std::str::Chars<'_>, word: &mut String) -> Result<(), InvalidCommand> {
    loop {
        match letters.next().ok_or(InvalidCommand::OpenQuote("single quote"))? {
            '\'' => return Ok(()),
            plain => word.push(plain),
        }
    }
}

fn double_quoted(
    letters: &mut std::str::Chars<'_>,
    word: &mut String,
) -> Result<(), InvalidCommand> {
    loop {
        match letters.next().ok_or(InvalidCommand::OpenQuote("double quote"))? {
            '"' => return Ok(()),
            '\\' => match letters.next().ok_or(InvalidCommand::OpenEscape)? {
                escaped @ ('"' | '\\' | '$' | '`') => word.push(escaped),
                other => word.extend(['\\', other]),
            },
            plain => word.push(plain),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: Result<&[&str], InvalidCommand>) {
        let expected = expected.map(|words| words.iter().map(|&word| word.to_owned()).collect());
        assert_eq!(split(text), expected, "{text}");
    }

    #[test]
    fn words_are_split_as_a_shell_splits_them() {
        check("a  b\tc", Ok(&["a", "b", "c"]));
        check("'a b'c \"d e\"", Ok(&["a bc", "d e"]));
        check(r#"a\ b "\"\$\n" '\'"#, Ok(&["a b", "\"$\\n", "\\"]));
        check("''", Ok(&[""]));
        check("'target/my dir/task' {name}", Ok(&["target/my dir/task", "{name}"]));
    }

    #[test]
    fn what_is_not_closed_is_refused() {
        check("", Err(InvalidCommand::Empty));
        check("'a", Err(InvalidCommand::OpenQuote("single quote")));
        check("\"a", Err(InvalidCommand::OpenQuote("double quote")));
        check("a\\", Err(InvalidCommand::OpenEscape));
        check(&"a ".repeat(COMMAND_WORDS_MAX + 1), Err(InvalidCommand::TooLong));
    }
}

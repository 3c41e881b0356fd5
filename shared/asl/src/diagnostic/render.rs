//! Showing a diagnostic the way compilers do.

use super::{Diagnostic, Severity};
use std::fmt::Write as _;

/// How much of a line is shown; a longer one is cut around the offending piece.
const LINE_CHARS_MAX: usize = 100;
/// What is shown before the offending piece of a line that is cut.
const CONTEXT_CHARS: usize = 40;

impl Diagnostic {
    /// The finding with its line of the text, a mark under the offending piece, and the mend:
    ///
    /// ```text
    /// error[MISSING_TRANSITION_TARGET]: Missing 'Next' target: Pya
    ///  --> order.asl.json:6:15
    ///   |
    /// 6 |       "Next": "Pya"
    ///   |               ^^^^^
    ///   = at /States/Check/Next
    ///   = help: did you mean `Pay`?
    /// ```
    #[must_use]
    pub fn render(&self, text: &str, file_name: &str) -> String {
        let level = match self.severity {
            Severity::Error => "error",
            Severity::Warning => "warning",
        };
        let number = self.start.line.to_string();
        let margin = " ".repeat(number.len());
        // A syntax error's message quotes the text with the place; the place is shown below.
        let message = self.message.split("\n at [Source").next().unwrap_or("");
        let mut shown = format!("{level}[{}]: {message}\n", self.code);
        let (line, column) = (self.start.line, self.start.column);
        _ = writeln!(shown, "{margin}--> {file_name}:{line}:{column}");
        let (excerpt, mark) = self.excerpt(text);
        _ = writeln!(shown, "{margin} |\n{number} | {excerpt}\n{margin} | {mark}");
        if let Some(location) = self.location.as_deref().filter(|place| place.starts_with('/')) {
            _ = writeln!(shown, "{margin} = at {location}");
        }
        if let Some(help) = &self.help {
            _ = writeln!(shown, "{margin} = help: {help}");
        }
        shown
    }

    /// The line that the finding begins in, and the mark that goes under it.
    fn excerpt(&self, text: &str) -> (String, String) {
        let line = text.lines().nth(self.start.line.saturating_sub(1)).unwrap_or("");
        let chars = line.chars().count();
        let begin = self.start.column.saturating_sub(1).min(chars);
        let end = if self.end.line == self.start.line {
            self.end.column.saturating_sub(1).clamp(begin, chars)
        } else {
            line.trim_end().chars().count().max(begin)
        };
        let skipped = if chars > LINE_CHARS_MAX { begin.saturating_sub(CONTEXT_CHARS) } else { 0 };
        let visible: String =
            line.chars().skip(skipped).take(LINE_CHARS_MAX).map(visible).collect();
        let before = if skipped > 0 { "…" } else { "" };
        let after = if skipped + LINE_CHARS_MAX < chars { "…" } else { "" };
        let indent = begin - skipped + before.chars().count();
        let width =
            (end - begin).clamp(1, LINE_CHARS_MAX - (begin - skipped).min(LINE_CHARS_MAX - 1));
        let mark = format!("{}{}", " ".repeat(indent), "^".repeat(width));
        (format!("{before}{visible}{after}"), mark)
    }
}

/// A character as it may be printed: none that moves the cursor.
fn visible(c: char) -> char {
    if c.is_control() { ' ' } else { c }
}

#[cfg(test)]
mod tests {
    use crate::source::Lines;
    use crate::{Code, Diagnostic, Severity};
    use expect_test::{Expect, expect};

    #[test]
    fn the_piece_is_marked_under_its_line() {
        let text = "{\n  \"StartAt\": \"Pya\"\n}\n";
        check(
            text,
            "\"Pya\"",
            expect![[r#"
            error[MISSING_TRANSITION_TARGET]: something is wrong
             --> a.json:2:14
              |
            2 |   "StartAt": "Pya"
              |              ^^^^^
              = at /StartAt
              = help: mend it
        "#]],
        );
    }

    #[test]
    fn a_piece_of_several_lines_is_marked_in_the_first() {
        check(
            "[\n\t{ \"a\":\n1 }]",
            "{ \"a\":\n1 }",
            expect![[r#"
            error[MISSING_TRANSITION_TARGET]: something is wrong
             --> a.json:2:2
              |
            2 |  { "a":
              |  ^^^^^^
              = at /StartAt
              = help: mend it
        "#]],
        );
    }

    #[test]
    fn a_long_line_is_cut_around_the_piece() {
        let text = format!("{}HERE{}", "a".repeat(1000), "b".repeat(1000));
        check(
            &text,
            "HERE",
            expect![[r#"
            error[MISSING_TRANSITION_TARGET]: something is wrong
             --> a.json:1:1001
              |
            1 | …aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaHEREbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb…
              |                                          ^^^^
              = at /StartAt
              = help: mend it
        "#]],
        );
    }

    #[test]
    fn the_end_of_an_empty_text_can_be_marked() {
        check(
            "",
            "",
            expect![[r#"
            error[MISSING_TRANSITION_TARGET]: something is wrong
             --> a.json:1:1
              |
            1 | 
              | ^
              = at /StartAt
              = help: mend it
        "#]],
        );
    }

    fn check(text: &str, piece: &str, expected: Expect) {
        let start = text.find(piece).unwrap();
        let lines = Lines::new(text);
        let diagnostic = Diagnostic {
            severity: Severity::Error,
            code: Code::MissingTransitionTarget,
            message: "something is wrong".to_owned(),
            location: Some("/StartAt".to_owned()),
            start: lines.position(start),
            end: lines.position(start + piece.len()),
            help: Some("mend it".to_owned()),
        };
        expected.assert_eq(&diagnostic.render(text, "a.json"));
    }
}

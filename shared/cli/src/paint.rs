//! Colour, where a terminal shows it.

use std::fmt;

/// Whether text is coloured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Paint {
    pub(crate) is_on: bool,
}

impl Paint {
    pub(crate) fn good<T: fmt::Display>(self, text: T) -> String {
        self.with("32", text)
    }

    pub(crate) fn bad<T: fmt::Display>(self, text: T) -> String {
        self.with("31;1", text)
    }

    pub(crate) fn odd<T: fmt::Display>(self, text: T) -> String {
        self.with("33", text)
    }

    pub(crate) fn dim<T: fmt::Display>(self, text: T) -> String {
        self.with("2", text)
    }

    pub(crate) fn strong<T: fmt::Display>(self, text: T) -> String {
        self.with("1", text)
    }

    fn with<T: fmt::Display>(self, code: &str, text: T) -> String {
        if self.is_on { format!("\u{1b}[{code}m{text}\u{1b}[0m") } else { text.to_string() }
    }
}

/// Text from outside in one line and without control characters: a name or a cause cannot write over what was shown.
pub(crate) fn plain(text: &str, chars_max: usize) -> String {
    let mut shown: String = text
        .chars()
        .take(chars_max)
        .map(|letter| if letter.is_control() { ' ' } else { letter })
        .collect();
    if text.chars().nth(chars_max).is_some() {
        shown.push('…');
    }
    shown
}

/// A stretch of time, as precise as is of interest.
pub(crate) fn span(millis: i64) -> String {
    let millis = millis.max(0);
    let (secs, mins, hours) = (millis / 1_000, millis / 60_000, millis / 3_600_000);
    match millis {
        0..1_000 => format!("{millis} ms"),
        1_000..60_000 => format!("{secs}.{} s", millis % 1_000 / 100),
        60_000..3_600_000 => format!("{mins} min {} s", secs % 60),
        3_600_000..172_800_000 => format!("{hours} h {} min", mins % 60),
        _ => format!("{} d {} h", hours / 24, hours % 24),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_span_is_as_precise_as_is_of_interest() {
        for (millis, expected) in [
            (-1, "0 ms"),
            (999, "999 ms"),
            (1_250, "1.2 s"),
            (200_000, "3 min 20 s"),
            (86_400_000, "24 h 0 min"),
            (259_200_000, "3 d 0 h"),
        ] {
            assert_eq!(span(millis), expected);
        }
    }

    #[test]
    fn text_from_outside_cannot_write_over_what_was_shown() {
        assert_eq!(plain("a\u{1b}[2Jb\nc", 20), "a [2Jb c");
        assert_eq!(plain("abcdef", 3), "abc…");
    }
}

//! Which strings of a definition are expressions.

/// What a string of a JSONata state is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Marker<'t> {
    /// Taken as it is written.
    Literal,
    /// `{% … %}`: what stands between the marks, trimmed.
    Expression(&'t str),
    /// One of the two marks is missing, or they overlap: neither a literal nor an expression.
    Broken,
}

/// Tells an expression by its marks, which must be the first and the last two characters: a string
/// with blanks around them is a literal.
#[must_use]
pub fn marker(text: &str) -> Marker<'_> {
    match (text.strip_prefix("{%"), text.strip_suffix("%}")) {
        (None, None) => Marker::Literal,
        (Some(_), None) | (None, Some(_)) => Marker::Broken,
        (Some(rest), Some(_)) => match rest.strip_suffix("%}") {
            Some(inner) => Marker::Expression(inner.trim()),
            None => Marker::Broken,
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_marks_are_the_first_and_the_last_characters() {
        check("{% $a %}", Marker::Expression("$a"));
        check("{%$a%}", Marker::Expression("$a"));
        check("{%%}", Marker::Expression(""));
        check("{% 'a %} {% b' %}", Marker::Expression("'a %} {% b'"));
        check("plain", Marker::Literal);
        check("", Marker::Literal);
        check(" {% states.input %} ", Marker::Literal);
        check("a {% $b %} c", Marker::Literal);
    }

    #[test]
    fn half_a_pair_of_marks_is_broken() {
        check("{% $a", Marker::Broken);
        check("$a %}", Marker::Broken);
        check("{% $a %} ", Marker::Broken);
        check("{%}", Marker::Broken);
    }

    fn check(text: &str, expected: Marker<'_>) {
        assert_eq!(marker(text), expected, "{text}");
    }
}

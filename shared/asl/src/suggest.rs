//! The nearest name, for a misspelt one.

/// Longest name that is compared: the distance takes time by the product of two lengths.
const CHARS_MAX: usize = 80;

/// "did you mean …?" with the candidate that a writer most likely meant, if one is near.
pub(crate) fn did_you_mean<'c>(
    written: &str,
    candidates: impl IntoIterator<Item = &'c str>,
) -> Option<String> {
    nearest(written, candidates).map(|name| format!("did you mean `{name}`?"))
}

fn nearest<'c>(written: &str, candidates: impl IntoIterator<Item = &'c str>) -> Option<&'c str> {
    let length = written.chars().take(CHARS_MAX + 1).count();
    if length > CHARS_MAX {
        return None;
    }
    // One slip in three characters: of shorter names every one is near every other.
    let allowed = length / 3;
    candidates
        .into_iter()
        .filter(|candidate| candidate.len() <= 4 * CHARS_MAX)
        .map(|candidate| (distance(&lower(written), &lower(candidate)), candidate))
        .filter(|(distance, _)| *distance <= allowed)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

fn lower(text: &str) -> Vec<char> {
    text.chars().flat_map(char::to_lowercase).collect()
}

/// How many characters must be put in, taken out, replaced or swapped with their neighbour.
fn distance(a: &[char], b: &[char]) -> usize {
    let mut before_last: Vec<usize> = Vec::new();
    let mut last: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.iter().enumerate() {
        let mut row = vec![i + 1];
        for (j, y) in b.iter().enumerate() {
            let at = |row: &[usize], column: usize| row.get(column).copied().unwrap_or(usize::MAX);
            let mut cost =
                (at(&last, j) + usize::from(x != y)).min(at(&last, j + 1) + 1).min(at(&row, j) + 1);
            let swapped = i > 0 && j > 0 && a.get(i - 1) == Some(y) && b.get(j - 1) == Some(x);
            if swapped {
                cost = cost.min(at(&before_last, j - 1) + 1);
            }
            row.push(cost);
        }
        before_last = std::mem::replace(&mut last, row);
    }
    last.last().copied().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_of_the_pen_is_understood_and_a_different_word_is_not() {
        check("Nxet", Some("Next"));
        check("next", Some("Next"));
        check("Comments", Some("Comment"));
        check("InputPth", Some("InputPath"));
        check("END", Some("End"));
        check("Foo", None);
        check("x", None);
        check("", None);
        check(&"x".repeat(10_000), None);
    }

    fn check(written: &str, expected: Option<&str>) {
        let fields = ["Comment", "InputPath", "Next", "End", "ResultPath"];
        assert_eq!(nearest(written, fields), expected, "{written}");
    }
}

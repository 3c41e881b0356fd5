//! The order in which AWS writes a CSV row's members: that of a Java `HashMap`.
//!
//! Recorded outputs show it (a header row `0,True,{}` gives items `{"0":…,"{}":…,"True":…}`), and outputs are compared
//! as text. The order depends on the names alone, so it is found once for a header.

/// Names in the order of their columns, and the columns in the order of writing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ObjectOrder {
    names: Vec<String>,
    /// For each member in the order of writing: its column, and the text between the value before it and its own.
    members: Vec<(usize, String)>,
}

impl ObjectOrder {
    pub(crate) fn new(names: Vec<String>) -> Self {
        let mut columns: Vec<usize> = (0..names.len()).collect();
        let mask = table_size(names.len()) - 1;
        columns.sort_by_key(|column| names.get(*column).map_or(0, |name| spread(name)) & mask);
        let members = columns
            .into_iter()
            .enumerate()
            .map(|(at, column)| {
                let opening = if at == 0 { "{" } else { "\"," };
                let name = names.get(column).map(String::as_str).unwrap_or_default();
                (column, format!("{opening}{}:\"", serde_json::Value::from(name)))
            })
            .collect();
        Self { names, members }
    }

    pub(crate) fn names(&self) -> &[String] {
        &self.names
    }

    pub(crate) fn members(&self) -> &[(usize, String)] {
        &self.members
    }
}

/// A table begins with 16 places and doubles when it is more than three quarters full.
fn table_size(names: usize) -> u32 {
    let mut size: u32 = 16;
    while names as u64 * 4 > u64::from(size) * 3 && size < 1 << 30 {
        size *= 2;
    }
    size
}

/// `String.hashCode`, with its upper half folded in as `HashMap` does.
fn spread(name: &str) -> u32 {
    let hash = name
        .encode_utf16()
        .fold(0u32, |hash, unit| hash.wrapping_mul(31).wrapping_add(u32::from(unit)));
    hash ^ (hash >> 16)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(names: &[&str], expected: &[&str]) {
        let order = ObjectOrder::new(names.iter().map(ToString::to_string).collect());
        let got: Vec<&str> =
            order.members().iter().map(|(column, _)| order.names()[*column].as_str()).collect();
        assert_eq!(got, expected);
    }

    #[test]
    fn members_stand_in_the_order_that_was_recorded() {
        check(&["0", "True", "{}"], &["0", "{}", "True"]);
        check(&["H1", ""], &["", "H1"]);
        check(&["Col1", "Col2", "Col3"], &["Col1", "Col2", "Col3"]);
    }

    #[test]
    fn a_large_header_makes_a_larger_table() {
        assert_eq!(
            (table_size(12), table_size(13), table_size(24), table_size(25)),
            (16, 32, 32, 64)
        );
    }
}

//! Items that are descriptions of objects: `listObjectsV2` without a transformation.

/// One object of a listing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListedObject<'a> {
    /// As S3 gives it, in quotes.
    pub etag: &'a str,
    /// Its key.
    pub key: &'a str,
    /// Seconds since 1970.
    pub last_modified_secs: i64,
    /// Bytes.
    pub size: u64,
    /// `STANDARD` and others.
    pub storage_class: &'a str,
}

impl ListedObject<'_> {
    /// The item's text, as it was seen on AWS: `Etag` so spelled, LastModified as Java prints a double.
    pub fn to_item(&self) -> String {
        let text = |text: &str| serde_json::Value::from(text).to_string();
        format!(
            r#"{{"Etag":{},"Key":{},"LastModified":{},"Size":{},"StorageClass":{}}}"#,
            text(self.etag),
            text(self.key),
            java_double(self.last_modified_secs),
            self.size,
            text(self.storage_class)
        )
    }
}

/// A whole number as `Double.toString` prints it.
fn java_double(number: i64) -> String {
    if number.unsigned_abs() < 10_000_000 {
        return format!("{number}.0");
    }
    let digits = number.unsigned_abs().to_string();
    let exponent = digits.len() - 1;
    let (first, rest) = digits.split_at(1);
    let rest = rest.trim_end_matches('0');
    let rest = if rest.is_empty() { "0" } else { rest };
    let sign = if number < 0 { "-" } else { "" };
    format!("{sign}{first}.{rest}E{exponent}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_object_is_described_as_it_was_seen() {
        let object = ListedObject {
            etag: "\"401b30e3\"",
            key: "input/0001.txt",
            last_modified_secs: 1_789_180_622,
            size: 2,
            storage_class: "STANDARD",
        };
        assert_eq!(
            object.to_item(),
            r#"{"Etag":"\"401b30e3\"","Key":"input/0001.txt","LastModified":1.789180622E9,"Size":2,"StorageClass":"STANDARD"}"#
        );
    }

    #[test]
    fn times_print_as_java_doubles() {
        let printed = [0, 9_999_999, 10_000_000, 1_700_000_000, -1_789_180_620].map(java_double);
        assert_eq!(printed, ["0.0", "9999999.0", "1.0E7", "1.7E9", "-1.78918062E9"]);
    }
}

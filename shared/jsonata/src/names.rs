//! The names of the functions: JSONata's without `$eval`, and Step Functions' own.

/// Whether `$name` is a function unless a variable of that name hides it.
pub(crate) fn is_function(name: &str) -> bool {
    FUNCTIONS.binary_search(&name).is_ok()
}

/// Sorted, as they are searched.
const FUNCTIONS: &[&str] = &[
    "abs",
    "append",
    "assert",
    "average",
    "base64decode",
    "base64encode",
    "boolean",
    "ceil",
    "contains",
    "count",
    "decodeUrl",
    "decodeUrlComponent",
    "distinct",
    "each",
    "encodeUrl",
    "encodeUrlComponent",
    "error",
    "exists",
    "filter",
    "floor",
    "formatBase",
    "formatInteger",
    "formatNumber",
    "fromMillis",
    "hash",
    "join",
    "keys",
    "length",
    "lookup",
    "lowercase",
    "map",
    "match",
    "max",
    "merge",
    "millis",
    "min",
    "not",
    "now",
    "number",
    "pad",
    "parse",
    "parseInteger",
    "partition",
    "power",
    "random",
    "range",
    "reduce",
    "replace",
    "reverse",
    "round",
    "shuffle",
    "sift",
    "single",
    "sort",
    "split",
    "spread",
    "sqrt",
    "string",
    "substring",
    "substringAfter",
    "substringBefore",
    "sum",
    "toMillis",
    "trim",
    "type",
    "uppercase",
    "uuid",
    "zip",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_sorted() {
        assert!(FUNCTIONS.is_sorted());
    }

    #[test]
    fn every_name_is_a_function_to_the_library_and_ours() {
        let unknown: Vec<_> = FUNCTIONS.iter().filter(|name| !answers_to(name)).collect();
        assert_eq!(unknown, Vec::<&&str>::new());
        assert!(!is_function("eval"));
        assert!(!is_function("orders"));
    }

    /// A function is no JSON value: to return one is another error than to return nothing.
    fn answers_to(name: &str) -> bool {
        crate::testing::eval(&format!("${name}")) == Err(crate::EvalError::Unsupported)
    }
}

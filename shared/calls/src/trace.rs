//! The trace header that calls carry.

use crate::limits::TRACE_HEADER_BYTES_MAX;

/// The parts of a trace header that name the trace. `Lineage`, by which Lambda counts how often a chain of calls has come
/// through a function, stays here: it is the chain of our own functions. Nothing is left of what is no trace header.
pub(crate) fn without_lineage(header: &str) -> Option<String> {
    let is_printable = header.bytes().all(|byte| byte.is_ascii_graphic());
    if header.len() > TRACE_HEADER_BYTES_MAX || !is_printable {
        return None;
    }
    let is_kept = |part: &&str| {
        let name = part.split('=').next().unwrap_or_default();
        ["Root", "Parent", "Sampled"].iter().any(|kept| kept.eq_ignore_ascii_case(name))
    };
    let kept: Vec<&str> = header.split(';').filter(is_kept).collect();
    let names_a_trace = kept
        .iter()
        .any(|part| part.get(..5).is_some_and(|name| name.eq_ignore_ascii_case("root=")));
    names_a_trace.then(|| kept.join(";"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lineage_stays_here() {
        for (header, expected) in [
            ("Root=1-a-b;Parent=c;Sampled=1;Lineage=1:d:0", Some("Root=1-a-b;Parent=c;Sampled=1")),
            ("Root=1-a-b", Some("Root=1-a-b")),
            ("Lineage=1:d:0", None),
            ("Root=1-a\r\nx: y", None),
            ("", None),
        ] {
            assert_eq!(without_lineage(header).as_deref(), expected, "{header}");
        }
        assert_eq!(without_lineage(&format!("Root={}", "a".repeat(300))), None);
    }
}

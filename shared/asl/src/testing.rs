//! What tests share: one line a finding, with the piece of text that it marks.

use crate::{Diagnostic, MachineType, Options, Parsed, parse};
use expect_test::Expect;
use std::fmt::Write as _;

/// Parses a Standard state machine.
pub(crate) fn machine(text: &str) -> Parsed {
    parse(text, &Options::default())
}

/// Checks a whole definition.
pub(crate) fn check_machine(text: &str, expected: Expect) {
    expected.assert_eq(&findings(text, &machine(text)));
}

/// Checks a whole definition of an Express state machine.
pub(crate) fn check_express(text: &str, expected: Expect) {
    let options = Options { machine_type: MachineType::Express, ..Options::default() };
    expected.assert_eq(&findings(text, &parse(text, &options)));
}

/// Checks a state `S` of a JSONPath machine. It may go on to `T`.
pub(crate) fn check_state(state: &str, expected: Expect) {
    check_machine(&around(state, "JSONPath"), expected);
}

/// Checks a state `S` of a JSONata machine. It may go on to `T`.
pub(crate) fn check_jsonata_state(state: &str, expected: Expect) {
    check_machine(&around(state, "JSONata"), expected);
}

fn around(state: &str, language: &str) -> String {
    let after = if state.contains("\"T\"") { r#", "T": {"Type": "Succeed"}"# } else { "" };
    format!(
        r#"{{"QueryLanguage": "{language}", "StartAt": "S", "States": {{"S": {state}{after}}}}}"#
    )
}

fn findings(text: &str, parsed: &Parsed) -> String {
    assert_eq!(parsed.definition.is_none(), parsed.is_refused());
    if parsed.diagnostics.is_empty() {
        return "accepted".to_owned();
    }
    let mut shown = String::new();
    for diagnostic in &parsed.diagnostics {
        let Diagnostic { severity, start, end, help, .. } = diagnostic;
        let piece: String = text[start.offset..end.offset].chars().take(50).collect();
        _ = writeln!(shown, "{} {diagnostic} `{piece}`", severity.as_str());
        if let Some(help) = help {
            _ = writeln!(shown, "  {help}");
        }
    }
    shown
}

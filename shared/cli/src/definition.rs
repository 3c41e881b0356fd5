//! Definitions from files: read, checked, shown with what is wrong with them.

use crate::complaint::Complaint;
use crate::files;
use baton_asl::{Options, Severity, parse};
use std::io::Write as _;
use std::path::Path;

/// Reads a definition and shows every finding on stderr. One that is refused is an error.
pub(crate) fn read(path: &Path) -> Result<String, Complaint> {
    let text = files::read(path)?;
    let name = path.display().to_string();
    let parsed = parse(&text, &Options::default());
    let mut errors = 0_usize;
    for diagnostic in &parsed.diagnostics {
        errors += usize::from(diagnostic.severity == Severity::Error);
        // Without a stderr nobody is there to be told.
        let _ = writeln!(std::io::stderr(), "{}", diagnostic.render(&text, &name));
    }
    match (errors, parsed.definition) {
        (0, Some(_)) => Ok(text),
        (1, _) => Err(Complaint(format!("`{name}` has an error"))),
        (errors, _) => Err(Complaint(format!("`{name}` has {errors} errors"))),
    }
}

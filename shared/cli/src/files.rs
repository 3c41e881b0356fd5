//! Files that people name.

use crate::complaint::Complaint;
use crate::limits::FILE_BYTES_MAX;
use std::io::Read;
use std::path::Path;

/// A file's text.
pub(crate) fn read(path: &Path) -> Result<String, Complaint> {
    let file = std::fs::File::open(path)
        .map_err(|error| Complaint::of(&format!("cannot open `{}`", path.display()), &error))?;
    text(file, &path.display().to_string())
}

/// An argument that may be JSON, `@FILE` or `@-` for stdin.
pub(crate) fn argument(argument: &str) -> Result<String, Complaint> {
    match argument.strip_prefix('@') {
        None => Ok(argument.to_owned()),
        Some("-") => text(std::io::stdin(), "stdin"),
        Some(path) => read(path.as_ref()),
    }
}

fn text(source: impl Read, name: &str) -> Result<String, Complaint> {
    let mut text = String::new();
    source
        .take(FILE_BYTES_MAX + 1)
        .read_to_string(&mut text)
        .map_err(|error| Complaint::of(&format!("cannot read `{name}`"), &error))?;
    if u64::try_from(text.len()).is_ok_and(|bytes| bytes > FILE_BYTES_MAX) {
        return Err(Complaint(format!("`{name}` has more than {FILE_BYTES_MAX} bytes")));
    }
    Ok(text)
}

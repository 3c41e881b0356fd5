//! Definitions from files, in JSON or YAML: read, checked, shown with what is wrong with them.

use crate::arguments::DefinitionOptions;
use crate::complaint::Complaint;
use crate::files;
use baton_asl::{Diagnostic, MachineType, Options, Severity};
use serde_json::{Value, json};
use std::io::Write as _;
use std::path::Path;

/// A definition file and what was found in it.
#[derive(Debug)]
pub(crate) struct Checked {
    name: String,
    /// The text that the findings are places in.
    text: String,
    /// The definition in JSON; nothing if the YAML cannot be read.
    json: Option<String>,
    findings: Vec<Diagnostic>,
}

/// Reads a definition and shows every finding on stderr. One that is refused is an error.
pub(crate) fn read(path: &Path, options: &DefinitionOptions) -> Result<String, Complaint> {
    let checked = check(path, options, MachineType::Standard)?;
    checked.show();
    checked.verdict()
}

/// Reads a definition and checks it.
pub(crate) fn check(
    path: &Path,
    options: &DefinitionOptions,
    machine_type: MachineType,
) -> Result<Checked, Complaint> {
    let (name, text) = (path.display().to_string(), files::read(path)?);
    let text = substitute(text, &options.substitutions, &name)?;
    let asl = Options {
        machine_type,
        is_known_resource: baton_integrations::is_known,
        resource_help: baton_integrations::nearest,
    };
    if !is_yaml(path) {
        let findings = baton_asl::parse(&text, &asl).diagnostics;
        return Ok(Checked { name, json: Some(text.clone()), text, findings });
    }
    match baton_yaml::read(&text) {
        Ok(source) => {
            let findings = baton_asl::parse(&source.json, &asl).diagnostics;
            let findings = findings.into_iter().map(|found| source.relocate(found)).collect();
            Ok(Checked { name, text, json: Some(source.json), findings })
        }
        Err(finding) => Ok(Checked { name, text, json: None, findings: vec![*finding] }),
    }
}

impl Checked {
    /// Shows every finding to people.
    pub(crate) fn show(&self) {
        for finding in &self.findings {
            // Without a stderr nobody is there to be told.
            let _ = writeln!(std::io::stderr(), "{}", finding.render(&self.text, &self.name));
        }
    }

    /// The findings for programs, in the words of ValidateStateMachineDefinition.
    pub(crate) fn report(&self) -> Value {
        let findings: Vec<Value> = self.findings.iter().map(finding).collect();
        let result = if self.errors() == 0 { "OK" } else { "FAIL" };
        json!({ "file": self.name, "result": result, "diagnostics": findings })
    }

    /// The definition in JSON, if it is not refused.
    pub(crate) fn verdict(self) -> Result<String, Complaint> {
        match (self.errors(), self.json) {
            (0, Some(json)) => Ok(json),
            (1, _) => Err(Complaint(format!("`{}` has an error", self.name))),
            (errors, _) => Err(Complaint(format!("`{}` has {errors} errors", self.name))),
        }
    }

    fn errors(&self) -> usize {
        self.findings.iter().filter(|finding| finding.severity == Severity::Error).count()
    }
}

fn finding(finding: &Diagnostic) -> Value {
    json!({
        "severity": finding.severity.as_str(),
        "code": finding.code.as_str(),
        "message": finding.message,
        "location": finding.location,
        "line": finding.start.line,
        "column": finding.start.column,
        "endLine": finding.end.line,
        "endColumn": finding.end.column,
        "help": finding.help,
    })
}

fn is_yaml(path: &Path) -> bool {
    path.extension().is_some_and(|extension| {
        extension.eq_ignore_ascii_case("yaml") || extension.eq_ignore_ascii_case("yml")
    })
}

/// Puts values in the places of `${names}`, as `DefinitionSubstitutions` does. What a value says is not looked into again.
fn substitute(
    text: String,
    substitutions: &[(String, String)],
    file: &str,
) -> Result<String, Complaint> {
    if substitutions.is_empty() {
        return Ok(text);
    }
    let mut used = vec![false; substitutions.len()];
    let mut done = String::with_capacity(text.len());
    let mut rest = text.as_str();
    while let Some((before, after)) = rest.split_once("${") {
        done.push_str(before);
        let name = after.split_once('}').map(|(name, _)| name);
        let known =
            substitutions.iter().zip(&mut used).find(|((key, _), _)| Some(key.as_str()) == name);
        rest = match known {
            Some(((key, value), is_used)) => {
                *is_used = true;
                done.push_str(value);
                after.get(key.len() + 1..).unwrap_or_default()
            }
            None => {
                done.push_str("${");
                after
            }
        };
    }
    done.push_str(rest);
    match substitutions.iter().zip(used).find(|(_, is_used)| !is_used) {
        Some(((key, _), _)) => Err(Complaint(format!("there is no `${{{key}}}` in `{file}`"))),
        None => Ok(done),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, substitutions: &[(&str, &str)], expected: &str) {
        let substitutions: Vec<(String, String)> = substitutions
            .iter()
            .map(|(key, value)| ((*key).to_owned(), (*value).to_owned()))
            .collect();
        let done = substitute(text.to_owned(), &substitutions, "f");
        assert_eq!(done.unwrap_or_else(|complaint| complaint.0), expected);
    }

    #[test]
    fn names_are_replaced_and_everything_else_is_left() {
        check("a ${b} ${c} ${b}", &[("b", "1")], "a 1 ${c} 1");
        check("${a}${b}", &[("a", "${b}"), ("b", "${a}")], "${b}${a}");
        check("${${a}} $a ${a", &[("a", "x")], "${x} $a ${a");
        check("${a}", &[("b", "x")], "there is no `${b}` in `f`");
        check("${a", &[], "${a");
    }
}

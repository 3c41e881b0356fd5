//! The address of an HTTP Task.

use crate::lambda::encoded;

/// An HTTPS address in two parts, between which further parameters go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Url {
    /// Scheme, host and path.
    base: String,
    /// The query as it was written.
    query: Option<String>,
}

/// The longest address.
const CHARS_MAX: usize = 8192;

impl Url {
    /// Reads an address. It names no user and has no fragment; `http` is left to whoever checks where it leads.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let rest = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://"))?;
        let host = rest.split(['/', '?']).next().unwrap_or_default();
        let is_plain =
            text.bytes().all(|byte| byte.is_ascii_graphic() && !b"\"<>\\^`{|}#".contains(&byte));
        if host.is_empty() || host.contains('@') || !is_plain || text.len() > CHARS_MAX {
            return None;
        }
        let (base, query) = match text.split_once('?') {
            Some((base, query)) => (base, Some(query.to_owned())),
            None => (text, None),
        };
        Some(Url { base: base.to_owned(), query })
    }

    /// The address with these parameters. One that was written there already is replaced.
    pub(super) fn with_query(&self, parameters: &[(String, String)]) -> String {
        let written = self.query.as_deref().unwrap_or_default().split('&');
        let is_kept = |part: &&str| {
            let name = part.split('=').next().unwrap_or_default();
            !part.is_empty() && !parameters.iter().any(|(known, _)| encoded(known) == name)
        };
        let kept = written.filter(is_kept).map(str::to_owned);
        let added =
            parameters.iter().map(|(name, value)| format!("{}={}", encoded(name), encoded(value)));
        let all: Vec<String> = kept.chain(added).collect();
        if all.is_empty() { self.base.clone() } else { format!("{}?{}", self.base, all.join("&")) }
    }
}

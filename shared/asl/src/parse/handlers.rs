//! `Retry` and `Catch`.

use super::expressions::Within;
use super::object::Object;
use super::reader::Reader;
use crate::limits::{RETRY_ATTEMPTS_MAX, RETRY_DELAY_SECONDS_MAX, SECONDS_MAX};
use crate::source::Kind;
use crate::{Catcher, Code, ErrorNames, Handlers, Jitter, QueryLanguage, ResultPath, Retrier};

const RETRIER_FIELDS: [&str; 7] = [
    "ErrorEquals",
    "IntervalSeconds",
    "MaxAttempts",
    "BackoffRate",
    "MaxDelaySeconds",
    "JitterStrategy",
    "Comment",
];
const CATCHER_FIELDS: [&str; 6] =
    ["ErrorEquals", "Next", "ResultPath", "Output", "Assign", "Comment"];

impl Reader<'_> {
    /// `Retry` and `Catch` of a Task, Parallel or Map state.
    pub(crate) fn handlers(
        &mut self,
        state: &Object<'_>,
        language: QueryLanguage,
    ) -> Option<Handlers> {
        let retriers = self
            .each_handler(state, "Retry", |reader, entry, is_last| reader.retrier(entry, is_last));
        let catchers = self.each_handler(state, "Catch", |reader, entry, is_last| {
            reader.catcher(entry, is_last, language)
        });
        Some(Handlers { retriers: retriers?, catchers: catchers? })
    }

    fn each_handler<T>(
        &mut self,
        state: &Object<'_>,
        name: &str,
        mut read: impl FnMut(&mut Self, &Object<'_>, bool) -> Option<T>,
    ) -> Option<Vec<T>> {
        let Some(field) = state.get(name) else { return Some(Vec::new()) };
        let Kind::Array(entries) = &field.node.kind else {
            self.expected("ARRAY", field.node, &field.place);
            return None;
        };
        let handlers = entries.iter().enumerate().map(|(index, node)| {
            let place = field.place.index(index);
            let entry = self.object(node, &place)?;
            read(self, &entry, index + 1 == entries.len())
        });
        // All of them are read before one that failed counts.
        let handlers: Vec<Option<T>> = handlers.collect();
        handlers.into_iter().collect()
    }

    fn retrier(&mut self, entry: &Object<'_>, is_last: bool) -> Option<Retrier> {
        self.only(entry, &RETRIER_FIELDS);
        self.require(entry, &["ErrorEquals"]);
        self.comment(entry);
        let errors = self.error_names(entry, is_last);
        let interval = self.optional(entry.get("IntervalSeconds"), |reader, field| {
            reader.whole_number(field, 0, SECONDS_MAX)
        });
        let attempts = self.optional(entry.get("MaxAttempts"), |reader, field| {
            reader.whole_number(field, 0, RETRY_ATTEMPTS_MAX)
        });
        let backoff_rate = self.optional(entry.get("BackoffRate"), |reader, field| {
            reader.float(field, 1.0, f64::INFINITY)
        });
        let delay_max_secs = self.optional(entry.get("MaxDelaySeconds"), |reader, field| {
            reader.whole_number(field, 1, RETRY_DELAY_SECONDS_MAX)
        });
        let jitter = self.optional(entry.get("JitterStrategy"), |reader, field| {
            match reader.one_of(field, &["NONE", "FULL"])? {
                "FULL" => Some(Jitter::Full),
                _ => Some(Jitter::None),
            }
        });
        Some(Retrier {
            errors: errors?,
            interval_secs: interval?.unwrap_or(1),
            attempts_max: attempts?.unwrap_or(3),
            backoff_rate: backoff_rate?.unwrap_or(2.0),
            delay_max_secs: delay_max_secs?,
            jitter: jitter?.unwrap_or_default(),
        })
    }

    fn catcher(
        &mut self,
        entry: &Object<'_>,
        is_last: bool,
        language: QueryLanguage,
    ) -> Option<Catcher> {
        self.only(entry, &CATCHER_FIELDS);
        for member in entry.members {
            self.field_of_language(entry, &member.key, member.key_span, language);
        }
        self.require(entry, &["ErrorEquals", "Next"]);
        self.comment(entry);
        let errors = self.error_names(entry, is_last);
        let next = self.target(entry, "Next");
        let result_path = match language {
            QueryLanguage::JsonPath => self.result_path(entry.get("ResultPath")),
            QueryLanguage::Jsonata => Some(ResultPath::Discard),
        };
        let output = entry.get("Output").filter(|_| language == QueryLanguage::Jsonata);
        let output = self.optional(output, |reader, field| {
            reader.jsonata_template(field.node, &field.place, Within::ErrorOutput)
        });
        let assign = self.optional(entry.get("Assign"), |reader, field| {
            reader.assign(field, language, Within::ErrorOutput)
        });
        Some(Catcher {
            errors: errors?,
            next: next?,
            result_path: result_path?,
            output: output?,
            assign: assign?,
        })
    }

    /// `ErrorEquals`: `States.ALL` stands alone, in the last entry.
    fn error_names(&mut self, entry: &Object<'_>, is_last: bool) -> Option<ErrorNames> {
        let field = entry.get("ErrorEquals")?;
        let items = self.items(&field)?;
        let mut names = Vec::with_capacity(items.len());
        for (index, item) in items.iter().enumerate() {
            let place = field.place.index(index);
            let name = self.string(item, &place)?;
            if name == "States.ALL" && (items.len() > 1 || !is_last) {
                let message = "States.ALL must appear alone and at end of list";
                let help = "it matches every error: give it an entry of its own, the last one";
                let (code, span) = (Code::SchemaValidationFailed, item.span);
                self.error_with_help(code, &place, span, message, Some(help.to_owned()));
            }
            names.push(name.to_owned());
        }
        Some(ErrorNames(names))
    }
}

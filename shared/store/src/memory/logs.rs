//! Logs in memory.

use super::Memory;
use crate::logging::{LogLine, LogQuery, LoggedLine, Logs, group_name};
use crate::{Page, StoreError};
use std::collections::{BTreeSet, VecDeque};

/// How many lines are kept; the oldest make room.
const LINES_MAX: usize = 100_000;

/// The lines that came, and which groups there are, where that is known.
#[derive(Debug, Default)]
pub(super) struct LogTable {
    lines: VecDeque<LoggedLine>,
    last: u64,
    groups: Option<BTreeSet<String>>,
}

impl Memory {
    /// From here on only these log groups exist.
    pub fn set_log_groups(&self, names: impl IntoIterator<Item = String>) {
        self.lock().logs.groups = Some(names.into_iter().collect());
    }
}

impl Logs for Memory {
    fn log(&self, lines: Vec<LogLine>) {
        let mut inner = self.lock();
        let since = inner.now;
        let logs = &mut inner.logs;
        for line in lines {
            logs.last = logs.last.saturating_add(1);
            let stream = crate::stream_name(&line.machine, since, 0);
            logs.lines.push_back(LoggedLine { id: logs.last, stream, line });
        }
        let excess = logs.lines.len().saturating_sub(LINES_MAX);
        logs.lines.drain(..excess);
    }

    async fn has_log_group(&self, arn: &str) -> Result<bool, StoreError> {
        let inner = self.lock();
        Ok(inner.logs.groups.as_ref().is_none_or(|groups| groups.contains(group_name(arn))))
    }

    async fn logged(
        &self,
        query: &LogQuery,
        after: u64,
    ) -> Result<Option<Page<LoggedLine>>, StoreError> {
        let inner = self.lock();
        let fits = |line: &&LoggedLine| line.id > after && query.takes(&line.line);
        let mut rest = inner.logs.lines.iter().filter(fits);
        let items: Vec<LoggedLine> =
            rest.by_ref().take(query.items_max as usize).cloned().collect();
        let next = rest.next().and(items.last()).map(|line| line.id.to_string());
        Ok(Some(Page { items, next }))
    }
}

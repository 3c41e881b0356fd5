//! The doctor: executions that stand still, and the cues that make them go on.
//!
//! An execution stands still if it is running, nothing of it was due lately or is due later, and nobody outside has to
//! answer. Its cues are derived from its journals; to send one that was not lost does no harm.

use crate::driver::Driver;
use crate::limits::{EXAMINED_RECORDS_MAX, LATE_AFTER};
use crate::tasks::Tasks;
use baton_engine::{Due, Effect, Marked, Pending, ScopePath, Sequence};
use baton_store::{
    Backend, ExecutionArn, ExecutionQuery, Header, Outgoing, StatusName, StoreError, open_scopes,
    pending_cues,
};
use jiff::Timestamp;
use std::collections::BTreeMap;

/// How one running execution is.
#[derive(Debug, Clone, PartialEq)]
pub struct Examination {
    /// The execution.
    pub execution: ExecutionArn,
    /// What its scopes wait for.
    pub waits: Vec<Wait>,
    /// Since when something should have happened; nothing if all is well.
    pub late_since: Option<Timestamp>,
    /// Every cue that it waits for.
    pub cues: Vec<Outgoing>,
}

/// What one scope waits for.
#[derive(Debug, Clone, PartialEq)]
pub struct Wait {
    /// The scope.
    pub scope: ScopePath,
    /// The state that it is in.
    pub state: String,
    /// What for.
    pub reason: Reason,
    /// When that is due, where a time is known.
    pub due: Option<Timestamp>,
}

/// Why a scope does not move.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reason {
    /// Its cue has not been taken.
    Cue,
    /// A time has not come.
    Time,
    /// A call is under way.
    Call,
    /// Somebody outside has to answer.
    Answer,
    /// Its children have not all ended.
    Children,
    /// Its siblings have not all ended.
    Siblings,
}

impl Reason {
    /// In a word, for people.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Reason::Cue => "cue",
            Reason::Time => "time",
            Reason::Call => "call",
            Reason::Answer => "answer",
            Reason::Children => "children",
            Reason::Siblings => "siblings",
        }
    }
}

/// What a part of a check-up found.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Checked {
    /// How many running executions were looked at.
    pub running: usize,
    /// Those that stand still.
    pub stuck: Vec<Examination>,
    /// Those that cannot be read, and why.
    pub unreadable: Vec<(ExecutionArn, String)>,
    /// How many cues were sent again.
    pub cues_sent: usize,
    /// Where the next part begins; nothing at the end.
    pub next: Option<String>,
}

impl<B: Backend, T: Tasks> Driver<B, T> {
    /// Looks at the running executions of one page of one machine, and with `repairs` sends the cues of those that stand still.
    ///
    /// # Errors
    ///
    /// [`StoreError`]: the backend did not answer.
    pub async fn check_up(&self, from: Option<&str>, repairs: bool) -> Result<Checked, StoreError> {
        let Place { machines, executions } = Place::parse(from);
        let page = self.backend.machines("", 1, machines.as_deref()).await?;
        let mut checked = Checked::default();
        let Some(machine) = page.items.first() else {
            checked.next =
                page.next.map(|next| Place { machines: Some(next), executions: None }.text());
            return Ok(checked);
        };
        let status = Some(StatusName::Running);
        let query = ExecutionQuery { machine: machine.arn.clone(), status, items_max: 100 };
        let listed = self.backend.executions(&query, executions.as_deref()).await?;
        for header in &listed.items {
            self.check_one(&header.arn(), repairs, &mut checked).await?;
        }
        let next = match (listed.next, page.next) {
            (Some(executions), _) => Some(Place { machines, executions: Some(executions) }),
            (None, Some(machines)) => Some(Place { machines: Some(machines), executions: None }),
            (None, None) => None,
        };
        checked.next = next.map(|place| place.text());
        Ok(checked)
    }

    async fn check_one(
        &self,
        execution: &ExecutionArn,
        repairs: bool,
        checked: &mut Checked,
    ) -> Result<(), StoreError> {
        let examined = match self.examine(execution).await {
            Ok(Some(examined)) => examined,
            Ok(None) => return Ok(()),
            Err(error @ StoreError::Corrupt { .. }) => {
                checked.unreadable.push((execution.clone(), crate::error::chain(&error)));
                return Ok(());
            }
            Err(error @ StoreError::Unavailable { .. }) => return Err(error),
        };
        checked.running = checked.running.saturating_add(1);
        if examined.late_since.is_none() {
            return Ok(());
        }
        if repairs {
            checked.cues_sent = checked.cues_sent.saturating_add(examined.cues.len());
            self.backend.send(examined.cues.clone()).await?;
        }
        checked.stuck.push(examined);
        Ok(())
    }

    /// Looks at one execution; nothing if it has ended or does not exist.
    ///
    /// # Errors
    ///
    /// [`StoreError`]: the backend did not answer, or the execution cannot be read.
    pub async fn examine(
        &self,
        execution: &ExecutionArn,
    ) -> Result<Option<Examination>, StoreError> {
        let Some(header) = self.backend.header(execution).await? else { return Ok(None) };
        if header.status.is_ended() {
            return Ok(None);
        }
        let newest = self.newest_of_all(execution).await?;
        let numbers: BTreeMap<ScopePath, Sequence> =
            newest.iter().map(|(scope, marked)| (scope.clone(), marked.record.sequence)).collect();
        let open: Vec<&Marked> = open_scopes(&numbers, &header.closed)
            .filter_map(|(scope, _)| newest.get(scope))
            .collect();
        Ok(Some(examination(&header, &open, self.backend.now())))
    }

    /// The newest record of every scope.
    async fn newest_of_all(
        &self,
        execution: &ExecutionArn,
    ) -> Result<BTreeMap<ScopePath, Marked>, StoreError> {
        let (mut newest, mut from, mut seen) = (BTreeMap::new(), None::<String>, 0_usize);
        loop {
            let page = self.backend.records(execution, from.as_deref()).await?;
            seen = seen.saturating_add(page.items.len());
            for marked in page.items {
                newest.insert(marked.record.scope.clone(), marked);
            }
            from = page.next;
            if from.is_none() || seen >= EXAMINED_RECORDS_MAX {
                return Ok(newest);
            }
        }
    }
}

/// Where a check-up stands: the page of machines, and that of executions.
#[derive(Debug, PartialEq)]
struct Place {
    machines: Option<String>,
    executions: Option<String>,
}

impl Place {
    fn parse(text: Option<&str>) -> Self {
        let (machines, executions) = text.unwrap_or_default().split_once('\n').unwrap_or_default();
        let part = |text: &str| (!text.is_empty()).then(|| text.to_owned());
        Place { machines: part(machines), executions: part(executions) }
    }

    fn text(&self) -> String {
        let part = |part: &Option<String>| part.clone().unwrap_or_default();
        format!("{}\n{}", part(&self.machines), part(&self.executions))
    }
}

fn examination(header: &Header, open: &[&Marked], now: Timestamp) -> Examination {
    let waits: Vec<Wait> = open.iter().map(|marked| wait(marked)).collect();
    let cues = pending_cues(header, open.iter().map(|marked| &*marked.record));
    // Whoever has children that move, or waits for siblings that do, is not late.
    let moving: Vec<&Wait> = waits
        .iter()
        .filter(|wait| !matches!(wait.reason, Reason::Children | Reason::Siblings))
        .collect();
    let due = match (moving.is_empty(), open.is_empty()) {
        (false, _) => moving.iter().filter_map(|wait| wait.due).min(),
        // Every child has ended, or was never begun: the fork's own cue is what is missing.
        (true, false) => open.iter().map(|marked| marked.record.time()).max(),
        (true, true) => Some(header.execution.started),
    };
    let late_since = due.filter(|due| now.duration_since(*due) > LATE_AFTER);
    Examination { execution: header.arn(), waits, late_since, cues }
}

fn wait(marked: &Marked) -> Wait {
    let record = &marked.record;
    let (reason, due) = match &record.pending {
        Pending::Continue | Pending::Failing(_) => (Reason::Cue, Some(record.time())),
        Pending::Until(at) | Pending::Retry { at, .. } => (Reason::Time, Some(*at)),
        Pending::Call(call) if call.is_polled() => (Reason::Answer, earliest(&record.effects())),
        Pending::Call(_) => match &marked.marks.claim {
            Some(claim) => (Reason::Call, Some(claim.expires)),
            None => (Reason::Cue, Some(record.time())),
        },
        Pending::Callback(_) => (Reason::Answer, earliest(&record.effects())),
        Pending::Fork(_) | Pending::MapRun(_) => (Reason::Children, None),
        Pending::Ended(_) if record.scope.is_top() => (Reason::Cue, Some(record.time())),
        Pending::Ended(_) => (Reason::Siblings, None),
    };
    Wait { scope: record.scope.clone(), state: record.state.to_string(), reason, due }
}

/// When the first of a record's timers is due.
fn earliest(effects: &[Effect]) -> Option<Timestamp> {
    let due = |effect: &Effect| {
        let Effect::Cue(_, Due::At(at)) = effect else { return None };
        Some(*at)
    };
    effects.iter().filter_map(due).min()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_reads_back() {
        for place in [
            Place { machines: None, executions: None },
            Place { machines: Some("m".to_owned()), executions: None },
            Place { machines: None, executions: Some("01#n".to_owned()) },
        ] {
            assert_eq!(Place::parse(Some(&place.text())), place);
        }
        assert_eq!(Place::parse(None), Place { machines: None, executions: None });
    }
}

//! Forks and joins.

use super::{Children, State, Step, missing};
use crate::live::{Ended, Newest};
use crate::write::Write;
use baton_engine::{ForkId, Record, Sequence};
use baton_store::{ExecutionArn, JoinAnswer, JoinMark, StoreError};
use std::collections::BTreeMap;
use std::sync::Arc;

impl State {
    /// Marks a child's end.
    pub(crate) fn join(
        &mut self,
        arn: &ExecutionArn,
        mark: &JoinMark,
    ) -> Result<Step<JoinAnswer>, StoreError> {
        let live = self.live(arn)?.ok_or_else(|| missing("execution", arn))?;
        let (id, group) = (live.id, live.group);
        if live.join(&mark.fork).is_none() {
            if let Some(synced) = self.after(group) {
                return Ok(Step::After(synced));
            }
            let join = self.reader()?.join(id, &mark.fork)?;
            if let Some(live) = self.live.get_mut(arn) {
                live.put_join(&mark.fork, join);
            }
        }
        let join = self.live.get_mut(arn).and_then(|live| live.join(&mark.fork));
        let join = join.ok_or_else(|| missing("join", arn))?;
        if let Some(ended) = join.get(&mark.child) {
            return Ok(Step::Done(mark.answer(ended.rank)));
        }
        let rank = u32::try_from(join.len()).unwrap_or(u32::MAX);
        join.insert(mark.child, Ended { last: mark.last, rank });
        let answer = mark.answer(rank);
        if let Some(live) = self.live.get_mut(arn) {
            live.note_end(&mark.fork, mark.child, answer);
        }
        let (fork, child, last) = (mark.fork.to_string(), mark.child, mark.last.0);
        self.accept(arn, [Write::Join { execution: id, fork, child, last, rank }]);
        Ok(Step::Done(answer))
    }

    /// The last records of a fork's children if all of them are in memory; else the execution's number, to read them from
    /// the file.
    pub(crate) fn joined(
        &mut self,
        arn: &ExecutionArn,
        fork: &ForkId,
        width: u32,
    ) -> Result<Step<Children<Arc<Record>>>, StoreError> {
        let live = self.live(arn)?.ok_or_else(|| missing("execution", arn))?;
        let (id, group) = (live.id, live.group);
        let records: Option<Vec<Arc<Record>>> =
            live.children(fork).map(|(_, newest)| newest.record.clone()).collect();
        if let Some(records) = records.filter(|records| records.len() == width as usize) {
            return Ok(Step::Done(Children::Known(records)));
        }
        Ok(match self.after(group) {
            Some(synced) => Step::After(synced),
            None => Step::Done(Children::InFile(id)),
        })
    }

    /// As [`State::joined`], for the newest records of the children there are.
    pub(crate) fn children(
        &mut self,
        arn: &ExecutionArn,
        fork: &ForkId,
    ) -> Result<Step<Children<(u32, Newest)>>, StoreError> {
        let live = self.live(arn)?.ok_or_else(|| missing("execution", arn))?;
        let (id, group) = (live.id, live.group);
        if live.knows_children(fork) {
            let children = live.children(fork).map(|(child, newest)| (child, newest.clone()));
            return Ok(Step::Done(Children::Known(children.collect())));
        }
        Ok(match self.after(group) {
            Some(synced) => Step::After(synced),
            None => Step::Done(Children::InFile(id)),
        })
    }
}

/// What a map of joins gives for every child of a fork, in order.
pub(crate) fn last_of_each(
    join: &BTreeMap<u32, Ended>,
    width: u32,
    arn: &ExecutionArn,
) -> Result<Vec<Sequence>, StoreError> {
    let last = |child| join.get(&child).map(|ended| ended.last);
    (0..width).map(|child| last(child).ok_or_else(|| missing("end of a child", arn))).collect()
}

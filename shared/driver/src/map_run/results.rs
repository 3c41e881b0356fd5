//! What Express children answered: pieces of results, and the executions as they look from outside.

use super::InRun;
use crate::driver::{Driver, Run};
use crate::error::{Halt, TakeError};
use crate::limits::MAP_PIECES_PER_PAGE;
use crate::tasks::Tasks;
use baton_engine::{Marked, Payload};
use baton_store::documents::{
    self, ExpressPlace, MapResult, MapResults, express_child_arn, express_child_place,
};
use baton_store::{Backend, ExecutionArn, Header, Loaded, Status, StatusName};
use jiff::Timestamp;
use std::collections::BTreeMap;
use std::sync::Arc;

impl<B: Backend, T: Tasks> Driver<B, T> {
    /// The results of a chunk by place, each with the redrive that it is of; the newest of each place.
    pub(super) async fn results(
        &self,
        of: InRun<'_>,
        chunk: u32,
    ) -> Result<BTreeMap<u32, (u32, MapResult)>, Halt> {
        let group = MapResults::group(of.arn(), chunk);
        let (mut found, mut from) = (BTreeMap::new(), None);
        loop {
            let backend = &*self.backend;
            let page = documents::list::<MapResults>(
                backend,
                &group,
                MAP_PIECES_PER_PAGE,
                from.as_deref(),
            );
            let page = page.await?;
            for (key, piece) in page.items {
                let redrives = redrives_of(&key);
                for result in piece.value.children {
                    found.entry(result.place).or_insert((redrives, result));
                }
            }
            from = page.next;
            if from.is_none() {
                return Ok(found);
            }
        }
    }

    /// The Express children of a chunk in order, as executions; nothing for one that has not ended.
    pub(super) async fn express_children(
        &self,
        of: InRun<'_>,
        chunk: u32,
    ) -> Result<Vec<Option<Arc<Header>>>, Halt> {
        let mut results = self.results(of, chunk).await?;
        let width = self.chunk(of.arn(), chunk).await?.children.len();
        let mut children = Vec::with_capacity(width);
        for place in 0..u32::try_from(width).unwrap_or(u32::MAX) {
            children.push(match results.remove(&place) {
                Some((redrives, result)) => {
                    let place = ExpressPlace { chunk, place, redrives };
                    Some(Arc::new(self.express_child(of, place, result).await?))
                }
                None => None,
            });
        }
        Ok(children)
    }

    async fn express_child(
        &self,
        of: InRun<'_>,
        at: ExpressPlace,
        result: MapResult,
    ) -> Result<Header, Halt> {
        let ExpressPlace { chunk, place, .. } = at;
        let arn = express_child_arn(&of.machine(), of.arn(), at);
        let mut header = self.child_header(of, &arn, (0, chunk, place)).await?;
        header.execution.started = time(result.millis.0);
        header.status = status_of(result)?;
        Ok(header)
    }

    /// An Express child of a map run that has ended, as an execution.
    ///
    /// # Errors
    ///
    /// [`TakeError`] if it is not known what became of it.
    pub async fn ended_express_child(
        &self,
        arn: &ExecutionArn,
    ) -> Result<Option<Arc<Header>>, TakeError> {
        let Some((map_run, at)) = express_child_place(arn) else { return Ok(None) };
        let Some((run, marked)) = self.waiting_for(&map_run).await? else { return Ok(None) };
        let found = async {
            let of = InRun::of(&run, &marked)?;
            let mut results = self.results(of, at.chunk).await?;
            match results.remove(&at.place) {
                Some((redrives, result)) if redrives == at.redrives => {
                    self.express_child(of, at, result).await.map(|child| Some(Arc::new(child)))
                }
                Some(_) | None => Ok(None),
            }
        };
        known(found.await)
    }

    /// The Express children of a chunk that have ended, as executions, in order.
    ///
    /// # Errors
    ///
    /// [`TakeError`] if it is not known what became of them.
    pub async fn ended_express_children(
        &self,
        map_run_arn: &str,
        chunk: u32,
    ) -> Result<Vec<Option<Arc<Header>>>, TakeError> {
        let Some((run, marked)) = self.waiting_for(map_run_arn).await? else { return Ok(vec![]) };
        let found = async { self.express_children(InRun::of(&run, &marked)?, chunk).await };
        known(found.await)
    }

    /// The execution that has a map run, and the record that waits for it, or did.
    async fn waiting_for(&self, map_run_arn: &str) -> Result<Option<(Run, Marked)>, TakeError> {
        let Some(state) = self.map_run_state(map_run_arn).await? else { return Ok(None) };
        let Some((scope, sequence)) = state.value.place() else { return Ok(None) };
        let execution = ExecutionArn::trusted(state.value.execution);
        let loaded = self.backend.load(&execution, &scope, sequence).await?;
        let Some(Loaded { header, record: Some(record) }) = loaded else { return Ok(None) };
        known(self.run(header).await.map(|run| Some((run, record))))
    }
}

/// For whoever only looks: what can never be read is as good as not there.
fn known<R: Default>(found: Result<R, Halt>) -> Result<R, TakeError> {
    match found {
        Ok(found) => Ok(found),
        Err(Halt::Later(error)) => Err(error),
        Err(Halt::Broken(cause)) => {
            tracing::error!(cause, "a map run's children cannot be read");
            Ok(R::default())
        }
    }
}

fn redrives_of(key: &str) -> u32 {
    let first = key.split(' ').next().and_then(|number| number.parse().ok());
    u32::MAX.abs_diff(first.unwrap_or(u32::MAX))
}

fn status_of(result: MapResult) -> Result<Status, Halt> {
    let (started, took) = result.millis;
    let stopped = time(started.saturating_add(i64::from(took)));
    Ok(match result.status() {
        StatusName::TimedOut => Status::TimedOut { stopped },
        StatusName::Aborted => Status::Aborted { stopped, detail: result.detail() },
        StatusName::Failed | StatusName::Running | StatusName::PendingRedrive => {
            Status::Failed { stopped, detail: result.detail() }
        }
        StatusName::Succeeded => {
            let text = result.output.map_or_else(|| "null".into(), Box::<str>::from);
            let output = Payload::kept(text).map_err(|error| Halt::broken(&error))?;
            Status::Succeeded { stopped, output }
        }
    })
}

fn time(millis: i64) -> Timestamp {
    Timestamp::from_millisecond(millis).unwrap_or(Timestamp::UNIX_EPOCH)
}

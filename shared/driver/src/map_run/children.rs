//! Children: their headers, their start, their end.

use super::InRun;
use crate::driver::Driver;
use crate::error::{Halt, TakeError};
use crate::limits::{RACES_MAX, SPAWNS_AT_ONCE};
use crate::stop::StopError;
use crate::tasks::Tasks;
use baton_engine::{ErrorDetail, Execution, Payload, ScopePath, Sequence};
use baton_store::documents::{
    self, Again, MapChunk, MapLanes, Running, map_child_arn, map_key, map_redrive_token,
};
use baton_store::{
    Backend, Created, ExecutionArn, Header, MapRunChild, Parent, Status, StatusName,
};
use futures_util::future::try_join_all;
use std::collections::BTreeSet;
use std::future::Future;
use std::sync::Arc;

/// The end of a child.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Ended {
    pub(super) status: StatusName,
    /// It had ended badly before the redrive, and cannot be redriven.
    pub(super) is_final: bool,
}

/// How a child stands when a redrive takes it up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Standing {
    /// It is to be started, or runs.
    Open,
    /// It is to go on.
    Redrivable {
        /// How it had ended.
        status: StatusName,
        /// How often it was redriven.
        redrives: u32,
    },
    /// It is done.
    Ended(Ended),
}

impl<B: Backend, T: Tasks> Driver<B, T> {
    /// A chunk of the manifest, which must be there.
    pub(crate) async fn chunk(&self, arn: &str, chunk: u32) -> Result<Arc<MapChunk>, Halt> {
        if let Some(chunk) = self.gathering.chunk(arn, chunk) {
            return Ok(chunk);
        }
        let read = documents::find::<MapChunk>(&*self.backend, arn, &map_key(chunk)).await?;
        let read = read.ok_or_else(|| Halt::Broken(format!("chunk {chunk} of `{arn}` is gone")))?;
        Ok(self.gathering.keep_chunk(arn, chunk, read.value))
    }

    pub(super) fn child_arn(&self, of: InRun<'_>, chunk: u32, place: u32) -> ExecutionArn {
        map_child_arn(&of.machine(), of.arn(), chunk, place)
    }

    /// How a child has ended, if it has: in this redrive of the run, if it was to go on.
    pub(super) async fn child_end(
        &self,
        of: InRun<'_>,
        (chunk, place): (u32, u32),
        again: Option<&Again>,
    ) -> Result<Option<Ended>, Halt> {
        let header = self.backend.header(&self.child_arn(of, chunk, place)).await?;
        let Some(header) = header.filter(|header| header.status.is_ended()) else {
            return Ok(None);
        };
        let status = header.status.name();
        if again.is_none_or(|again| header.execution.redrives.count > again.redrives) {
            return Ok(Some(Ended { status, is_final: false }));
        }
        // Its time may have run out since it was put on a lane.
        let is_final = !self.is_redrivable(&header).await?;
        Ok(is_final.then_some(Ended { status, is_final }))
    }

    /// How a chunk's children stand when a redrive takes it up.
    pub(super) async fn stand(&self, of: InRun<'_>, chunk: u32) -> Result<Vec<Standing>, Halt> {
        let mut standing = Vec::new();
        for header in self.children_of(of, chunk).await? {
            let ended = header.filter(|header| header.status.is_ended());
            standing.push(match ended {
                None => Standing::Open,
                Some(header) if header.status.name() == StatusName::Succeeded => {
                    Standing::Ended(Ended { status: StatusName::Succeeded, is_final: false })
                }
                // An Express child has no journal to go on from: another execution takes its place.
                Some(header)
                    if of.distributed.is_express || self.is_redrivable(&header).await? =>
                {
                    Standing::Redrivable {
                        status: header.status.name(),
                        redrives: header.execution.redrives.count,
                    }
                }
                Some(header) => {
                    Standing::Ended(Ended { status: header.status.name(), is_final: true })
                }
            });
        }
        Ok(standing)
    }

    /// The children of a chunk in order; nothing for one that was not started.
    pub(super) async fn children_of(
        &self,
        of: InRun<'_>,
        chunk: u32,
    ) -> Result<Vec<Option<Arc<Header>>>, Halt> {
        if of.distributed.is_express {
            return self.express_children(of, chunk).await;
        }
        let width = self.chunk(of.arn(), chunk).await?.children.len();
        let width = u32::try_from(width).unwrap_or(u32::MAX);
        let mut children = Vec::new();
        for start in (0..width).step_by(SPAWNS_AT_ONCE) {
            let end = width.min(start.saturating_add(u32::try_from(SPAWNS_AT_ONCE).unwrap_or(1)));
            let arns: Vec<_> = (start..end).map(|place| self.child_arn(of, chunk, place)).collect();
            let read = try_join_all(arns.iter().map(|arn| self.backend.header(arn))).await?;
            children.extend(read);
        }
        Ok(children)
    }

    /// Starts children, some at a time; those that had ended badly before a redrive go on. Those that run are left alone.
    pub(super) async fn start_children(
        &self,
        of: InRun<'_>,
        group: u32,
        lanes: &MapLanes,
        children: &[Running],
    ) -> Result<(), Halt> {
        some_at_once(children, |child| self.start_child(of, group, lanes, child)).await
    }

    async fn start_child(
        &self,
        of: InRun<'_>,
        group: u32,
        lanes: &MapLanes,
        child: Running,
    ) -> Result<(), Halt> {
        let Running(chunk, place, ..) = child;
        if let Some(again) = lanes.again(chunk, place) {
            return self.redrive_again(of, group, again).await;
        }
        let arn = self.child_arn(of, chunk, place);
        let header = self.child_header(of, &arn, (group, chunk, place)).await?;
        match self.backend.create(&header).await? {
            Created::New => self.begin_child_execution(header).await,
            Created::Exists(there) if there.status.is_ended() => {
                Ok(self.backend.send(of.fills(&[group])).await?)
            }
            Created::Exists(there) => self.revive(*there).await,
        }
    }

    /// Has a child go on that had ended badly. One that cannot any more is counted by whoever looks at the group.
    async fn redrive_again(&self, of: InRun<'_>, group: u32, again: &Again) -> Result<(), Halt> {
        let arn = self.child_arn(of, again.chunk, again.place);
        let token = map_redrive_token(of.facts.redrives, group);
        if !Box::pin(self.redrive_child(&arn, &token, again.redrives)).await? {
            self.backend.send(of.fills(&[group])).await?;
        }
        Ok(())
    }

    /// Sees to children that were put on lanes before: whoever did so may have died before it started them.
    pub(super) async fn revive_children(
        &self,
        of: InRun<'_>,
        group: u32,
        lanes: &MapLanes,
        children: &[Running],
    ) -> Result<(), Halt> {
        some_at_once(children, async |child| {
            let header = self.backend.header(&self.child_arn(of, child.0, child.1)).await?;
            match header {
                Some(header) if lanes.again(child.0, child.1).is_none() => {
                    self.revive(Header::clone(&header)).await
                }
                Some(_) | None => self.start_child(of, group, lanes, child).await,
            }
        })
        .await
    }

    /// Has a child begin that was made and may not have begun.
    async fn revive(&self, header: Header) -> Result<(), Halt> {
        let newest = self.backend.newest(&header.arn(), &ScopePath::top()).await?;
        match newest {
            Some(newest) if newest.record.sequence > Sequence::FIRST => Ok(()),
            Some(_) | None if header.status.is_ended() => Ok(()),
            Some(_) | None => self.begin_child_execution(header).await,
        }
    }

    async fn begin_child_execution(&self, header: Header) -> Result<(), Halt> {
        let run = self.run(Arc::new(header)).await?;
        self.begin(&run).await.map(drop)
    }

    /// The header of a child that begins now. Its input is read from the manifest.
    pub(super) async fn child_header(
        &self,
        of: InRun<'_>,
        arn: &ExecutionArn,
        (group, chunk, place): (u32, u32, u32),
    ) -> Result<Header, Halt> {
        let read = self.chunk(of.arn(), chunk).await?;
        let child = read.children.get(place as usize).ok_or_else(|| {
            Halt::Broken(format!("chunk {chunk} of `{}` has no child {place}", of.arn()))
        })?;
        let input = Payload::kept(child.input.get()).map_err(|error| Halt::broken(&error))?;
        let (machine, parent) = (of.machine(), of.run.execution());
        let machine_name = machine.as_str().rsplit(':').next().unwrap_or_default().into();
        let execution = Execution {
            arn: arn.as_str().into(),
            name: arn.name().into(),
            role_arn: parent.role_arn.clone(),
            started: self.backend.now(),
            input,
            machine_arn: machine.as_str().into(),
            machine_name,
            start: of.map.processor,
            region: parent.region.clone(),
            redrives: baton_engine::Redrives::default(),
            payload_bytes_max: parent.payload_bytes_max,
        };
        Ok(Header {
            execution,
            machine,
            version_arn: of.run.header.version_arn.clone(),
            alias_arn: of.run.header.alias_arn.clone(),
            revision: of.run.header.revision.clone(),
            trace_header: of.run.header.trace_header.clone(),
            depth: of.run.header.depth,
            redrive_tokens: Vec::new(),
            timeout_secs: None,
            logging: of.run.header.logging.clone(),
            parent: Some(Parent::MapRun(MapRunChild {
                execution: of.run.arn.clone(),
                scope: of.record.scope.clone(),
                sequence: of.record.sequence,
                map_run_arn: of.facts.arn.clone(),
                group,
                chunk,
                place,
            })),
            status: Status::Running,
            closed: BTreeSet::new(),
        })
    }

    /// Stops the children of a closed group, and has it look at their ends. One that was never started is made and
    /// stopped, so that whoever is about to start it finds it ended; one that was to go on goes on and is stopped, so
    /// that whoever is about to redrive it finds that done.
    pub(super) async fn stop_children(
        &self,
        of: InRun<'_>,
        group: u32,
        lanes: &MapLanes,
    ) -> Result<(), Halt> {
        some_at_once(&lanes.running, |child| self.stop_child(of, group, lanes, child)).await?;
        if lanes.running.is_empty() {
            return Ok(());
        }
        Ok(self.backend.send(of.fills(&[group])).await?)
    }

    async fn stop_child(
        &self,
        of: InRun<'_>,
        group: u32,
        lanes: &MapLanes,
        child: Running,
    ) -> Result<(), Halt> {
        let Running(chunk, place, ..) = child;
        if let Some(again) = lanes.again(chunk, place) {
            self.redrive_again(of, group, again).await?;
        }
        let arn = self.child_arn(of, chunk, place);
        for _ in 0..RACES_MAX {
            return match Box::pin(self.stop(&arn, ErrorDetail::default())).await {
                Ok(_) => Ok(()),
                Err(StopError::NoSuchExecution) => {
                    let header = self.child_header(of, &arn, (group, chunk, place)).await?;
                    self.backend.create(&header).await?;
                    continue;
                }
                Err(StopError::Later(error)) => Err(error.into()),
            };
        }
        Err(TakeError::Contended { tries: RACES_MAX }.into())
    }
}

/// Does something for each of these children, for some of them at a time.
async fn some_at_once<F>(children: &[Running], act: impl Fn(Running) -> F) -> Result<(), Halt>
where
    F: Future<Output = Result<(), Halt>>,
{
    for some in children.chunks(SPAWNS_AT_ONCE) {
        try_join_all(some.iter().map(|child| act(*child))).await?;
    }
    Ok(())
}

//! Children: their headers, their start, their end.

use super::InRun;
use crate::driver::Driver;
use crate::error::{Halt, TakeError};
use crate::limits::{RACES_MAX, SPAWNS_AT_ONCE};
use crate::stop::StopError;
use crate::tasks::Tasks;
use baton_engine::{ErrorDetail, Execution, Payload, ScopePath, Sequence};
use baton_store::documents::{self, MapChunk, Running, map_child_arn, map_key};
use baton_store::{
    Backend, Created, ExecutionArn, Header, MapRunChild, Parent, Status, StatusName,
};
use futures_util::future::try_join_all;
use std::collections::BTreeSet;
use std::sync::Arc;

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

    /// How a child has ended, if it has.
    pub(super) async fn child_end(
        &self,
        of: InRun<'_>,
        chunk: u32,
        place: u32,
    ) -> Result<Option<StatusName>, Halt> {
        let header = self.backend.header(&self.child_arn(of, chunk, place)).await?;
        Ok(header.filter(|header| header.status.is_ended()).map(|header| header.status.name()))
    }

    /// Starts children, some at a time. Those that exist are left alone.
    pub(super) async fn start_children(
        &self,
        of: InRun<'_>,
        group: u32,
        children: &[Running],
    ) -> Result<(), Halt> {
        for some in children.chunks(SPAWNS_AT_ONCE) {
            try_join_all(some.iter().map(|child| self.start_child(of, group, *child))).await?;
        }
        Ok(())
    }

    async fn start_child(&self, of: InRun<'_>, group: u32, child: Running) -> Result<(), Halt> {
        let Running(chunk, place, ..) = child;
        let header = self.child_header(of, group, chunk, place).await?;
        match self.backend.create(&header).await? {
            Created::New => self.begin_child_execution(header).await,
            Created::Exists(there) => self.revive(*there).await,
        }
    }

    /// Sees to children that were put on lanes before: whoever did so may have died before it started them.
    pub(super) async fn revive_children(
        &self,
        of: InRun<'_>,
        group: u32,
        children: &[Running],
    ) -> Result<(), Halt> {
        for some in children.chunks(SPAWNS_AT_ONCE) {
            let each = some.iter().map(async |child| {
                let header = self.backend.header(&self.child_arn(of, child.0, child.1)).await?;
                match header {
                    Some(header) => self.revive(Header::clone(&header)).await,
                    None => self.start_child(of, group, *child).await,
                }
            });
            try_join_all(each).await?;
        }
        Ok(())
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

    async fn child_header(
        &self,
        of: InRun<'_>,
        group: u32,
        chunk: u32,
        place: u32,
    ) -> Result<Header, Halt> {
        let read = self.chunk(of.arn(), chunk).await?;
        let input = read.children.get(place as usize).ok_or_else(|| {
            Halt::Broken(format!("chunk {chunk} of `{}` has no child {place}", of.arn()))
        })?;
        let input = Payload::kept(input.input.get()).map_err(|error| Halt::broken(&error))?;
        let (machine, parent) = (of.machine(), of.run.execution());
        let arn = self.child_arn(of, chunk, place);
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
    /// stopped, so that whoever is about to start it finds it ended.
    pub(super) async fn stop_children(
        &self,
        of: InRun<'_>,
        group: u32,
        children: &[Running],
    ) -> Result<(), Halt> {
        for some in children.chunks(SPAWNS_AT_ONCE) {
            try_join_all(some.iter().map(|child| self.stop_child(of, group, *child))).await?;
        }
        if children.is_empty() {
            return Ok(());
        }
        Ok(self.backend.send(of.fills(&[group])).await?)
    }

    async fn stop_child(&self, of: InRun<'_>, group: u32, child: Running) -> Result<(), Halt> {
        let Running(chunk, place, ..) = child;
        let arn = self.child_arn(of, chunk, place);
        for _ in 0..RACES_MAX {
            return match Box::pin(self.stop(&arn, ErrorDetail::default())).await {
                Ok(_) => Ok(()),
                Err(StopError::NoSuchExecution) => {
                    let header = self.child_header(of, group, chunk, place).await?;
                    self.backend.create(&header).await?;
                    continue;
                }
                Err(StopError::Later(error)) => Err(error.into()),
            };
        }
        Err(TakeError::Contended { tries: RACES_MAX }.into())
    }
}

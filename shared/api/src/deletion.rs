//! Deleting a state machine: marked first, then its executions are stopped, then what belongs to it goes, and it last.
//!
//! Each step may be done again, and whoever meets a machine that is being deleted goes on with it. So a deletion that was cut
//! short, or has more executions to stop than one request may, ends all the same.

use crate::{Api, ApiError, limits, revision};
use baton_driver::{StopError, Tasks};
use baton_engine::ErrorDetail;
use baton_store::documents::{self, Alias, Publication, Tags, Version};
use baton_store::{Backend, ExecutionQuery, Machine, MachineArn, MachineKind, StatusName};

impl<B: Backend, T: Tasks> Api<B, T> {
    /// Deletes a machine, as far as one request goes.
    pub(crate) async fn delete(&self, arn: &MachineArn) -> Result<(), ApiError> {
        for _ in 0..limits::UPDATE_RACES_MAX {
            let Some(machine) = self.backend().machine(arn).await? else { return Ok(()) };
            let marked = Machine { is_deleting: true, ..machine.clone() };
            let expected = &machine.revision.id;
            if machine.is_deleting || self.backend().update_machine(&marked, expected).await? {
                return self.go_on_deleting(&machine).await.map(drop);
            }
        }
        Err(ApiError::contended(arn.as_str()))
    }

    /// Goes on with the deletion of a machine that is marked. Answers whether it is gone.
    pub(crate) async fn go_on_deleting(&self, machine: &Machine) -> Result<bool, ApiError> {
        if machine.kind == MachineKind::Standard && !self.stop_all(machine).await? {
            return Ok(false);
        }
        let (backend, group) = (self.backend(), machine.arn.as_str());
        documents::clear::<Alias>(backend, group).await?;
        documents::clear::<Version>(backend, group).await?;
        documents::clear::<Publication>(backend, group).await?;
        documents::clear::<Tags>(backend, group).await?;
        backend.delete_machine(&machine.arn).await?;
        Ok(true)
    }

    /// Stops a machine's executions. Answers whether none runs any more.
    async fn stop_all(&self, machine: &Machine) -> Result<bool, ApiError> {
        let query = ExecutionQuery {
            machine: machine.arn.clone(),
            status: Some(StatusName::Running),
            items_max: limits::SCAN_PAGE_ITEMS,
        };
        let (mut stopped, mut from) = (0_usize, None);
        loop {
            let page = self.backend().executions(&query, from.as_deref()).await?;
            for header in page.items.iter().filter(|header| revision::is_of(machine, header)) {
                match self.driver.stop(&header.arn(), ErrorDetail::default()).await {
                    Ok(_) | Err(StopError::NoSuchExecution) => {}
                    Err(StopError::Later(error)) => return Err(ApiError::unavailable(&error)),
                }
            }
            stopped = stopped.saturating_add(page.items.len());
            from = page.next;
            if from.is_none() || stopped >= limits::STOPS_MAX {
                return Ok(from.is_none());
            }
        }
    }
}

//! Starting an execution.

use crate::driver::Driver;
use crate::error::Halt;
use crate::tasks::Tasks;
use baton_engine::{ScopePath, Sequence};
use baton_store::{Backend, Created, Header, StoreError};
use std::sync::Arc;

impl<B: Backend, T: Tasks> Driver<B, T> {
    /// Writes a header and lets its execution begin, unless there is one under its ARN: that is answered unchanged.
    ///
    /// Once the header is written the execution is accepted; whatever goes wrong after that, the spare cue mends.
    ///
    /// # Errors
    ///
    /// [`StoreError`] if it is not known whether the execution was accepted. Starting it again is safe.
    pub async fn start(&self, header: &Header) -> Result<Created, StoreError> {
        let arn = header.arn();
        self.send_spare(&arn, &ScopePath::top(), Sequence::FIRST).await?;
        let created = self.backend.create(header).await?;
        if matches!(created, Created::New)
            && let Err(error) = self.begin_started(Arc::new(header.clone())).await
        {
            tracing::warn!(%arn, ?error, "the execution begins with its spare cue");
        }
        Ok(created)
    }

    async fn begin_started(&self, header: Arc<Header>) -> Result<(), Halt> {
        let run = self.run(header).await?;
        self.begin(&run).await.map(drop)
    }
}

//! The AWS backend, over an AWS in memory or over DynamoDB itself.

use crate::home::Home;
use baton_aws::Aws;
use baton_engine::{ScopePath, Sequence};
use baton_store::{Cues, ExecutionArn, Journal, Outgoing, StoreError, open_scopes, pending_cues};
use baton_tests::cloud;
use std::collections::BTreeMap;
use std::sync::Arc;

pub struct CloudHome(pub cloud::CloudHome);

impl Home for CloudHome {
    type Backend = Aws;
    const REFUSES_GAPS: bool = false;

    fn new() -> Self {
        CloudHome(cloud::CloudHome::default())
    }

    fn backend(&self) -> Arc<Aws> {
        self.0.backend.clone()
    }

    async fn next_cue(&self) -> Outgoing {
        self.0.next_cue().await
    }

    fn has_no_cue(&self) -> bool {
        self.0.has_no_cue()
    }

    /// All that is written is durable; the queues are lost, and derived from the journals.
    async fn crash(&self) {
        self.0.cloud.lose_messages(&[cloud::CUE_QUEUE, cloud::TASK_QUEUE]);
        for arn in self.0.executions().await {
            let cues = derived(&self.0.backend, &arn).await.expect("it can be read");
            self.0.backend.send(cues).await.expect("cues are accepted");
        }
    }
}

async fn derived(backend: &Aws, arn: &ExecutionArn) -> Result<Vec<Outgoing>, StoreError> {
    let Some(header) = backend.header(arn).await? else { return Ok(Vec::new()) };
    let mut newest = BTreeMap::new();
    let mut from = None;
    loop {
        let page = backend.records(arn, from.as_deref()).await?;
        for marked in page.items {
            newest.insert(marked.record.scope.clone(), marked.record);
        }
        from = page.next;
        if from.is_none() {
            break;
        }
    }
    let numbers: BTreeMap<ScopePath, Sequence> =
        newest.iter().map(|(scope, record)| (scope.clone(), record.sequence)).collect();
    let open = open_scopes(&numbers, &header.closed).map(|(scope, _)| &*newest[scope]);
    Ok(pending_cues(&header, open))
}

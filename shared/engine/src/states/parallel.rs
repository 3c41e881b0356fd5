//! Parallel: its beginning. Joins and failures of children are one with Map's, in the parent module.

use crate::event::{EventDetail, Link};
use crate::fault::Fault;
use crate::flow;
use crate::record::{Fork, Pending};
use crate::step::{Step, Visited};
use baton_asl::states::Parallel;

pub(crate) fn begin(
    step: &mut Step<'_>,
    at: Visited<'_>,
    parallel: &Parallel,
    link: Link,
) -> Result<Pending, Fault> {
    let input = flow::arguments(step, at, None)?;
    step.push_linked(link, EventDetail::ParallelStateStarted);
    let width = u32::try_from(parallel.branches.len()).unwrap_or(u32::MAX);
    Ok(Pending::Fork(Fork { width, concurrency: width, input, resumes: None }))
}

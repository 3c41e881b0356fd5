//! Reads what Distributed Maps work on, runs their Express children, and writes their results: for a limited time each,
//! then another cue goes on.

use aws_lambda_events::event::sqs::SqsEvent;
use baton_lambda::{Function, Queue};
use lambda_runtime::{Error, LambdaEvent, run, service_fn};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    baton_lambda::init_tracing();
    let function = Function::start().await?;
    run(service_fn(async |event: LambdaEvent<SqsEvent>| {
        function.begin(event.context.deadline);
        Ok::<_, Error>(function.take_each(Queue::Maps, event.payload).await)
    }))
    .await
}

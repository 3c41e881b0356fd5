//! Turns timers that are nearly due into delayed cues, every few minutes.

use baton_lambda::Sweeper;
use lambda_runtime::{Error, LambdaEvent, run, service_fn};
use serde_json::Value;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    baton_lambda::init_tracing();
    let sweeper = Sweeper::start().await?;
    run(service_fn(async |event: LambdaEvent<Value>| {
        Ok::<_, Error>(sweeper.sweep(event.context.deadline).await?)
    }))
    .await
}

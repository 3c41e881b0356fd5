//! Hears events that tell ends of jobs, and has whoever waits ask.

use baton_lambda::Listener;
use lambda_runtime::{Error, LambdaEvent, run, service_fn};
use serde_json::Value;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    baton_lambda::init_tracing();
    let listener = Listener::start().await?;
    run(service_fn(async |event: LambdaEvent<Value>| {
        Ok::<_, Error>(listener.hear(&event.payload).await?)
    }))
    .await
}

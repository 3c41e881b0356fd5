//! Answers the Step Functions API, and starts executions for events.

use baton_lambda::{Access, Function};
use lambda_runtime::{Error, LambdaEvent, run, service_fn};
use serde_json::value::RawValue;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    baton_lambda::init_tracing();
    let function = Function::start().await?;
    run(service_fn(async |event: LambdaEvent<Box<RawValue>>| {
        function.begin(event.context.deadline);
        let access = Access::of_function(&event.context.invoked_function_arn);
        Ok::<_, Error>(function.answer(&event.payload, access).await?)
    }))
    .await
}

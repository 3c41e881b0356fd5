//! A queue that was lost as a whole.

use crate::{ask, chain, describe, stack, task};
use baton_lambda::Queue;
use baton_tests::cloud::{CUE_QUEUE, TASK_QUEUE};
use serde_json::json;

#[tokio::test]
async fn executions_whose_cues_were_lost_go_on() {
    let mut stack = stack().await;
    let steps =
        [json!({"Type": "Pass"}), task("f"), json!({"Type": "Wait", "Seconds": 30}), task("g")];
    let machine = stack.create("steps", &chain(&steps)).await;
    let waiting =
        stack.create("waiting", &chain(&[ask(&json!({"token.$": "$$.Task.Token"}))])).await;
    let mut executions = Vec::new();
    for at in 0..7 {
        executions.push(stack.start(&machine, &format!("n{at}"), &json!({"at": at})).await);
        // Each is left at another place.
        for _ in 0..at {
            stack.deliver(Queue::Cues).await;
            stack.deliver(Queue::Tasks).await;
        }
    }
    let asked = stack.start(&waiting, "asked", &json!({})).await;
    for _ in 0..2 {
        stack.deliver(Queue::Cues).await;
        stack.deliver(Queue::Tasks).await;
    }
    stack.cloud.lose_messages(&[CUE_QUEUE, TASK_QUEUE]);
    let later = stack.cloud.now().as_millisecond() + 7_200_000;
    stack.cloud.set_now(later);

    let look = stack.invoke(&json!({"doctor": {}})).await.unwrap();
    let stuck = look["stuck"].as_array().unwrap();
    assert!(!stuck.is_empty() && look["cuesSent"] == 0 && look["next"].is_null(), "{look}");
    assert!(stuck.iter().all(|it| it["execution"] != asked.as_str()), "who is asked may take long");
    stack.run().await;
    for sick in stuck {
        let execution = sick["execution"].as_str().unwrap();
        assert_eq!(describe(&mut stack, execution).await["status"], "RUNNING");
    }

    let repair = stack.invoke(&json!({"doctor": {"repair": true}})).await.unwrap();
    assert_eq!(repair["stuck"].as_array().unwrap().len(), stuck.len());
    stack.run().await;
    for execution in &executions {
        assert_eq!(describe(&mut stack, execution).await["status"], "SUCCEEDED", "{execution}");
    }
    let again = stack.invoke(&json!({"doctor": {}})).await.unwrap();
    assert_eq!((&again["running"], again["stuck"].as_array().unwrap().len()), (&json!(1), 0));
}

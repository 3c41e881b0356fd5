//! Records of a newer version, met by an older one: after a rollback.

use crate::{chain, describe, stack};
use baton_tests::cloud::{CUE_QUEUE, KEPT_QUEUE, base64, unbase64};
use serde_json::{Value, json};

#[tokio::test]
async fn what_a_newer_version_wrote_waits_for_it() {
    check_newer(|_| r#"{"v":9,"d":{"what":"ever"}}"#.to_owned()).await;
}

#[tokio::test]
async fn a_record_that_waits_for_something_newer_waits_for_who_knows_it() {
    check_newer(|doc| {
        let newer = doc.replace("\"until\"", "\"until-someday\"");
        assert_ne!(doc, newer);
        newer
    })
    .await;
}

/// `newer` makes of a record's text one that a newer version wrote.
async fn check_newer(newer: impl Fn(&str) -> String) {
    let mut stack = stack().await;
    let states =
        [json!({"Type": "Pass"}), json!({"Type": "Wait", "Seconds": 5}), json!({"Type": "Pass"})];
    let machine = stack.create("m", &chain(&states)).await;
    let execution = stack.start(&machine, "n", &json!({})).await;
    let other = stack.start(&machine, "other", &json!({})).await;
    let until = stack.cloud.now().as_millisecond() + 1_000;
    stack.run_until(until).await;
    // The newest record of one of them was written by a newer version.
    let mut newest = record(&stack, &execution);
    let written = newest.clone();
    let doc = unbase64(newest["doc"]["B"].as_str().unwrap());
    let doc = newer(std::str::from_utf8(&doc).expect("so small a text is not compressed"));
    newest["doc"] = json!({"B": base64(doc.as_bytes())});
    stack.cloud.put_row(newest.as_object().unwrap().clone());
    for _ in 0..50 {
        let until = stack.cloud.now().as_millisecond() + 60_000;
        stack.run_until(until).await;
    }
    assert_eq!(describe(&mut stack, &other).await["status"], "SUCCEEDED");
    assert_eq!(describe(&mut stack, &execution).await["status"], "RUNNING", "it was not ended");
    assert!(!stack.cloud.messages(CUE_QUEUE).is_empty(), "its cue keeps coming");
    // The newer version is back.
    stack.cloud.put_row(written.as_object().unwrap().clone());
    stack.run().await;
    assert_eq!(describe(&mut stack, &execution).await["status"], "SUCCEEDED");
}

#[tokio::test]
async fn cues_of_a_newer_version_are_kept_and_the_doctor_makes_up_for_them() {
    let mut stack = stack().await;
    let machine = stack.create("m", &chain(&[json!({"Type": "Pass"})])).await;
    let execution = stack.start(&machine, "n", &json!({})).await;
    stack.cloud.lose_messages(&[CUE_QUEUE]);
    stack.cloud.send(
        CUE_QUEUE,
        &format!(r#"{{"v":1,"d":{{"x":"{execution}","q":0,"g":"newer-signal"}}}}"#),
    );
    stack.run().await;
    assert_eq!(stack.cloud.messages(KEPT_QUEUE).len(), 1);
    assert_eq!(describe(&mut stack, &execution).await["status"], "RUNNING");
    stack.invoke(&json!({"doctor": {"repair": true}})).await.unwrap();
    stack.run().await;
    assert_eq!(describe(&mut stack, &execution).await["status"], "SUCCEEDED");
}

/// The row of an execution's newest record.
fn record(stack: &baton_tests::cloud::Stack, execution: &str) -> Value {
    let rows = stack.cloud.rows(&format!("x#{execution}"));
    let mut records: Vec<_> = rows
        .into_iter()
        .filter(|row| row["sk"]["S"].as_str().unwrap().starts_with("r#top#"))
        .collect();
    Value::Object(records.pop().expect("a record"))
}

//! Distributed Maps in AWS: the map function reads and writes users' objects, with the state machine's role.

use crate::{describe, stack};
use baton_tests::cloud::{Stack, Value};
use baton_tests::s3::{Asked, Fault};
use serde_json::json;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

/// A state machine over the rows of an object, whose results go to `out/`.
pub(crate) fn over(key: &str) -> Value {
    let child = json!({
        "ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"},
        "StartAt": "Pass", "States": {"Pass": {"Type": "Pass", "End": true}},
    });
    let map = json!({
        "Type": "Map", "End": true, "ItemProcessor": child,
        "ItemReader": {
            "Resource": "arn:aws:states:::s3:getObject",
            "ReaderConfig": {"InputType": "CSV", "CSVHeaderLocation": "FIRST_ROW"},
            "Parameters": {"Bucket": "data", "Key": key},
        },
        "ResultWriter": {
            "Resource": "arn:aws:states:::s3:putObject",
            "Parameters": {"Bucket": "data", "Prefix": "out"},
            "WriterConfig": {"Transformation": "COMPACT", "OutputType": "JSONL"},
        },
    });
    json!({"StartAt": "Map", "States": {"Map": map}})
}

/// Rows of so many bytes each.
fn rows(count: usize, bytes: usize) -> String {
    let row = |at| format!("{at},{}\n", "x".repeat(bytes));
    ["n,text\n".to_owned()].into_iter().chain((0..count).map(row)).collect()
}

/// Runs it to its end.
async fn end(stack: &mut Stack, definition: &Value) -> Value {
    let machine = stack.create("m", definition).await;
    let name = format!(
        "n{}",
        stack.cloud.now().as_millisecond() + i64::try_from(stack.deliveries).unwrap()
    );
    let execution = stack.start(&machine, &name, &json!({})).await;
    stack.run().await;
    describe(stack, &execution).await
}

/// The lines that were written, of one file.
fn lines(stack: &Stack) -> Vec<Value> {
    let keys = stack.s3.keys("data");
    let key = keys.iter().find(|key| key.contains("SUCCEEDED_0")).expect("a file of results");
    let text = stack.s3.text("data", key).expect("it is there");
    text.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect()
}

#[track_caller]
fn check_written(stack: &Stack, described: &Value, count: usize) {
    assert_eq!(described["status"], "SUCCEEDED", "{described}");
    let numbers: Vec<usize> = lines(stack)
        .iter()
        .map(|row| row["n"].as_str().expect("text").parse().expect("a number"))
        .collect();
    assert_eq!(numbers, (0..count).collect::<Vec<_>>());
    let output: Value = serde_json::from_str(described["output"].as_str().unwrap()).unwrap();
    let manifest = &output["ResultWriterDetails"]["Key"];
    let manifest = stack.s3.text("data", manifest.as_str().expect("a key")).expect("a manifest");
    let manifest: Value = serde_json::from_str(&manifest).unwrap();
    let [file] = manifest["ResultFiles"]["SUCCEEDED"].as_array().unwrap().as_slice() else {
        panic!("{manifest}")
    };
    let text = stack.s3.text("data", file["Key"].as_str().unwrap()).expect("the file");
    assert_eq!(file["Size"], text.len());
    assert_eq!(stack.s3.open_uploads(), 0);
}

#[tokio::test]
async fn rows_are_read_and_results_written_with_the_role_of_the_state_machine() {
    let mut stack = stack().await;
    stack.s3.put("data", "in.csv", rows(60, 10));
    let described = end(&mut stack, &over("in.csv")).await;
    check_written(&stack, &described, 60);
    let asked = stack.s3.asked();
    let credentials = |asked: &Asked| asked.headers["authorization"].contains("/us-east-1/s3/");
    assert!(asked.iter().all(credentials), "{asked:?}");
    let assumed: Vec<_> = stack.cloud.take_requests();
    let assumed = assumed.iter().filter(|request| request.operation == "AssumeRole");
    assert!(assumed.clone().all(|request| request.function == "map") && assumed.count() > 0);
}

#[tokio::test]
async fn what_passes_changes_nothing() {
    let mut stack = stack().await;
    stack.s3.put("data", "in.csv", rows(60, 150_000));
    let mut count = 0;
    stack.s3.disturb(move |asked| {
        // Nobody can know the name of an upload whose beginning was not answered.
        if asked.query.contains_key("uploads") {
            return None;
        }
        count += 1;
        match count % 12 {
            1 => Some(Fault::Refused(503, "SlowDown")),
            3 => Some(Fault::Cut),
            5 => Some(Fault::Silent),
            7 => Some(Fault::Html(502)),
            9 => Some(Fault::Unanswered),
            11 => Some(Fault::Short),
            _ => None,
        }
    });
    let described = end(&mut stack, &over("in.csv")).await;
    check_written(&stack, &described, 60);
}

#[tokio::test]
async fn what_takes_longer_than_a_cue_may_is_taken_up_where_it_was_left() {
    let mut stack = stack().await;
    stack.s3.put("data", "in.csv", rows(60, 150_000));
    let (cloud, reads) = (stack.cloud.clone(), Arc::new(AtomicU32::new(0)));
    let counted = reads.clone();
    stack.s3.disturb(move |asked| {
        counted.fetch_add(u32::from(asked.method == "GET"), Ordering::Relaxed);
        // A very slow line.
        cloud.set_now(cloud.now().as_millisecond() + 70_000);
        None
    });
    let described = end(&mut stack, &over("in.csv")).await;
    check_written(&stack, &described, 60);
    // 9 MB in pieces of 2 MiB; each time reading is taken up again some of them are read once more.
    assert!(reads.load(Ordering::Relaxed) < 25, "{reads:?} reads");
}

/// How it ends when every request that `is_bad` befalls this.
async fn check_failure(
    is_bad: impl Fn(&Asked) -> bool + Send + 'static,
    fault: Fault,
    error: &str,
    cause: &str,
) {
    let mut stack = stack().await;
    // More than one piece to be read, or more than one part to be written.
    let count = if error == READER { 16 } else { 60 };
    stack.s3.put("data", "in.csv", rows(count, 150_000));
    stack.s3.disturb(move |asked| is_bad(asked).then_some(fault));
    let described = end(&mut stack, &over("in.csv")).await;
    assert_eq!(described["status"], "FAILED", "{described}");
    assert_eq!(described["error"], error, "{fault:?}");
    let said = described["cause"].as_str().unwrap();
    assert!(said.contains(cause), "{fault:?}: {said}");
    assert_eq!(stack.s3.open_uploads(), 0, "{fault:?}");
    let execution = json!({"executionArn": described["executionArn"]});
    let runs = stack.ask("ListMapRuns", &execution).await.unwrap();
    let run = json!({"mapRunArn": runs["mapRuns"][0]["mapRunArn"]});
    let run = stack.ask("DescribeMapRun", &run).await.unwrap();
    assert_eq!(run["status"], "FAILED", "{run}");
    assert_eq!(run["executionCounts"]["running"], 0, "{run}");
}

const READER: &str = "States.ItemReaderFailed";
const WRITER: &str = "States.ResultWriterFailed";

fn is_read(asked: &Asked) -> bool {
    asked.method == "GET"
}

fn is_second_piece(asked: &Asked) -> bool {
    is_read(asked) && !asked.headers["range"].starts_with("bytes=0-")
}

fn is_part(asked: &Asked) -> bool {
    asked.query.get("partNumber").is_some_and(|part| part == "2") || asked.path.contains("FAILED")
}

#[tokio::test]
async fn what_s3_refuses_fails_the_run() {
    let denied = Fault::Refused(403, "AccessDenied");
    let said = "Access Denied (Service: Amazon S3; Status Code: 403; Error Code: AccessDenied; Request ID: R; S3 Extended Request ID: H; Proxy: null)";
    check_failure(is_read, denied, READER, said).await;
    check_failure(is_second_piece, denied, READER, said).await;
    check_failure(|asked| asked.method == "PUT", denied, WRITER, said).await;
    check_failure(is_part, denied, WRITER, said).await;
    let missing = Fault::Refused(404, "NoSuchBucket");
    check_failure(is_read, missing, READER, "The specified bucket does not exist (Service").await;
    let changed = Fault::Refused(412, "PreconditionFailed");
    let said = "The object has changed while it was being read.";
    check_failure(is_second_piece, changed, READER, said).await;
}

#[tokio::test]
async fn what_makes_no_sense_for_long_fails_the_run() {
    for (fault, cause) in [
        (Fault::Html(200), "The answer is not one of Amazon S3"),
        (Fault::Html(503), "The answer is not one of Amazon S3"),
        (Fault::Cut, "Unable to execute HTTP request"),
        (Fault::Short, "The answer is not one of Amazon S3"),
        (Fault::Silent, "Unable to execute HTTP request"),
        (Fault::Endless, "the response has more than"),
        (Fault::Refused(500, "InternalError"), "Error Code: InternalError"),
    ] {
        check_failure(is_second_piece, fault, READER, cause).await;
    }
    check_failure(is_part, Fault::Refused(503, "SlowDown"), WRITER, "SlowDown").await;
}

#[tokio::test]
async fn an_object_that_is_replaced_while_it_is_read_is_no_longer_read() {
    let mut stack = stack().await;
    stack.s3.put("data", "in.csv", rows(16, 150_000));
    let s3 = stack.s3.clone();
    let mut count = 0;
    stack.s3.disturb(move |_| {
        count += 1;
        if count == 2 {
            let s3 = s3.clone();
            // Who is asked holds the lock.
            std::thread::spawn(move || s3.put("data", "in.csv", rows(16, 150_000)));
        }
        (count == 2).then_some(Fault::Refused(503, "SlowDown"))
    });
    let described = end(&mut stack, &over("in.csv")).await;
    assert_eq!(described["error"], READER, "{described}");
    assert_eq!(described["cause"], "The object has changed while it was being read.");
}

#[tokio::test]
async fn a_missing_object_and_a_listing_of_pages() {
    let mut stack = stack().await;
    let described = end(&mut stack, &over("nowhere.csv")).await;
    assert_eq!(described["error"], READER);
    let cause = described["cause"].as_str().unwrap();
    assert!(cause.starts_with("The specified key does not exist. (Service: Amazon S3"), "{cause}");

    for number in 0..250 {
        stack.s3.put("data", &format!("many/{number:03} &ü"), "x");
    }
    let mut definition = over("");
    let map = &mut definition["States"]["Map"];
    map["ItemReader"] = json!({
        "Resource": "arn:aws:states:::s3:listObjectsV2",
        "Parameters": {"Bucket": "data", "Prefix": "many/"},
    });
    let machine = stack.create("list", &definition).await;
    let execution = stack.start(&machine, "n", &json!({})).await;
    stack.run().await;
    let described = describe(&mut stack, &execution).await;
    assert_eq!(described["status"], "SUCCEEDED", "{described}");
    let keys: Vec<String> =
        lines(&stack).iter().map(|row| row["Key"].as_str().unwrap().to_owned()).collect();
    let expected: Vec<String> = (0..250).map(|number| format!("many/{number:03} &ü")).collect();
    assert_eq!(keys, expected);
}

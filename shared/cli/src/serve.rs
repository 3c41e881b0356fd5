//! `baton serve`: the API until it is told to stop.

use crate::arguments::Serve;
use crate::complaint::Complaint;
use crate::environment::Environment;
use crate::home::{Extras, Home, Place};
use crate::signals::Signals;
use std::io::Write as _;
use std::sync::Arc;

/// Serves until a signal comes.
pub(crate) async fn serve(arguments: Serve, environment: Environment) -> Result<(), Complaint> {
    let extras = Extras { port: arguments.port, ..Extras::default() };
    let data = arguments.host.data.clone();
    let mut signals = Signals::listen()?;
    let home = Home::open(arguments.host, environment, extras).await?;
    let Place { account, region } = &home.place;
    say(&format!("Step Functions API at {} (account {account}, {region})", home.endpoint));
    match data {
        Some(data) => say(&format!("Everything is kept in {}.", data.display())),
        None => say("Nothing is kept once this ends; name a file with --data to keep it."),
    }
    let backend = Arc::clone(&home.backend);
    let mut machinery = home.build(backend);
    machinery.start();
    signals.next().await;
    say("Stopping: no more requests, what is under way ends first. Once more stops at once.");
    tokio::select! {
        closed = machinery.close() => closed,
        () = signals.next() => Err(Complaint("stopped at once; what was answered is kept".into())),
    }
}

fn say(text: &str) {
    // Without a stderr nobody is there to be told.
    let _ = writeln!(std::io::stderr(), "{text}");
}

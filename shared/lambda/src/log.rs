//! Logs: one JSON object a line, as CloudWatch Logs reads them.

use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::format::FmtSpan;

/// Sets up the process's log. The level is the function's, as Lambda hands it on; payloads appear at `debug` at most.
pub fn init_tracing() {
    #[expect(clippy::disallowed_methods, reason = "before there is a configuration")]
    let level = std::env::var("AWS_LAMBDA_LOG_LEVEL").unwrap_or_else(|_| "info".to_owned());
    // The libraries below talk a lot.
    let quiet = if level.eq_ignore_ascii_case("trace") { "" } else { ",hyper=warn,aws=warn" };
    let filter = EnvFilter::try_new(format!("{level}{quiet}")).unwrap_or_default();
    tracing_subscriber::fmt()
        .json()
        .flatten_event(true)
        .with_current_span(true)
        .with_span_list(false)
        .with_span_events(FmtSpan::NONE)
        .with_env_filter(filter)
        .init();
}

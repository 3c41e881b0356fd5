//! Logs: one JSON object a line, as CloudWatch Logs reads them.

use tracing::Subscriber;
use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::fmt::format::FmtSpan;
use tracing_subscriber::util::SubscriberInitExt as _;

/// Sets up the process's log. The level is the function's, as Lambda hands it on; payloads appear at no level.
pub fn init_tracing() {
    #[expect(clippy::disallowed_methods, reason = "before there is a configuration")]
    let level = std::env::var("AWS_LAMBDA_LOG_LEVEL").unwrap_or_else(|_| "info".to_owned());
    subscriber(&level, std::io::stdout).init();
}

/// What writes the log of this level.
pub fn subscriber<W>(level: &str, writer: W) -> impl Subscriber + Send + Sync
where
    W: for<'a> MakeWriter<'a> + Send + Sync + 'static,
{
    // The libraries below show whole requests at their finer levels, payloads, tokens and all.
    let filter = format!(
        "{level},hyper=warn,hyper_util=warn,h2=warn,rustls=warn,aws=warn,lambda_runtime=info"
    );
    tracing_subscriber::fmt()
        .json()
        .flatten_event(true)
        .with_current_span(true)
        .with_span_list(false)
        .with_span_events(FmtSpan::NONE)
        .with_env_filter(EnvFilter::try_new(filter).unwrap_or_default())
        .with_writer(writer)
        .finish()
}

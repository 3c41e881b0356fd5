//! What the functions log, kept instead of printed.

use std::io::Write;
use std::sync::{Arc, Mutex, PoisonError};
use tracing_subscriber::fmt::MakeWriter;

/// The log. A clone is the same.
#[derive(Debug, Clone, Default)]
pub struct Log(Arc<Mutex<Vec<u8>>>);

impl Log {
    /// Collects what is logged at a level, in this thread and as long as the answer lives.
    #[must_use]
    pub fn collect(&self, level: &str) -> tracing::subscriber::DefaultGuard {
        tracing::subscriber::set_default(baton_lambda::subscriber(level, self.clone()))
    }

    /// Collects what is logged at a level in the whole process, from now on.
    pub fn collect_all(&self, level: &str) {
        let subscriber = baton_lambda::subscriber(level, self.clone());
        tracing::subscriber::set_global_default(subscriber).expect("nobody collects yet");
    }

    /// What was logged since the last time.
    pub fn take(&self) -> String {
        let bytes = std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner));
        String::from_utf8(bytes).expect("text")
    }
}

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Log {
    type Writer = Log;

    fn make_writer(&'a self) -> Log {
        self.clone()
    }
}

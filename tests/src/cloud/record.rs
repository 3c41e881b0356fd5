//! What was asked of AWS.

use baton_cost::Usage;

/// A request, with what it is billed as.
#[derive(Debug, Clone, Default)]
pub struct Request {
    /// The function that made it.
    pub function: String,
    pub service: &'static str,
    pub operation: String,
    /// The partition key, queue or object it is about; the last of several.
    pub key: String,
    pub items: usize,
    pub bytes: usize,
    pub usage: Usage,
    /// The request as it was sent, for whoever looks for what must not be there.
    pub body: String,
}

impl Request {
    pub fn count_read(&mut self, bytes: usize, units: f64) {
        self.items += 1;
        self.bytes += bytes;
        self.usage.read_units += units;
    }

    pub fn count_write(&mut self, bytes: usize, units: f64) {
        self.items += 1;
        self.bytes += bytes;
        self.usage.write_units += units;
    }
}

//! A count of billed units, and its price.

use crate::prices;
use std::ops::{Add, AddAssign, Mul, Sub};

/// Billed units. Counts are floats, as a share of a batch is a count too.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Usage {
    /// DynamoDB's write request units.
    pub write_units: f64,
    /// DynamoDB's read request units.
    pub read_units: f64,
    /// Requests to SQS, in chunks of 64 KB, those of Lambda's pollers included.
    pub sqs_requests: f64,
    /// Lambda's invocations.
    pub invocations: f64,
    /// Lambda's GB-seconds.
    pub gb_seconds: f64,
    /// S3's PUT requests.
    pub s3_puts: f64,
    /// S3's GET requests.
    pub s3_gets: f64,
    /// Bytes logged.
    pub log_bytes: f64,
}

/// One kind of unit: its name, how many, what they cost in dollars.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Line {
    /// The unit.
    pub name: &'static str,
    /// How many.
    pub count: f64,
    /// Their price.
    pub dollars: f64,
}

impl Usage {
    /// Each kind of unit with its price.
    #[must_use]
    pub fn lines(&self) -> [Line; 8] {
        let million =
            |name, count: f64, price: f64| Line { name, count, dollars: count * price / 1e6 };
        [
            million("write units", self.write_units, prices::WRITE_UNITS_MILLION),
            million("read units", self.read_units, prices::READ_UNITS_MILLION),
            million("SQS requests", self.sqs_requests, prices::SQS_REQUESTS_MILLION),
            million("invocations", self.invocations, prices::INVOCATIONS_MILLION),
            million("GB-seconds", self.gb_seconds, prices::GB_SECONDS_MILLION),
            million("S3 PUTs", self.s3_puts, prices::S3_PUTS_MILLION),
            million("S3 GETs", self.s3_gets, prices::S3_GETS_MILLION),
            million("log bytes", self.log_bytes, prices::LOG_GB / 1000.0),
        ]
    }

    /// What it costs, in dollars.
    #[must_use]
    pub fn dollars(&self) -> f64 {
        self.lines().iter().map(|line| line.dollars).sum()
    }

    /// Both, part by part.
    fn with(self, other: Self, join: impl Fn(f64, f64) -> f64) -> Self {
        Usage {
            write_units: join(self.write_units, other.write_units),
            read_units: join(self.read_units, other.read_units),
            sqs_requests: join(self.sqs_requests, other.sqs_requests),
            invocations: join(self.invocations, other.invocations),
            gb_seconds: join(self.gb_seconds, other.gb_seconds),
            s3_puts: join(self.s3_puts, other.s3_puts),
            s3_gets: join(self.s3_gets, other.s3_gets),
            log_bytes: join(self.log_bytes, other.log_bytes),
        }
    }
}

impl Add for Usage {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        self.with(other, |a, b| a + b)
    }
}

impl AddAssign for Usage {
    fn add_assign(&mut self, other: Self) {
        *self = *self + other;
    }
}

impl Sub for Usage {
    type Output = Self;

    fn sub(self, other: Self) -> Self {
        self.with(other, |a, b| a - b)
    }
}

impl Mul<f64> for Usage {
    type Output = Self;

    fn mul(self, factor: f64) -> Self {
        self.with(self, |a, _| a * factor)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_worked_example_comes_to_its_price() {
        // Two write units, three tenths of an SQS request, a tenth of an invocation of 20 ms at 256 MB.
        let one = Usage {
            write_units: 2.0,
            sqs_requests: 0.3,
            invocations: 0.1,
            gb_seconds: 0.005,
            ..Usage::default()
        };
        let million = one * 1e6;
        assert!((million.dollars() - 1.457).abs() < 0.001, "{}", million.dollars());
        assert!(((million + million).dollars() - 2.0 * million.dollars()).abs() < 1e-9);
        assert!((million - million).dollars().abs() < 1e-9);
    }
}

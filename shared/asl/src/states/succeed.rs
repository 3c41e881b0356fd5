//! Succeed.

/// `Succeed`: ends its block with its output.
#[derive(Debug)]
pub struct Succeed;

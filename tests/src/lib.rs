//! Shared by the test targets: Baton's real binaries, a server that runs from them, a client for it, and AWS in memory.

pub mod binaries;
pub mod client;
pub mod cloud;
pub mod history;
pub mod python;
pub mod s3;
pub mod server;

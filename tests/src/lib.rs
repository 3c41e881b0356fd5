//! Shared by the test targets: Baton's real binaries, a server that runs from them, and a client for it.

pub mod binaries;
pub mod client;
pub mod history;
pub mod server;

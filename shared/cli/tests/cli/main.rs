//! The `baton` binary, as people and programs use it.

#![cfg(test)]

mod client;
mod connect;
mod place;
mod run;
mod serve;
mod skip;

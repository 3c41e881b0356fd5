//! The `baton` binary, as people and programs use it.

#![cfg(test)]

mod client;
mod config;
mod connect;
mod place;
mod run;
mod serve;
mod skip;

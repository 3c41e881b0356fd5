//! The `baton` binary, as people and programs use it.

#![cfg(test)]

mod order;
mod place;
mod run;
mod serve;

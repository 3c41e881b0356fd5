//! The protocol, cue by cue, over the backend in memory.

mod answers;
mod calls;
mod definitions;
mod doctor;
mod express;
mod forks;
mod jobs;
mod map_express;
mod map_redrives;
mod map_results;
#[cfg(feature = "parquet")]
mod map_rows;
mod map_runs;
mod outside;
mod redrives;
mod runner;
mod support;
mod table;
mod transitions;
mod weather;

//! One contract suite for every backend: what the traits of `baton-store` promise, asked of each.
//!
//! A backend joins by implementing [`Home`] and naming itself in [`contract!`]. DynamoDB itself has a target of its own, `dynamo`.

mod claims;
mod cloud;
mod crashes;
mod cues;
mod documents;
mod files;
mod home;
mod joins;
mod journal;
mod lists;
mod machines;
mod payloads;
mod promises;
mod samples;
mod transitions;

use cloud::CloudHome;
use home::{EmbeddedHome, Home, MemoryHome};

/// Makes a test of every promise for every backend.
macro_rules! contract {
    ($($module:ident { $($promise:ident)* })*) => {
        contract! { @backend memory MemoryHome $($module { $($promise)* })* }
        contract! { @backend embedded EmbeddedHome $($module { $($promise)* })* }
        contract! { @backend aws CloudHome $($module { $($promise)* })* }
    };
    (@backend $backend:ident $home:ident $($module:ident { $($promise:ident)* })*) => {
        mod $backend {
            $(mod $module {
                $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                async fn $promise() {
                    let home = <crate::$home as crate::Home>::new();
                    crate::$module::$promise(&home).await;
                })*
            })*
        }
    };
}

promises::each!(contract);

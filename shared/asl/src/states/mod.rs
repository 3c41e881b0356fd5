//! One module a state type: its fields and their validation.

mod choice;
mod fail;
mod map;
mod parallel;
mod pass;
mod succeed;
mod task;
mod wait;

pub(crate) use choice::is_json_path_rule_field;
pub use choice::{Choice, Comparison, Condition, Operand, Relation, Rule, StringPattern, Test};
pub use fail::Fail;
pub use map::{
    Distributed, ItemBatcher, ItemReader, Items, Map, ReaderAction, ResultWriter, Transformation,
};
pub use parallel::Parallel;
pub use pass::Pass;
pub use succeed::Succeed;
pub use task::{Credentials, Task};
pub use wait::{Wait, WaitFor};

/// What a state does, by `Type`.
#[derive(Debug)]
pub enum StateKind {
    /// `Task`: work outside.
    Task(Task),
    /// `Pass`: data only.
    Pass(Pass),
    /// `Choice`: the first rule that holds.
    Choice(Choice),
    /// `Wait`: until a time.
    Wait(Wait),
    /// `Succeed`: ends its block.
    Succeed(Succeed),
    /// `Fail`: ends its block with an error.
    Fail(Fail),
    /// `Parallel`: branches.
    Parallel(Parallel),
    /// `Map`: iterations.
    Map(Map),
}

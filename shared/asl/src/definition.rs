//! The parsed definition: blocks of states.

use crate::{Flow, StateKind, StateName};
use indexmap::IndexMap;

/// A state machine's definition, checked and compiled.
#[derive(Debug)]
pub struct Definition {
    /// The machine's own `Comment`.
    pub comment: Option<String>,
    /// The machine's `QueryLanguage`; states may differ as ASL-TOP-08 allows.
    pub query_language: QueryLanguage,
    /// The whole execution's `TimeoutSeconds`.
    pub timeout_secs: Option<u32>,
    /// All `States` objects in document order, depth first; the first is the top.
    pub blocks: Vec<Block>,
}

impl Definition {
    /// The block of this number, if the definition has it.
    #[must_use]
    pub fn block(&self, id: BlockId) -> Option<&Block> {
        self.blocks.get(id.0 as usize)
    }
}

/// The number of a block within its definition.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct BlockId(pub u32);

impl BlockId {
    /// The block an execution starts in.
    pub const TOP: BlockId = BlockId(0);
}

/// One `States` object with its `StartAt`: the top, a Parallel branch or an item processor.
#[derive(Debug)]
pub struct Block {
    /// The state that the block starts in; it is one of `states`.
    pub start_at: StateName,
    /// The states in document order.
    pub states: IndexMap<StateName, State>,
}

/// One state.
#[derive(Debug)]
pub struct State {
    /// The key under `States`.
    pub name: StateName,
    /// The state's `Comment`.
    pub comment: Option<String>,
    /// The fields that carry data in and out, in the state's query language.
    pub flow: Flow,
    /// What the state does.
    pub kind: StateKind,
}

impl State {
    /// The query language that the state's fields are written in.
    #[must_use]
    pub fn query_language(&self) -> QueryLanguage {
        match self.flow {
            Flow::JsonPath(_) => QueryLanguage::JsonPath,
            Flow::Jsonata(_) => QueryLanguage::Jsonata,
        }
    }
}

/// `QueryLanguage`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum QueryLanguage {
    /// `JSONPath`, the default.
    #[default]
    JsonPath,
    /// `JSONata`.
    Jsonata,
}

/// `Next` or `End`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Transition {
    /// To the state of this name in the same block.
    Next(StateName),
    /// The block ends here.
    End,
}

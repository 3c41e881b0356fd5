//! Parallel.

use crate::parse::{Object, Reader};
use crate::{BlockId, Handlers, QueryLanguage, Transition};

/// `Parallel`: every branch at once, over the same input.
#[derive(Debug)]
pub struct Parallel {
    /// `Branches` in order; never empty.
    pub branches: Vec<BlockId>,
    /// `Retry`, `Catch`.
    pub handlers: Handlers,
    /// `Next` or `End`.
    pub transition: Transition,
}

const BRANCH_FIELDS: [&str; 3] = ["Comment", "StartAt", "States"];

impl Parallel {
    pub(crate) const FIELDS: &'static [&'static str] = &[
        "Type",
        "Comment",
        "QueryLanguage",
        "Branches",
        "InputPath",
        "Parameters",
        "Arguments",
        "ResultSelector",
        "ResultPath",
        "OutputPath",
        "Output",
        "Assign",
        "Retry",
        "Catch",
        "Next",
        "End",
    ];

    pub(crate) fn read(
        reader: &mut Reader<'_>,
        state: &Object<'_>,
        language: QueryLanguage,
    ) -> Option<Self> {
        reader.require(state, &["Branches"]);
        let branches = state.get("Branches").and_then(|field| {
            let items = reader.items(&field)?;
            let branches = items.iter().enumerate().map(|(index, node)| {
                let place = field.place.index(index);
                let branch = reader.object(node, &place)?;
                reader.only(&branch, &BRANCH_FIELDS);
                reader.comment(&branch);
                reader.block(&branch)
            });
            // All of them are read before one that failed counts.
            let branches: Vec<Option<BlockId>> = branches.collect();
            branches.into_iter().collect()
        });
        let handlers = reader.handlers(state, language);
        let transition = reader.transition(state);
        Some(Parallel { branches: branches?, handlers: handlers?, transition: transition? })
    }
}

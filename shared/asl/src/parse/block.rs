//! The machine, and the blocks of states in it.

use super::graph;
use super::object::Object;
use super::place::{Place, quoted};
use super::reader::Reader;
use super::variables::assigned_names;
use crate::limits::{BLOCK_DEPTH_MAX, SECONDS_MAX};
use crate::source::{Kind, Member, Node};
use crate::{Block, BlockId, Code, Definition, InvalidStateName, QueryLanguage, State, StateName};
use indexmap::IndexMap;

const MACHINE_FIELDS: [&str; 6] =
    ["Comment", "QueryLanguage", "StartAt", "States", "TimeoutSeconds", "Version"];

impl Reader<'_> {
    /// A whole state machine.
    pub(super) fn machine(&mut self, node: &Node) -> Option<Definition> {
        let object = self.object(node, &Place::ROOT)?;
        self.only(&object, &MACHINE_FIELDS);
        let comment = self.comment(&object);
        self.language = self.query_language(&object).unwrap_or_default();
        if let Some(version) = object.get("Version") {
            self.one_of(&version, &["1.0"]);
        }
        let timeout = object.get("TimeoutSeconds");
        let timeout_secs = timeout.and_then(|field| self.whole_number(&field, 0, SECONDS_MAX));
        self.block(&object)?;
        self.definition(comment, timeout_secs)
    }

    /// A state on its own.
    pub(super) fn single_state(&mut self, node: &Node, name: &StateName) -> Option<Definition> {
        let object = self.object(node, &Place::ROOT)?;
        self.block_depth = 1;
        self.blocks.push(None);
        self.variables.push(assigned_names([node], QueryLanguage::JsonPath));
        let state = self.state(name, &object)?;
        let block =
            Block { start_at: name.clone(), states: IndexMap::from([(name.clone(), state)]) };
        if let Some(top) = self.blocks.first_mut() {
            *top = Some(block);
        }
        self.definition(None, None)
    }

    fn definition(
        &mut self,
        comment: Option<String>,
        timeout_secs: Option<u32>,
    ) -> Option<Definition> {
        let blocks = std::mem::take(&mut self.blocks).into_iter().collect::<Option<Vec<_>>>()?;
        Some(Definition { comment, query_language: self.language, timeout_secs, blocks })
    }

    /// `QueryLanguage`, if it is there. What is neither language counts as JSONata, as for AWS.
    pub(super) fn query_language(&mut self, object: &Object<'_>) -> Option<QueryLanguage> {
        let field = object.get("QueryLanguage")?;
        match self.one_of(&field, &["JSONPath", "JSONata"]) {
            Some("JSONPath") => Some(QueryLanguage::JsonPath),
            Some(_) | None => Some(QueryLanguage::Jsonata),
        }
    }

    /// `StartAt` and `States`, here or deeper; what else the object may have is the caller's to check.
    pub(crate) fn block(&mut self, object: &Object<'_>) -> Option<BlockId> {
        if self.block_depth == BLOCK_DEPTH_MAX {
            let message = format!("States are nested more than {BLOCK_DEPTH_MAX} levels deep");
            self.error(Code::TooDeeplyNested, object.place, object.head(), message);
            return None;
        }
        let id = self.blocks.len();
        self.blocks.push(None);
        self.block_depth += 1;
        self.variables.push(assigned_names(state_nodes(object), self.language));
        let taken_depth = std::mem::replace(&mut self.taken_depth, self.taken_variables.len());
        let block = self.start_and_states(object);
        self.taken_depth = taken_depth;
        self.variables.pop();
        self.block_depth -= 1;
        graph::check(self, object);
        if let Some(place) = self.blocks.get_mut(id) {
            *place = block;
        }
        u32::try_from(id).ok().map(BlockId)
    }

    fn start_and_states(&mut self, object: &Object<'_>) -> Option<Block> {
        self.require(object, &["States", "StartAt"]);
        let start_at = object.get("StartAt").and_then(|field| {
            let text = self.string(field.node, &field.place)?;
            StateName::parse(text).ok()
        });
        let states = object.get("States").and_then(|field| {
            let states = self.object(field.node, &field.place)?;
            if states.members.is_empty() {
                self.schema(&field.place, field.node.span, "Value cannot be empty");
            }
            self.states(&states)
        });
        Some(Block { start_at: start_at?, states: states? })
    }

    fn states(&mut self, states: &Object<'_>) -> Option<IndexMap<StateName, State>> {
        let mut read = IndexMap::with_capacity(states.members.len());
        let mut complete = true;
        for member in states.members {
            match self.named_state(states, member) {
                Some(state) => _ = read.insert(state.name.clone(), state),
                None => complete = false,
            }
        }
        complete.then_some(read)
    }

    fn named_state(&mut self, states: &Object<'_>, member: &Member) -> Option<State> {
        let place = states.place.field(&member.key);
        let name = match StateName::parse(&member.key) {
            Ok(name) => name,
            Err(InvalidStateName { chars }) => {
                let limit = StateName::CHARS_MAX;
                let shown = quoted(&member.key);
                let message = match chars {
                    0 => "Invalid State name: the name is empty".to_owned(),
                    _ => format!(
                        "Invalid State name: '{shown}' exceeds the {limit}-character limit allowed by the service"
                    ),
                };
                self.error(Code::InvalidStateName, &place, member.key_span, message);
                return None;
            }
        };
        if !self.state_names.insert(member.key.clone()) {
            let message = format!("Duplicate State name: {name}");
            let help =
                "names are unique in the whole machine, branches and item processors included";
            let (code, span) = (Code::DuplicateStateName, member.key_span);
            self.error_with_help(code, &place, span, message, Some(help.to_owned()));
        }
        let object = self.object(&member.value, &place)?;
        self.with_taken_variables(states.members, member, |reader| reader.state(&name, &object))
    }
}

/// The states of a block as they stand in the text.
pub(super) fn state_nodes<'a>(block: &Object<'a>) -> impl Iterator<Item = &'a Node> {
    let states = match block.get("States").map(|field| &field.node.kind) {
        Some(Kind::Object(members)) => members.as_slice(),
        Some(Kind::Null | Kind::Bool(_) | Kind::Number(_) | Kind::String(_) | Kind::Array(_))
        | None => &[],
    };
    states.iter().map(|member| &member.value)
}

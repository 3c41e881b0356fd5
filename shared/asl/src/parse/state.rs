//! A state: its type, which fields that type has, and what all types share.

use super::object::Object;
use super::place::quoted;
use super::reader::Reader;
use crate::source::Kind;
use crate::states::{Choice, Fail, Map, Parallel, Pass, Succeed, Task, Wait};
use crate::{BlockId, Code, QueryLanguage, State, StateKind, StateName, Transition};

/// `Type`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum StateType {
    Task,
    Wait,
    Pass,
    Succeed,
    Fail,
    Choice,
    Parallel,
    Map,
}

/// In the order in which AWS lists them.
const TYPES: [(&str, StateType); 8] = [
    ("Task", StateType::Task),
    ("Wait", StateType::Wait),
    ("Pass", StateType::Pass),
    ("Succeed", StateType::Succeed),
    ("Fail", StateType::Fail),
    ("Choice", StateType::Choice),
    ("Parallel", StateType::Parallel),
    ("Map", StateType::Map),
];

/// Fields that only a JSONPath state has.
const JSON_PATH_FIELDS: [&str; 16] = [
    "InputPath",
    "OutputPath",
    "ResultPath",
    "Parameters",
    "ResultSelector",
    "Result",
    "ItemsPath",
    "TimeoutSecondsPath",
    "HeartbeatSecondsPath",
    "SecondsPath",
    "TimestampPath",
    "MaxConcurrencyPath",
    "ToleratedFailurePercentagePath",
    "ToleratedFailureCountPath",
    "ErrorPath",
    "CausePath",
];

/// Fields that only a JSONata state has.
const JSONATA_FIELDS: [&str; 3] = ["Arguments", "Output", "Items"];

impl StateType {
    /// Every field of the type, in either query language.
    fn fields(self) -> &'static [&'static str] {
        match self {
            StateType::Task => Task::FIELDS,
            StateType::Wait => Wait::FIELDS,
            StateType::Pass => Pass::FIELDS,
            StateType::Succeed => Succeed::FIELDS,
            StateType::Fail => Fail::FIELDS,
            StateType::Choice => Choice::FIELDS,
            StateType::Parallel => Parallel::FIELDS,
            StateType::Map => Map::FIELDS,
        }
    }

    pub(super) fn has_field(self, name: &str) -> bool {
        self.fields().contains(&name)
    }

    /// Whether `$states.result` is there in the state's `Output` and `Assign`.
    pub(super) fn has_result(self) -> bool {
        match self {
            StateType::Task | StateType::Parallel | StateType::Map => true,
            StateType::Wait
            | StateType::Pass
            | StateType::Succeed
            | StateType::Fail
            | StateType::Choice => false,
        }
    }
}

impl Reader<'_> {
    /// One state. The blocks in it are read first, apart from all else: they are where reading recurses,
    /// and what is large stays out of those frames.
    pub(super) fn state(&mut self, name: &StateName, object: &Object<'_>) -> Option<Box<State>> {
        let state_type = self.state_type(object)?;
        let language = self.query_language(object).unwrap_or(self.language);
        self.state_fields(object, state_type, language);
        let blocks = self.inner_blocks(object, state_type);
        self.state_around(name, object, state_type, language, blocks)
    }

    fn inner_blocks(&mut self, object: &Object<'_>, of: StateType) -> Option<Vec<BlockId>> {
        match of {
            StateType::Parallel => Parallel::branches(self, object),
            StateType::Map => Map::processor(self, object).map(|block| vec![block]),
            StateType::Task
            | StateType::Wait
            | StateType::Pass
            | StateType::Succeed
            | StateType::Fail
            | StateType::Choice => Some(Vec::new()),
        }
    }

    fn state_around(
        &mut self,
        name: &StateName,
        object: &Object<'_>,
        state_type: StateType,
        language: QueryLanguage,
        blocks: Option<Vec<BlockId>>,
    ) -> Option<Box<State>> {
        let comment = self.comment(object);
        let flow = self.flow(object, state_type, language);
        let kind = self.state_kind(object, state_type, language, blocks);
        Some(Box::new(State { name: name.clone(), comment, flow: flow?, kind: kind? }))
    }

    fn state_type(&mut self, object: &Object<'_>) -> Option<StateType> {
        let Some(field) = object.get("Type") else {
            self.require(object, &["Type"]);
            return None;
        };
        let text = match &field.node.kind {
            Kind::String(text) => text.as_str(),
            Kind::Null | Kind::Bool(_) | Kind::Number(_) | Kind::Array(_) | Kind::Object(_) => "",
        };
        let found = TYPES.iter().find(|(name, _)| *name == text).map(|(_, found)| *found);
        if found.is_none() {
            let names = TYPES.map(|(name, _)| name);
            let list = names.join(", ");
            let message = format!("The field 'Type' should have one of these values: [{list}]");
            let help = crate::suggest::did_you_mean(text, names);
            let (code, span) = (Code::SchemaValidationFailed, field.node.span);
            self.error_with_help(code, &field.place, span, message, help);
        }
        found
    }

    /// Fields that the type does not have, or not in the state's query language.
    fn state_fields(&mut self, object: &Object<'_>, of: StateType, language: QueryLanguage) {
        let is_downgrade =
            self.language == QueryLanguage::Jsonata && language == QueryLanguage::JsonPath;
        if is_downgrade {
            let message =
                "'QueryLanguage' can not be 'JSONPath' if set to 'JSONata' for whole state machine";
            let span = object.get("QueryLanguage").map_or(object.head(), |field| field.node.span);
            self.schema(object.place, span, message);
        }
        for member in object.members {
            let (key, span) = (member.key.as_str(), member.key_span);
            if !of.has_field(key) {
                self.unsupported_field(object, key, span, of.fields());
            } else if !is_downgrade {
                self.field_of_language(object, key, span, language);
            }
        }
    }

    /// A field that the other query language alone has.
    pub(crate) fn field_of_language(
        &mut self,
        object: &Object<'_>,
        key: &str,
        span: crate::source::Span,
        language: QueryLanguage,
    ) {
        let (set, other, foreign, help) = match language {
            QueryLanguage::JsonPath => (
                "JSONPath",
                "JSONata",
                JSONATA_FIELDS.contains(&key) || key == "Condition",
                "add `\"QueryLanguage\": \"JSONata\"` to the state or to the state machine",
            ),
            QueryLanguage::Jsonata => (
                "JSONata",
                "JSONPath",
                JSON_PATH_FIELDS.contains(&key) || crate::states::is_json_path_rule_field(key),
                "a JSONata state has Arguments, Output, Assign and `{% … %}` instead",
            ),
        };
        if foreign {
            let message = format!(
                "The QueryLanguage is set to '{set}', but field '{}' is only supported for the '{other}' QueryLanguage",
                quoted(key)
            );
            let code = Code::SchemaValidationFailed;
            self.error_with_help(code, object.place, span, message, Some(help.to_owned()));
        }
    }

    fn state_kind(
        &mut self,
        object: &Object<'_>,
        state_type: StateType,
        language: QueryLanguage,
        blocks: Option<Vec<BlockId>>,
    ) -> Option<StateKind> {
        match state_type {
            StateType::Task => Task::read(self, object, language).map(StateKind::Task),
            StateType::Wait => Wait::read(self, object, language).map(StateKind::Wait),
            StateType::Pass => Pass::read(self, object, language).map(StateKind::Pass),
            StateType::Succeed => Some(StateKind::Succeed(Succeed)),
            StateType::Fail => Fail::read(self, object, language).map(StateKind::Fail),
            StateType::Choice => Choice::read(self, object, language).map(StateKind::Choice),
            StateType::Parallel => {
                Parallel::read(self, object, language, blocks).map(StateKind::Parallel)
            }
            StateType::Map => Map::read(self, object, language, blocks).map(StateKind::Map),
        }
    }

    /// `Next` or `End`: one of them, and `End` is true.
    pub(crate) fn transition(&mut self, object: &Object<'_>) -> Option<Transition> {
        let ends = object.get("End").map(|field| match field.node.kind {
            Kind::Bool(ends) => Some(ends),
            Kind::Null | Kind::Number(_) | Kind::String(_) | Kind::Array(_) | Kind::Object(_) => {
                self.expected("BOOLEAN", field.node, &field.place);
                None
            }
        });
        match (object.get("Next"), ends) {
            // `"End": false` says nothing.
            (Some(_), None | Some(Some(false))) => {
                self.target(object, "Next").map(Transition::Next)
            }
            (None, Some(Some(true))) => Some(Transition::End),
            (None, None | Some(Some(false))) => {
                let message =
                    "This object should have only one of the following fields: [Next, End]";
                let help = "say where to go on with `Next`, or stop with `\"End\": true`";
                let (code, span) = (Code::SchemaValidationFailed, object.head());
                self.error_with_help(code, object.place, span, message, Some(help.to_owned()));
                None
            }
            (Some(_), Some(Some(true))) => {
                self.exclusive(object, &["Next", "End"], true);
                None
            }
            (_, Some(None)) => None,
        }
    }

    /// The state that a field names. Whether it exists is the graph's to check.
    pub(crate) fn target(&mut self, object: &Object<'_>, name: &str) -> Option<StateName> {
        let field = object.get(name)?;
        let text = self.string(field.node, &field.place)?;
        StateName::parse(text).ok()
    }
}

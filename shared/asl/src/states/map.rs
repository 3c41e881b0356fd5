//! Map, inline.

use crate::limits::LABEL_CHARS_MAX;
use crate::parse::{Field, MachineType, Object, PathForm, Range, Reader, Within, quoted};
use crate::source::Kind;
use crate::{AnyTemplate, BlockId, Code, Handlers, NumberField, QueryLanguage, Transition};
use baton_jsonata::{Expression, Marker, marker};
use baton_jsonpath::Path;
use serde_json::Value;

/// `Map` in inline mode: the same block once for each item.
#[derive(Debug)]
pub struct Map {
    /// `ItemProcessor`, or `Iterator` by its old name.
    pub processor: BlockId,
    /// Where the items come from.
    pub items: Items,
    /// `ItemSelector`, or `Parameters` by its old name in a JSONPath state.
    pub item_selector: Option<AnyTemplate>,
    /// `MaxConcurrency`, `MaxConcurrencyPath`.
    pub concurrency_max: Option<NumberField>,
    /// `ToleratedFailureCount`, `ToleratedFailureCountPath`: evaluated and checked, without further effect inline (ASL-MAP-15).
    pub tolerated_failure_count: Option<NumberField>,
    /// `ToleratedFailurePercentage`, `ToleratedFailurePercentagePath`: as the count.
    pub tolerated_failure_percentage: Option<NumberField>,
    /// `Retry`, `Catch`.
    pub handlers: Handlers,
    /// `Next` or `End`.
    pub transition: Transition,
}

/// `ItemsPath` or `Items`.
#[derive(Debug)]
pub enum Items {
    /// The whole input: neither is given in a JSONata state.
    Input,
    /// `ItemsPath`, `$` by default, over the effective input.
    Path(Path),
    /// `Items` as a literal array or object, expressions inside it included.
    Template(baton_jsonata::Template),
    /// `Items` as one expression.
    Expression(Expression),
    /// `Items` without any expression in it.
    Literal(Value),
}

const PROCESSOR_FIELDS: [&str; 4] = ["Comment", "ProcessorConfig", "StartAt", "States"];
/// Fields that say what only a Distributed Map does.
const DISTRIBUTED_FIELDS: [&str; 3] = ["ItemReader", "ItemBatcher", "ResultWriter"];

impl Map {
    pub(crate) const FIELDS: &'static [&'static str] = &[
        "Type",
        "Comment",
        "QueryLanguage",
        "ItemProcessor",
        "Iterator",
        "ItemReader",
        "ItemsPath",
        "Items",
        "ItemSelector",
        "Parameters",
        "ItemBatcher",
        "ResultWriter",
        "MaxConcurrency",
        "MaxConcurrencyPath",
        "ToleratedFailurePercentage",
        "ToleratedFailurePercentagePath",
        "ToleratedFailureCount",
        "ToleratedFailureCountPath",
        "Label",
        "InputPath",
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
        label(reader, state);
        let items = Items::read(reader, state, language);
        let item_selector = item_selector(reader, state, language);
        let mut number = |name: &str, range: Range| {
            reader.number_field(state, name, range, language, PathForm::ReferenceNotContext)
        };
        let count = Range { min: 0.0, max: f64::INFINITY, is_float: false };
        let concurrency_max = number("MaxConcurrency", count);
        let tolerated_failure_count = number("ToleratedFailureCount", count);
        let percentage = Range { min: 0.0, max: 100.0, is_float: true };
        let tolerated_failure_percentage = number("ToleratedFailurePercentage", percentage);
        let processor = processor(reader, state);
        let handlers = reader.handlers(state, language);
        let transition = reader.transition(state);
        Some(Map {
            processor: processor?,
            items: items?,
            item_selector: item_selector?,
            concurrency_max: concurrency_max?,
            tolerated_failure_count: tolerated_failure_count?,
            tolerated_failure_percentage: tolerated_failure_percentage?,
            handlers: handlers?,
            transition: transition?,
        })
    }
}

impl Items {
    fn read(reader: &mut Reader<'_>, state: &Object<'_>, language: QueryLanguage) -> Option<Self> {
        match (language, state.get("ItemsPath"), state.get("Items")) {
            (QueryLanguage::JsonPath, None, _) => Path::parse("$").ok().map(Items::Path),
            (QueryLanguage::JsonPath, Some(field), _) => {
                reader.path(&field, PathForm::Reference).map(Items::Path)
            }
            (QueryLanguage::Jsonata, _, None) => Some(Items::Input),
            (QueryLanguage::Jsonata, _, Some(field)) => Items::written(reader, &field),
        }
    }

    /// `Items`: an array, an object, or an expression for one.
    fn written(reader: &mut Reader<'_>, field: &Field<'_>) -> Option<Self> {
        let (node, place) = (field.node, &field.place);
        match &node.kind {
            Kind::String(text) if marker(text) != Marker::Literal => {
                reader.expression(text, node, place, Within::State).map(Items::Expression)
            }
            Kind::Array(_) | Kind::Object(_) => {
                let template = reader.jsonata_template(node, place, Within::State)?;
                Some(match template.as_constant() {
                    Some(value) => Items::Literal(value.clone()),
                    None => Items::Template(template),
                })
            }
            Kind::Null | Kind::Bool(_) | Kind::Number(_) | Kind::String(_) => {
                reader.expected("ARRAY", node, place);
                None
            }
        }
    }
}

/// `ItemSelector`, or by its old name `Parameters` in a JSONPath state.
fn item_selector(
    reader: &mut Reader<'_>,
    state: &Object<'_>,
    language: QueryLanguage,
) -> Option<Option<AnyTemplate>> {
    let exclusive = reader.exclusive(state, &["ItemSelector", "Parameters"], false);
    let old = state.get("Parameters").filter(|_| language == QueryLanguage::JsonPath);
    let field = state.get("ItemSelector").or(old);
    let selector = reader.optional(field, |reader, field| reader.template(field, language));
    selector.filter(|_| exclusive)
}

/// `Label`, which names the Map Runs of a Distributed Map.
fn label(reader: &mut Reader<'_>, state: &Object<'_>) {
    let Some(field) = state.get("Label") else { return };
    let Some(text) = reader.string(field.node, &field.place) else { return };
    let span = field.node.span;
    if text.chars().nth(LABEL_CHARS_MAX).is_some() {
        let message = format!(
            "Invalid Label name: '{}' exceeds the {LABEL_CHARS_MAX}-character limit allowed by the service",
            quoted(text)
        );
        reader.error(Code::InvalidLabelName, &field.place, span, message);
    } else if !reader.labels.insert(text.to_owned()) {
        let message = format!("Duplicate Label name: {text}");
        reader.error(Code::DuplicateLabelName, &field.place, span, message);
    }
}

/// `ItemProcessor`, or `Iterator` by its old name.
fn processor(reader: &mut Reader<'_>, state: &Object<'_>) -> Option<BlockId> {
    let exclusive = reader.exclusive(state, &["ItemProcessor", "Iterator"], true);
    let field = state.get("ItemProcessor").or_else(|| state.get("Iterator"));
    let processor = field.as_ref().and_then(|field| reader.object(field.node, &field.place));
    let mode = processor.as_ref().map_or(Mode::Inline, |processor| mode(reader, processor));
    if mode == Mode::Inline {
        distributed_fields(reader, state);
    }
    let processor = processor?;
    reader.only(&processor, &PROCESSOR_FIELDS);
    reader.comment(&processor);
    // The children of a Distributed Map are executions of their own: no variable of theirs is ours.
    let variables = match mode {
        Mode::Inline => None,
        Mode::Distributed => {
            let variables = std::mem::take(&mut reader.variables);
            Some((variables, std::mem::take(&mut reader.taken_variables)))
        }
    };
    let block = reader.block(&processor);
    if let Some((variables, taken)) = variables {
        reader.variables = variables;
        reader.taken_variables = taken;
    }
    block.filter(|_| exclusive)
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Mode {
    Inline,
    Distributed,
}

/// `ProcessorConfig`: a Distributed Map is named as what is missing.
fn mode(reader: &mut Reader<'_>, processor: &Object<'_>) -> Mode {
    let Some(field) = processor.get("ProcessorConfig") else { return Mode::Inline };
    let Some(config) = reader.object(field.node, &field.place) else { return Mode::Inline };
    let mode = config.get("Mode");
    let written = mode.as_ref().and_then(|field| reader.one_of(field, &["INLINE", "DISTRIBUTED"]));
    let (Some("DISTRIBUTED"), Some(mode)) = (written, mode) else {
        reader.only(&config, &["Mode"]);
        return Mode::Inline;
    };
    reader.only(&config, &["Mode", "ExecutionType"]);
    let span = mode.node.span;
    if reader.options.machine_type == MachineType::Express {
        let message = "The field 'Mode' with value 'DISTRIBUTED' is not supported inside 'EXPRESS' state machines";
        reader.schema(&mode.place, span, message);
        return Mode::Distributed;
    }
    reader.require(&config, &["ExecutionType"]);
    if let Some(execution_type) = config.get("ExecutionType") {
        reader.one_of(&execution_type, &["STANDARD", "EXPRESS"]);
    }
    not_supported(reader, &mode);
    Mode::Distributed
}

fn distributed_fields(reader: &mut Reader<'_>, state: &Object<'_>) {
    let first = DISTRIBUTED_FIELDS.into_iter().find_map(|name| state.get(name));
    if let Some(field) = first {
        not_supported(reader, &field);
    }
}

fn not_supported(reader: &mut Reader<'_>, field: &Field<'_>) {
    let message = format!("Baton does not support Distributed Map yet: '{}'", field.key);
    let help = "an Inline Map runs its iterations within the execution: `\"Mode\": \"INLINE\"` with the items in the input";
    let (code, span) = (Code::NotSupported, field.node.span);
    reader.error_with_help(code, &field.place, span, message, Some(help.to_owned()));
}

//! Map.

mod distributed;

pub use distributed::{
    Distributed, ItemBatcher, ItemReader, ReaderAction, ResultWriter, Transformation,
};

use crate::parse::{Field, MachineType, Object, PathForm, Range, Reader, Within};
use crate::source::Kind;
use crate::{AnyTemplate, BlockId, Handlers, NumberField, QueryLanguage, Transition};
use baton_jsonata::{Expression, Marker, marker};
use baton_jsonpath::Path;
use serde_json::Value;

/// `Map`: the same block once for each item.
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
    /// `ToleratedFailureCount`, `ToleratedFailureCountPath`: inline without further effect than being checked (ASL-MAP-15).
    pub tolerated_failure_count: Option<NumberField>,
    /// `ToleratedFailurePercentage`, `ToleratedFailurePercentagePath`: as the count.
    pub tolerated_failure_percentage: Option<NumberField>,
    /// What it says as a Distributed Map, if it is one.
    pub distributed: Option<Box<Distributed>>,
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

    /// The block of `ItemProcessor`, or `Iterator` by its old name.
    pub(crate) fn processor(reader: &mut Reader<'_>, state: &Object<'_>) -> Option<BlockId> {
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
        let around = reader.machine_type;
        if mode == Mode::Distributed && written_mode(state).1 {
            reader.machine_type = MachineType::Express;
        }
        let block = reader.block(&processor);
        reader.machine_type = around;
        if let Some((variables, taken)) = variables {
            reader.variables = variables;
            reader.taken_variables = taken;
        }
        block.filter(|_| exclusive)
    }

    pub(crate) fn read(
        reader: &mut Reader<'_>,
        state: &Object<'_>,
        language: QueryLanguage,
        blocks: Option<Vec<BlockId>>,
    ) -> Option<Self> {
        distributed::check_label(reader, state);
        let distributed = match written_mode(state) {
            (Mode::Inline, _) => Some(None),
            (Mode::Distributed, is_express) => {
                Distributed::read(reader, state, language, is_express)
                    .map(|distributed| Some(Box::new(distributed)))
            }
        };
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
        let handlers = reader.handlers(state, language);
        let transition = reader.transition(state);
        Some(Map {
            processor: blocks?.into_iter().next()?,
            items: items?,
            item_selector: item_selector?,
            concurrency_max: concurrency_max?,
            tolerated_failure_count: tolerated_failure_count?,
            tolerated_failure_percentage: tolerated_failure_percentage?,
            distributed: distributed?,
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

#[derive(Clone, Copy, PartialEq, Eq)]
enum Mode {
    Inline,
    Distributed,
}

/// The mode of a state, whatever else is wrong with it, and whether its children are Express executions.
fn written_mode(state: &Object<'_>) -> (Mode, bool) {
    let processor = state.get("ItemProcessor").or_else(|| state.get("Iterator"));
    let config = processor.as_ref().and_then(|field| field.node.member("ProcessorConfig"));
    let is = |name: &str, word: &str| {
        let member = config.and_then(|config| config.value.member(name));
        member
            .is_some_and(|member| matches!(&member.value.kind, Kind::String(text) if text == word))
    };
    let mode = if is("Mode", "DISTRIBUTED") { Mode::Distributed } else { Mode::Inline };
    (mode, is("ExecutionType", "EXPRESS"))
}

/// `ProcessorConfig`, checked.
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
    if reader.machine_type == MachineType::Express {
        let message = "The field 'Mode' with value 'DISTRIBUTED' is not supported inside 'EXPRESS' state machines";
        reader.schema(&mode.place, span, message);
        return Mode::Distributed;
    }
    reader.require(&config, &["ExecutionType"]);
    if let Some(execution_type) = config.get("ExecutionType") {
        reader.one_of(&execution_type, &["STANDARD", "EXPRESS"]);
    }
    Mode::Distributed
}

fn distributed_fields(reader: &mut Reader<'_>, state: &Object<'_>) {
    for field in DISTRIBUTED_FIELDS.into_iter().filter_map(|name| state.get(name)) {
        let message =
            format!("Field '{}' is only supported when 'Mode' is 'DISTRIBUTED'", field.key);
        reader.schema(state.place, field.key_span, message);
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::{check_express, check_jsonata_state, check_state};
    use expect_test::expect;

    #[test]
    fn a_map_has_these_fields() {
        check_state(
            r##"{"Type": "Map", "ItemProcessor": {"StartAt": "A", "States": {"A": {"Type": "Pass", "End": true}}}, "End": true}"##,
            expect!["accepted"],
        );
        check_state(
            r##"{"Type": "Map", "ItemProcessor": {"Comment": "c", "ProcessorConfig": {"Mode": "INLINE"}, "StartAt": "A", "States": {"A": {"Type": "Pass", "End": true}}}, "ItemsPath": "$$.Execution.Input.items", "ItemSelector": {"a.$": "$$.Map.Item.Value"}, "MaxConcurrency": 0, "ToleratedFailureCount": 1, "ToleratedFailurePercentage": 99.5, "InputPath": "$", "ResultSelector": {}, "ResultPath": null, "OutputPath": "$", "Assign": {"v": 1}, "Retry": [], "Catch": [], "Label": "l", "End": true}"##,
            expect!["accepted"],
        );
        check_state(
            r##"{"Type": "Map", "Iterator": {"StartAt": "A", "States": {"A": {"Type": "Pass", "End": true}}}, "Parameters": {"a.$": "$"}, "MaxConcurrencyPath": "$.m", "ToleratedFailureCountPath": "$.c", "ToleratedFailurePercentagePath": "$.p", "Next": "T"}"##,
            expect!["accepted"],
        );
        check_jsonata_state(
            r##"{"Type": "Map", "ItemProcessor": {"StartAt": "A", "States": {"A": {"Type": "Pass", "End": true}}}, "Items": [1, "{% 2 %}"], "ItemSelector": {"a": "{% $states.context.Map.Item.Value %}"}, "MaxConcurrency": "{% 2 %}", "Output": "{% $states.result %}", "End": true}"##,
            expect!["accepted"],
        );
        check_jsonata_state(
            r##"{"Type": "Map", "ItemProcessor": {"StartAt": "A", "States": {"A": {"Type": "Pass", "End": true}}}, "Items": "{% $states.input %}", "End": true}"##,
            expect!["accepted"],
        );
        check_jsonata_state(
            r##"{"Type": "Map", "ItemProcessor": {"StartAt": "A", "States": {"A": {"Type": "Pass", "End": true}}}, "Items": {"a": 1}, "MaxConcurrency": 9223372036854775807, "End": true}"##,
            expect!["accepted"],
        );
    }

    #[test]
    fn a_map_has_one_processor_and_one_selector() {
        check_state(
            r##"{"Type": "Map", "End": true}"##,
            expect![[r#"
            ERROR SCHEMA_VALIDATION_FAILED: This object should have only one of the following fields: [ItemProcessor, Iterator] at /States/S `{`
        "#]],
        );
        check_state(
            r##"{"Type": "Map", "ItemProcessor": 5, "End": true}"##,
            expect![[r#"
            ERROR SCHEMA_VALIDATION_FAILED: Expected value of type [OBJECT] at /States/S/ItemProcessor `5`
        "#]],
        );
        check_state(
            r##"{"Type": "Map", "ItemProcessor": {"StartAt": "A", "States": {"A": {"Type": "Pass", "End": true}}}, "Iterator": {"StartAt": "A", "States": {"A": {"Type": "Pass", "End": true}}}, "End": true}"##,
            expect![[r#"
                ERROR SCHEMA_VALIDATION_FAILED: There should only be one of the following fields: [ItemProcessor, Iterator] at /States/S `"Iterator"`
            "#]],
        );
        check_state(
            r##"{"Type": "Map", "ItemProcessor": {"StartAt": "A", "States": {"A": {"Type": "Pass", "End": true}}}, "ItemSelector": {}, "Parameters": {}, "End": true}"##,
            expect![[r#"
                ERROR SCHEMA_VALIDATION_FAILED: There should only be one of the following fields: [ItemSelector, Parameters] at /States/S `"Parameters"`
            "#]],
        );
        check_state(
            r##"{"Type": "Map", "ItemProcessor": {"QueryLanguage": "JSONata", "ProcessorConfig": {"Mode": "FAST", "ExecutionType": "STANDARD"}}, "End": true}"##,
            expect![[r#"
                ERROR SCHEMA_VALIDATION_FAILED: Value should be one of the following: [INLINE, DISTRIBUTED] at /States/S/ItemProcessor/ProcessorConfig/Mode `"FAST"`
                ERROR SCHEMA_VALIDATION_FAILED: Field 'ExecutionType' is not supported at /States/S/ItemProcessor/ProcessorConfig `"ExecutionType"`
                  the fields here are Mode
                ERROR SCHEMA_VALIDATION_FAILED: Field 'QueryLanguage' is not supported at /States/S/ItemProcessor `"QueryLanguage"`
                  the fields here are Comment, ProcessorConfig, StartAt, States
                ERROR SCHEMA_VALIDATION_FAILED: These fields are required: [States, StartAt] at /States/S/ItemProcessor `{`
            "#]],
        );
    }

    #[test]
    fn items_and_numbers_of_the_wrong_form_are_refused() {
        check_state(
            r##"{"Type": "Map", "ItemProcessor": {"StartAt": "A", "States": {"A": {"Type": "Pass", "End": true}}}, "ItemsPath": null, "MaxConcurrency": -1, "TimeoutSeconds": 5, "End": true}"##,
            expect![[r#"
                ERROR SCHEMA_VALIDATION_FAILED: Field 'TimeoutSeconds' is not supported at /States/S `"TimeoutSeconds"`
                  the fields here are Type, Comment, QueryLanguage, ItemProcessor, Iterator, ItemReader, ItemsPath, Items, ItemSelector, Parameters, ItemBatcher, ResultWriter, MaxConcurrency, MaxConcurrencyPath, ToleratedFailurePercentage, ToleratedFailurePercentagePath, ToleratedFailureCount, ToleratedFailureCountPath, Label, InputPath, ResultSelector, ResultPath, OutputPath, Output, Assign, Retry, Catch, Next, End
                ERROR SCHEMA_VALIDATION_FAILED: Expected value of type [STRING] at /States/S/ItemsPath `null`
                ERROR SCHEMA_VALIDATION_FAILED: Minimum value is 0 at /States/S/MaxConcurrency `-1`
            "#]],
        );
        check_state(
            r##"{"Type": "Map", "ItemProcessor": {"StartAt": "A", "States": {"A": {"Type": "Pass", "End": true}}}, "ItemsPath": "$..a", "MaxConcurrencyPath": "$$.Execution.Input.n", "End": true}"##,
            expect![[r#"
                ERROR SCHEMA_VALIDATION_FAILED: Value is not a Reference Path at /States/S/ItemsPath `"$..a"`
                  a path of names and single indexes is wanted, one that cannot select several values
                ERROR SCHEMA_VALIDATION_FAILED: Value is not a Reference Path at /States/S/MaxConcurrencyPath `"$$.Execution.Input.n"`
                  this field cannot be read from the Context Object
            "#]],
        );
        check_state(
            r##"{"Type": "Map", "ItemProcessor": {"StartAt": "A", "States": {"A": {"Type": "Pass", "End": true}}}, "MaxConcurrency": 1, "MaxConcurrencyPath": "$.m", "ToleratedFailurePercentage": 100.5, "ToleratedFailureCount": 1.5, "End": true}"##,
            expect![[r#"
                ERROR SCHEMA_VALIDATION_FAILED: There should only be one of the following fields: [MaxConcurrency, MaxConcurrencyPath] at /States/S `"MaxConcurrencyPath"`
                ERROR SCHEMA_VALIDATION_FAILED: Expected value of type Integer at /States/S/ToleratedFailureCount `1.5`
                ERROR SCHEMA_VALIDATION_FAILED: Maximum value is 100.0 at /States/S/ToleratedFailurePercentage `100.5`
            "#]],
        );
        check_state(
            r##"{"Type": "Map", "ItemProcessor": {"StartAt": "A", "States": {"A": {"Type": "Pass", "End": true}}}, "Items": [1], "End": true}"##,
            expect![[r#"
                ERROR SCHEMA_VALIDATION_FAILED: The QueryLanguage is set to 'JSONPath', but field 'Items' is only supported for the 'JSONata' QueryLanguage at /States/S `"Items"`
                  add `"QueryLanguage": "JSONata"` to the state or to the state machine
            "#]],
        );
        check_jsonata_state(
            r##"{"Type": "Map", "ItemProcessor": {"StartAt": "A", "States": {"A": {"Type": "Pass", "End": true}}}, "Items": 5, "MaxConcurrency": "5", "ItemsPath": "$", "End": true}"##,
            expect![[r#"
                ERROR SCHEMA_VALIDATION_FAILED: The QueryLanguage is set to 'JSONata', but field 'ItemsPath' is only supported for the 'JSONPath' QueryLanguage at /States/S `"ItemsPath"`
                  a JSONata state has Arguments, Output, Assign and `{% … %}` instead
                ERROR SCHEMA_VALIDATION_FAILED: Expected value of type [ARRAY] at /States/S/Items `5`
                ERROR SCHEMA_VALIDATION_FAILED: Expected value of type Integer at /States/S/MaxConcurrency `"5"`
            "#]],
        );
        check_jsonata_state(
            r##"{"Type": "Map", "ItemProcessor": {"StartAt": "A", "States": {"A": {"Type": "Pass", "End": true}}}, "Items": "items", "End": true}"##,
            expect![[r#"
                ERROR SCHEMA_VALIDATION_FAILED: Expected value of type [ARRAY] at /States/S/Items `"items"`
            "#]],
        );
    }

    #[test]
    fn labels_are_short_and_unique() {
        check_state(
            r##"{"Type": "Map", "ItemProcessor": {"StartAt": "A", "States": {"A": {"Type": "Pass", "End": true}}}, "Label": "01234567890123456789012345678901234567890", "End": true}"##,
            expect![[r#"
                ERROR INVALID_LABEL_NAME: Invalid Label name: '01234567890123456789012345678901234567890' exceeds the 40-character limit allowed by the service at /States/S/Label `"01234567890123456789012345678901234567890"`
            "#]],
        );
        check_state(
            r##"{"Type": "Map", "ItemProcessor": {"StartAt": "A", "States": {"A": {"Type": "Map", "Label": "l", "ItemProcessor": {"StartAt": "B", "States": {"B": {"Type": "Pass", "End": true}}}, "End": true}}}, "Label": "l", "End": true}"##,
            expect![[r#"
                ERROR DUPLICATE_LABEL_NAME: Duplicate Label name: l at /States/S/Label `"l"`
            "#]],
        );
    }

    #[test]
    fn a_distributed_map_is_named_as_missing() {
        check_state(
            r##"{"Type": "Map", "ItemProcessor": {"ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"}, "StartAt": "A", "States": {"A": {"Type": "Pass", "End": true}}}, "ItemReader": {}, "End": true}"##,
            expect![[r#"
                ERROR SCHEMA_VALIDATION_FAILED: These fields are required: [Resource] at /States/S/ItemReader `{`
            "#]],
        );
        check_state(
            r##"{"Type": "Map", "ItemProcessor": {"ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "FAST"}, "StartAt": "A", "States": {"A": {"Type": "Pass", "End": true}}}, "End": true}"##,
            expect![[r#"
                ERROR SCHEMA_VALIDATION_FAILED: Value should be one of the following: [STANDARD, EXPRESS] at /States/S/ItemProcessor/ProcessorConfig/ExecutionType `"FAST"`
            "#]],
        );
        check_state(
            r##"{"Type": "Map", "ItemProcessor": {"StartAt": "A", "States": {"A": {"Type": "Pass", "End": true}}}, "ItemBatcher": {}, "ResultWriter": {}, "End": true}"##,
            expect![[r#"
                ERROR SCHEMA_VALIDATION_FAILED: Field 'ItemBatcher' is only supported when 'Mode' is 'DISTRIBUTED' at /States/S `"ItemBatcher"`
                ERROR SCHEMA_VALIDATION_FAILED: Field 'ResultWriter' is only supported when 'Mode' is 'DISTRIBUTED' at /States/S `"ResultWriter"`
            "#]],
        );
        check_express(
            r##"{"StartAt": "S", "States": {"S": {"Type": "Map", "ItemProcessor": {"ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"}, "StartAt": "A", "States": {"A": {"Type": "Pass", "End": true}}}, "End": true}}}"##,
            expect![[r#"
                ERROR SCHEMA_VALIDATION_FAILED: The field 'Mode' with value 'DISTRIBUTED' is not supported inside 'EXPRESS' state machines at /States/S/ItemProcessor/ProcessorConfig/Mode `"DISTRIBUTED"`
            "#]],
        );
    }
}

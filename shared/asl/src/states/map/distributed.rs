//! What only a Distributed Map has: `ItemReader`, `ItemBatcher`, `ResultWriter`, `Label`.

use crate::limits::LABEL_CHARS_MAX;
use crate::parse::{Field, Object, PathForm, Range, Reader, quoted};
use crate::source::Kind;
use crate::{AnyTemplate, Code, NumberField, QueryLanguage, Resource};

/// A Distributed Map's own fields.
#[derive(Debug)]
pub struct Distributed {
    /// Whether the children are Express executions.
    pub is_express: bool,
    /// `Label`, or one that is made from the state's place in the definition.
    pub label: String,
    /// `ItemReader`: the items are read from S3.
    pub reader: Option<ItemReader>,
    /// `ItemBatcher`: several items a child.
    pub batcher: Option<ItemBatcher>,
    /// `ResultWriter`: the results are written to S3, or formatted.
    pub writer: Option<ResultWriter>,
}

/// `ItemReader`.
#[derive(Debug)]
pub struct ItemReader {
    /// Which call of S3 gives the items.
    pub action: ReaderAction,
    /// `Parameters` or `Arguments`.
    pub arguments: Option<AnyTemplate>,
    /// `ReaderConfig` without the number of items.
    pub config: Option<AnyTemplate>,
    /// `MaxItems`, `MaxItemsPath`.
    pub items_max: Option<NumberField>,
}

/// The last part of an `ItemReader`'s `Resource`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReaderAction {
    /// `s3:getObject`: an object that holds the items.
    GetObject,
    /// `s3:listObjectsV2`: the objects are the items.
    ListObjects,
}

/// `ItemBatcher`: at least one of the limits is there.
#[derive(Debug)]
pub struct ItemBatcher {
    /// `MaxItemsPerBatch`, `MaxItemsPerBatchPath`.
    pub items_max: Option<NumberField>,
    /// `MaxInputBytesPerBatch`, `MaxInputBytesPerBatchPath`.
    pub bytes_max: Option<NumberField>,
    /// `BatchInput`.
    pub input: Option<AnyTemplate>,
}

/// `ResultWriter`.
#[derive(Debug)]
pub struct ResultWriter {
    /// Whether the results go to S3: `Resource` is given.
    pub is_exported: bool,
    /// `Parameters` or `Arguments`.
    pub arguments: Option<AnyTemplate>,
    /// `WriterConfig.Transformation`.
    pub transformation: Option<Transformation>,
    /// Whether `WriterConfig.OutputType` is `JSONL`.
    pub is_json_lines: bool,
}

/// `WriterConfig.Transformation`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Transformation {
    /// `NONE`: outputs with what is known of their executions.
    None,
    /// `COMPACT`: outputs.
    Compact,
    /// `FLATTEN`: outputs, arrays among them item by item.
    Flatten,
}

const READER_FIELDS: [&str; 4] = ["Resource", "ReaderConfig", "Parameters", "Arguments"];
const CONFIG_FIELDS: [&str; 9] = [
    "InputType",
    "CSVHeaderLocation",
    "CSVHeaders",
    "CSVDelimiter",
    "MaxItems",
    "MaxItemsPath",
    "ItemsPointer",
    "ManifestType",
    "Transformation",
];
const BATCH_LIMITS: [&str; 4] = [
    "MaxItemsPerBatch",
    "MaxItemsPerBatchPath",
    "MaxInputBytesPerBatch",
    "MaxInputBytesPerBatchPath",
];
const WRITER_FIELDS: [&str; 4] = ["Resource", "Parameters", "Arguments", "WriterConfig"];

impl Distributed {
    pub(super) fn read(
        reader: &mut Reader<'_>,
        state: &Object<'_>,
        language: QueryLanguage,
        is_express: bool,
    ) -> Option<Self> {
        let item_reader = reader.optional(state.get("ItemReader"), |reader, field| {
            ItemReader::read(reader, field, language)
        });
        let batcher = reader.optional(state.get("ItemBatcher"), |reader, field| {
            ItemBatcher::read(reader, field, language)
        });
        let writer = reader.optional(state.get("ResultWriter"), |reader, field| {
            ResultWriter::read(reader, field, language)
        });
        let label = state.get("Label").and_then(|field| match &field.node.kind {
            Kind::String(text) => Some(text.clone()),
            Kind::Null | Kind::Bool(_) | Kind::Number(_) | Kind::Array(_) | Kind::Object(_) => None,
        });
        let label = label.unwrap_or_else(|| made_label(&state.place.to_string()));
        Some(Distributed {
            is_express,
            label,
            reader: item_reader?,
            batcher: batcher?,
            writer: writer?,
        })
    }
}

impl ItemReader {
    fn read(reader: &mut Reader<'_>, field: &Field<'_>, language: QueryLanguage) -> Option<Self> {
        let object = reader.object(field.node, &field.place)?;
        reader.only(&object, &READER_FIELDS);
        reader.require(&object, &["Resource"]);
        let action = object.get("Resource").and_then(|field| action(reader, &field));
        let arguments = arguments(reader, &object, language);
        let config = reader.optional(object.get("ReaderConfig"), |reader, field| {
            Some((reader_config(reader, field, language)?, items_max(reader, field, language)?))
        });
        let (config, items_max) = match config? {
            Some((config, items_max)) => (Some(config), items_max),
            None => (None, None),
        };
        Some(ItemReader { action: action?, arguments: arguments?, config, items_max })
    }
}

fn action(reader: &mut Reader<'_>, field: &Field<'_>) -> Option<ReaderAction> {
    match s3_action(reader, field)?.as_str() {
        "getObject" => Some(ReaderAction::GetObject),
        "listObjectsV2" => Some(ReaderAction::ListObjects),
        _ => unknown_resource(reader, field),
    }
}

/// The action of an S3 integration without a pattern.
fn s3_action(reader: &mut Reader<'_>, field: &Field<'_>) -> Option<String> {
    let text = reader.string(field.node, &field.place)?;
    match Resource::parse(text) {
        Ok(Resource::Service(service)) if service.service == "s3" => {
            Some(service.action_with_pattern())
        }
        Ok(_) | Err(_) => unknown_resource(reader, field),
    }
}

fn unknown_resource<T>(reader: &mut Reader<'_>, field: &Field<'_>) -> Option<T> {
    let text = reader.string(field.node, &field.place)?;
    let message = format!(
        "The resource provided {} is not recognized. The value is not a valid resource ARN, or the resource is not available in this region.",
        quoted(text)
    );
    reader.schema(&field.place, field.node.span, message);
    None
}

/// `Parameters` of a JSONPath state, `Arguments` of a JSONata one.
fn arguments(
    reader: &mut Reader<'_>,
    object: &Object<'_>,
    language: QueryLanguage,
) -> Option<Option<AnyTemplate>> {
    let (own, other) = match language {
        QueryLanguage::JsonPath => ("Parameters", "Arguments"),
        QueryLanguage::Jsonata => ("Arguments", "Parameters"),
    };
    if let Some(field) = object.get(other) {
        reader.unsupported_field(object, other, field.key_span, &[own]);
        return None;
    }
    reader.optional(object.get(own), |reader, field| reader.template(field, language))
}

fn items_max(
    reader: &mut Reader<'_>,
    field: &Field<'_>,
    language: QueryLanguage,
) -> Option<Option<NumberField>> {
    let object = reader.object(field.node, &field.place)?;
    // A negative number is refused when the map run begins to read (recorded for the path).
    let range = Range { min: f64::NEG_INFINITY, max: f64::INFINITY, is_float: false };
    reader.number_field(&object, "MaxItems", range, language, PathForm::ReferenceNotContext)
}

/// `ReaderConfig` as a template: in a JSONata state its values may be expressions.
fn reader_config(
    reader: &mut Reader<'_>,
    field: &Field<'_>,
    language: QueryLanguage,
) -> Option<AnyTemplate> {
    let object = reader.object(field.node, &field.place)?;
    reader.only(&object, &CONFIG_FIELDS);
    let words: [(&str, &[&str]); 5] = [
        ("InputType", &["CSV", "JSON", "JSONL", "PARQUET", "MANIFEST"]),
        ("CSVHeaderLocation", &["FIRST_ROW", "GIVEN"]),
        ("CSVDelimiter", &["COMMA", "PIPE", "SEMICOLON", "SPACE", "TAB"]),
        ("ManifestType", &["ATHENA_DATA", "S3_INVENTORY"]),
        ("Transformation", &["NONE", "LOAD_AND_FLATTEN"]),
    ];
    let mut fits = true;
    for (name, words) in words {
        if let Some(field) = object.get(name).filter(|field| !is_expression(field, language)) {
            fits &= reader.one_of(&field, words).is_some();
        }
    }
    fits &= headers(reader, &object, language);
    if let Some(field) = object.get("ItemsPointer").filter(|field| !is_expression(field, language))
    {
        fits &= pointer(reader, &field);
    }
    if !fits {
        return None;
    }
    match language {
        QueryLanguage::Jsonata => {
            let template =
                reader.jsonata_template(field.node, &field.place, crate::parse::Within::State);
            template.map(AnyTemplate::Jsonata)
        }
        QueryLanguage::JsonPath => {
            let value = reader.payload(field.node, &field.place)?;
            let template = baton_jsonpath::Template::parse(&value).ok()?;
            Some(AnyTemplate::JsonPath(template))
        }
    }
}

/// `CSVHeaders` belong to `GIVEN`.
fn headers(reader: &mut Reader<'_>, object: &Object<'_>, language: QueryLanguage) -> bool {
    let location = object.get("CSVHeaderLocation").and_then(|field| match &field.node.kind {
        Kind::String(text) => Some(text.as_str()),
        Kind::Null | Kind::Bool(_) | Kind::Number(_) | Kind::Array(_) | Kind::Object(_) => None,
    });
    let Some(field) = object.get("CSVHeaders") else {
        if location == Some("GIVEN") {
            reader.require(object, &["CSVHeaders"]);
        }
        return location != Some("GIVEN");
    };
    if is_expression(&field, language) {
        return true;
    }
    let Some(items) = reader.items(&field) else { return false };
    let mut fits = true;
    for (index, item) in items.iter().enumerate() {
        fits &= reader.string(item, &field.place.index(index)).is_some();
    }
    fits
}

fn pointer(reader: &mut Reader<'_>, field: &Field<'_>) -> bool {
    let Some(text) = reader.string(field.node, &field.place) else { return false };
    let is_pointer = text.is_empty() || text.starts_with('/');
    if !is_pointer || text.chars().nth(POINTER_CHARS_MAX).is_some() {
        let message = "Value must be a valid JSON Pointer";
        reader.schema(&field.place, field.node.span, message);
        return false;
    }
    true
}

/// The longest `ItemsPointer` (DMAP-14, AWS).
const POINTER_CHARS_MAX: usize = 2_000;

fn is_expression(field: &Field<'_>, language: QueryLanguage) -> bool {
    match (&field.node.kind, language) {
        (Kind::String(text), QueryLanguage::Jsonata) => {
            baton_jsonata::marker(text) != baton_jsonata::Marker::Literal
        }
        _ => false,
    }
}

impl ItemBatcher {
    fn read(reader: &mut Reader<'_>, field: &Field<'_>, language: QueryLanguage) -> Option<Self> {
        let object = reader.object(field.node, &field.place)?;
        let [items, items_path, bytes, bytes_path] = BATCH_LIMITS;
        reader.only(&object, &[items, items_path, bytes, bytes_path, "BatchInput"]);
        if !BATCH_LIMITS.iter().any(|name| object.has(name)) {
            let message = format!(
                "This object should have at least one of the following fields: [{}]",
                BATCH_LIMITS.join(", ")
            );
            reader.schema(object.place, object.head(), message);
            return None;
        }
        let mut number = |name: &str| {
            let range = Range { min: 1.0, max: f64::INFINITY, is_float: false };
            reader.number_field(&object, name, range, language, PathForm::ReferenceNotContext)
        };
        let items_max = number("MaxItemsPerBatch");
        let bytes_max = number("MaxInputBytesPerBatch");
        let input = reader
            .optional(object.get("BatchInput"), |reader, field| reader.template(field, language));
        Some(ItemBatcher { items_max: items_max?, bytes_max: bytes_max?, input: input? })
    }
}

impl ResultWriter {
    fn read(reader: &mut Reader<'_>, field: &Field<'_>, language: QueryLanguage) -> Option<Self> {
        let object = reader.object(field.node, &field.place)?;
        reader.only(&object, &WRITER_FIELDS);
        let action = reader.optional(object.get("Resource"), |reader, field| {
            match s3_action(reader, field)?.as_str() {
                "putObject" => Some(()),
                _ => unknown_resource(reader, field),
            }
        });
        let arguments = arguments(reader, &object, language);
        let config = reader.optional(object.get("WriterConfig"), writer_config);
        let is_exported = action?.is_some();
        if !is_exported && !object.has("WriterConfig") {
            reader.require(&object, &["Resource"]);
            return None;
        }
        let (transformation, is_json_lines) = config?.unwrap_or_default();
        Some(ResultWriter { is_exported, arguments: arguments?, transformation, is_json_lines })
    }
}

fn writer_config(
    reader: &mut Reader<'_>,
    field: &Field<'_>,
) -> Option<(Option<Transformation>, bool)> {
    let object = reader.object(field.node, &field.place)?;
    reader.only(&object, &["Transformation", "OutputType"]);
    let transformation =
        reader.optional(object.get("Transformation"), |reader, field| {
            match reader.one_of(field, &["NONE", "COMPACT", "FLATTEN"])? {
                "COMPACT" => Some(Transformation::Compact),
                "FLATTEN" => Some(Transformation::Flatten),
                _ => Some(Transformation::None),
            }
        });
    let output_type = reader.optional(object.get("OutputType"), |reader, field| {
        reader.one_of(field, &["JSON", "JSONL"])
    });
    Some((transformation?, output_type? == Some("JSONL")))
}

/// `Label`, which names the Map Runs of a Distributed Map.
pub(super) fn check_label(reader: &mut Reader<'_>, state: &Object<'_>) {
    let Some(field) = state.get("Label") else { return };
    let Some(text) = reader.string(field.node, &field.place) else { return };
    let span = field.node.span;
    if text.chars().nth(LABEL_CHARS_MAX).is_some() {
        let message = format!(
            "Invalid Label name: '{}' exceeds the {LABEL_CHARS_MAX}-character limit allowed by the service",
            quoted(text)
        );
        reader.error(Code::InvalidLabelName, &field.place, span, message);
    } else if text.is_empty() || text.chars().any(is_forbidden) {
        let message = format!("Invalid Label name: '{}'", quoted(text));
        reader.error(Code::InvalidLabelName, &field.place, span, message);
    } else if !reader.labels.insert(text.to_owned()) {
        let message = format!("Duplicate Label name: {text}");
        reader.error(Code::DuplicateLabelName, &field.place, span, message);
    }
}

/// What a name in an ARN may not have: blanks, brackets, wildcards, other special characters, control characters.
fn is_forbidden(character: char) -> bool {
    character.is_whitespace()
        || character.is_control()
        || "?*[]<>{}\\|^`~#%&$\"',;:/".contains(character)
}

/// A label that is the same whenever the same definition is read: in the form of a UUID, as AWS's are, from the state's place by
/// FNV-1a, which never changes.
fn made_label(place: &str) -> String {
    let hash = place.bytes().fold(0x6c62_272e_07bb_0142_62b8_2175_6295_c58d_u128, |hash, byte| {
        (hash ^ u128::from(byte)).wrapping_mul(0x0000_0000_0100_0000_0000_0000_0000_013b)
    });
    let hex = format!("{hash:032x}");
    let parts = [(0, 8), (8, 12), (12, 16), (16, 20), (20, 32)];
    parts.map(|(from, to)| hex.get(from..to).unwrap_or_default()).join("-")
}

#[cfg(test)]
mod tests {
    use crate::testing::{check_jsonata_state, check_state};
    use expect_test::{Expect, expect};

    const PROCESSOR: &str = r##""ItemProcessor": {"ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"}, "StartAt": "A", "States": {"A": {"Type": "Pass", "End": true}}}"##;

    fn check(fields: &str, expected: Expect) {
        check_state(&format!(r#"{{"Type": "Map", {PROCESSOR}, {fields}, "End": true}}"#), expected);
    }

    fn check_jsonata(fields: &str, expected: Expect) {
        check_jsonata_state(
            &format!(r#"{{"Type": "Map", {PROCESSOR}, {fields}, "End": true}}"#),
            expected,
        );
    }

    #[test]
    fn a_reader_has_these_fields() {
        check(
            r#""ItemReader": {"Resource": "arn:aws:states:::s3:getObject", "Parameters": {"Bucket": "b", "Key.$": "$.k"}, "ReaderConfig": {"InputType": "CSV", "CSVHeaderLocation": "GIVEN", "CSVHeaders": ["a", "a"], "CSVDelimiter": "TAB", "MaxItemsPath": "$.n"}}"#,
            expect!["accepted"],
        );
        check(
            r#""ItemReader": {"Resource": "arn:aws:states:::s3:listObjectsV2", "Parameters": {"Bucket": "b"}, "ReaderConfig": {"InputType": "JSON", "ItemsPointer": "/a/0", "Transformation": "LOAD_AND_FLATTEN", "MaxItems": 5}}"#,
            expect!["accepted"],
        );
        check_jsonata(
            r#""ItemReader": {"Resource": "arn:aws:states:::s3:getObject", "Arguments": {"Bucket": "{% $states.input.b %}"}, "ReaderConfig": {"InputType": "MANIFEST", "MaxItems": "{% 5 %}", "CSVHeaders": "{% ['a'] %}"}}"#,
            expect!["accepted"],
        );
        check(
            r#""ItemReader": {"Resource": "arn:aws:states:::s3:putObject", "Arguments": {}, "ReaderConfig": {"InputType": "XML", "CSVHeaderLocation": "GIVEN", "ItemsPointer": "a"}}"#,
            expect![[r#"
                ERROR SCHEMA_VALIDATION_FAILED: The resource provided arn:aws:states:::s3:putObject is not recognized. The value is not a valid resource ARN, or the resource is not available in this region. at /States/S/ItemReader/Resource `"arn:aws:states:::s3:putObject"`
                ERROR SCHEMA_VALIDATION_FAILED: Field 'Arguments' is not supported at /States/S/ItemReader `"Arguments"`
                  the fields here are Parameters
                ERROR SCHEMA_VALIDATION_FAILED: Value should be one of the following: [CSV, JSON, JSONL, PARQUET, MANIFEST] at /States/S/ItemReader/ReaderConfig/InputType `"XML"`
                ERROR SCHEMA_VALIDATION_FAILED: These fields are required: [CSVHeaders] at /States/S/ItemReader/ReaderConfig `{`
                ERROR SCHEMA_VALIDATION_FAILED: Value must be a valid JSON Pointer at /States/S/ItemReader/ReaderConfig/ItemsPointer `"a"`
            "#]],
        );
        check(
            r#""ItemReader": {}"#,
            expect![[r#"
            ERROR SCHEMA_VALIDATION_FAILED: These fields are required: [Resource] at /States/S/ItemReader `{`
        "#]],
        );
    }

    #[test]
    fn a_batcher_has_a_limit() {
        check(
            r#""ItemBatcher": {"MaxItemsPerBatch": 5, "MaxInputBytesPerBatchPath": "$.b", "BatchInput": {"a.$": "$.a"}}"#,
            expect!["accepted"],
        );
        check_jsonata(
            r#""ItemBatcher": {"MaxItemsPerBatch": "{% 5 %}", "BatchInput": {"a": "{% 1 %}"}}"#,
            expect!["accepted"],
        );
        check(
            r#""ItemBatcher": {"BatchInput": {}}"#,
            expect![[r#"
            ERROR SCHEMA_VALIDATION_FAILED: This object should have at least one of the following fields: [MaxItemsPerBatch, MaxItemsPerBatchPath, MaxInputBytesPerBatch, MaxInputBytesPerBatchPath] at /States/S/ItemBatcher `{`
        "#]],
        );
        check(
            r#""ItemBatcher": {"MaxItemsPerBatch": 0, "Size": 1}"#,
            expect![[r#"
            ERROR SCHEMA_VALIDATION_FAILED: Field 'Size' is not supported at /States/S/ItemBatcher `"Size"`
              the fields here are MaxItemsPerBatch, MaxItemsPerBatchPath, MaxInputBytesPerBatch, MaxInputBytesPerBatchPath, BatchInput
            ERROR SCHEMA_VALIDATION_FAILED: Minimum value is 1 at /States/S/ItemBatcher/MaxItemsPerBatch `0`
        "#]],
        );
    }

    #[test]
    fn a_writer_exports_or_formats() {
        check(
            r#""ResultWriter": {"Resource": "arn:aws:states:::s3:putObject", "Parameters": {"Bucket": "b", "Prefix": "p"}}"#,
            expect!["accepted"],
        );
        check(
            r#""ResultWriter": {"WriterConfig": {"Transformation": "FLATTEN", "OutputType": "JSONL"}}"#,
            expect!["accepted"],
        );
        check(
            r#""ResultWriter": {}"#,
            expect![[r#"
            ERROR SCHEMA_VALIDATION_FAILED: These fields are required: [Resource] at /States/S/ResultWriter `{`
        "#]],
        );
        check(
            r#""ResultWriter": {"Resource": "arn:aws:states:::s3:getObject", "WriterConfig": {"Transformation": "ALL"}}"#,
            expect![[r#"
                ERROR SCHEMA_VALIDATION_FAILED: The resource provided arn:aws:states:::s3:getObject is not recognized. The value is not a valid resource ARN, or the resource is not available in this region. at /States/S/ResultWriter/Resource `"arn:aws:states:::s3:getObject"`
                ERROR SCHEMA_VALIDATION_FAILED: Value should be one of the following: [NONE, COMPACT, FLATTEN] at /States/S/ResultWriter/WriterConfig/Transformation `"ALL"`
            "#]],
        );
    }

    #[test]
    fn a_label_is_a_name() {
        check(r#""Label": "a-1""#, expect!["accepted"]);
        check(
            r#""Label": "a b""#,
            expect![[r#"
            ERROR INVALID_LABEL_NAME: Invalid Label name: 'a b' at /States/S/Label `"a b"`
        "#]],
        );
        check(
            r##""Label": """##,
            expect![[r#"
            ERROR INVALID_LABEL_NAME: Invalid Label name: '' at /States/S/Label `""`
        "#]],
        );
    }

    #[test]
    fn a_made_label_follows_from_the_place() {
        let label = super::made_label("/States/S");
        assert_eq!(label, super::made_label("/States/S"));
        assert_ne!(label, super::made_label("/States/T"));
        assert_eq!(label.len(), 36);
    }
}

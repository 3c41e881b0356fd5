//! What an `ItemReader` asks for.

use crate::failure::ReadFailure;
use crate::manifests::ObjectName;
use crate::reader::{CsvDelimiter, CsvFormat, CsvHeaders, Format, Pointer, index_end};
use serde_json::Value;

/// An `ItemReader`, evaluated and understood.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DatasetPlan {
    pub(crate) origin: Origin,
    /// How the objects' bytes become items; nothing, where the objects themselves are the items.
    pub(crate) content: Option<Content>,
    pub(crate) index_end: u64,
    /// `ExpectedBucketOwner`.
    pub expected_bucket_owner: Option<String>,
}

/// Where the objects come from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Origin {
    One { object: ObjectName, version: Option<String> },
    Listing { bucket: String, prefix: String },
    Inventory { manifest: ObjectName, version: Option<String> },
    Athena { manifest: ObjectName, version: Option<String> },
}

/// What an object holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Content {
    Text(Format),
    Parquet,
}

impl DatasetPlan {
    /// Understands an `ItemReader`: of `s3:listObjectsV2` or else `s3:getObject`, its Parameters or Arguments, its
    /// ReaderConfig without MaxItems, and MaxItems.
    pub fn parse(
        is_listing: bool,
        arguments: &Value,
        config: &Value,
        max_items: Option<i64>,
    ) -> Result<Self, ReadFailure> {
        let bucket = required(arguments, "Bucket")?;
        let version = text(arguments, "VersionId").map(str::to_owned);
        let input_type = text(config, "InputType");
        let manifest_type = text(config, "ManifestType");
        let object = || Ok(ObjectName { bucket: bucket.clone(), key: required(arguments, "Key")? });
        let (origin, content) = match (is_listing, input_type, manifest_type) {
            (true, _, _) => {
                let prefix = text(arguments, "Prefix").unwrap_or_default().to_owned();
                let flatten = text(config, "Transformation") == Some("LOAD_AND_FLATTEN");
                let content = flatten.then(|| content(config, input_type)).transpose()?;
                (Origin::Listing { bucket: bucket.clone(), prefix }, content)
            }
            (false, Some("MANIFEST"), None) | (false, None, Some("S3_INVENTORY")) => {
                (Origin::Inventory { manifest: object()?, version }, None)
            }
            (false, _, Some("ATHENA_DATA")) => (
                Origin::Athena { manifest: object()?, version },
                Some(content(config, input_type)?),
            ),
            (false, _, _) => {
                (Origin::One { object: object()?, version }, Some(content(config, input_type)?))
            }
        };
        let expected_bucket_owner = text(arguments, "ExpectedBucketOwner").map(str::to_owned);
        Ok(Self { origin, content, index_end: index_end(max_items)?, expected_bucket_owner })
    }
}

fn content(config: &Value, input_type: Option<&str>) -> Result<Content, ReadFailure> {
    let pointer = text(config, "ItemsPointer").unwrap_or_default();
    Ok(match input_type {
        Some("CSV") => Content::Text(Format::Csv(csv(config)?)),
        Some("JSON") => Content::Text(Format::Json(Pointer::parse(pointer)?)),
        Some("JSONL") => Content::Text(Format::JsonLines),
        Some("PARQUET") => Content::Parquet,
        _ => return Err(misfit("InputType")),
    })
}

fn csv(config: &Value) -> Result<CsvFormat, ReadFailure> {
    let delimiter = match text(config, "CSVDelimiter") {
        Some(name) => CsvDelimiter::parse(name).ok_or_else(|| misfit("CSVDelimiter"))?,
        None => CsvDelimiter::default(),
    };
    let headers = match text(config, "CSVHeaderLocation") {
        None | Some("FIRST_ROW") => CsvHeaders::FirstRow,
        Some("GIVEN") => {
            let names = config.get("CSVHeaders").and_then(Value::as_array);
            let names = names.ok_or_else(|| misfit("CSVHeaders"))?.iter();
            let names = names.map(|name| name.as_str().map(str::to_owned)).collect::<Option<_>>();
            CsvHeaders::Given(names.ok_or_else(|| misfit("CSVHeaders"))?)
        }
        Some(_) => return Err(misfit("CSVHeaderLocation")),
    };
    Ok(CsvFormat { delimiter, headers })
}

fn text<'a>(fields: &'a Value, name: &str) -> Option<&'a str> {
    fields.get(name).and_then(Value::as_str)
}

fn required(fields: &Value, name: &'static str) -> Result<String, ReadFailure> {
    text(fields, name).map(str::to_owned).ok_or_else(|| misfit(name))
}

fn misfit(name: &'static str) -> ReadFailure {
    ReadFailure::Misfit { name }
}

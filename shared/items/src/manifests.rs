//! Datasets of many objects: S3 inventories and what Athena's UNLOAD leaves.

use crate::failure::ReadFailure;
use crate::limits;
use crate::reader::{CsvDelimiter, CsvFormat, CsvHeaders, Format};
use serde::Deserialize;

/// An object to be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ObjectName {
    /// Its bucket.
    pub bucket: String,
    /// Its key.
    pub key: String,
}

/// An inventory: rows of CSV in many objects, under one header that its manifest gives; or rows of Parquet, which name
/// their columns themselves.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Inventory {
    /// The objects, in the manifest's order.
    pub objects: Vec<ObjectName>,
    /// How to read them; nothing for Parquet.
    pub format: Option<Format>,
}

impl Inventory {
    /// Reads an inventory's `manifest.json`.
    pub fn parse(manifest: &[u8]) -> Result<Self, ReadFailure> {
        bounded(manifest)?;
        let manifest: InventoryManifest =
            serde_json::from_slice(manifest).map_err(|e| damaged(&e.to_string()))?;
        let is_csv = manifest.file_format == "CSV";
        if !is_csv && manifest.file_format != "Parquet" {
            let format = manifest.file_format.chars().take(20).collect::<String>();
            return Err(damaged(&format!("its files are {format}, not CSV or Parquet")));
        }
        let bucket = manifest.destination_bucket.rsplit(':').next().unwrap_or_default();
        let objects: Vec<ObjectName> = manifest
            .files
            .into_iter()
            .map(|file| ObjectName { bucket: bucket.to_owned(), key: file.key })
            .collect();
        counted(objects.len())?;
        if !is_csv {
            return Ok(Self { objects, format: None });
        }
        let headers = manifest.file_schema.split(',').map(|name| name.trim().to_owned()).collect();
        let delimiter = CsvDelimiter::Comma;
        let format = Format::Csv(CsvFormat { delimiter, headers: CsvHeaders::Given(headers) });
        Ok(Self { objects, format: Some(format) })
    }
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct InventoryManifest {
    destination_bucket: String,
    file_format: String,
    file_schema: String,
    files: Vec<InventoryFile>,
}

#[derive(Debug, Deserialize)]
struct InventoryFile {
    key: String,
}

/// Reads the data manifest of an Athena UNLOAD: one `s3://bucket/key` a line.
pub fn athena_objects(manifest: &[u8]) -> Result<Vec<ObjectName>, ReadFailure> {
    bounded(manifest)?;
    let text = std::str::from_utf8(manifest).map_err(|e| damaged(&e.to_string()))?;
    let lines = text.lines().map(|line| line.trim().trim_matches('"'));
    let objects = lines.filter(|line| !line.is_empty()).map(|line| {
        let name = line.strip_prefix("s3://").and_then(|name| name.split_once('/'));
        let (bucket, key) = name.ok_or_else(|| damaged("a line is no S3 URI"))?;
        Ok(ObjectName { bucket: bucket.to_owned(), key: key.to_owned() })
    });
    let objects = objects.collect::<Result<Vec<_>, ReadFailure>>()?;
    counted(objects.len())?;
    Ok(objects)
}

fn bounded(manifest: &[u8]) -> Result<(), ReadFailure> {
    if manifest.len() > limits::MANIFEST_BYTES_MAX {
        return Err(damaged("it is too long"));
    }
    Ok(())
}

fn counted(objects: usize) -> Result<(), ReadFailure> {
    if objects > limits::MANIFEST_OBJECTS_MAX {
        return Err(damaged("it lists too many objects"));
    }
    Ok(())
}

fn damaged(reason: &str) -> ReadFailure {
    ReadFailure::Manifest { reason: reason.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::reader::{ItemReader, Step};

    const INVENTORY: &str = r#"{
        "sourceBucket": "photos", "destinationBucket": "arn:aws:s3:::inventories", "version": "2016-11-30",
        "creationTimestamp": "1514944800000", "fileFormat": "CSV", "fileSchema": "Bucket, Key, Size",
        "files": [{"key": "photos/all/data/1.csv.gz", "size": 2147, "MD5checksum": "f11166069f1990abeb9c97ace9cdfabc"}]
    }"#;

    #[test]
    fn an_inventorys_rows_have_the_schemas_names() {
        let inventory = Inventory::parse(INVENTORY.as_bytes()).unwrap();
        let object =
            ObjectName { bucket: "inventories".into(), key: "photos/all/data/1.csv.gz".into() };
        assert_eq!(inventory.objects, [object]);
        let mut reader =
            ItemReader::new(inventory.format.as_ref().unwrap(), "s3://inventories/1").unwrap();
        reader.push(b"\"photos\",\"a.jpg\",\"17\"\n");
        let Step::Item(item) = reader.next().unwrap() else { panic!() };
        let item: serde_json::Value = serde_json::from_str(item.value).unwrap();
        assert_eq!(item, serde_json::json!({"Bucket": "photos", "Key": "a.jpg", "Size": "17"}));
    }

    #[test]
    fn an_athena_manifest_lists_objects() {
        let objects = athena_objects(b"s3://b/unload/1.gz\ns3://b/unload/a b\n\n").unwrap();
        let keys: Vec<&str> = objects.iter().map(|object| object.key.as_str()).collect();
        assert_eq!(keys, ["unload/1.gz", "unload/a b"]);
    }

    #[test]
    fn a_manifest_of_another_form_is_refused() {
        let orc = INVENTORY.replace("\"CSV\"", "\"ORC\"");
        for text in ["", "[]", "{}", orc.as_str()] {
            assert!(matches!(Inventory::parse(text.as_bytes()), Err(ReadFailure::Manifest { .. })));
        }
        for text in ["oops", "s3://bucket", "\u{0}"] {
            assert!(athena_objects(text.as_bytes()).is_err());
        }
        assert!(athena_objects(&vec![b'\n'; limits::MANIFEST_BYTES_MAX + 1]).is_err());
    }
}

use super::*;
use expect_test::expect;
use serde_json::{Value, json};

/// A bucket.
struct Bucket(Vec<(&'static str, Vec<u8>)>);

impl Bucket {
    fn object(&self, key: &str) -> &[u8] {
        &self.0.iter().find(|(name, _)| *name == key).expect("the object").1
    }

    fn give(&self, dataset: &mut Dataset, need: &Need) -> Result<(), ReadFailure> {
        match need {
            Need::Bytes { object, from, .. } => {
                assert_eq!(object.bucket, "b");
                let bytes = self.object(&object.key);
                let from = usize::try_from(*from).unwrap();
                let end = bytes.len().min(from + 7);
                let is_end = end == bytes.len();
                let etag = object.key.as_str();
                dataset.give_bytes(FetchedBytes { bytes: &bytes[from..end], is_end, etag })
            }
            Need::Page { bucket, prefix, token } => {
                assert_eq!(bucket, "b");
                let after = token.clone().unwrap_or_default();
                let keys = self
                    .0
                    .iter()
                    .filter(|(key, _)| key.starts_with(prefix.as_str()) && *key > after.as_str());
                let page: Vec<_> = keys.take(2).collect();
                let objects = page.iter().map(|(key, bytes)| ListedObject {
                    etag: key,
                    key,
                    last_modified_secs: 1_700_000_000,
                    size: bytes.len() as u64,
                    storage_class: "STANDARD",
                });
                let next = (page.len() == 2).then(|| page[1].0.to_owned());
                dataset.give_page(objects, next);
                Ok(())
            }
            Need::Rows { object, row, etag, .. } => {
                // Lines stand in for rows.
                let text = std::str::from_utf8(self.object(&object.key)).unwrap();
                let rows = text.lines().skip(usize::try_from(*row).unwrap()).map(str::to_owned);
                let mut rows: VecDeque<String> = rows.collect();
                let is_end = rows.len() <= 2;
                rows.truncate(2);
                assert!(etag.as_ref().is_none_or(|etag| *etag == object.key));
                dataset.give_rows(ReadRows { rows, is_end, etag: object.key.clone() })
            }
        }
    }
}

/// Reads at most so many items from a position on.
fn read(
    bucket: &Bucket,
    plan: &DatasetPlan,
    position: DatasetPosition,
    most: usize,
) -> Result<(Vec<String>, DatasetPosition), ReadFailure> {
    let mut dataset = Dataset::new(plan.clone(), position);
    let mut items = Vec::new();
    while items.len() < most {
        let need = match dataset.next()? {
            DatasetStep::End => break,
            DatasetStep::Needs(need) => need,
            DatasetStep::Item(item) => {
                items.push(format!("{} {} {}\n", item.index, item.source, item.value));
                continue;
            }
        };
        bucket.give(&mut dataset, &need)?;
    }
    Ok((items, dataset.position()))
}

fn plan(is_listing: bool, arguments: Value, config: Value, max: Option<i64>) -> DatasetPlan {
    DatasetPlan::parse(is_listing, &arguments, &config, max).unwrap()
}

/// The items, which are the same wherever reading is stopped and taken up again.
fn all(bucket: &Bucket, plan: &DatasetPlan) -> String {
    let (whole, _) = read(bucket, plan, DatasetPosition::default(), usize::MAX).unwrap();
    for stop in 0..=whole.len() {
        let (mut items, position) = read(bucket, plan, DatasetPosition::default(), stop).unwrap();
        let kept = serde_json::to_string(&position).unwrap();
        let position = serde_json::from_str(&kept).unwrap();
        items.extend(read(bucket, plan, position, usize::MAX).unwrap().0);
        assert_eq!(items, whole, "stopped behind {stop}: {kept}");
    }
    whole.concat()
}

fn bucket() -> Bucket {
    let packed = zstd::encode_all(b"x,1\ny,2\n".as_slice(), 1).unwrap();
    let manifest = json!({
        "destinationBucket": "arn:aws:s3:::b", "fileFormat": "CSV", "fileSchema": "Key, Size",
        "files": [{"key": "data/1.csv"}, {"key": "data/2.csv"}],
    });
    Bucket(vec![
        ("data/", Vec::new()),
        ("data/1.csv", packed),
        ("data/2.csv", b"z,3".to_vec()),
        ("data/3.csv", Vec::new()),
        ("manifest.json", manifest.to_string().into_bytes()),
        ("rows.csv", b"a\n1\n2\n3\n".to_vec()),
        ("unload.csv", b"s3://b/data/1.csv\ns3://b/data/2.csv\n".to_vec()),
    ])
}

#[test]
fn an_object_is_a_dataset() {
    let arguments = json!({"Bucket": "b", "Key": "rows.csv"});
    let plan = plan(false, arguments, json!({"InputType": "CSV"}), Some(2));
    expect![[r#"
        0 S3://b/rows.csv {"a":"1"}
        1 S3://b/rows.csv {"a":"2"}
    "#]]
    .assert_eq(&all(&bucket(), &plan));
}

#[test]
fn a_listing_is_read_page_by_page() {
    let arguments = json!({"Bucket": "b", "Prefix": "data/"});
    let plan = plan(true, arguments, Value::Null, None);
    expect![[r#"
        0 S3://b {"Etag":"data/","Key":"data/","LastModified":1.7E9,"Size":0,"StorageClass":"STANDARD"}
        1 S3://b {"Etag":"data/1.csv","Key":"data/1.csv","LastModified":1.7E9,"Size":17,"StorageClass":"STANDARD"}
        2 S3://b {"Etag":"data/2.csv","Key":"data/2.csv","LastModified":1.7E9,"Size":3,"StorageClass":"STANDARD"}
        3 S3://b {"Etag":"data/3.csv","Key":"data/3.csv","LastModified":1.7E9,"Size":0,"StorageClass":"STANDARD"}
    "#]]
    .assert_eq(&all(&bucket(), &plan));
}

#[test]
fn objects_of_a_listing_are_loaded_and_flattened() {
    let arguments = json!({"Bucket": "b", "Prefix": "data/"});
    let config = json!({
        "InputType": "CSV", "CSVHeaderLocation": "GIVEN", "CSVHeaders": ["k", "n"],
        "Transformation": "LOAD_AND_FLATTEN",
    });
    expect![[r#"
        0 S3://b/data/1.csv {"k":"x","n":"1"}
        1 S3://b/data/1.csv {"k":"y","n":"2"}
        2 S3://b/data/2.csv {"k":"z","n":"3"}
    "#]]
    .assert_eq(&all(&bucket(), &plan(true, arguments, config, None)));
}

#[test]
fn manifests_name_the_objects() {
    let arguments = json!({"Bucket": "b", "Key": "manifest.json"});
    let inventory = plan(false, arguments.clone(), json!({"ManifestType": "S3_INVENTORY"}), None);
    let rows = all(&bucket(), &inventory);
    assert_eq!(
        all(&bucket(), &plan(false, arguments, json!({"InputType": "MANIFEST"}), None)),
        rows
    );
    expect![[r#"
        0 S3://b/data/1.csv {"Size":"1","Key":"x"}
        1 S3://b/data/1.csv {"Size":"2","Key":"y"}
        2 S3://b/data/2.csv {"Size":"3","Key":"z"}
    "#]]
    .assert_eq(&rows);
    let arguments = json!({"Bucket": "b", "Key": "unload.csv"});
    let config = json!({
        "ManifestType": "ATHENA_DATA", "InputType": "CSV", "CSVHeaderLocation": "GIVEN",
        "CSVHeaders": ["k"],
    });
    expect![[r#"
        0 S3://b/data/1.csv {"k":"x"}
        1 S3://b/data/1.csv {"k":"y"}
        2 S3://b/data/2.csv {"k":"z"}
    "#]]
    .assert_eq(&all(&bucket(), &plan(false, arguments, config, None)));
}

#[test]
fn rows_of_parquet_are_items_of_one_object_or_of_many() {
    let config = json!({"InputType": "PARQUET"});
    let one = plan(false, json!({"Bucket": "b", "Key": "rows.csv"}), config, Some(3));
    expect![[r#"
        0 S3://b/rows.csv a
        1 S3://b/rows.csv 1
        2 S3://b/rows.csv 2
    "#]]
    .assert_eq(&all(&bucket(), &one));
    let manifest = json!({
        "destinationBucket": "arn:aws:s3:::b", "fileFormat": "Parquet", "fileSchema": "message s3.inventory {}",
        "files": [{"key": "rows.csv"}, {"key": "data/2.csv"}],
    });
    let mut bucket = bucket();
    bucket.0.push(("inventory.json", manifest.to_string().into_bytes()));
    let arguments = json!({"Bucket": "b", "Key": "inventory.json"});
    let many = plan(false, arguments, json!({"ManifestType": "S3_INVENTORY"}), None);
    expect![[r#"
        0 S3://b/rows.csv a
        1 S3://b/rows.csv 1
        2 S3://b/rows.csv 2
        3 S3://b/rows.csv 3
        4 S3://b/data/2.csv z,3
    "#]]
    .assert_eq(&all(&bucket, &many));
}

#[test]
fn rows_of_an_object_that_changes_are_not_read_on() {
    let config = json!({"InputType": "PARQUET"});
    let plan = plan(false, json!({"Bucket": "b", "Key": "k"}), config, None);
    let mut dataset = Dataset::new(plan, DatasetPosition::default());
    let rows = |etag: &str| ReadRows {
        rows: ["1".to_owned()].into(),
        is_end: false,
        etag: etag.to_owned(),
    };
    assert!(matches!(dataset.next(), Ok(DatasetStep::Needs(Need::Rows { row: 0, .. }))));
    dataset.give_rows(rows("x")).unwrap();
    assert!(matches!(dataset.next(), Ok(DatasetStep::Item(_))));
    assert!(matches!(dataset.next(), Ok(DatasetStep::Needs(Need::Rows { row: 1, index: 1, .. }))));
    assert_eq!(dataset.give_rows(rows("y")), Err(ReadFailure::Changed));
}

#[test]
fn an_object_that_changes_is_not_read_on() {
    let arguments = json!({"Bucket": "b", "Key": "rows.csv", "VersionId": "7"});
    let plan = plan(false, arguments, json!({"InputType": "JSONL"}), None);
    let mut dataset = Dataset::new(plan, DatasetPosition::default());
    let DatasetStep::Needs(Need::Bytes { version, etag: None, .. }) = dataset.next().unwrap()
    else {
        panic!()
    };
    assert_eq!(version.as_deref(), Some("7"));
    dataset.give_bytes(FetchedBytes { bytes: b"1\n22", is_end: false, etag: "x" }).unwrap();
    assert!(matches!(dataset.next(), Ok(DatasetStep::Item(_))));
    let DatasetStep::Needs(Need::Bytes { from: 4, etag: Some(etag), .. }) = dataset.next().unwrap()
    else {
        panic!()
    };
    assert_eq!(etag, "x");
    let other = FetchedBytes { bytes: b"3\n", is_end: true, etag: "y" };
    assert_eq!(dataset.give_bytes(other), Err(ReadFailure::Changed));
}

#[test]
fn what_a_reader_cannot_ask_for_is_named() {
    let check = |arguments: Value, config: Value, max: Option<i64>| {
        DatasetPlan::parse(false, &arguments, &config, max).unwrap_err().to_string()
    };
    let object = json!({"Bucket": "b", "Key": "k"});
    let shown = [
        check(json!({"Key": "k"}), json!({"InputType": "JSON"}), None),
        check(json!({"Bucket": "b"}), json!({"InputType": "JSON"}), None),
        check(object.clone(), json!({"InputType": "XML"}), None),
        check(object.clone(), json!({"InputType": "CSV", "CSVHeaderLocation": "GIVEN"}), None),
        check(object, json!({"InputType": "JSON"}), Some(-1)),
    ];
    expect![[r#"
        The field Bucket of the ItemReader is missing or invalid.
        The field Key of the ItemReader is missing or invalid.
        The field InputType of the ItemReader is missing or invalid.
        The field CSVHeaders of the ItemReader is missing or invalid.
        field MaxItems must be positive
    "#]]
    .assert_eq(&shown.map(|line| line + "\n").concat());
}

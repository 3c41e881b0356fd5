use super::*;
use expect_test::expect;
use parquet::basic::{Compression, ZstdLevel};
use parquet::data_type::{ByteArrayType, DoubleType, Int32Type, Int64Type};
use parquet::file::properties::WriterProperties;
use parquet::file::writer::SerializedFileWriter;
use parquet::schema::parser::parse_message_type;
use proptest::prelude::*;

struct Memory(Vec<u8>);

impl RangedObject for Memory {
    fn length(&self) -> u64 {
        self.0.len() as u64
    }

    fn read(&self, start: u64, length: usize) -> std::io::Result<Vec<u8>> {
        let start = usize::try_from(start).unwrap();
        self.0
            .get(start..start + length)
            .map(<[u8]>::to_vec)
            .ok_or_else(|| std::io::ErrorKind::UnexpectedEof.into())
    }
}

fn read(object: &[u8], from: u64) -> Result<Vec<String>, ReadFailure> {
    let mut reader = ParquetReader::open(Arc::new(Memory(object.to_vec())), "s3://b/k", from)?;
    let mut items = Vec::new();
    while let Some(item) = reader.next()? {
        items.push(format!("{} {}", item.index, item.value));
    }
    Ok(items)
}

/// Row groups of two rows each.
fn object(groups: i32, compression: Compression) -> Vec<u8> {
    let schema = "message row {
        required int32 id;
        optional binary name (UTF8);
        required double ratio;
        required int64 at (TIMESTAMP_MILLIS);
        required int32 day (DATE);
        required int64 price (DECIMAL(9, 2));
        required binary raw;
    }";
    let schema = Arc::new(parse_message_type(schema).unwrap());
    let properties = WriterProperties::builder().set_compression(compression).build();
    let mut bytes = Vec::new();
    let mut writer = SerializedFileWriter::new(&mut bytes, schema, properties.into()).unwrap();
    for group in 0..groups {
        let mut columns = writer.next_row_group().unwrap();
        let mut at = 0;
        while let Some(mut column) = columns.next_column().unwrap() {
            let text = |text: &str| parquet::data_type::ByteArray::from(text);
            match at {
                0 => drop(column.typed::<Int32Type>().write_batch(
                    &[group * 2, group * 2 + 1],
                    None,
                    None,
                )),
                1 => drop(column.typed::<ByteArrayType>().write_batch(
                    &[text("a \"b\"")],
                    Some(&[1, 0]),
                    None,
                )),
                2 => drop(column.typed::<DoubleType>().write_batch(&[0.1, f64::NAN], None, None)),
                3 => drop(column.typed::<Int64Type>().write_batch(
                    &[1_700_000_000_123, 0],
                    None,
                    None,
                )),
                4 => drop(column.typed::<Int32Type>().write_batch(&[19_000, -1], None, None)),
                5 => drop(column.typed::<Int64Type>().write_batch(&[12_345, -5], None, None)),
                _ => drop(column.typed::<ByteArrayType>().write_batch(
                    &[text("raw"), text("")],
                    None,
                    None,
                )),
            }
            column.close().unwrap();
            at += 1;
        }
        columns.close().unwrap();
    }
    writer.close().unwrap();
    bytes
}

#[test]
fn rows_are_items_in_every_coding() {
    let plain = read(&object(2, Compression::UNCOMPRESSED), 0).unwrap();
    expect![[r#"
        0 {"id":0,"name":"a \"b\"","ratio":0.1,"at":"2023-11-14T22:13:20.123Z","day":"2022-01-08","price":123.45,"raw":"cmF3"}
        1 {"id":1,"name":null,"ratio":null,"at":"1970-01-01T00:00:00Z","day":"1969-12-31","price":-0.05,"raw":""}
        2 {"id":2,"name":"a \"b\"","ratio":0.1,"at":"2023-11-14T22:13:20.123Z","day":"2022-01-08","price":123.45,"raw":"cmF3"}
        3 {"id":3,"name":null,"ratio":null,"at":"1970-01-01T00:00:00Z","day":"1969-12-31","price":-0.05,"raw":""}
    "#]]
    .assert_eq(&plain.iter().map(|item| format!("{item}\n")).collect::<String>());
    for compression in [
        Compression::SNAPPY,
        Compression::GZIP(Default::default()),
        Compression::ZSTD(ZstdLevel::default()),
    ] {
        assert_eq!(read(&object(2, compression), 0).unwrap(), plain);
    }
}

#[test]
fn reading_is_taken_up_at_any_row() {
    let object = object(4, Compression::SNAPPY);
    let whole = read(&object, 0).unwrap();
    for row in 0..=8 {
        let rest = read(&object, row).unwrap();
        assert_eq!(rest, whole[usize::try_from(row).unwrap()..], "from {row}");
    }
    let reader = ParquetReader::open(Arc::new(Memory(object)), "s3://b/k", 6).unwrap();
    let mut reader = reader.with_first_index(100).with_index_end(107);
    assert_eq!(reader.next().unwrap().unwrap().index, 106);
    assert_eq!(reader.next().unwrap(), None);
    assert_eq!(reader.next_row(), 7);
}

#[test]
fn damaged_and_lying_objects_are_named() {
    let whole = object(2, Compression::SNAPPY);
    for cut in [0, 3, 8, whole.len() / 2, whole.len() - 1] {
        let failure = read(&whole[..cut], 0).unwrap_err();
        assert!(matches!(failure, ReadFailure::Parquet { .. }), "{failure}");
    }
    let mut lying = whole.clone();
    let at = lying.len() - 8;
    lying[at..at + 4].copy_from_slice(&(6 * 1024 * 1024u32).to_le_bytes());
    let failure = read(&lying, 0).unwrap_err().to_string();
    assert!(failure.contains("footer is larger than 5 MB"), "{failure}");
    // The first page's header stands behind the magic number: it claims to unfold to 2 GiB.
    let mut lying = whole;
    assert_eq!((lying[4], lying[6]), (0x15, 0x15));
    let huge = [0x15, lying[5], 0x15, 0xfe, 0xff, 0xff, 0xff, 0x0f];
    lying[4..12].copy_from_slice(&huge);
    let failure = read(&lying, 0).unwrap_err().to_string();
    assert!(
        failure.contains("a page is damaged, larger than its column or than 16 MiB"),
        "{failure}"
    );
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]
    #[test]
    fn any_damage_is_refused_or_read(at in 0usize..4_000, to: u8, also in 0usize..4_000) {
        let mut bytes = object(2, Compression::SNAPPY);
        let length = bytes.len();
        bytes[at % length] = to;
        bytes[also % length] ^= 0x55;
        let _ = read(&bytes, 0);
    }
}

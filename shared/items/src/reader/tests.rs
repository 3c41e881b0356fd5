use super::*;
use expect_test::{Expect, expect};
use proptest::prelude::*;
use std::io::Write;

/// Reads an object in pieces of `piece` bytes.
fn read_in(format: &Format, object: &[u8], piece: usize) -> Result<Vec<String>, ReadFailure> {
    let mut reader = ItemReader::new(format, "s3://b/k")?;
    let mut items = Vec::new();
    read_on(&mut reader, object, piece, usize::MAX, &mut items)?;
    Ok(items)
}

/// Reads at most `count` items more.
fn read_on(
    reader: &mut ItemReader,
    object: &[u8],
    piece: usize,
    count: usize,
    items: &mut Vec<String>,
) -> Result<(), ReadFailure> {
    let mut pieces = object.chunks(piece.max(1));
    let mut left = count;
    while left > 0 {
        match reader.next()? {
            Step::End => return Ok(()),
            Step::NeedsBytes => match pieces.next() {
                Some(piece) => reader.push(piece),
                None => reader.end(),
            },
            Step::Item(item) => {
                assert_eq!(item.source, "s3://b/k");
                let key = item.key.map(|key| format!("{key}: ")).unwrap_or_default();
                items.push(format!("{} {key}{}", item.index, item.value));
                left -= 1;
            }
        }
    }
    Ok(())
}

fn shown(result: Result<Vec<String>, ReadFailure>) -> String {
    match result {
        Ok(items) => items.iter().map(|item| format!("{item}\n")).collect(),
        Err(failure) => format!("{failure}\n"),
    }
}

/// However an object is cut and coded, it gives the same.
fn check(format: &Format, object: &str, expected: Expect) {
    let whole = shown(read_in(format, object.as_bytes(), usize::MAX));
    expected.assert_eq(&whole);
    for piece in [1, 2, 3, 7] {
        assert_eq!(shown(read_in(format, object.as_bytes(), piece)), whole, "in pieces of {piece}");
    }
    for packed in [gzip(object.as_bytes()), zstd::encode_all(object.as_bytes(), 3).unwrap()] {
        assert_eq!(shown(read_in(format, &packed, 5)), whole, "compressed");
    }
}

pub(crate) fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn csv(headers: CsvHeaders) -> Format {
    Format::Csv(CsvFormat { headers, ..CsvFormat::default() })
}

fn first_row() -> Format {
    csv(CsvHeaders::FirstRow)
}

fn given(names: &[&str]) -> Format {
    csv(CsvHeaders::Given(names.iter().map(ToString::to_string).collect()))
}

fn json(pointer: &str) -> Format {
    Format::Json(Pointer::parse(pointer).unwrap())
}

#[test]
fn white_space_is_passed_over_and_not_held() {
    let blank = " ".repeat(3_000_000);
    let read = |text: String| shown(read_in(&json(""), &gzip(text.as_bytes()), 1_000));
    for [empty, one] in [["[]", "[1]"], ["{}", r#"{"a":1}"#]] {
        let [open, close] = [&empty[..1], &empty[1..]];
        let inner = &one[1..one.len() - 1];
        assert_eq!(read(format!("{blank}{open}{blank}{close}{blank}")), "");
        let item = read(format!("{open}{blank}{inner}{blank}{close}"));
        assert_eq!(item, read(one.to_owned()));
        let behind = read(format!("{open}{inner},{blank}{inner}{close}"));
        assert!(behind.ends_with("too much white space follows a comma\n"), "{behind}");
    }
}

const RECORDED: &str =
    "Value1,Value2,Value3\nValue4,Value5,Value6\n,,,\ntrue,1,'HelloWorld'\nNull,None,\n   \n";

#[test]
fn rows_are_read_as_recorded() {
    check(
        &given(&["H1", "H2", "H3"]),
        RECORDED,
        expect![[r#"
            0 {"H1":"Value1","H2":"Value2","H3":"Value3"}
            1 {"H1":"Value4","H2":"Value5","H3":"Value6"}
            2 {"H1":"","H2":"","H3":""}
            3 {"H1":"true","H2":"1","H3":"'HelloWorld'"}
            4 {"H1":"Null","H2":"None","H3":""}
            5 {"H1":"   ","H2":"","H3":""}
        "#]],
    );
    check(
        &first_row(),
        "H1,\nValue4,Value5,Value6\n,,,\nNull,None,\n   \n",
        expect![[r#"
            0 {"":"Value5","H1":"Value4"}
            1 {"":"","H1":""}
            2 {"":"None","H1":"Null"}
            3 {"":"","H1":"   "}
        "#]],
    );
    check(
        &first_row(),
        "0,True,{}\nValue4,Value5,Value6\n",
        expect![[r#"
            0 {"0":"Value4","{}":"Value6","True":"Value5"}
        "#]],
    );
    check(
        &given(&["H1", "H1", "H3"]),
        RECORDED,
        expect![[r#"
            CSV headers cannot contain duplicates.
        "#]],
    );
    check(
        &first_row(),
        "a,b,a\n1,2,3\n",
        expect![[r#"
            CSV headers cannot contain duplicates.
        "#]],
    );
}

#[test]
fn cells_may_be_quoted_and_escaped() {
    check(
        &given(&["a", "b"]),
        "\"x,y\",\"line\nend\"\r\n\"say \"\"hi\"\"\",\"\"\n",
        expect![[r#"
            0 {"a":"x,y","b":"line\nend"}
            1 {"a":"say \"hi\"","b":""}
        "#]],
    );
    check(
        &given(&["path", "size"]),
        "C:\\\\Program Files\\\\MyApp.exe,6534512\na\\,b,\\q\\\"\n",
        expect![[r#"
            0 {"path":"C:\\Program Files\\MyApp.exe","size":"6534512"}
            1 {"path":"a,b","size":"q\""}
        "#]],
    );
    check(
        &given(&["a", "b"]),
        "1,\"never closed\n2,3\n",
        expect![[r#"
            The quoted cell in the CSV row at byte 0 does not end.
        "#]],
    );
}

#[test]
fn lines_end_in_any_way_and_an_empty_line_is_a_row() {
    check(
        &first_row(),
        "\u{feff}a,b\r\n1,2\r3,4\n\n5,6",
        expect![[r#"
            0 {"a":"1","b":"2"}
            1 {"a":"3","b":"4"}
            2 {"a":"","b":""}
            3 {"a":"5","b":"6"}
        "#]],
    );
    check(&first_row(), "", expect![[""]]);
    check(&first_row(), "a,b\n", expect![[""]]);
}

#[test]
fn other_delimiters_are_read() {
    for (name, byte) in
        [("COMMA", ','), ("PIPE", '|'), ("SEMICOLON", ';'), ("SPACE", ' '), ("TAB", '\t')]
    {
        let delimiter = CsvDelimiter::parse(name).unwrap();
        let headers = CsvHeaders::FirstRow;
        let format = Format::Csv(CsvFormat { delimiter, headers });
        let object = format!("a{byte}b\n1{byte}2\n");
        assert_eq!(shown(read_in(&format, object.as_bytes(), 4)), "0 {\"a\":\"1\",\"b\":\"2\"}\n");
    }
    assert_eq!(CsvDelimiter::parse("COLON"), None);
}

#[test]
fn bytes_that_are_not_utf_8_are_replaced_in_csv_and_refused_in_json() {
    let items = read_in(&first_row(), b"a\nb\xffc\n\"\xff\"\n", 1).unwrap();
    assert_eq!(items, ["0 {\"a\":\"b\u{fffd}c\"}", "1 {\"a\":\"\u{fffd}\"}"]);
    let failure = read_in(&Format::JsonLines, b"\"\xff\"\n", 9).unwrap_err();
    assert!(matches!(failure, ReadFailure::InvalidJson { offset: 0, .. }), "{failure}");
}

#[test]
fn a_header_is_at_most_ten_kib_and_a_row_one_mib() {
    let header = "h".repeat(limits::CSV_HEADER_BYTES_MAX + 1);
    for piece in [100, usize::MAX] {
        let failure = read_in(&first_row(), header.as_bytes(), piece).unwrap_err();
        assert_eq!(failure, ReadFailure::HeaderTooLong);
    }
    let row = "x".repeat(limits::RECORD_BYTES_MAX + 1);
    assert_eq!(read_in(&given(&["a"]), row.as_bytes(), 65_536), Err(ReadFailure::RowTooLong));
    let row = "x".repeat(limits::ITEM_BYTES_MAX);
    let failure = read_in(&given(&["a"]), row.as_bytes(), 65_536).unwrap_err();
    assert_eq!(failure, ReadFailure::ItemTooLarge { index: 0 });
}

#[test]
fn elements_of_an_array_are_items() {
    check(
        &json(""),
        "\u{feff} [ 1.0, 1e5 ,{\"a\" : [ true , null ]}\n,\"a \\\" b\", [] ] \n",
        expect![[r#"
            0 1.0
            1 1e5
            2 {"a":[true,null]}
            3 "a \" b"
            4 []
        "#]],
    );
    check(&json(""), "[]", expect![[""]]);
}

#[test]
fn members_of_an_object_are_keys_and_values() {
    check(
        &json(""),
        r#"{"a": 1, "b \"c\"": {"x": [ ]}}"#,
        expect![[r#"
            0 a: {"Key":"a","Value":1}
            1 b "c": {"Key":"b \"c\"","Value":{"x":[]}}
        "#]],
    );
    check(&json(""), "{}", expect![[""]]);
}

#[test]
fn a_pointer_leads_to_the_items() {
    let object = r#"{"skip": {"deep": [[["]"]], "\\"]}, "a/b": [0, {"items": [1, 2]}], "rest": "#;
    check(
        &json("/a~1b/1/items"),
        object,
        expect![[r#"
            0 1
            1 2
        "#]],
    );
    check(
        &json("/a~1b/2"),
        object,
        expect![[r#"
            The ItemsPointer names no node within the first 16 MB of the object.
        "#]],
    );
    check(
        &json("/skip/deep/x"),
        object,
        expect![[r#"
            The ItemsPointer names no node within the first 16 MB of the object.
        "#]],
    );
    check(
        &json("/a~1b/0"),
        object,
        expect![[r#"
            Attempting to map over non-iterable node.
        "#]],
    );
    assert_eq!(Pointer::parse("a"), Err(ReadFailure::InvalidPointer));
    assert_eq!(Pointer::parse(&"/a".repeat(1_000)), Err(ReadFailure::InvalidPointer));
}

#[test]
fn the_node_must_begin_within_16_mb() {
    let long = format!("{{\"a\":\"{}\",\"b\":[1]}}", "x".repeat(17 * 1024 * 1024));
    assert_eq!(read_in(&json("/b"), long.as_bytes(), 65_536), Err(ReadFailure::PointerNotFound));
    let near = format!("{{\"a\":\"{}\",\"b\":[1]}}", "x".repeat(15 * 1024 * 1024));
    assert_eq!(read_in(&json("/b"), near.as_bytes(), 65_536).unwrap(), ["0 1"]);
}

#[test]
fn what_is_no_json_is_refused() {
    for (object, expected) in [
        ("\"text\"", "Attempting to map over non-iterable node."),
        ("17", "Attempting to map over non-iterable node."),
        ("null", "Attempting to map over non-iterable node."),
        ("oops", "The text at byte 0 is not valid JSON: a value was expected"),
        ("", "The object ends at byte 0, within a JSON value."),
        ("[1, 2", "The object ends at byte 5, within a JSON value."),
        ("[1 2]", "The text at byte 3 is not valid JSON: a comma is missing"),
        ("[1,]", "The text at byte 2 is not valid JSON: a value is missing"),
        ("[1] 2", "The text at byte 4 is not valid JSON: more text follows the value"),
        ("{\"a\" 1}", "The text at byte 5 is not valid JSON: a comma, colon or bracket is missing"),
        (
            "{\"a\":1 \"b\":2}",
            "The text at byte 7 is not valid JSON: a comma or a member name is missing",
        ),
        ("[[1}]", "The text at byte 1 is not valid JSON: expected `,` or `]` at line 1 column 3"),
        ("[01]", "The text at byte 1 is not valid JSON: invalid number at line 1 column 2"),
    ] {
        for piece in [1, usize::MAX] {
            let result = read_in(&json(""), object.as_bytes(), piece);
            assert_eq!(result.unwrap_err().to_string(), expected, "{object}");
        }
    }
}

#[test]
fn nesting_is_limited() {
    let nested = |depth: usize| format!("[{}{}]", "[".repeat(depth), "]".repeat(depth));
    assert!(read_in(&json(""), nested(100).as_bytes(), 7).is_ok());
    let failure = read_in(&json(""), nested(101).as_bytes(), 7).unwrap_err();
    assert_eq!(failure, ReadFailure::ItemTooDeep { index: 0 });
    let line = nested(200_000);
    let failure = read_in(&Format::JsonLines, line.as_bytes(), 70_000).unwrap_err();
    assert_eq!(failure, ReadFailure::ItemTooDeep { index: 0 });
    let brackets = format!("\"{}\"\n", "[".repeat(1_000));
    assert_eq!(read_in(&Format::JsonLines, brackets.as_bytes(), 70_000).unwrap().len(), 1);
}

#[test]
fn a_line_is_an_item() {
    check(
        &Format::JsonLines,
        "{\"a\": 1}\r\n\n  \n[ 2 ]\n\"x y\"",
        expect![[r#"
            0 {"a":1}
            1 [2]
            2 "x y"
        "#]],
    );
    check(
        &Format::JsonLines,
        "1\n{oops}\n",
        expect![[r#"
            The text at byte 2 is not valid JSON: key must be a string at line 1 column 2
        "#]],
    );
}

#[test]
fn max_items_stops_the_reading() {
    assert_eq!(index_end(Some(-1)), Err(ReadFailure::NegativeMaxItems));
    assert_eq!(index_end(Some(-1)).unwrap_err().to_string(), "field MaxItems must be positive");
    assert_eq!(index_end(Some(0)), Ok(100_000_000));
    assert_eq!(index_end(Some(100_000_001)), Ok(100_000_000));
    let mut reader = ItemReader::new(&json(""), "s3://b/k").unwrap().with_index_end(2);
    let mut items = Vec::new();
    read_on(&mut reader, b"[1,2,oops", 100, 9, &mut items).unwrap();
    assert_eq!(items, ["0 1", "1 2"]);
}

/// Stopping behind any item and going on, from the position as text, gives the same.
fn resumes_everywhere(format: &Format, object: &[u8]) {
    let whole = read_in(format, object, usize::MAX).unwrap();
    for stop in 0..=whole.len() {
        let mut items = Vec::new();
        let mut reader = ItemReader::new(format, "s3://b/k").unwrap();
        read_on(&mut reader, object, 10, stop, &mut items).unwrap();
        let position = serde_json::to_string(&reader.position()).unwrap();
        let position: Position = serde_json::from_str(&position).unwrap();
        let rest = &object[usize::try_from(position.resume_from).unwrap()..];
        let mut reader = ItemReader::resume(format, "s3://b/k", &position).unwrap();
        read_on(&mut reader, rest, 10, usize::MAX, &mut items).unwrap();
        assert_eq!(items, whole, "stopped behind {stop}, {position:?}");
    }
}

#[test]
fn reading_is_taken_up_again_anywhere() {
    let rows = "\u{feff}a,b\n1,\"2\n3\"\n4,5\n\n6\n";
    let array = "[1, {\"a\": 2}, [], \"x\"]";
    let object = "{\"items\": {\"a\": 1, \"b\": [2]}, \"more\": 0}";
    let lines = "1\n\n2\n{\"a\":3}\n";
    for coded in
        [|bytes: &[u8]| bytes.to_vec(), gzip, |bytes: &[u8]| zstd::encode_all(bytes, 1).unwrap()]
    {
        resumes_everywhere(&first_row(), &coded(rows.as_bytes()));
        resumes_everywhere(&json(""), &coded(array.as_bytes()));
        resumes_everywhere(&json("/items"), &coded(object.as_bytes()));
        resumes_everywhere(&Format::JsonLines, &coded(lines.as_bytes()));
    }
}

#[test]
fn a_compressed_object_of_many_members_is_taken_up_at_one() {
    let line = format!("\"{}\"\n", "x".repeat(999));
    let member = line.repeat(2_000);
    let mut packed = Vec::new();
    for _ in 0..5 {
        packed.extend(gzip(member.as_bytes()));
        packed.extend(gzip(b""));
    }
    let mut reader = ItemReader::new(&Format::JsonLines, "s3://b/k").unwrap();
    read_on(&mut reader, &packed, 1_000, 7_500, &mut Vec::new()).unwrap();
    let position = reader.position();
    assert!(position.resume_from > packed.len() as u64 / 2, "{position:?}");
    let mut items = Vec::new();
    let mut reader = ItemReader::resume(&Format::JsonLines, "s3://b/k", &position).unwrap();
    let rest = &packed[usize::try_from(position.resume_from).unwrap()..];
    read_on(&mut reader, rest, 1_000, usize::MAX, &mut items).unwrap();
    assert_eq!(items.len(), 2_500);
}

#[test]
fn damaged_and_truncated_objects_are_named() {
    let object = "\"some line\"\n".repeat(1_000);
    for packed in [gzip(object.as_bytes()), zstd::encode_all(object.as_bytes(), 3).unwrap()] {
        let cut = read_in(&Format::JsonLines, &packed[..packed.len() - 9], 10).unwrap_err();
        assert!(matches!(cut, ReadFailure::Compression { .. }), "{cut}");
        let mut bent = packed;
        let middle = bent.len() / 2;
        bent[middle] ^= 0xff;
        assert!(read_in(&Format::JsonLines, &bent, 10).is_err());
    }
}

#[test]
fn a_bomb_is_read_no_further_than_it_is_asked() {
    let zeros = vec![b'0'; 64 * 1024 * 1024];
    let bomb = zstd::encode_all(zeros.as_slice(), 3).unwrap();
    assert!(bomb.len() < 10_000);
    let failure = read_in(&Format::JsonLines, &bomb, usize::MAX).unwrap_err();
    assert_eq!(failure, ReadFailure::ItemTooLarge { index: 0 });
    let lines = zstd::encode_all(b"1\n".repeat(10_000_000).as_slice(), 3).unwrap();
    let mut reader = ItemReader::new(&Format::JsonLines, "s3://b/k").unwrap().with_index_end(1_000);
    let mut items = Vec::new();
    read_on(&mut reader, &lines, usize::MAX, usize::MAX, &mut items).unwrap();
    assert_eq!(items.len(), 1_000);
    assert!(reader.source.window.rest().len() < 1024 * 1024);
}

/// Reads an object in parts, each by a reader of its own, as [`ItemReader::part`] says.
fn read_in_parts(format: &Format, object: &[u8], cuts: &[usize]) -> Option<Vec<String>> {
    let object_end = object.len() as u64;
    let ends: Vec<u64> = cuts.iter().map(|cut| *cut as u64).chain([object_end]).collect();
    let mut scout = ItemReader::new(format, "s3://b/k").unwrap();
    read_on(&mut scout, object, 3, 1, &mut Vec::new()).ok()?;
    let mut items = Vec::new();
    let mut before: Option<Position> = None;
    for (number, end) in ends.iter().enumerate() {
        let begin = |position: &Position| {
            let reader = ItemReader::resume(format, "s3://b/k", position).unwrap();
            reader.with_byte_end(*end)
        };
        let read = |mut reader: ItemReader, from: u64| {
            let mut items = Vec::new();
            let rest = &object[usize::try_from(from).unwrap()..];
            read_on(&mut reader, rest, 3, usize::MAX, &mut items).ok()?;
            Some((reader, items))
        };
        let speculated = match number {
            0 => read(ItemReader::new(format, "s3://b/k").unwrap().with_byte_end(*end), 0),
            _ => scout.part(ends[number - 1]).and_then(|p| read(begin(&p), p.resume_from)),
        };
        let fits = |reader: &ItemReader| match &before {
            None => true,
            Some(before) => reader.part_start() == Some(before.plain),
        };
        let (mut reader, read_items) = match speculated {
            Some((reader, read_items)) if fits(&reader) => (reader, read_items),
            _ => read(begin(before.as_ref()?), before.as_ref()?.resume_from)?,
        };
        before = Some(reader.position());
        items.extend(read_items.into_iter().map(|item| item.split_once(' ').unwrap().1.to_owned()));
    }
    Some(items)
}

#[test]
fn only_lines_can_be_read_in_parts() {
    let mut reader = ItemReader::new(&json(""), "s3://b/k").unwrap();
    read_on(&mut reader, b"[1,2]", 9, 1, &mut Vec::new()).unwrap();
    assert_eq!(reader.part(3), None);
    let mut reader = ItemReader::new(&Format::JsonLines, "s3://b/k").unwrap();
    read_on(&mut reader, &gzip(b"1\n2\n"), 9, 1, &mut Vec::new()).unwrap();
    assert_eq!(reader.part(3), None);
}

proptest! {
    #[test]
    fn rows_read_in_parts_are_the_same(
        object in "[ab,\"\r\n]{1,80}", cuts in proptest::collection::btree_set(1usize..80, 0..4)
    ) {
        let format = given(&["x", "y"]);
        let object = object.as_bytes();
        let cuts: Vec<usize> = cuts.into_iter().filter(|cut| *cut < object.len()).collect();
        if let Ok(whole) = read_in(&format, object, usize::MAX) {
            let whole: Vec<String> =
                whole.iter().map(|item| item.split_once(' ').unwrap().1.to_owned()).collect();
            prop_assert_eq!(read_in_parts(&format, object, &cuts), Some(whole));
        }
    }

    #[test]
    fn lines_read_in_parts_are_the_same(
        lines in proptest::collection::vec("[1-9]{0,5}", 1..20), cut in 1usize..80
    ) {
        let object = lines.join("\n");
        let cuts: Vec<usize> = [cut].into_iter().filter(|cut| *cut < object.len()).collect();
        let mut items = Vec::new();
        let mut scout = ItemReader::new(&Format::JsonLines, "s3://b/k").unwrap();
        read_on(&mut scout, object.as_bytes(), 3, 1, &mut Vec::new()).unwrap();
        let end = cuts.first().map_or(object.len(), |cut| *cut) as u64;
        let mut first = ItemReader::new(&Format::JsonLines, "s3://b/k").unwrap().with_byte_end(end);
        read_on(&mut first, object.as_bytes(), 3, usize::MAX, &mut items).unwrap();
        if let (Some(cut), Some(part)) = (cuts.first(), scout.part(end)) {
            let second = ItemReader::resume(&Format::JsonLines, "s3://b/k", &part).unwrap();
            let mut second = second.with_first_index(first.next_index());
            read_on(&mut second, &object.as_bytes()[cut - 1..], 3, usize::MAX, &mut items).unwrap();
        }
        prop_assert_eq!(items, read_in(&Format::JsonLines, object.as_bytes(), usize::MAX).unwrap());
    }

    #[test]
    fn any_rows_are_cut_alike(object in "[ab,\"\\\\\r\n\u{e9}]{0,60}", piece in 1usize..9) {
        let whole = shown(read_in(&given(&["x", "y"]), object.as_bytes(), usize::MAX));
        prop_assert_eq!(shown(read_in(&given(&["x", "y"]), object.as_bytes(), piece)), whole);
    }

    #[test]
    fn any_json_is_cut_alike(object in "[\\[\\]{},:\"1a\\\\ \n]{0,40}", piece in 1usize..9) {
        for format in [json(""), json("/a"), json("/1"), Format::JsonLines] {
            let whole = read_in(&format, object.as_bytes(), usize::MAX);
            prop_assert_eq!(read_in(&format, object.as_bytes(), piece), whole);
        }
    }

    #[test]
    fn any_bytes_are_read_or_refused(object: Vec<u8>, magic in 0usize..3) {
        let magic: &[u8] = [b"".as_slice(), b"\x1f\x8b\x08\x00", b"\x28\xb5\x2f\xfd"][magic];
        let object = [magic, &object].concat();
        for format in [json(""), json("/a/0"), Format::JsonLines, first_row(), given(&["a"])] {
            let _ = read_in(&format, &object, 16);
        }
    }

    /// An item's text is what a JSON parser makes of it, and means the same.
    #[test]
    fn items_mean_what_they_say(values in proptest::collection::vec(value(), 0..5)) {
        let pretty = serde_json::to_string_pretty(&values).unwrap();
        let items = read_in(&json(""), pretty.as_bytes(), 5).unwrap();
        let expected: Vec<String> =
            values.iter().enumerate().map(|(i, value)| format!("{i} {value}")).collect();
        prop_assert_eq!(items, expected);
    }
}

fn value() -> impl Strategy<Value = serde_json::Value> {
    let leaf = prop_oneof![
        Just(serde_json::Value::Null),
        any::<i32>().prop_map(Into::into),
        "[a-z\"\\\\ \n,\\]}]{0,6}".prop_map(Into::into),
    ];
    leaf.prop_recursive(4, 20, 4, |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..4).prop_map(Into::into),
            proptest::collection::btree_map("[a-c ]{0,3}", inner, 0..4)
                .prop_map(|map| serde_json::Value::Object(map.into_iter().collect())),
        ]
    })
}

//! Requests and answers of thousands of actions, compared with botocore's own.
//!
//! `oracle.py` beside this file says what botocore sends and reads. Needs Python; where there is none the test says so,
//! and fails under `CI=true`. `BATON_ORACLE_EVERY=1` compares every action instead of one in eight.
#![cfg(feature = "aws-sdk")]
#![cfg(test)]

use base64::Engine as _;
use baton_services::{Context, Response, action};
use serde_json::{Map, Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::Command;

const TOKEN: &str = "00000000-0000-4000-8000-000000000000";

/// Where requests differ by intent: a service, an action, or the beginning of several, and why.
const EXCUSED: &[(&str, &str, &str)] = &[
    (
        "autoscaling",
        "createLaunchConfiguration",
        "botocore encodes UserData; SDKs in general take it encoded",
    ),
    ("cloudsearchdomain", "search", "botocore posts what the model gets"),
    ("docdb", "", "SourceRegion is botocore's own"),
    ("ec2", "runInstances", "botocore encodes UserData"),
    ("glacier", "upload", "tree hashes are left to the caller"),
    ("importexport", "", "an old signature"),
    ("neptune", "", "SourceRegion is botocore's own"),
    ("opensearchmemory", "", "the host depends on a member"),
    ("rds", "copyDB", "SourceRegion is botocore's own"),
    ("s3", "copyObject", "botocore encodes CopySource; SDKs in general take it encoded"),
    ("s3", "uploadPartCopy", "botocore encodes CopySource"),
    ("s3", "getBucketLocation", "botocore puts the bucket into the path; both are right"),
    ("s3", "listDirectoryBuckets", "directory buckets have sessions, which Baton does not support"),
    ("s3", "writeGetObjectResponse", "belongs to Lambda functions"),
    ("s3control", "deleteAccessPointScope", "directory buckets"),
    ("s3control", "getAccessPointScope", "directory buckets"),
    ("s3control", "putAccessPointScope", "directory buckets"),
    ("s3control", "listAccessPointsForDirectoryBuckets", "directory buckets"),
    ("s3", "uploadPart", "botocore's trailing checksum changes which algorithm a header names"),
    ("signin", "createOAuth2TokenWithTokenExchange", "signed or not, as one likes"),
    ("simpledb", "", "an old signature"),
];

/// Headers that are not compared, since the sender makes them or the transport changes them.
const UNCOMPARED: &[&str] = &["x-amzn-trace-id", "content-encoding", "x-amz-content-sha256"];

#[test]
fn requests_and_answers_are_botocores() {
    let Some(lines) = golden() else { return };
    let (mut requests, mut answers, mut protocols) = (0, 0, BTreeSet::new());
    let mut problems: Vec<String> = Vec::new();
    for line in lines.lines() {
        let case: Value = serde_json::from_str(line).unwrap();
        protocols.insert(text(&case["protocol"]).to_owned());
        match compare(&case, &mut requests, &mut answers) {
            Ok(()) => {}
            Err(problem) => problems.push(format!(
                "{} {}:{}: {problem}",
                text(&case["protocol"]),
                text(&case["service"]),
                text(&case["action"])
            )),
        }
    }
    println!("{requests} requests and {answers} answers over {protocols:?}");
    let shown: Vec<&str> = problems.iter().map(String::as_str).take(200).collect();
    assert!(problems.is_empty(), "{} differ:\n{}", problems.len(), shown.join("\n"));
    assert!(requests > 2_000 && answers > 5_000 && protocols.len() == 6);
}

fn compare(case: &Value, requests: &mut usize, answers: &mut usize) -> Result<(), String> {
    let (service, name) = (text(&case["service"]), text(&case["action"]));
    let action = action(service, name).map_err(|error| error.to_string())?;
    let empty = Map::new();
    let arguments = case["arguments"].as_object().unwrap_or(&empty);
    let context = Context { region: text(&case["region"]), token: TOKEN };
    if let Some(expected) = case["request"].as_object()
        && !EXCUSED.iter().any(|(known, start, _)| *known == service && name.starts_with(start))
        && !is_unsupported_checksum(arguments)
    {
        let request = action.request(arguments, &context).map_err(|unfit| unfit.to_string())?;
        same_request(&request, expected, text(&case["protocol"]) == "rest-xml")?;
        *requests += 1;
    }
    for expected in case["answers"].as_array().into_iter().flatten() {
        let headers = expected["headers"].as_object().unwrap();
        let response = Response {
            status: u16::try_from(expected["status"].as_u64().unwrap()).unwrap(),
            headers: headers
                .iter()
                .map(|(name, value)| (name.clone(), text(value).to_owned()))
                .collect(),
            body: bytes(&expected["body"]),
        };
        match action.outcome(&response) {
            Ok(result) => same("the result", &result, &expected["result"])?,
            Err(error) if expected["error"].is_null() => {
                return Err(format!("refused: {}", error.cause()));
            }
            Err(error) => {
                let answer = error.answer.as_ref().unwrap();
                let got = json!([error.error(), error.message, answer.request_id]);
                let wanted =
                    json!([expected["error"], expected["message"], expected["request_id"]]);
                same("the error", &got, &wanted)?;
            }
        }
        *answers += 1;
    }
    Ok(())
}

fn is_unsupported_checksum(arguments: &Map<String, Value>) -> bool {
    arguments.get("ChecksumAlgorithm").is_some_and(|name| text(name).starts_with("XXHASH"))
}

fn same_request(
    request: &baton_services::Request,
    expected: &Map<String, Value>,
    is_xml: bool,
) -> Result<(), String> {
    let (path, query) = request.path.split_once('?').unwrap_or((&request.path, ""));
    same("the method", &request.method.as_str().into(), &expected["method"])?;
    same("the host", &request.destination.host.as_str().into(), &expected["host"])?;
    same("the path", &path.into(), &expected["path"])?;
    let mut pairs: Vec<Value> =
        query.split('&').filter(|pair| !pair.is_empty()).map(pair).collect();
    pairs.sort_by_key(Value::to_string);
    let mut wanted = expected["query"].as_array().unwrap().clone();
    wanted.sort_by_key(Value::to_string);
    same("the query", &pairs.into(), &wanted.into())?;
    let body = bytes(&expected["body"]);
    // XML may be spelled in several ways, and its checksum with it.
    let is_spelled_alike = request.body == body && expected["is_chunked"] == false;
    let is_compared = |name: &str| {
        !(is_xml && name == "content-type"
            || UNCOMPARED.contains(&name)
            || name.starts_with("x-amz-checksum-") && !is_spelled_alike)
    };
    let wanted = expected["headers"].as_object().unwrap().iter();
    let wanted: BTreeMap<&str, &str> = wanted
        .filter(|(name, _)| is_compared(name))
        .map(|(name, value)| (name.as_str(), text(value)))
        .collect();
    let headers = request.headers.iter().filter(|(name, _)| is_compared(name));
    let headers: BTreeMap<&str, &str> =
        headers.map(|(name, value)| (name.as_ref(), value.as_str())).collect();
    same("the headers", &json!(headers), &json!(wanted))?;
    let signed = request.destination.signing.name.is_some();
    same("whether it is signed", &signed.into(), &expected["signed"])?;
    same_body(&request.body, &body)
}

fn same_body(got: &[u8], expected: &[u8]) -> Result<(), String> {
    if got == expected {
        return Ok(());
    }
    let parsed = |body: &[u8]| {
        if let Ok(value) = serde_json::from_slice::<Value>(body) {
            return value;
        }
        let text = String::from_utf8_lossy(body);
        if let Ok(document) = roxmltree::Document::parse(&text) {
            return element(document.root_element());
        }
        if text.starts_with("Action=") {
            let mut pairs: Vec<Value> = text.split('&').map(pair).collect();
            pairs.sort_by_key(Value::to_string);
            return pairs.into();
        }
        format!("{body:?}").into()
    };
    same("the body", &parsed(got), &parsed(expected))
}

fn element(node: roxmltree::Node<'_, '_>) -> Value {
    let attributes: BTreeMap<&str, &str> =
        node.attributes().map(|attribute| (attribute.name(), attribute.value())).collect();
    let children: Vec<Value> = node
        .children()
        .filter_map(|child| match child.is_element() {
            true => Some(element(child)),
            false => child.text().map(Value::from),
        })
        .collect();
    json!([node.tag_name().namespace(), node.tag_name().name(), attributes, children])
}

fn pair(pair: &str) -> Value {
    let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
    json!([decoded(name), decoded(value)])
}

fn decoded(text: &str) -> String {
    let mut bytes = Vec::new();
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'+' => b' ',
            b'%' => {
                let digits = [rest.next().unwrap(), rest.next().unwrap()];
                u8::from_str_radix(std::str::from_utf8(&digits).unwrap(), 16).unwrap()
            }
            byte => byte,
        });
    }
    String::from_utf8(bytes).unwrap()
}

/// Numbers by their value: `1024` is `1024.0`.
fn same(what: &str, got: &Value, expected: &Value) -> Result<(), String> {
    let is_same = match (got, expected) {
        (Value::Number(one), Value::Number(other)) => one.as_f64() == other.as_f64(),
        (Value::Array(ones), Value::Array(others)) => {
            ones.len() == others.len()
                && ones.iter().zip(others).all(|(one, other)| same(what, one, other).is_ok())
        }
        (Value::Object(ones), Value::Object(others)) => {
            ones.len() == others.len()
                && ones.iter().all(|(key, one)| {
                    others.get(key).is_some_and(|other| same(what, one, other).is_ok())
                })
        }
        (one, other) => one == other,
    };
    if is_same { Ok(()) } else { Err(format!("{what}:\n    {got}\n  botocore:\n    {expected}")) }
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

fn bytes(value: &Value) -> Vec<u8> {
    base64::engine::general_purpose::STANDARD.decode(text(value)).unwrap()
}

/// A variable of the environment.
fn variable(name: &str) -> Option<String> {
    std::env::var_os(name)?.into_string().ok()
}

/// What botocore says, made again when the script or the models have changed.
fn golden() -> Option<String> {
    let folder = PathBuf::from(env!("BATON_SERVICES_TABLE")).parent().unwrap().to_owned();
    let python = folder.join("python");
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/oracle.py");
    let every = variable("BATON_ORACLE_EVERY").unwrap_or_else(|| "8".to_owned());
    let output = folder.join(format!("oracle-{every}.jsonl"));
    let newest = |path: &Path| std::fs::metadata(path).and_then(|data| data.modified()).ok();
    let sources = [newest(&script), newest(&folder.join("services.table"))];
    if newest(&output).is_none() || sources.iter().any(|source| *source > newest(&output)) {
        let ran = Command::new("python3").args([&script, &python, &output]).arg(&every).status();
        if !ran.is_ok_and(|status| status.success()) {
            assert!(variable("CI").as_deref() != Some("true"), "CI has Python");
            println!("SKIPPED: no Python with botocore in {}", python.display());
            return None;
        }
    }
    Some(std::fs::read_to_string(output).unwrap())
}

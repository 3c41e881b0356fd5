//! S3 over HTTP on a loopback port, in memory, as a bucket's user sees it, and as bad as a test wants it.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::{self, BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;

/// How many objects a page of a listing has.
const PAGE_OBJECTS: usize = 100;
/// The least that a part has, but for the last.
const PART_BYTES_MIN: usize = 5 * 1024 * 1024;

/// What befalls a request instead of its answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// S3 refuses it.
    Refused(u16, &'static str),
    /// Something else answers, with a page for people.
    Html(u16),
    /// The answer breaks off in its middle.
    Cut,
    /// The answer is a byte shorter than its range says.
    Short,
    /// The answer has no end.
    Endless,
    /// The connection is closed without a word.
    Silent,
    /// It is carried out, and its answer is lost.
    Unanswered,
}

/// A request, as faults are chosen by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asked {
    /// `GET` and so on.
    pub method: String,
    /// The path, decoded: bucket and key.
    pub path: String,
    /// The query's parts, decoded.
    pub query: BTreeMap<String, String>,
    /// Headers by their names in lower case.
    pub headers: BTreeMap<String, String>,
    body: Vec<u8>,
}

type Weather = Box<dyn FnMut(&Asked) -> Option<Fault> + Send>;
/// The bytes of an object from one on, so many of them.
type Maker = Arc<dyn Fn(u64, usize) -> Vec<u8> + Send + Sync>;

#[derive(Clone)]
struct Object {
    size: u64,
    etag: String,
    maker: Maker,
}

#[derive(Default)]
struct State {
    buckets: BTreeMap<String, BTreeMap<String, Object>>,
    uploads: BTreeMap<String, (String, BTreeMap<u32, Vec<u8>>)>,
    count: u64,
    asked: Vec<Asked>,
    weather: Option<Weather>,
}

/// It. A clone is the same; it serves until the process ends.
#[derive(Clone)]
pub struct S3 {
    /// Its address.
    pub address: String,
    state: Arc<Mutex<State>>,
}

impl S3 {
    /// Starts it, with one bucket.
    pub fn start(bucket: &str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = format!("http://{}", listener.local_addr().expect("an address"));
        let s3 = S3 { address, state: Arc::default() };
        s3.lock().buckets.insert(bucket.to_owned(), BTreeMap::new());
        let server = s3.clone();
        thread::spawn(move || {
            for stream in listener.incoming() {
                let (server, Ok(stream)) = (server.clone(), stream) else { return };
                thread::spawn(move || server.serve(&stream));
            }
        });
        s3
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Puts an object.
    pub fn put(&self, bucket: &str, key: &str, bytes: impl Into<Vec<u8>>) {
        self.lock().put(bucket, key, bytes.into());
    }

    /// Puts an object of which only what is asked for is ever made.
    pub fn put_made(
        &self,
        bucket: &str,
        key: &str,
        size: u64,
        make: impl Fn(u64, usize) -> Vec<u8> + Send + Sync + 'static,
    ) {
        let object = Object { size, etag: "\"made\"".to_owned(), maker: Arc::new(make) };
        self.lock().buckets.entry(bucket.to_owned()).or_default().insert(key.to_owned(), object);
    }

    /// An object's text.
    pub fn text(&self, bucket: &str, key: &str) -> Option<String> {
        let object = self.lock().buckets.get(bucket)?.get(key)?.clone();
        let bytes = (object.maker)(0, usize::try_from(object.size).expect("it fits"));
        Some(String::from_utf8(bytes).expect("text"))
    }

    /// A bucket's keys.
    pub fn keys(&self, bucket: &str) -> Vec<String> {
        self.lock().buckets[bucket].keys().cloned().collect()
    }

    /// How many uploads were begun, and neither ended nor aborted.
    pub fn open_uploads(&self) -> usize {
        self.lock().uploads.len()
    }

    /// Lets requests come to grief.
    pub fn disturb(&self, weather: impl FnMut(&Asked) -> Option<Fault> + Send + 'static) {
        self.lock().weather = Some(Box::new(weather));
    }

    /// The requests so far.
    pub fn asked(&self) -> Vec<Asked> {
        self.lock().asked.clone()
    }

    fn serve(&self, stream: &TcpStream) {
        let mut reader = BufReader::new(stream);
        while let Ok(Some(asked)) = read_request(&mut reader) {
            let fault = {
                let mut state = self.lock();
                state.asked.push(Asked { body: Vec::new(), ..asked.clone() });
                state.weather.as_mut().and_then(|weather| weather(&asked))
            };
            let (status, headers, body) = match fault {
                Some(Fault::Refused(status, code)) => refusal(status, code),
                Some(Fault::Html(status)) => {
                    let page = b"<html><head></head><body>Please sign in.<br></body></html>";
                    (
                        status,
                        vec![("content-type".to_owned(), "text/html".to_owned())],
                        page.to_vec(),
                    )
                }
                Some(Fault::Silent) => return,
                Some(Fault::Cut | Fault::Short | Fault::Endless | Fault::Unanswered) | None => {
                    self.lock().answer(&asked)
                }
            };
            if fault == Some(Fault::Unanswered)
                || write_answer(stream, status, &headers, &body, fault).is_err()
            {
                return;
            }
        }
    }
}

fn read_request(reader: &mut impl BufRead) -> io::Result<Option<Asked>> {
    let mut line = String::new();
    if reader.read_line(&mut line)? == 0 {
        return Ok(None);
    }
    let mut words = line.split_whitespace();
    let (method, target) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let query = query.split('&').filter(|part| !part.is_empty()).map(|part| {
        let (name, value) = part.split_once('=').unwrap_or((part, ""));
        (decoded(name), decoded(value))
    });
    let (method, path, query) = (method.to_owned(), decoded(path), query.collect());
    let mut headers = BTreeMap::new();
    loop {
        let mut line = String::new();
        reader.read_line(&mut line)?;
        let Some((name, value)) = line.trim_end().split_once(": ") else { break };
        headers.insert(name.to_ascii_lowercase(), value.to_owned());
    }
    let length = headers.get("content-length").and_then(|text| text.parse().ok()).unwrap_or(0);
    let mut body = vec![0; length];
    reader.read_exact(&mut body)?;
    Ok(Some(Asked { method, path, query, headers, body }))
}

fn write_answer(
    mut stream: &TcpStream,
    status: u16,
    headers: &[(String, String)],
    body: &[u8],
    fault: Option<Fault>,
) -> io::Result<()> {
    let (body, length) = match fault {
        Some(Fault::Cut) => (&body[..body.len() / 2], body.len()),
        Some(Fault::Short) => (&body[..body.len().saturating_sub(1)], body.len().saturating_sub(1)),
        Some(Fault::Endless) => (body, usize::MAX >> 1),
        _ => (body, body.len()),
    };
    let mut head = format!("HTTP/1.1 {status} Whatever\r\ncontent-length: {length}\r\n");
    for (name, value) in headers {
        let _ = write!(head, "{name}: {value}\r\n");
    }
    stream.write_all(format!("{head}\r\n").as_bytes())?;
    stream.write_all(body)?;
    match fault {
        Some(Fault::Endless) => loop {
            stream.write_all(&[b'x'; 65_536])?;
        },
        Some(Fault::Cut) => Err(io::ErrorKind::BrokenPipe.into()),
        _ => Ok(()),
    }
}

type Answer = (u16, Vec<(String, String)>, Vec<u8>);

impl State {
    fn put(&mut self, bucket: &str, key: &str, bytes: Vec<u8>) {
        self.count += 1;
        let (size, etag) = (bytes.len() as u64, format!("\"{:x}\"", self.count));
        let maker: Maker = Arc::new(move |from, length| {
            let from = usize::try_from(from).expect("it fits");
            bytes[from..from + length].to_vec()
        });
        let object = Object { size, etag, maker };
        self.buckets.entry(bucket.to_owned()).or_default().insert(key.to_owned(), object);
    }

    fn answer(&mut self, asked: &Asked) -> Answer {
        if !asked.headers.contains_key("authorization") {
            return refusal(403, "AccessDenied");
        }
        let path = asked.path.trim_start_matches('/');
        let (bucket, key) = path.split_once('/').unwrap_or((path, ""));
        let Some(objects) = self.buckets.get(bucket) else { return refusal(404, "NoSuchBucket") };
        let has = |name: &str| asked.query.contains_key(name);
        let upload = asked.query.get("uploadId").cloned().unwrap_or_default();
        match (asked.method.as_str(), key) {
            ("GET", "") => listing(objects, &asked.query),
            ("GET", _) => match objects.get(key) {
                Some(object) => read(object, asked),
                None => refusal(404, "NoSuchKey"),
            },
            ("PUT", _) if has("partNumber") => self.part(asked, &upload),
            ("PUT", _) => {
                self.put(bucket, key, asked.body.clone());
                done(String::new())
            }
            ("POST", _) if has("uploads") => {
                self.count += 1;
                let id = format!("upload/{}=", self.count);
                self.uploads.insert(id.clone(), (path.to_owned(), BTreeMap::new()));
                done(format!(
                    "<InitiateMultipartUploadResult><UploadId>{id}</UploadId></InitiateMultipartUploadResult>"
                ))
            }
            ("POST", _) => self.end(bucket, key, &upload),
            ("DELETE", _) => match self.uploads.remove(&upload) {
                Some(_) => (204, Vec::new(), Vec::new()),
                None => refusal(404, "NoSuchUpload"),
            },
            _ => refusal(405, "MethodNotAllowed"),
        }
    }

    fn part(&mut self, asked: &Asked, upload: &str) -> Answer {
        let Some((_, parts)) = self.uploads.get_mut(upload) else {
            return refusal(404, "NoSuchUpload");
        };
        let number = asked.query["partNumber"].parse().expect("a number");
        parts.insert(number, asked.body.clone());
        (200, vec![("ETag".to_owned(), format!("\"part{number}\""))], Vec::new())
    }

    fn end(&mut self, bucket: &str, key: &str, upload: &str) -> Answer {
        let Some((_, parts)) = self.uploads.get(upload) else {
            return refusal(404, "NoSuchUpload");
        };
        let last = parts.keys().last().copied();
        let is_small =
            |(number, part): (&u32, &Vec<u8>)| Some(*number) != last && part.len() < PART_BYTES_MIN;
        if parts.iter().any(is_small) {
            return refusal(400, "EntityTooSmall");
        }
        let whole = parts.values().flatten().copied().collect();
        self.uploads.remove(upload);
        self.put(bucket, key, whole);
        done("<CompleteMultipartUploadResult></CompleteMultipartUploadResult>".to_owned())
    }
}

fn read(object: &Object, asked: &Asked) -> Answer {
    if asked.headers.get("if-match").is_some_and(|etag| *etag != object.etag) {
        return refusal(412, "PreconditionFailed");
    }
    let range = asked.headers.get("range").and_then(|range| range.strip_prefix("bytes="));
    let range = range.and_then(|range| range.split_once('-')).expect("a range");
    let (from, to): (u64, u64) = (range.0.parse().expect("from"), range.1.parse().expect("to"));
    if from >= object.size {
        return refusal(416, "InvalidRange");
    }
    let to = to.min(object.size - 1);
    let bytes = (object.maker)(from, usize::try_from(to - from + 1).expect("it fits"));
    let headers = vec![
        ("ETag".to_owned(), object.etag.clone()),
        ("Content-Range".to_owned(), format!("bytes {from}-{to}/{}", object.size)),
    ];
    (206, headers, bytes)
}

fn listing(objects: &BTreeMap<String, Object>, query: &BTreeMap<String, String>) -> Answer {
    let prefix = query.get("prefix").cloned().unwrap_or_default();
    let after = query.get("continuation-token").cloned();
    let mut found: Vec<(&String, &Object)> = objects
        .iter()
        .filter(|(key, _)| key.starts_with(&prefix) && after.as_ref().is_none_or(|at| *key > at))
        .take(PAGE_OBJECTS + 1)
        .collect();
    let has_more = found.len() > PAGE_OBJECTS;
    found.truncate(PAGE_OBJECTS);
    let mut text = format!("<ListBucketResult><IsTruncated>{has_more}</IsTruncated>");
    let escaped =
        |text: &str| text.replace('&', "&amp;").replace('<', "&lt;").replace('"', "&quot;");
    if let Some((last, _)) = found.last().filter(|_| has_more) {
        let last = escaped(last);
        let _ = write!(text, "<NextContinuationToken>{last}</NextContinuationToken>");
    }
    for (key, Object { size, etag, .. }) in found {
        let (key, etag) = (escaped(key), escaped(etag));
        let _ = write!(
            text,
            "<Contents><Key>{key}</Key><LastModified>2026-01-02T03:04:05.000Z</LastModified><ETag>{etag}</ETag><Size>{size}</Size><StorageClass>STANDARD</StorageClass></Contents>"
        );
    }
    text.push_str("</ListBucketResult>");
    done(text)
}

fn done(body: String) -> Answer {
    (200, Vec::new(), body.into_bytes())
}

fn refusal(status: u16, code: &str) -> Answer {
    let message = match code {
        "NoSuchBucket" => "The specified bucket does not exist",
        "NoSuchKey" => "The specified key does not exist.",
        "AccessDenied" => "Access Denied",
        other => other,
    };
    let body = format!(
        "<Error><Code>{code}</Code><Message>{message}</Message><RequestId>R</RequestId><HostId>H</HostId></Error>"
    );
    (status, Vec::new(), body.into_bytes())
}

fn decoded(text: &str) -> String {
    let mut bytes = Vec::new();
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'%' => {
                let digits =
                    [rest.next(), rest.next()].map(|digit| char::from(digit.expect("a digit")));
                let digits: String = digits.iter().collect();
                u8::from_str_radix(&digits, 16).expect("two digits")
            }
            other => other,
        });
    }
    String::from_utf8(bytes).expect("text")
}

//! What S3 answers.

use super::{ObjectAnswer, ObjectError, ObjectRequest, ObjectSummary};
use crate::Response;
use crate::limits::CAUSE_CHARS_MAX;
use roxmltree::{Document, Node, ParsingOptions};

/// The most elements and texts of an answer: a page of a thousand objects has some twenty thousand.
const XML_NODES_MAX: u32 = 200_000;
/// The codes of refusals that pass.
const PASSING_CODES: &[&str] = &[
    "SlowDown",
    "InternalError",
    "RequestTimeout",
    "ServiceUnavailable",
    "Busy",
    "OperationAborted",
];

pub(super) fn of(
    request: &ObjectRequest<'_>,
    response: Response,
) -> Result<ObjectAnswer, ObjectError> {
    if let ObjectRequest::Read { etag, from, bytes_max, .. } = request {
        match response.status {
            200 | 206 => return bytes(response, *from, *bytes_max),
            412 => return Err(ObjectError::changed()),
            // There is no such byte: of an empty object there is none at all.
            416 if *from == 0 => {
                let etag = etag.map(str::to_owned).or(header(&response, "etag"));
                let etag = etag.unwrap_or_default();
                return Ok(ObjectAnswer::Bytes { bytes: Vec::new(), size: 0, etag });
            }
            416 => return Err(ObjectError::changed()),
            _ => {}
        }
    }
    if !response.is_success() {
        return Err(refusal(&response));
    }
    match request {
        ObjectRequest::Read { .. } => Err(odd(&response)),
        ObjectRequest::List { .. } => xml(&response, page),
        ObjectRequest::BeginUpload { .. } => xml(&response, |root| {
            let upload = text(root, "UploadId").filter(|upload| !upload.is_empty());
            upload.map(|upload| ObjectAnswer::Begun(upload.to_owned()))
        }),
        ObjectRequest::WritePart { .. } => {
            header(&response, "etag").map(ObjectAnswer::Part).ok_or_else(|| odd(&response))
        }
        ObjectRequest::EndUpload { .. } => {
            // The answer begins before it is known how it ends: an error may be inside.
            if Refused::read(&response).is_some() {
                return Err(refusal(&response));
            }
            xml(&response, |root| {
                (root.tag_name().name() == "CompleteMultipartUploadResult")
                    .then_some(ObjectAnswer::Done)
            })
        }
        ObjectRequest::Put { .. } | ObjectRequest::AbortUpload { .. } => Ok(ObjectAnswer::Done),
    }
}

fn bytes(response: Response, from: u64, bytes_max: u32) -> Result<ObjectAnswer, ObjectError> {
    let Some(etag) = header(&response, "etag") else { return Err(odd(&response)) };
    let length = response.body.len() as u64;
    let range = header(&response, "content-range");
    let size = match (response.status, range.as_deref().map(parse_range)) {
        (206, Some(Some((first, last, size)))) => {
            let is_whole =
                last.checked_sub(first).and_then(|span| span.checked_add(1)) == Some(length);
            (first == from && is_whole && length <= u64::from(bytes_max) && last < size)
                .then_some(size)
        }
        // Whoever knows no ranges sends all of it.
        (200, None) if from == 0 => Some(length),
        _ => None,
    };
    let Some(size) = size else { return Err(odd(&response)) };
    let is_end = from.saturating_add(length) >= size;
    if !is_end && length < u64::from(bytes_max) {
        return Err(odd(&response));
    }
    Ok(ObjectAnswer::Bytes { bytes: response.body, size, etag })
}

/// `bytes 0-99/1234`.
fn parse_range(text: &str) -> Option<(u64, u64, u64)> {
    let (range, size) = text.trim().strip_prefix("bytes ")?.split_once('/')?;
    let (first, last) = range.split_once('-')?;
    Some((first.parse().ok()?, last.parse().ok()?, size.parse().ok()?))
}

fn page(root: Node<'_, '_>) -> Option<ObjectAnswer> {
    if root.tag_name().name() != "ListBucketResult" {
        return None;
    }
    let is_encoded = text(root, "EncodingType") == Some("url");
    let contents = root.children().filter(|node| node.tag_name().name() == "Contents");
    let objects = contents.map(|node| object(node, is_encoded)).collect::<Option<Vec<_>>>()?;
    let next = match text(root, "IsTruncated") {
        Some("true") => Some(text(root, "NextContinuationToken")?.to_owned()),
        _ => None,
    };
    Some(ObjectAnswer::Page { objects, next })
}

fn object(node: Node<'_, '_>, is_encoded: bool) -> Option<ObjectSummary> {
    let key = text(node, "Key")?;
    let modified: jiff::Timestamp = text(node, "LastModified")?.parse().ok()?;
    Some(ObjectSummary {
        key: if is_encoded { decoded(key)? } else { key.to_owned() },
        etag: text(node, "ETag").unwrap_or_default().to_owned(),
        modified_secs: modified.as_second(),
        size: text(node, "Size")?.parse().ok()?,
        storage_class: text(node, "StorageClass").unwrap_or("STANDARD").to_owned(),
    })
}

/// Percent-decodes, `+` for a space included.
fn decoded(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'+' => b' ',
            b'%' => {
                let mut digit = || char::from(rest.next()?).to_digit(16);
                u8::try_from(digit()?.checked_mul(16)?.checked_add(digit()?)?).ok()?
            }
            other => other,
        });
    }
    String::from_utf8(bytes).ok()
}

/// What S3 refuses with.
#[derive(Default)]
struct Refused {
    code: Option<String>,
    message: Option<String>,
    request_id: Option<String>,
    host_id: Option<String>,
}

impl Refused {
    /// Nothing if the body is no refusal of S3's.
    fn read(response: &Response) -> Option<Self> {
        let text = std::str::from_utf8(&response.body).ok()?;
        let document = parsed(text)?;
        let root = document.root_element();
        let found = |name| self::text(root, name).map(str::to_owned);
        (root.tag_name().name() == "Error").then(|| Refused {
            code: found("Code"),
            message: found("Message"),
            request_id: found("RequestId"),
            host_id: found("HostId"),
        })
    }
}

fn refusal(response: &Response) -> ObjectError {
    let status = response.status;
    if matches!(status, 301 | 307 | 400)
        && let Some(region) = header(response, "x-amz-bucket-region")
        && Refused::read(response).is_none_or(|refused| refused.is_of_region())
    {
        return ObjectError::refused(format!(
            "The bucket is in the region {region}. It must be in the region of the state machine."
        ));
    }
    let refused = Refused::read(response);
    let is_xml = refused.is_some();
    let Refused { code, message, request_id, host_id } = refused.unwrap_or_default();
    let may_pass = matches!(status, 408 | 429 | 500 | 502 | 503 | 504)
        || code.as_deref().is_some_and(|code| PASSING_CODES.contains(&code));
    let default = match (status, is_xml) {
        (403, false) => "Forbidden",
        (404, false) => "Not Found",
        (_, false) => "The answer is not one of Amazon S3",
        (_, true) => "null",
    };
    let message = message.unwrap_or_else(|| default.to_owned());
    let code = code.unwrap_or_else(|| status.to_string());
    let or_null = |text: Option<String>| text.unwrap_or_else(|| "null".to_owned());
    let id = or_null(request_id.or_else(|| header(response, "x-amz-request-id")));
    let host = or_null(host_id.or_else(|| header(response, "x-amz-id-2")));
    let tail = format!(
        " (Service: Amazon S3; Status Code: {status}; Error Code: {code}; Request ID: {id}; S3 Extended Request ID: {host}; Proxy: null)"
    );
    let cause: String = message.chars().chain(tail.chars()).take(CAUSE_CHARS_MAX).collect();
    ObjectError { cause, code, may_pass }
}

impl Refused {
    fn is_of_region(&self) -> bool {
        let codes = ["PermanentRedirect", "TemporaryRedirect", "AuthorizationHeaderMalformed"];
        self.code.as_deref().is_some_and(|code| codes.contains(&code))
    }
}

/// An answer that S3 would not give: something else stands in between, or the answer was cut.
fn odd(response: &Response) -> ObjectError {
    ObjectError::passing(format!(
        "The answer is not one of Amazon S3 (status code {}, {} bytes).",
        response.status,
        response.body.len()
    ))
}

fn xml(
    response: &Response,
    read: impl FnOnce(Node<'_, '_>) -> Option<ObjectAnswer>,
) -> Result<ObjectAnswer, ObjectError> {
    let text = std::str::from_utf8(&response.body).ok();
    let answer = text.and_then(parsed).and_then(|document| read(document.root_element()));
    answer.ok_or_else(|| odd(response))
}

fn parsed(text: &str) -> Option<Document<'_>> {
    let options = ParsingOptions {
        allow_dtd: false,
        nodes_limit: XML_NODES_MAX,
        ..ParsingOptions::default()
    };
    Document::parse_with_options(text, options).ok()
}

fn text<'d>(node: Node<'d, 'd>, name: &str) -> Option<&'d str> {
    let child = node.children().find(|child| child.tag_name().name() == name)?;
    Some(child.text().unwrap_or_default())
}

fn header(response: &Response, name: &str) -> Option<String> {
    response.header(name).map(str::to_owned)
}

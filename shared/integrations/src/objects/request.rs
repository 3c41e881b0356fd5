//! What is sent to S3.

use super::{ObjectError, ObjectRequest};
use crate::{Destination, Method, Request, Signing};
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use md5::{Digest, Md5};
use std::borrow::Cow;
use std::fmt::Write;

/// What follows `AWS_ENDPOINT_URL_` in the variable that names S3's endpoint.
pub(crate) const ENDPOINT_VARIABLE_SUFFIX: &str = "S3";
/// The longest key, in bytes.
const KEY_BYTES_MAX: usize = 1024;
/// How many objects a page of a listing has.
const PAGE_OBJECTS: usize = 1000;

pub(super) fn of(
    request: &ObjectRequest<'_>,
    region: &str,
    owner: Option<&str>,
) -> Result<Request, ObjectError> {
    let bucket = request.bucket();
    check_bucket(bucket)?;
    let mut path = String::from("/");
    if let Some(key) = request.key() {
        check_key(key)?;
        encode(&mut path, key, true);
    }
    path.push_str(&query(request));
    let mut headers: Vec<(Cow<'static, str>, String)> = Vec::new();
    let mut body = Vec::new();
    if let Some(owner) = owner {
        headers.push(("x-amz-expected-bucket-owner".into(), owner.to_owned()));
    }
    let method = match request {
        ObjectRequest::Read { etag, from, bytes_max, .. } => {
            let last = from.saturating_add(u64::from(*bytes_max).max(1)).saturating_sub(1);
            headers.push(("range".into(), format!("bytes={from}-{last}")));
            headers.extend(etag.map(|etag| ("if-match".into(), etag.to_owned())));
            Method::Get
        }
        ObjectRequest::List { .. } => Method::Get,
        ObjectRequest::Put { bytes, .. } | ObjectRequest::WritePart { bytes, .. } => {
            // Buckets with an object lock ask for a checksum.
            headers.push(("content-md5".into(), BASE64_STANDARD.encode(Md5::digest(bytes))));
            if matches!(request, ObjectRequest::Put { .. }) {
                headers.push(("content-type".into(), "application/json".to_owned()));
            }
            body = bytes.to_vec();
            Method::Put
        }
        ObjectRequest::BeginUpload { .. } => {
            headers.push(("content-type".into(), "application/json".to_owned()));
            Method::Post
        }
        ObjectRequest::EndUpload { etags, .. } => {
            headers.push(("content-type".into(), "application/xml".to_owned()));
            body = completion(etags).into_bytes();
            Method::Post
        }
        ObjectRequest::AbortUpload { .. } => Method::Delete,
    };
    let (host, path, path_at_endpoint) = place(bucket, region, path);
    let signing = Signing {
        name: Some("s3".into()),
        region: region.to_owned(),
        leaves_body_out: false,
        is_s3: true,
    };
    let destination = Destination {
        endpoint_variable_suffix: ENDPOINT_VARIABLE_SUFFIX.into(),
        host,
        path_at_endpoint: Some(path_at_endpoint),
        signing,
        cluster: None,
    };
    Ok(Request { destination, method, path, headers, body })
}

/// The host on AWS, the path there, and the path at an endpoint. A certificate covers no bucket with a dot in its name.
fn place(bucket: &str, region: &str, path: String) -> (String, String, String) {
    let is_name = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    let suffix = if region.starts_with("cn-") { "amazonaws.com.cn" } else { "amazonaws.com" };
    let with_bucket = format!("/{bucket}{path}");
    // The region may come from an ARN: it must not lead elsewhere.
    if region.is_empty() || !region.bytes().all(is_name) {
        return (String::new(), path, with_bucket);
    }
    if bucket.bytes().all(is_name) {
        (format!("{bucket}.s3.{region}.{suffix}"), path, with_bucket)
    } else {
        (format!("s3.{region}.{suffix}"), with_bucket.clone(), with_bucket)
    }
}

fn query(request: &ObjectRequest<'_>) -> String {
    let mut query = String::new();
    let mut add = |name: &str, value: &str| {
        query.push(if query.is_empty() { '?' } else { '&' });
        query.push_str(name);
        query.push('=');
        encode(&mut query, value, false);
    };
    // Names in their order, as signatures have them.
    match request {
        ObjectRequest::Read { version, .. } => {
            if let Some(version) = version {
                add("versionId", version);
            }
        }
        ObjectRequest::List { prefix, token, .. } => {
            if let Some(token) = token {
                add("continuation-token", token);
            }
            add("encoding-type", "url");
            add("list-type", "2");
            add("max-keys", &PAGE_OBJECTS.to_string());
            add("prefix", prefix);
        }
        ObjectRequest::Put { .. } => {}
        ObjectRequest::BeginUpload { .. } => add("uploads", ""),
        ObjectRequest::WritePart { upload, part, .. } => {
            add("partNumber", &part.to_string());
            add("uploadId", upload);
        }
        ObjectRequest::EndUpload { upload, .. } | ObjectRequest::AbortUpload { upload, .. } => {
            add("uploadId", upload);
        }
    }
    query
}

fn completion(etags: &[String]) -> String {
    let mut text =
        String::from("<CompleteMultipartUpload xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">");
    for (number, etag) in (1_u32..).zip(etags) {
        let etag = etag.replace('&', "&amp;").replace('<', "&lt;").replace('"', "&quot;");
        // Writing to a text cannot fail.
        let _ = write!(text, "<Part><PartNumber>{number}</PartNumber><ETag>{etag}</ETag></Part>");
    }
    text.push_str("</CompleteMultipartUpload>");
    text
}

/// Percent-encodes as S3's signatures want it.
fn encode(to: &mut String, text: &str, keeps_slash: bool) {
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) || (keeps_slash && byte == b'/')
        {
            to.push(char::from(byte));
        } else {
            let _ = write!(to, "%{byte:02X}");
        }
    }
}

fn check_bucket(bucket: &str) -> Result<(), ObjectError> {
    let is_letter = |byte: u8| byte.is_ascii_alphanumeric() || b"-._".contains(&byte);
    let is_bucket = (3..=255).contains(&bucket.len())
        && bucket.bytes().all(is_letter)
        && bucket.bytes().next().is_some_and(|byte| byte.is_ascii_alphanumeric())
        && !bucket.contains("..");
    if is_bucket {
        return Ok(());
    }
    let cause = "The specified bucket is not valid.";
    Err(ObjectError { code: "InvalidBucketName".to_owned(), ..ObjectError::refused(cause) })
}

fn check_key(key: &str) -> Result<(), ObjectError> {
    // A path of dots alone would be another's after what lies between has tidied it.
    let is_dots = key.split('/').any(|part| part == "." || part == "..");
    if key.is_empty() || key.len() > KEY_BYTES_MAX || is_dots {
        return Err(ObjectError::refused(format!(
            "An object's key has 1 to {KEY_BYTES_MAX} bytes and no part `.` or `..`."
        )));
    }
    Ok(())
}

//! The AWS JSON protocols: one address, the action in a header.

use crate::metadata::with_metadata;
use crate::refusal::Refusal;
use crate::{Method, Request, Response, Service};
use baton_engine::{Failure, Payload};
use serde_json::{Map, Value};

/// The version of the protocol that a service speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Version {
    V1_0,
    V1_1,
}

/// A request of the action `target`.
pub(crate) fn request(
    service: Service,
    version: Version,
    target: &str,
    region: &str,
    body: &Map<String, Value>,
) -> Request {
    let content_type = match version {
        Version::V1_0 => "application/x-amz-json-1.0",
        Version::V1_1 => "application/x-amz-json-1.1",
    };
    let body = serde_json::to_vec(body).unwrap_or_default();
    Request {
        destination: service.destination(region),
        method: Method::Post,
        path: "/".to_owned(),
        headers: vec![
            ("content-type".into(), content_type.to_owned()),
            ("x-amz-target".into(), target.to_owned()),
        ],
        body,
    }
}

/// The members of an answer.
pub(crate) fn answer(service: Service, response: &Response) -> Result<Map<String, Value>, Failure> {
    if !response.is_success() {
        return Err(Refusal::from_json(response).failure(service, response));
    }
    match serde_json::from_slice(&response.body) {
        Ok(Value::Object(members)) => Ok(members),
        _ => Err(crate::refusal::unreachable(service, "the response is not a JSON object")),
    }
}

/// An answer as it is, with its metadata.
pub(crate) fn result(service: Service, response: &Response) -> Result<Payload, Failure> {
    let members = answer(service, response)?;
    Ok(Payload::new(with_metadata(members, service, response)))
}

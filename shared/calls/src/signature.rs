//! Signature Version 4.

use crate::credentials::Credentials;
use crate::error::{BoxError, CallError};
use aws_sigv4::http_request::{SignableBody, SignableRequest, SigningSettings, sign};
use aws_sigv4::sign::v4;
use baton_integrations::Request;
use bytes::Bytes;
use http_body_util::Full;
use std::time::SystemTime;

/// Signs a request with the time it is sent at.
pub(crate) fn sign_request(
    signed: &mut http::Request<Full<Bytes>>,
    request: &Request,
    credentials: &Credentials,
    now: SystemTime,
) -> Result<(), CallError> {
    let identity = aws_credential_types::Credentials::new(
        credentials.access_key_id.clone(),
        credentials.secret_access_key.clone(),
        credentials.session_token.clone(),
        None,
        "baton",
    )
    .into();
    let params = v4::SigningParams::builder()
        .identity(&identity)
        .region(&request.region)
        .name(request.service.endpoint_prefix())
        .time(now)
        .settings(SigningSettings::default())
        .build()
        .map_err(malformed)?;
    let uri = signed.uri().to_string();
    let headers: Vec<(&str, &str)> = signed
        .headers()
        .iter()
        .filter_map(|(name, value)| Some((name.as_str(), value.to_str().ok()?)))
        .collect();
    let signable = SignableRequest::new(
        request.method.as_str(),
        &uri,
        headers.into_iter(),
        SignableBody::Bytes(&request.body),
    )
    .map_err(malformed)?;
    let (instructions, _signature) =
        sign(signable, &params.into()).map_err(malformed)?.into_parts();
    instructions.apply_to_request_http1x(signed);
    Ok(())
}

fn malformed(error: impl Into<BoxError>) -> CallError {
    CallError::Malformed(error.into())
}

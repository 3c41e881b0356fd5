//! Signature Version 4.

use crate::credentials::Credentials;
use crate::error::{BoxError, CallError};
use aws_sigv4::http_request::{
    PayloadChecksumKind, PercentEncodingMode, SignableBody, SignableRequest, SigningSettings,
    UriPathNormalizationMode, sign,
};
use aws_sigv4::sign::v4;
use baton_integrations::{Request, Signing};
use bytes::Bytes;
use http_body_util::Full;
use std::time::SystemTime;

/// Signs a request with the time it is sent at.
pub(crate) fn sign_request(
    signed: &mut http::Request<Full<Bytes>>,
    request: &Request,
    name: &str,
    credentials: &Credentials,
    now: SystemTime,
) -> Result<(), CallError> {
    let identity = credentials.identity();
    let signing = &request.destination.signing;
    let body = match signing.leaves_body_out {
        true => SignableBody::UnsignedPayload,
        false => SignableBody::Bytes(&request.body),
    };
    let params = v4::SigningParams::builder()
        .identity(&identity)
        .region(&signing.region)
        .name(name)
        .time(now)
        .settings(settings(signing))
        .build()
        .map_err(malformed)?;
    let uri = signed.uri().to_string();
    let headers: Vec<(&str, &str)> = signed
        .headers()
        .iter()
        .filter_map(|(name, value)| Some((name.as_str(), value.to_str().ok()?)))
        .collect();
    let method = request.method.as_str();
    let signable =
        SignableRequest::new(method, &uri, headers.into_iter(), body).map_err(malformed)?;
    let (instructions, _signature) =
        sign(signable, &params.into()).map_err(malformed)?.into_parts();
    instructions.apply_to_request_http1x(signed);
    Ok(())
}

/// S3 takes paths as they are, and wants the body's hash in a header.
fn settings(signing: &Signing) -> SigningSettings {
    let mut settings = SigningSettings::default();
    if signing.is_s3 {
        settings.percent_encoding_mode = PercentEncodingMode::Single;
        settings.uri_path_normalization_mode = UriPathNormalizationMode::Disabled;
    }
    if signing.is_s3 || signing.leaves_body_out {
        settings.payload_checksum_kind = PayloadChecksumKind::XAmzSha256;
    }
    settings
}

pub(crate) fn malformed(error: impl Into<BoxError>) -> CallError {
    CallError::Malformed(error.into())
}

//! Clusters of Amazon EKS: the token that their Kubernetes API takes, and the certificates that it is trusted by.

use crate::credentials::Credentials;
use crate::error::CallError;
use crate::limits::CLUSTER_TOKEN_TIME;
use crate::signature::malformed;
use aws_sigv4::http_request::{
    SignableBody, SignableRequest, SignatureLocation, SigningSettings, sign,
};
use aws_sigv4::sign::v4;
use base64::Engine as _;
use base64::prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD};
use baton_integrations::{Cluster, Signing};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use rustls::{ClientConfig, RootCertStore};
use std::time::SystemTime;

/// Where clusters of EKS are. Elsewhere a token would tell strangers whose role calls, so that they could call in its name.
const DOMAINS: [&str; 2] = [".eks.amazonaws.com", ".eks.amazonaws.com.cn"];
/// The same for those that are called by IPv6, too. A region stands between the two parts.
const DUAL_DOMAINS: [&str; 2] = [".api.aws", ".api.amazonwebservices.com.cn"];
const DUAL_PART: &str = ".eks-cluster.";

/// Whether a host may be a cluster's.
pub(crate) fn is_cluster(host: &str) -> bool {
    let is_in = |domain: &&str| host.len() > domain.len() && host.ends_with(*domain);
    let is_dual = DUAL_DOMAINS.iter().any(is_in) && host.contains(DUAL_PART);
    DOMAINS.iter().any(is_in) || is_dual
}

/// The token: a request to STS, signed for this cluster alone, that says whose credentials they are.
pub(crate) fn token(
    cluster: &Cluster,
    signing: &Signing,
    credentials: &Credentials,
    now: SystemTime,
) -> Result<String, CallError> {
    let identity = credentials.identity();
    let mut settings = SigningSettings::default();
    settings.signature_location = SignatureLocation::QueryParams;
    settings.expires_in = Some(CLUSTER_TOKEN_TIME);
    let params = v4::SigningParams::builder()
        .identity(&identity)
        .region(&signing.region)
        .name("sts")
        .time(now)
        .settings(settings)
        .build()
        .map_err(malformed)?;
    let host = &cluster.token_host;
    let address = format!("https://{host}/?Action=GetCallerIdentity&Version=2011-06-15");
    let name = http::HeaderValue::from_str(&cluster.name).map_err(malformed)?;
    let mut request =
        http::Request::get(&address).header("x-k8s-aws-id", name).body(()).map_err(malformed)?;
    let headers = [("host", host.as_str()), ("x-k8s-aws-id", cluster.name.as_str())];
    let signable =
        SignableRequest::new("GET", &address, headers.into_iter(), SignableBody::Bytes(&[]));
    let (instructions, _) =
        sign(signable.map_err(malformed)?, &params.into()).map_err(malformed)?.into_parts();
    instructions.apply_to_request_http1x(&mut request);
    Ok(format!("k8s-aws-v1.{}", BASE64_URL_SAFE_NO_PAD.encode(request.uri().to_string())))
}

/// What trusts a cluster's own authority, and nobody else.
pub(crate) fn trust(certificate_authority: &str) -> Result<ClientConfig, CallError> {
    let pem = BASE64_STANDARD.decode(certificate_authority.trim()).map_err(malformed)?;
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_slice_iter(&pem) {
        roots.add(certificate.map_err(malformed)?).map_err(malformed)?;
    }
    let provider = std::sync::Arc::new(rustls::crypto::ring::default_provider());
    let builder = ClientConfig::builder_with_provider(provider);
    let builder = builder.with_safe_default_protocol_versions().map_err(malformed)?;
    Ok(builder.with_root_certificates(roots).with_no_client_auth())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_a_signed_question_who_calls() {
        let cluster = Cluster {
            name: "my-cluster".into(),
            certificate_authority: String::new(),
            token_host: "sts.eu-west-1.amazonaws.com".into(),
        };
        let signing = Signing {
            name: Some("sts".into()),
            region: "eu-west-1".into(),
            leaves_body_out: false,
            is_s3: false,
        };
        let credentials = Credentials {
            access_key_id: "AKIDEXAMPLE".into(),
            secret_access_key: "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY".into(),
            session_token: Some("a/b".into()),
        };
        let now = SystemTime::UNIX_EPOCH + std::time::Duration::from_secs(1_700_000_000);
        let token = token(&cluster, &signing, &credentials, now).unwrap();
        let encoded = token.strip_prefix("k8s-aws-v1.").unwrap();
        let address = BASE64_URL_SAFE_NO_PAD.decode(encoded).unwrap();
        let address = String::from_utf8(address).unwrap();
        expect_test::expect!["https://sts.eu-west-1.amazonaws.com/?Action=GetCallerIdentity&Version=2011-06-15&X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=AKIDEXAMPLE%2F20231114%2Feu-west-1%2Fsts%2Faws4_request&X-Amz-Date=20231114T221320Z&X-Amz-Expires=60&X-Amz-SignedHeaders=host%3Bx-k8s-aws-id&X-Amz-Signature=8ec5394c586f1541e22edec01522320d8bf684217b4d8e9880a8a417327f6585&X-Amz-Security-Token=a%2Fb"].assert_eq(&address);
    }

    #[test]
    fn only_hosts_of_eks_are_clusters() {
        for host in [
            "1a.yl4.us-east-1.eks.amazonaws.com",
            "1a.gr7.cn-north-1.eks.amazonaws.com.cn",
            "1a.gr7.eks-cluster.us-west-2.api.aws",
        ] {
            assert!(is_cluster(host), "{host}");
        }
        for host in [
            "",
            ".eks.amazonaws.com",
            "169.254.169.254",
            "1a.eks.amazonaws.com.evil.com",
            "evil.api.aws",
            "1a.eks-cluster.evil.com",
        ] {
            assert!(!is_cluster(host), "{host}");
        }
    }
}

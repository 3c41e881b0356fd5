//! `eks:call` and `eks:runJob`: the Kubernetes API of a cluster of Amazon EKS.
//!
//! The cluster is named by the arguments: its endpoint, its certificate authority. What is sent there carries a token that says
//! whose role calls; who sends it makes the token.

mod job;

pub(crate) use job::KubernetesJob;

use crate::arguments::{Arguments, as_text};
use crate::gateway::{lists, status_text};
use crate::lambda::encoded;
use crate::limits::CAUSE_CHARS_MAX;
use crate::{Destination, Method, Origin, Request, Response, Signing};
use baton_asl::ServiceResource;
use baton_engine::{Failure, Payload};
use baton_services::Cluster;
use serde_json::{Value, json};

/// What follows `AWS_ENDPOINT_URL_` in the variable that names another Kubernetes API to call.
pub(crate) const ENDPOINT_VARIABLE_SUFFIX: &str = "EKS_CLUSTER";

const CALL: &[&str] = &[
    "ClusterName",
    "CertificateAuthority",
    "Endpoint",
    "Method",
    "Path",
    "QueryParameters",
    "RequestBody",
];
const RUN_JOB: &[&str] =
    &["ClusterName", "CertificateAuthority", "Endpoint", "Namespace", "Job", "LogOptions"];

/// A call of a cluster's API.
#[derive(Debug, Clone)]
pub(crate) struct KubernetesCall(Request);

/// Whether a resource is one of these.
pub(crate) fn is_kubernetes(resource: &ServiceResource) -> bool {
    resource.service == "eks" && matches!(resource.action.as_str(), "call" | "runJob")
}

impl KubernetesCall {
    pub(crate) fn new(
        action: &str,
        arguments: &Payload,
        origin: &Origin<'_>,
    ) -> Result<Self, Failure> {
        let arguments = Arguments::new(arguments)?;
        let is_job = action == "runJob";
        arguments.check_known(if is_job { RUN_JOB } else { CALL })?;
        let destination = destination(&arguments, origin.region())?;
        let request =
            if is_job { run_job(&arguments, destination)? } else { call(&arguments, destination)? };
        Ok(KubernetesCall(request))
    }

    pub(crate) fn request(&self) -> &Request {
        &self.0
    }

    /// The answer in the form that the documentation shows; a status that is none of success fails the task with it.
    pub(crate) fn result(response: &Response) -> Result<Payload, Failure> {
        let text = response.text();
        let body = Payload::parse(&text);
        let answer = json!({
            "ResponseBody": body.map_or_else(|_| Value::from(text.as_ref()), Payload::into_value),
            "StatusCode": response.status,
            "StatusText": status_text(response.status),
        });
        if response.is_success() {
            return Ok(Payload::new(answer));
        }
        let cause: String = answer.to_string().chars().take(CAUSE_CHARS_MAX).collect();
        Err(Failure::new(&format!("EKS.{}", response.status), &cause))
    }

    pub(crate) fn unreachable(detail: &str) -> Failure {
        let cause = format!("Unable to execute HTTP request: {detail}");
        Failure::new("EKS.SdkClientException", &cause)
    }
}

fn call(arguments: &Arguments<'_>, destination: Destination) -> Result<Request, Failure> {
    let method = Method::parse(arguments.required_text("Method")?);
    let path = arguments.required_text("Path")?;
    let is_path = |byte: u8| byte.is_ascii_graphic() && byte != b'?' && byte != b'#';
    if !path.bytes().all(is_path) {
        return Err(arguments.malformed("Path"));
    }
    let path = format!("/{}", path.trim_start_matches('/'));
    let method = method.ok_or_else(|| arguments.malformed("Method"))?;
    let body = arguments.get("RequestBody").map(as_text).unwrap_or_default();
    let path = with_query(&path, &lists(arguments, "QueryParameters")?);
    Ok(request(destination, method, path, body))
}

fn run_job(arguments: &Arguments<'_>, destination: Destination) -> Result<Request, Failure> {
    let job = arguments.get("Job").ok_or_else(|| arguments.missing("Job"))?;
    if !matches!(job, Value::Object(_) | Value::String(_)) {
        return Err(arguments.malformed("Job"));
    }
    if arguments.get("LogOptions").is_some_and(|options| !options.is_object()) {
        return Err(arguments.malformed("LogOptions"));
    }
    let namespace = arguments.text("Namespace")?.unwrap_or("default");
    Ok(request(destination, Method::Post, jobs_path(namespace), as_text(job)))
}

fn jobs_path(namespace: &str) -> String {
    format!("/apis/batch/v1/namespaces/{}/jobs", encoded(namespace))
}

fn request(destination: Destination, method: Method, path: String, body: String) -> Request {
    let mut headers = vec![("accept".into(), "application/json".to_owned())];
    if !body.is_empty() {
        // A patch says by its form which of Kubernetes' kinds it is: a list of operations, or the members to change.
        let kind = match method {
            Method::Patch if body.trim_start().starts_with('[') => "application/json-patch+json",
            Method::Patch => "application/strategic-merge-patch+json",
            Method::Get | Method::Head | Method::Post | Method::Put | Method::Delete => {
                "application/json"
            }
        };
        headers.push(("content-type".into(), kind.to_owned()));
    }
    Request { destination, method, path, headers, body: body.into_bytes() }
}

fn with_query(path: &str, parameters: &[(&String, Vec<String>)]) -> String {
    let query: Vec<String> = parameters
        .iter()
        .flat_map(|(name, values)| {
            values.iter().map(move |value| format!("{}={}", encoded(name), encoded(value)))
        })
        .collect();
    if query.is_empty() { path.to_owned() } else { format!("{path}?{}", query.join("&")) }
}

/// Where the cluster's API is, by the arguments. Whether a host may be called is for whoever calls to say.
fn destination(arguments: &Arguments<'_>, region: &str) -> Result<Destination, Failure> {
    let endpoint = arguments.required_text("Endpoint")?;
    let host = endpoint.strip_prefix("https://").map(|host| host.trim_end_matches('/'));
    let is_host = |host: &&str| {
        let is_part = |byte: u8| byte.is_ascii_alphanumeric() || b"-.:".contains(&byte);
        !host.is_empty() && host.bytes().all(is_part)
    };
    let host = host.filter(is_host).ok_or_else(|| arguments.malformed("Endpoint"))?;
    let domain = if region.starts_with("cn-") { "amazonaws.com.cn" } else { "amazonaws.com" };
    Ok(Destination {
        endpoint_variable_suffix: ENDPOINT_VARIABLE_SUFFIX.into(),
        host: host.to_ascii_lowercase(),
        path_at_endpoint: None,
        signing: Signing {
            name: Some("sts".into()),
            region: region.to_owned(),
            leaves_body_out: false,
            is_s3: false,
        },
        cluster: Some(Cluster {
            name: arguments.required_text("ClusterName")?.to_owned(),
            certificate_authority: arguments.required_text("CertificateAuthority")?.to_owned(),
            token_host: format!("sts.{region}.{domain}"),
        }),
    })
}

#[cfg(test)]
mod tests;

//! One action of a service: what to send for it, and what the answer means.

use crate::arguments::{self, Fault, Unfit};
use crate::checksum::checksum;
use crate::datum::{Datum, Field};
use crate::endpoint::Endpoint;
use crate::error::{Refusal, Refused, ServiceError};
use crate::model::{Metadata, Operation};
use crate::protocol::{self, Message};
use crate::table::{Service, endpoint_variable_suffix, table};
use crate::{Destination, Request, Response, Signing, java, naming, special};
use serde_json::{Map, Value};

/// An action of a service.
#[derive(Debug, Clone)]
pub struct Action {
    service: Service,
    operation: Operation<'static>,
}

/// On what a request depends besides its arguments.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Context<'a> {
    /// The region of the service.
    pub region: &'a str,
    /// What goes where the service wants an idempotency token and the arguments have none: the same for the same attempt.
    pub token: &'a str,
}

/// Why there is no such action.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unknown {
    /// There is no table: the feature `aws-sdk` is not built in.
    #[error("the table of AWS services is not built in: build with `--features aws-sdk`")]
    NoTable,
    /// No service has this name.
    #[error("there is no service `{name}`{}", nearest.as_deref().map(|name| format!(": did you mean `{name}`?")).unwrap_or_default())]
    Service {
        /// The name.
        name: String,
        /// The name that comes nearest to it.
        nearest: Option<String>,
    },
    /// The service has no such action.
    #[error("the service `{service}` has no action `{name}`{}", nearest.as_deref().map(|name| format!(": did you mean `{name}`?")).unwrap_or_default())]
    Action {
        /// The service.
        service: String,
        /// The name.
        name: String,
        /// The name that comes nearest to it.
        nearest: Option<String>,
    },
}

/// Finds an action by the names that Step Functions has: `dynamodb`, `putItem`.
///
/// # Errors
///
/// [`Unknown`] if there is none, or no table to look in.
pub fn action(service: &str, name: &str) -> Result<Action, Unknown> {
    let table = table().ok_or(Unknown::NoTable)?;
    let Some(found) = table.service(service) else {
        let nearest = naming::nearest(service, table.services().map(str::to_owned));
        return Err(Unknown::Service { name: service.to_owned(), nearest });
    };
    found.action(name).ok_or_else(|| Unknown::Action {
        service: service.to_owned(),
        name: name.to_owned(),
        nearest: naming::nearest(name, found.actions()),
    })
}

impl Action {
    pub(crate) fn new(service: Service, operation: Operation<'static>) -> Self {
        Action { service, operation }
    }

    /// The request for these arguments.
    ///
    /// # Errors
    ///
    /// [`Unfit`] if the arguments are not the action's, or if it cannot be called.
    pub fn request(
        &self,
        arguments: &Map<String, Value>,
        context: &Context<'_>,
    ) -> Result<Request, Unfit> {
        let one = |fault| Unfit { faults: vec![fault] };
        self.check_callable().map_err(one)?;
        let (model, operation) = (self.service.model, &self.operation);
        let mut fields =
            arguments::read(model, operation.input.as_ref(), arguments, context.token)?;
        special::prepare(model, &mut fields);
        let mut message = protocol::write(model, operation, &fields).map_err(one)?;
        special::finish(model, &mut message);
        self.add_checksum(&fields, &mut message).map_err(one)?;
        let metadata = model.metadata();
        let destination = self.destination(&metadata, &fields, &message, context.region);
        let mut destination = destination.map_err(one)?;
        let at_endpoint = format!("{}{}", message.path, message.query);
        let path =
            match message.path_without_bucket.filter(|_| destination.path_at_endpoint.is_some()) {
                Some(path) => format!("{path}{}", message.query),
                None => at_endpoint.clone(),
            };
        destination.path_at_endpoint = Some(at_endpoint).filter(|other| *other != path);
        Ok(Request {
            destination,
            method: protocol::method(&metadata, operation),
            path,
            headers: message.headers,
            body: message.body,
        })
    }

    /// Whether it can be called at all: not where it streams events, say.
    #[must_use]
    pub fn is_callable(&self) -> bool {
        !self.operation.is_event_stream()
    }

    fn check_callable(&self) -> Result<(), Fault> {
        let name = self.operation.name;
        if !self.service.model.metadata().is_signable && !self.operation.is_unsigned() {
            let reason = "takes another signature than version 4, which Baton does not support";
            return Err(Fault::Unsupported(format!("The action {name} {reason}")));
        }
        if self.operation.is_event_stream() {
            return Err(Fault::Unsupported(format!(
                "The action {name} streams events, which Step Functions does not support"
            )));
        }
        if self.operation.needs_discovery() {
            return Err(Fault::Unsupported(format!(
                "The action {name} needs endpoint discovery, which Baton does not support"
            )));
        }
        Ok(())
    }

    /// Adds the checksum that the service takes: of the algorithm that the arguments name, else CRC-32.
    fn add_checksum(&self, fields: &[Field<'_>], message: &mut Message) -> Result<(), Fault> {
        let has = |prefix: &str| message.headers.iter().any(|(name, _)| name.starts_with(prefix));
        let takes_one =
            !self.operation.checksum_member.is_empty() || self.operation.needs_checksum();
        if !takes_one || has("x-amz-checksum-") {
            return Ok(());
        }
        let is_algorithm =
            |field: &&Field<'_>| field.reference.name == self.operation.checksum_member;
        let algorithm = match fields.iter().find(is_algorithm).map(|field| &field.datum) {
            Some(Datum::Text(algorithm)) => algorithm.as_ref(),
            _ => "CRC32",
        };
        let sum = checksum(algorithm, &message.body)
            .ok_or_else(|| Fault::Invalid(naming::member(self.operation.checksum_member)))?;
        let name = format!("x-amz-checksum-{}", algorithm.to_ascii_lowercase());
        message.headers.push((name.into(), sum));
        if !has_header(message, "x-amz-sdk-checksum-algorithm")
            && !self.operation.checksum_member.is_empty()
        {
            message.headers.push(("x-amz-sdk-checksum-algorithm".into(), algorithm.to_owned()));
        }
        Ok(())
    }

    fn destination(
        &self,
        metadata: &Metadata<'static>,
        fields: &[Field<'_>],
        message: &Message,
        region: &str,
    ) -> Result<Destination, Fault> {
        let (model, operation) = (self.service.model, &self.operation);
        let found = self.service.partitions.endpoint(model, operation.variant, region);
        let is_s3 = matches!(model.service_id(), "S3" | "S3 Control" | "S3Outposts");
        let endpoint = found.unwrap_or_else(Endpoint::unknown);
        let mut host = format!("{}{}", self.host_prefix(fields)?, endpoint.host);
        let mut is_hosted = false;
        if message.path_without_bucket.is_some()
            && model.service_id() == "S3"
            && let Some(bucket_host) = self.bucket_host(fields, &endpoint, region)?
        {
            (host, is_hosted) = (bucket_host, true);
        }
        let name =
            endpoint.signing_name.map_or(metadata.signing_name.into(), std::borrow::Cow::Owned);
        Ok(Destination {
            endpoint_variable_suffix: endpoint_variable_suffix(model.service_id()).into(),
            host,
            path_at_endpoint: is_hosted.then(String::new),
            signing: Signing {
                name: (!operation.is_unsigned()).then_some(name),
                region: endpoint.signing_region.unwrap_or_else(|| region.to_owned()),
                leaves_body_out: operation.has_unsigned_body(),
                is_s3,
            },
            cluster: None,
        })
    }

    fn host_prefix(&self, fields: &[Field<'_>]) -> Result<String, Fault> {
        let mut prefix = self.operation.host_prefix.to_owned();
        for field in fields.iter().filter(|field| field.reference.is_host_label()) {
            let Datum::Text(text) = &field.datum else { continue };
            let is_label = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'.';
            if text.is_empty() || !text.bytes().all(is_label) {
                return Err(Fault::Invalid(naming::member(field.reference.name)));
            }
            prefix = prefix.replace(&format!("{{{}}}", field.reference.name), text);
        }
        Ok(prefix)
    }

    /// The host of a bucket whose name may be one, or of an access point.
    fn bucket_host(
        &self,
        fields: &[Field<'_>],
        endpoint: &Endpoint,
        region: &str,
    ) -> Result<Option<String>, Fault> {
        let bucket = fields.iter().find(|field| field.reference.name == "Bucket");
        let Some(Datum::Text(bucket)) = bucket.map(|field| &field.datum) else { return Ok(None) };
        if !bucket.starts_with("arn:") {
            return Ok(is_host_label(bucket).then(|| format!("{bucket}.{}", endpoint.host)));
        }
        let parts: Vec<&str> = bucket.split([':', '/']).collect();
        match parts.as_slice() {
            ["arn", _, "s3", at, account, "accesspoint", name]
                if *at == region && is_host_label(name) && is_host_label(account) =>
            {
                let suffix = self.service.partitions.suffix(region);
                Ok(Some(format!("{name}-{account}.s3-accesspoint.{region}.{suffix}")))
            }
            _ => Err(Fault::Invalid("Bucket".to_owned())),
        }
    }

    /// What the answer means: its members, as Step Functions shows them.
    ///
    /// # Errors
    ///
    /// The service refused, or its answer is none.
    pub fn outcome(&self, response: &Response) -> Result<Value, Box<ServiceError>> {
        let metadata = self.service.model.metadata();
        if !response.is_success() || protocol::is_late_refusal(&metadata, response) {
            return Err(Box::new(self.refusal(&metadata, response)));
        }
        match protocol::read(self.service.model, &self.operation, response) {
            Ok(members) => Ok(Value::Object(members)),
            Err(malformed) => Err(Box::new(self.without_answer(&format!(
                "Unable to unmarshall response ({malformed}). Response Code: {}",
                response.status
            )))),
        }
    }

    /// The same as the AWS SDK for Java 1 has it: timestamps are milliseconds since 1970; and, for services whose classes there
    /// have them, lists that are not in the answer are empty ones.
    ///
    /// # Errors
    ///
    /// As [`Action::outcome`].
    pub fn java_outcome(
        &self,
        response: &Response,
        has_empty_lists: bool,
    ) -> Result<Value, Box<ServiceError>> {
        let mut outcome = self.outcome(response)?;
        let model = self.service.model;
        let structure = model.structure_of(self.operation.output.as_ref());
        if let (Some(structure), Value::Object(members)) = (structure, &mut outcome) {
            java::change(model, &structure, members, has_empty_lists);
        }
        Ok(outcome)
    }

    /// The error of a call that got no response. The detail says what is known of it.
    #[must_use]
    pub fn unreachable(&self, detail: &str) -> ServiceError {
        self.without_answer(&format!("Unable to execute HTTP request: {detail}"))
    }

    fn without_answer(&self, message: &str) -> ServiceError {
        ServiceError::without_answer(self.service.client_name(), message.to_owned())
    }

    fn refusal(&self, metadata: &Metadata<'static>, response: &Response) -> ServiceError {
        let Refusal { code, message, request_id } = protocol::refusal(metadata, response);
        let client = self.service.client_name();
        let exception = match self.listed_error(&code, response.status) {
            Some(shape) => naming::exception(shape),
            None => format!("{client}Exception"),
        };
        ServiceError {
            exception,
            client,
            message: message.unwrap_or_else(|| "null".to_owned()),
            attempts: 1,
            code,
            answer: Some(Refused::new(response, request_id)),
        }
    }

    /// The error that the model lists for a code. The answer to a `HEAD` has no body to say one.
    fn listed_error(&self, code: &str, status: u16) -> Option<&'static str> {
        let errors =
            self.operation.errors.iter().filter_map(|index| self.service.model.error(*index));
        let mut listed =
            errors.filter(|error| error.error_code == code || error.error_name == code);
        let silent = || match (self.operation.name, status) {
            ("HeadObject", 404) => Some("NoSuchKey"),
            ("HeadBucket", 404) => Some("NoSuchBucket"),
            _ => None,
        };
        listed.next().map(|error| error.error_name).or_else(silent)
    }
}

fn has_header(message: &Message, name: &str) -> bool {
    message.headers.iter().any(|(known, _)| known == name)
}

/// Whether S3 takes a bucket's name as a part of its host: one without dots, which certificates do not cover.
fn is_host_label(name: &str) -> bool {
    let is_inner = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    let is_outer = |letter: char| letter.is_ascii_lowercase() || letter.is_ascii_digit();
    (3..=63).contains(&name.len())
        && name.bytes().all(is_inner)
        && name.starts_with(is_outer)
        && name.ends_with(is_outer)
}

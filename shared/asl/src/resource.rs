//! What a Task calls: the parsed `Resource`.

use std::fmt;

/// A Task's `Resource`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Resource {
    /// A Lambda function's ARN (ASL-TASK-02): the payload in, the payload out.
    Lambda {
        /// The function's, version's or alias's ARN as written.
        arn: String,
    },
    /// An activity's ARN.
    Activity {
        /// The ARN as written.
        arn: String,
    },
    /// `arn:<partition>:states:::<service>:<action>[.pattern]`, `aws-sdk:` and `http:` included.
    Service(ServiceResource),
}

/// The parts of a service integration's ARN, named as the history names them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServiceResource {
    /// The ARN as written.
    pub arn: String,
    /// `resourceType`: `lambda`, `sqs`, `aws-sdk:dynamodb` …
    pub service: String,
    /// The action without its pattern: `invoke`, `sendMessage` …
    pub action: String,
    /// Whether the state waits, and for what.
    pub pattern: Pattern,
}

/// The integration pattern (INT-PAT).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pattern {
    /// Goes on with the service's answer.
    RequestResponse,
    /// `.sync`: waits for the job's end.
    RunJob,
    /// `.sync:2`: as `.sync`, with parsed input and output of a nested execution.
    RunJobParsed,
    /// `.waitForTaskToken`.
    WaitForCallback,
}

impl Pattern {
    /// Whether it waits for a job's end.
    #[must_use]
    pub fn is_job(self) -> bool {
        match self {
            Pattern::RunJob | Pattern::RunJobParsed => true,
            Pattern::RequestResponse | Pattern::WaitForCallback => false,
        }
    }

    /// What the pattern adds to the action's name.
    #[must_use]
    pub fn suffix(self) -> &'static str {
        match self {
            Pattern::RequestResponse => "",
            Pattern::RunJob => ".sync",
            Pattern::RunJobParsed => ".sync:2",
            Pattern::WaitForCallback => ".waitForTaskToken",
        }
    }
}

/// A text that names no resource of Step Functions.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a resource of Step Functions")]
pub struct UnknownResource(pub String);

impl Resource {
    /// Reads a `Resource`; only its form is checked, not whether the service or action exists.
    ///
    /// # Errors
    ///
    /// [`UnknownResource`] if the text is not an ARN of one of the three forms.
    pub fn parse(text: &str) -> Result<Self, UnknownResource> {
        let unknown = || UnknownResource(text.to_owned());
        let mut parts = text.splitn(6, ':');
        let mut part = || parts.next().ok_or_else(unknown);
        let (scheme, _partition, service) = (part()?, part()?, part()?);
        let (_region, _account, rest) = (part()?, part()?, part()?);
        match (scheme, service, rest.split_once(':')) {
            ("arn", "lambda", Some(("function", name))) if !name.is_empty() => {
                Ok(Resource::Lambda { arn: text.to_owned() })
            }
            ("arn", "states", Some(("activity", name))) if !name.is_empty() => {
                Ok(Resource::Activity { arn: text.to_owned() })
            }
            ("arn", "states", Some((service, action))) => {
                ServiceResource::parse(text, service, action)
                    .map(Resource::Service)
                    .ok_or_else(unknown)
            }
            _ => Err(unknown()),
        }
    }

    /// The ARN as written.
    #[must_use]
    pub fn arn(&self) -> &str {
        match self {
            Resource::Lambda { arn } | Resource::Activity { arn } => arn,
            Resource::Service(service) => &service.arn,
        }
    }
}

impl ServiceResource {
    fn parse(arn: &str, service: &str, rest: &str) -> Option<Self> {
        let (service, rest) = match (service, rest.split_once(':')) {
            ("aws-sdk", Some((sdk, action))) => (format!("aws-sdk:{sdk}"), action),
            (service, _) => (service.to_owned(), rest),
        };
        let (action, pattern) = match rest.split_once('.') {
            None => (rest, Pattern::RequestResponse),
            Some((action, "sync")) => (action, Pattern::RunJob),
            Some((action, "sync:2")) => (action, Pattern::RunJobParsed),
            Some((action, "waitForTaskToken")) => (action, Pattern::WaitForCallback),
            Some(_) => return None,
        };
        if action.is_empty() || action.contains(':') {
            return None;
        }
        Some(ServiceResource { arn: arn.to_owned(), service, action: action.to_owned(), pattern })
    }

    /// `resource` as the history shows it: the action with its pattern.
    #[must_use]
    pub fn action_with_pattern(&self) -> String {
        format!("{}{}", self.action, self.pattern.suffix())
    }
}

impl fmt::Display for Resource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.arn())
    }
}

//! Task.

use crate::limits::SECONDS_MAX;
use crate::parse::{Field, MachineType, Object, PathForm, Range, Reader};
use crate::{Code, Handlers, NumberField, Pattern, QueryLanguage, Resource, TextField, Transition};

/// `Task`: work outside.
#[derive(Debug)]
pub struct Task {
    /// `Resource`.
    pub resource: Resource,
    /// `TimeoutSeconds`, `TimeoutSecondsPath`.
    pub timeout: Option<NumberField>,
    /// `HeartbeatSeconds`, `HeartbeatSecondsPath`.
    pub heartbeat: Option<NumberField>,
    /// `Credentials`.
    pub credentials: Option<Credentials>,
    /// `Retry`, `Catch`.
    pub handlers: Handlers,
    /// `Next` or `End`.
    pub transition: Transition,
}

/// `Credentials`: the role that the call is made with.
#[derive(Debug)]
pub struct Credentials {
    /// `RoleArn` or `RoleArn.$`.
    pub role_arn: TextField,
}

impl Task {
    pub(crate) const FIELDS: &'static [&'static str] = &[
        "Type",
        "Comment",
        "QueryLanguage",
        "Resource",
        "Credentials",
        "InputPath",
        "Parameters",
        "Arguments",
        "ResultSelector",
        "ResultPath",
        "OutputPath",
        "Output",
        "Assign",
        "TimeoutSeconds",
        "TimeoutSecondsPath",
        "HeartbeatSeconds",
        "HeartbeatSecondsPath",
        "Retry",
        "Catch",
        "Next",
        "End",
    ];

    pub(crate) fn read(
        reader: &mut Reader<'_>,
        state: &Object<'_>,
        language: QueryLanguage,
    ) -> Option<Self> {
        reader.require(state, &["Resource"]);
        let resource = state.get("Resource").and_then(|field| resource(reader, &field));
        if let (Some(Resource::Service(service)), Some(field)) = (&resource, state.get("Resource"))
        {
            parameters_are_there(reader, state, &field, &service.arn, language);
        }
        let seconds = Range::whole(1, SECONDS_MAX);
        let form = PathForm::Reference;
        let timeout = reader.number_field(state, "TimeoutSeconds", seconds, language, form);
        let heartbeat = reader.number_field(state, "HeartbeatSeconds", seconds, language, form);
        heartbeat_is_shorter(reader, state, &timeout, &heartbeat);
        let credentials = reader.optional(state.get("Credentials"), |reader, field| {
            Credentials::read(reader, field, resource.as_ref(), language)
        });
        let handlers = reader.handlers(state, language);
        let transition = reader.transition(state);
        Some(Task {
            resource: resource?,
            timeout: timeout?,
            heartbeat: heartbeat?,
            credentials: credentials?,
            handlers: handlers?,
            transition: transition?,
        })
    }
}

/// `Resource`, which the machine's type must be able to wait for.
fn resource(reader: &mut Reader<'_>, field: &Field<'_>) -> Option<Resource> {
    let text = reader.string(field.node, &field.place)?;
    let span = field.node.span;
    if !text.starts_with("arn:") {
        reader.schema(&field.place, span, "Value is not a valid resource ARN");
        return None;
    }
    let resource = Resource::parse(text).ok().filter(|resource| match resource {
        Resource::Lambda { .. } | Resource::Activity { .. } => true,
        Resource::Service(service) => (reader.options.is_known_resource)(service),
    });
    let Some(resource) = resource else {
        let message = format!(
            "The resource provided {} is not recognized. The value is not a valid resource ARN, or the resource is not available in this region.",
            crate::parse::quoted(text)
        );
        reader.schema(&field.place, span, message);
        return None;
    };
    if reader.options.machine_type == MachineType::Express
        && let Some(message) = express_refusal(&resource)
    {
        let help = Some("a Standard state machine can wait".to_owned());
        let code = Code::SchemaValidationFailed;
        reader.error_with_help(code, &field.place, span, message, help);
    }
    Some(resource)
}

fn express_refusal(resource: &Resource) -> Option<&'static str> {
    match resource {
        Resource::Activity { .. } => Some("Express state machine does not support Activity ARN"),
        Resource::Lambda { .. } => None,
        Resource::Service(service) => match service.pattern {
            Pattern::RequestResponse => None,
            Pattern::RunJob | Pattern::RunJobParsed => {
                Some("Express state machine does not support '.sync' service integration")
            }
            // The blank at the end is AWS's.
            Pattern::WaitForCallback => Some(
                "Express state machine does not support '.waitForTaskToken' service integration ",
            ),
        },
    }
}

/// A service integration has no request without them.
fn parameters_are_there(
    reader: &mut Reader<'_>,
    state: &Object<'_>,
    resource: &Field<'_>,
    arn: &str,
    language: QueryLanguage,
) {
    let wanted = match language {
        QueryLanguage::JsonPath => "Parameters",
        QueryLanguage::Jsonata => "Arguments",
    };
    if !state.has(wanted) {
        let message = format!("{wanted} field is required for resource ARN: {arn}");
        reader.schema(&resource.place, resource.node.span, message);
    }
}

fn heartbeat_is_shorter(
    reader: &mut Reader<'_>,
    state: &Object<'_>,
    timeout: &Option<Option<NumberField>>,
    heartbeat: &Option<Option<NumberField>>,
) {
    if let Some(Some(NumberField::Literal(timeout))) = timeout
        && let Some(Some(NumberField::Literal(heartbeat))) = heartbeat
        && heartbeat >= timeout
        && let Some(field) = state.get("HeartbeatSeconds")
    {
        let message = "HeartbeatSeconds must be smaller than TimeoutSeconds";
        reader.schema(&field.place, field.node.span, message);
    }
}

impl Credentials {
    fn read(
        reader: &mut Reader<'_>,
        field: &Field<'_>,
        resource: Option<&Resource>,
        language: QueryLanguage,
    ) -> Option<Self> {
        if let Some(Resource::Activity { .. }) = resource {
            let message = "The field 'Credentials' is not supported for activities";
            reader.schema(&field.place, field.key_span, message);
        }
        let credentials = reader.object(field.node, &field.place)?;
        let names: &[&str] = match language {
            QueryLanguage::JsonPath => &["RoleArn", "RoleArn.$"],
            QueryLanguage::Jsonata => &["RoleArn"],
        };
        reader.only(&credentials, names);
        let computed = credentials.get("RoleArn.$").filter(|_| names.len() > 1);
        let role_arn = match (computed, credentials.get("RoleArn")) {
            (Some(role), None) => {
                // AWS puts a faulty `.$` member at the object that holds it.
                reader.path_or_intrinsic(&role, &field.place).map(TextField::Path)
            }
            (None, Some(role)) => reader.written_text(&role, language),
            (Some(_), Some(_)) => {
                reader.exclusive(&credentials, names, true);
                None
            }
            (None, None) => {
                let message = "The field 'RoleArn' is required but was missing";
                reader.schema(&field.place, field.node.span, message);
                None
            }
        };
        role_arn.map(|role_arn| Credentials { role_arn })
    }
}

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
    let parsed = Resource::parse(text).ok();
    let help = match &parsed {
        Some(Resource::Service(service)) => (reader.options.resource_help)(service),
        Some(Resource::Lambda { .. } | Resource::Activity { .. }) | None => None,
    };
    let resource = parsed.filter(|resource| match resource {
        Resource::Lambda { .. } | Resource::Activity { .. } => true,
        Resource::Service(service) => (reader.options.is_known_resource)(service),
    });
    let Some(resource) = resource else {
        let message = format!(
            "The resource provided {} is not recognized. The value is not a valid resource ARN, or the resource is not available in this region.",
            crate::parse::quoted(text)
        );
        let code = Code::SchemaValidationFailed;
        reader.error_with_help(code, &field.place, span, message, help);
        return None;
    };
    if reader.machine_type == MachineType::Express
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

#[cfg(test)]
mod tests {
    use crate::testing::{check_express, check_jsonata_state, check_state};
    use crate::{Options, aws_message, parse};
    use expect_test::expect;

    #[test]
    fn a_task_has_these_fields() {
        check_state(
            r##"{"Type": "Task", "Resource": "arn:aws:lambda:us-east-1:123456789012:function:f", "InputPath": "$", "Parameters": {"a.$": "$.a"}, "ResultSelector": {"b.$": "$.b"}, "ResultPath": "$.r", "OutputPath": "$.o", "Assign": {"v.$": "$"}, "TimeoutSeconds": 10, "HeartbeatSeconds": 5, "Retry": [], "Catch": [], "End": true}"##,
            expect!["accepted"],
        );
        check_state(
            r##"{"Type": "Task", "Resource": "arn:aws:states:us-east-1:123456789012:activity:a", "TimeoutSecondsPath": "$.t", "HeartbeatSecondsPath": "$.h", "Next": "T"}"##,
            expect!["accepted"],
        );
        check_state(
            r##"{"Type": "Task", "Resource": "arn:aws-cn:states:::sqs:sendMessage.waitForTaskToken", "Parameters": {}, "Credentials": {"RoleArn.$": "$.role"}, "End": true}"##,
            expect!["accepted"],
        );
        check_jsonata_state(
            r##"{"Type": "Task", "Resource": "arn:aws:states:::lambda:invoke", "Arguments": {"FunctionName": "f"}, "Output": "{% $states.result %}", "Assign": {"v": "{% $states.result.x %}"}, "TimeoutSeconds": "{% 5 %}", "Credentials": {"RoleArn": "{% $states.input.role %}"}, "End": true}"##,
            expect!["accepted"],
        );
        check_jsonata_state(
            r##"{"Type": "Task", "Resource": "arn:aws:states:::lambda:invoke", "Arguments": "{% $states.input %}", "End": true}"##,
            expect!["accepted"],
        );
    }

    #[test]
    fn a_resource_is_an_arn_that_names_something_to_call() {
        check_state(
            r##"{"Type": "Task", "End": true}"##,
            expect![[r#"
            ERROR SCHEMA_VALIDATION_FAILED: These fields are required: [Resource] at /States/S `{`
        "#]],
        );
        check_state(
            r##"{"Type": "Task", "Resource": 5, "End": true}"##,
            expect![[r#"
            ERROR SCHEMA_VALIDATION_FAILED: Expected value of type [STRING] at /States/S/Resource `5`
        "#]],
        );
        check_state(
            r##"{"Type": "Task", "Resource": "createToken", "End": true}"##,
            expect![[r#"
            ERROR SCHEMA_VALIDATION_FAILED: Value is not a valid resource ARN at /States/S/Resource `"createToken"`
        "#]],
        );
        check_state(
            r##"{"Type": "Task", "Resource": "arn:aws:s3:::bucket", "End": true}"##,
            expect![[r#"
                ERROR SCHEMA_VALIDATION_FAILED: The resource provided arn:aws:s3:::bucket is not recognized. The value is not a valid resource ARN, or the resource is not available in this region. at /States/S/Resource `"arn:aws:s3:::bucket"`
            "#]],
        );
        check_state(
            r##"{"Type": "Task", "Resource": "arn:aws:states:::sqs:sendMessage.wait", "Parameters": {}, "End": true}"##,
            expect![[r#"
                ERROR SCHEMA_VALIDATION_FAILED: The resource provided arn:aws:states:::sqs:sendMessage.wait is not recognized. The value is not a valid resource ARN, or the resource is not available in this region. at /States/S/Resource `"arn:aws:states:::sqs:sendMessage.wait"`
            "#]],
        );
    }

    #[test]
    fn a_service_integration_needs_its_parameters() {
        check_state(
            r##"{"Type": "Task", "Resource": "arn:aws:states:::lambda:invoke", "End": true}"##,
            expect![[r#"
                ERROR SCHEMA_VALIDATION_FAILED: Parameters field is required for resource ARN: arn:aws:states:::lambda:invoke at /States/S/Resource `"arn:aws:states:::lambda:invoke"`
            "#]],
        );
        check_jsonata_state(
            r##"{"Type": "Task", "Resource": "arn:aws:states:::aws-sdk:s3:listBuckets", "End": true}"##,
            expect![[r#"
                ERROR SCHEMA_VALIDATION_FAILED: Arguments field is required for resource ARN: arn:aws:states:::aws-sdk:s3:listBuckets at /States/S/Resource `"arn:aws:states:::aws-sdk:s3:listBuckets"`
            "#]],
        );
        check_jsonata_state(
            r##"{"Type": "Task", "Resource": "arn:aws:states:::lambda:invoke", "Arguments": [1], "End": true}"##,
            expect![[r#"
                ERROR SCHEMA_VALIDATION_FAILED: Expected value of type [OBJECT] at /States/S/Arguments `[1]`
            "#]],
        );
    }

    #[test]
    fn timeouts_have_one_form_and_a_range() {
        check_state(
            r##"{"Type": "Task", "Resource": "arn:aws:lambda:us-east-1:123456789012:function:f", "TimeoutSeconds": 5, "TimeoutSecondsPath": "$.t", "End": true}"##,
            expect![[r#"
                ERROR SCHEMA_VALIDATION_FAILED: There should only be one of the following fields: [TimeoutSeconds, TimeoutSecondsPath] at /States/S `"TimeoutSecondsPath"`
            "#]],
        );
        check_state(
            r##"{"Type": "Task", "Resource": "arn:aws:lambda:us-east-1:123456789012:function:f", "TimeoutSeconds": 0, "HeartbeatSeconds": 100000000, "End": true}"##,
            expect![[r#"
                ERROR SCHEMA_VALIDATION_FAILED: Minimum value is 1 at /States/S/TimeoutSeconds `0`
                ERROR SCHEMA_VALIDATION_FAILED: Maximum value is 99999999 at /States/S/HeartbeatSeconds `100000000`
            "#]],
        );
        check_state(
            r##"{"Type": "Task", "Resource": "arn:aws:lambda:us-east-1:123456789012:function:f", "TimeoutSeconds": 5, "HeartbeatSeconds": 5, "End": true}"##,
            expect![[r#"
                ERROR SCHEMA_VALIDATION_FAILED: HeartbeatSeconds must be smaller than TimeoutSeconds at /States/S/HeartbeatSeconds `5`
            "#]],
        );
        check_state(
            r##"{"Type": "Task", "Resource": "arn:aws:lambda:us-east-1:123456789012:function:f", "TimeoutSecondsPath": "t", "HeartbeatSecondsPath": "$.a[0,1]", "End": true}"##,
            expect![[r#"
                ERROR SCHEMA_VALIDATION_FAILED: Value is not a Reference Path: Reference path didn't start with '$' at /States/S/TimeoutSecondsPath `"t"`
                  expected `$` at character 1
                ERROR SCHEMA_VALIDATION_FAILED: Value is not a Reference Path at /States/S/HeartbeatSecondsPath `"$.a[0,1]"`
                  a path of names and single indexes is wanted, one that cannot select several values
            "#]],
        );
    }

    #[test]
    fn credentials_name_a_role() {
        check_state(
            r##"{"Type": "Task", "Resource": "arn:aws:lambda:us-east-1:123456789012:function:f", "Credentials": {"RoleArn": "arn:aws:iam::123456789012:role/r"}, "End": true}"##,
            expect!["accepted"],
        );
        check_state(
            r##"{"Type": "Task", "Resource": "arn:aws:lambda:us-east-1:123456789012:function:f", "Credentials": {}, "End": true}"##,
            expect![[r#"
                ERROR SCHEMA_VALIDATION_FAILED: The field 'RoleArn' is required but was missing at /States/S/Credentials `{}`
            "#]],
        );
        check_state(
            r##"{"Type": "Task", "Resource": "arn:aws:lambda:us-east-1:123456789012:function:f", "Credentials": {"RoleArn": "r", "RoleArn.$": "$.r"}, "End": true}"##,
            expect![[r#"
                ERROR SCHEMA_VALIDATION_FAILED: There should only be one of the following fields: [RoleArn, RoleArn.$] at /States/S/Credentials `"RoleArn.$"`
            "#]],
        );
        check_state(
            r##"{"Type": "Task", "Resource": "arn:aws:lambda:us-east-1:123456789012:function:f", "Credentials": {"RoleArn.$": "role"}, "End": true}"##,
            expect![[r#"
                ERROR SCHEMA_VALIDATION_FAILED: The value for the field 'RoleArn.$' must be a valid JSONPath or a valid intrinsic function call at /States/S/Credentials `"role"`
                  expected an intrinsic function or a path at character 5
            "#]],
        );
        check_state(
            r##"{"Type": "Task", "Resource": "arn:aws:lambda:us-east-1:123456789012:function:f", "Credentials": {"Role": "r"}, "End": true}"##,
            expect![[r#"
                ERROR SCHEMA_VALIDATION_FAILED: Field 'Role' is not supported at /States/S/Credentials `"Role"`
                  the fields here are RoleArn, RoleArn.$
                ERROR SCHEMA_VALIDATION_FAILED: The field 'RoleArn' is required but was missing at /States/S/Credentials `{"Role": "r"}`
            "#]],
        );
        check_state(
            r##"{"Type": "Task", "Resource": "arn:aws:states:us-east-1:123456789012:activity:a", "Credentials": {"RoleArn": "r"}, "End": true}"##,
            expect![[r#"
                ERROR SCHEMA_VALIDATION_FAILED: The field 'Credentials' is not supported for activities at /States/S/Credentials `"Credentials"`
            "#]],
        );
    }

    #[test]
    fn express_children_of_a_distributed_map_do_not_wait() {
        let map = |execution_type: &str| {
            let state = r##"{"Type": "Map", "ItemProcessor": {"ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "TYPE"}, "StartAt": "A", "States": {"A": {"Type": "Task", "Resource": "arn:aws:states:::sqs:sendMessage.waitForTaskToken", "Parameters": {}, "End": true}}}, "End": true}"##;
            state.replace("TYPE", execution_type)
        };
        check_state(&map("STANDARD"), expect!["accepted"]);
        check_state(
            &map("EXPRESS"),
            expect![[r#"
                ERROR SCHEMA_VALIDATION_FAILED: Express state machine does not support '.waitForTaskToken' service integration  at /States/S/ItemProcessor/States/A/Resource `"arn:aws:states:::sqs:sendMessage.waitForTaskToken`
                  a Standard state machine can wait
            "#]],
        );
    }

    #[test]
    fn an_express_machine_does_not_wait() {
        check_express(
            r##"{"StartAt": "A", "States": {"A": {"Type": "Task", "Resource": "arn:aws:lambda:us-east-1:123456789012:function:f", "Next": "B"}, "B": {"Type": "Task", "Resource": "arn:aws:states:::states:startExecution", "Parameters": {}, "End": true}}}"##,
            expect!["accepted"],
        );
        check_express(
            r##"{"StartAt": "A", "States": {"A": {"Type": "Task", "Resource": "arn:aws:states:::states:startExecution.sync:2", "Parameters": {}, "End": true}}}"##,
            expect![[r#"
                ERROR SCHEMA_VALIDATION_FAILED: Express state machine does not support '.sync' service integration at /States/A/Resource `"arn:aws:states:::states:startExecution.sync:2"`
                  a Standard state machine can wait
            "#]],
        );
        check_express(
            r##"{"StartAt": "A", "States": {"A": {"Type": "Task", "Resource": "arn:aws:states:::sqs:sendMessage.waitForTaskToken", "Parameters": {}, "End": true}}}"##,
            expect![[r#"
                ERROR SCHEMA_VALIDATION_FAILED: Express state machine does not support '.waitForTaskToken' service integration  at /States/A/Resource `"arn:aws:states:::sqs:sendMessage.waitForTaskToken`
                  a Standard state machine can wait
            "#]],
        );
        check_express(
            r##"{"StartAt": "A", "States": {"A": {"Type": "Task", "Resource": "arn:aws:states:us-east-1:123456789012:activity:a", "End": true}}}"##,
            expect![[r#"
                ERROR SCHEMA_VALIDATION_FAILED: Express state machine does not support Activity ARN at /States/A/Resource `"arn:aws:states:us-east-1:123456789012:activity:a"`
                  a Standard state machine can wait
            "#]],
        );
    }

    #[test]
    fn the_caller_knows_which_integrations_exist() {
        let text = r#"{"StartAt": "A", "States": {"A": {"Type": "Task", "Resource": "arn:aws:states:::lambda:invoke.sync", "Parameters": {}, "End": true}}}"#;
        let options = Options { is_known_resource: |_| false, ..Options::default() };
        let message = aws_message(&parse(text, &options).diagnostics);
        expect!["Invalid State Machine Definition: 'SCHEMA_VALIDATION_FAILED: The resource provided arn:aws:states:::lambda:invoke.sync is not recognized. The value is not a valid resource ARN, or the resource is not available in this region. at /States/A/Resource'"].assert_eq(&message);
    }
}

//! The AWS SDK for Rust, unchanged, through every operation of `baton serve`; and told what to sign for, as a stack in AWS wants it.

#![cfg(test)]

use aws_sdk_sfn::config::endpoint::{Endpoint, EndpointFuture, Params, ResolveEndpoint};
use aws_sdk_sfn::config::retry::RetryConfig;
use aws_sdk_sfn::config::{BehaviorVersion, Builder, Credentials, Region};
use aws_sdk_sfn::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_sfn::types::{
    ExecutionStatus, MapRunStatus, RoutingConfigurationListItem, StateMachineType,
    SyncExecutionStatus, Tag,
};
use aws_sdk_sfn::{Client, Config};
use aws_smithy_http_client::tls::Provider;
use aws_smithy_http_client::tls::rustls_provider::CryptoMode;
use aws_smithy_runtime_api::client::dns::{DnsFuture, ResolveDns};
use aws_smithy_types::Document;
use baton_tests::server::Server;
use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::fmt::Debug;
use std::io::{Read, Write};
use std::net::{Ipv4Addr, TcpListener};

const REGION: &str = "us-east-1";
const ROLE: &str = "arn:aws:iam::123456789012:role/any";
const PASS: &str = r#"{"StartAt": "P", "States": {"P": {"Type": "Pass", "End": true}}}"#;
const FAIL: &str = r#"{"StartAt": "F", "States": {"F": {"Type": "Fail", "Error": "E"}}}"#;

fn config() -> Builder {
    Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::from_static(REGION))
        .credentials_provider(Credentials::new("test", "test", None, None, "test"))
        .retry_config(RetryConfig::disabled())
        .http_client(
            aws_smithy_http_client::Builder::new()
                .tls_provider(Provider::Rustls(CryptoMode::Ring))
                .build_with_resolver(Loopback),
        )
}

/// Every name is this machine: the SDK asks `sync-localhost` for StartSyncExecution and TestState.
#[derive(Debug, Clone)]
struct Loopback;

impl ResolveDns for Loopback {
    fn resolve_dns<'a>(&'a self, _name: &'a str) -> DnsFuture<'a> {
        DnsFuture::ready(Ok(vec![Ipv4Addr::LOCALHOST.into()]))
    }
}

/// What each operation was answered: nothing, or its error's code.
#[derive(Default)]
struct Asked(BTreeMap<&'static str, String>);

impl Asked {
    fn note<T, E, R>(&mut self, name: &'static str, answer: Result<T, SdkError<E, R>>) -> Option<T>
    where
        E: ProvideErrorMetadata + Debug,
        R: Debug,
    {
        match answer {
            Ok(answer) => {
                self.0.insert(name, String::new());
                Some(answer)
            }
            Err(SdkError::ServiceError(error)) => {
                let code = error.err().code().unwrap_or("an error without a code").to_owned();
                self.0.insert(name, code);
                None
            }
            Err(error) => panic!("{name}: {error:?}"),
        }
    }
}

#[tokio::test]
async fn every_operation_answers_in_the_sdks_own_forms() {
    let folder = tempfile::tempdir().expect("a folder");
    let server = Server::start::<&OsStr>(&folder.path().join("data"), &[], &[]);
    let port = server.host.rsplit(':').next().expect("a port");
    let endpoint = format!("http://localhost:{port}");
    let sfn = Client::from_conf(config().endpoint_url(endpoint).build());
    let mut asked = Asked::default();
    let machine = machines(&sfn, &mut asked).await;
    executions(&sfn, &mut asked, &machine).await;
    versions(&sfn, &mut asked, &machine).await;
    activities(&sfn, &mut asked).await;
    trials(&sfn, &mut asked).await;
    map_runs(&sfn, &mut asked).await;
    asked.note(
        "DeleteStateMachine",
        sfn.delete_state_machine().state_machine_arn(&machine).send().await,
    );

    let refused: Vec<(&str, &str)> = asked
        .0
        .iter()
        .filter(|(_, code)| !code.is_empty())
        .map(|(name, code)| (*name, code.as_str()))
        .collect();
    assert_eq!(
        refused,
        [("RedriveExecution", "ExecutionNotRedrivable"), ("SendTaskFailure", "TaskTimedOut"),]
    );
    assert_eq!(asked.0.len(), 37, "{:?}", asked.0.keys());
}

async fn machines(sfn: &Client, asked: &mut Asked) -> String {
    let create = sfn.create_state_machine().name("rust").definition(PASS).role_arn(ROLE);
    let created = asked.note("CreateStateMachine", create.send().await).expect("created");
    let arn = created.state_machine_arn().to_owned();
    asked.note("ListStateMachines", sfn.list_state_machines().send().await);
    let described = sfn.describe_state_machine().state_machine_arn(&arn).send().await;
    let described = asked.note("DescribeStateMachine", described).expect("described");
    assert_eq!(described.definition(), PASS);
    let tag = Tag::builder().key("team").value("shop").build();
    asked.note("TagResource", sfn.tag_resource().resource_arn(&arn).tags(tag).send().await);
    let tags = sfn.list_tags_for_resource().resource_arn(&arn).send().await;
    assert_eq!(asked.note("ListTagsForResource", tags).expect("tags").tags().len(), 1);
    asked.note(
        "UntagResource",
        sfn.untag_resource().resource_arn(&arn).tag_keys("team").send().await,
    );
    arn
}

async fn executions(sfn: &Client, asked: &mut Asked, machine: &str) {
    let start = sfn.start_execution().state_machine_arn(machine).name("one").input("[1]");
    let started = asked.note("StartExecution", start.send().await).expect("started");
    let arn = started.execution_arn();
    let ended = loop {
        let described = sfn.describe_execution().execution_arn(arn).send().await;
        let described = asked.note("DescribeExecution", described).expect("described");
        if *described.status() != ExecutionStatus::Running {
            break described;
        }
    };
    assert_eq!((ended.status(), ended.output()), (&ExecutionStatus::Succeeded, Some("[1]")));
    let history = sfn.get_execution_history().execution_arn(arn).send().await;
    assert_eq!(asked.note("GetExecutionHistory", history).expect("a history").events().len(), 4);
    let list = sfn.list_executions().state_machine_arn(machine);
    let list = list.status_filter(ExecutionStatus::Succeeded).send().await;
    assert_eq!(asked.note("ListExecutions", list).expect("a list").executions().len(), 1);
    asked.note("StopExecution", sfn.stop_execution().execution_arn(arn).send().await);
    asked.note("RedriveExecution", sfn.redrive_execution().execution_arn(arn).send().await);
    asked.note(
        "DescribeStateMachineForExecution",
        sfn.describe_state_machine_for_execution().execution_arn(arn).send().await,
    );
    asked.note("ListMapRuns", sfn.list_map_runs().execution_arn(arn).send().await);
}

async fn versions(sfn: &Client, asked: &mut Asked, machine: &str) {
    let published = sfn.publish_state_machine_version().state_machine_arn(machine).send().await;
    let published = asked.note("PublishStateMachineVersion", published).expect("published");
    let version = published.state_machine_version_arn();
    asked.note(
        "ListStateMachineVersions",
        sfn.list_state_machine_versions().state_machine_arn(machine).send().await,
    );
    let route = RoutingConfigurationListItem::builder();
    let route = route.state_machine_version_arn(version).weight(100).build().expect("a route");
    let create = sfn.create_state_machine_alias().name("live").routing_configuration(route);
    let created = asked.note("CreateStateMachineAlias", create.send().await).expect("created");
    let alias = created.state_machine_alias_arn();
    asked.note(
        "DescribeStateMachineAlias",
        sfn.describe_state_machine_alias().state_machine_alias_arn(alias).send().await,
    );
    asked.note(
        "ListStateMachineAliases",
        sfn.list_state_machine_aliases().state_machine_arn(machine).send().await,
    );
    let update = sfn.update_state_machine_alias().state_machine_alias_arn(alias);
    asked.note("UpdateStateMachineAlias", update.description("live").send().await);
    asked.note(
        "DeleteStateMachineAlias",
        sfn.delete_state_machine_alias().state_machine_alias_arn(alias).send().await,
    );
    asked.note(
        "DeleteStateMachineVersion",
        sfn.delete_state_machine_version().state_machine_version_arn(version).send().await,
    );
    let update = sfn.update_state_machine().state_machine_arn(machine).definition(FAIL);
    asked.note("UpdateStateMachine", update.send().await);
}

async fn activities(sfn: &Client, asked: &mut Asked) {
    let created =
        asked.note("CreateActivity", sfn.create_activity().name("rust-work").send().await);
    let created = created.expect("created");
    let activity = created.activity_arn();
    asked.note("DescribeActivity", sfn.describe_activity().activity_arn(activity).send().await);
    asked.note("ListActivities", sfn.list_activities().send().await);
    let definition = format!(
        r#"{{"StartAt": "W", "States": {{"W": {{"Type": "Task", "Resource": "{activity}", "End": true}}}}}}"#
    );
    let worker = sfn.create_state_machine().name("rust-worker").definition(definition);
    let worker = worker.role_arn(ROLE).send().await.expect("created");
    let start = sfn.start_execution().state_machine_arn(worker.state_machine_arn());
    start.input("[7]").send().await.expect("started");
    let task = sfn.get_activity_task().activity_arn(activity).worker_name("rust").send().await;
    let task = asked.note("GetActivityTask", task).expect("a task");
    assert_eq!(task.input(), Some("[7]"));
    let token = task.task_token().expect("a token");
    asked.note("SendTaskHeartbeat", sfn.send_task_heartbeat().task_token(token).send().await);
    let success = sfn.send_task_success().task_token(token).output("1").send().await;
    asked.note("SendTaskSuccess", success);
    asked.note("SendTaskFailure", sfn.send_task_failure().task_token(token).send().await);
    asked.note("DeleteActivity", sfn.delete_activity().activity_arn(activity).send().await);
}

async fn trials(sfn: &Client, asked: &mut Asked) {
    let validate = sfn.validate_state_machine_definition().definition(PASS);
    asked.note("ValidateStateMachineDefinition", validate.send().await);
    let test = sfn.test_state().definition(r#"{"Type": "Pass", "End": true}"#).role_arn(ROLE);
    let tested = asked.note("TestState", test.input("[2]").send().await).expect("tested");
    assert_eq!(tested.output(), Some("[2]"));
    let express = sfn.create_state_machine().name("rust-fast").definition(PASS).role_arn(ROLE);
    let express = express.r#type(StateMachineType::Express).send().await.expect("created");
    let run = sfn.start_sync_execution().state_machine_arn(express.state_machine_arn());
    let ran = asked.note("StartSyncExecution", run.input("[3]").send().await).expect("ran");
    assert_eq!((ran.status(), ran.output()), (&SyncExecutionStatus::Succeeded, Some("[3]")));
}

async fn map_runs(sfn: &Client, asked: &mut Asked) {
    let definition = r#"{"StartAt": "Each", "States": {"Each": {"Type": "Map", "Label": "Items", "End": true,
        "ItemProcessor": {"ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"},
            "StartAt": "Rest", "States": {"Rest": {"Type": "Wait", "Seconds": 3600, "End": true}}}}}}"#;
    let machine = sfn.create_state_machine().name("rust-each").definition(definition);
    let machine = machine.role_arn(ROLE).send().await.expect("created");
    let start = sfn.start_execution().state_machine_arn(machine.state_machine_arn());
    let execution = start.input("[1, 2, 3]").send().await.expect("started").execution_arn;
    let arn = loop {
        let list = sfn.list_map_runs().execution_arn(&execution).send().await.expect("a list");
        if let Some(run) = list.map_runs().first() {
            break run.map_run_arn().to_owned();
        }
    };
    let update = sfn.update_map_run().map_run_arn(&arn).max_concurrency(2).send().await;
    asked.note("UpdateMapRun", update).expect("updated");
    let described = sfn.describe_map_run().map_run_arn(&arn).send().await;
    let described = asked.note("DescribeMapRun", described).expect("described");
    assert_eq!((described.status(), described.max_concurrency()), (&MapRunStatus::Running, 2));
    assert_eq!(described.execution_arn(), execution);
    sfn.stop_execution().execution_arn(&execution).send().await.expect("stopped");
}

/// The resolver that infra/README.md gives for a stack's endpoint.
#[derive(Debug)]
struct Stack {
    url: String,
}

impl ResolveEndpoint for Stack {
    fn resolve_endpoint<'a>(&'a self, _params: &'a Params) -> EndpointFuture<'a> {
        let text = |text: &str| Document::String(text.to_owned());
        let scheme = [("name", "sigv4"), ("signingName", "lambda"), ("signingRegion", REGION)];
        let scheme = scheme.map(|(name, value)| (name.to_owned(), text(value)));
        let endpoint = Endpoint::builder()
            .url(self.url.clone())
            .property("authSchemes", vec![Document::Object(scheme.into())]);
        EndpointFuture::ready(Ok(endpoint.build()))
    }
}

#[tokio::test]
async fn a_client_that_is_told_signs_for_lambda() {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let url = format!("http://{}", listener.local_addr().expect("an address"));
    let peer = std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().expect("a client");
        let (mut read, mut bytes) = (Vec::new(), [0; 4096]);
        while !read.ends_with(b"{}") {
            let count = stream.read(&mut bytes).expect("a request");
            read.extend(&bytes[..count]);
        }
        let body = r#"{"stateMachines": []}"#;
        let length = body.len();
        let head = "HTTP/1.1 200 OK\r\ncontent-type: application/x-amz-json-1.0";
        write!(stream, "{head}\r\ncontent-length: {length}\r\n\r\n{body}").expect("a listener");
        String::from_utf8(read).expect("text")
    });
    let sfn = Client::from_conf(config().endpoint_resolver(Stack { url }).build());
    let listed = sfn.list_state_machines().send().await.expect("an answer");
    assert!(listed.state_machines().is_empty());
    let sent = peer.join().expect("a request");
    assert!(sent.contains("/us-east-1/lambda/aws4_request"), "{sent}");
}

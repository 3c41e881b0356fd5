//! Calls to the outside as the outside sees them: whose rights they carry, which trace, and what an HTTP Task sends.

use crate::{chain, describe, stack, task};
use baton_tests::cloud::{Fault, Stack, Value};
use serde_json::json;

const OWN_ROLE: &str = "arn%3Aaws%3Aiam%3A%3A123456789012%3Arole%2Fbaton-test";
const OTHER_ROLE: &str = "arn:aws:iam::999999999999:role/theirs";

/// A task that is done with another account's role.
fn task_elsewhere(role: &str) -> Value {
    let mut state = task("theirs");
    state["Credentials"] = json!({"RoleArn": role});
    state
}

/// The bodies of the requests for sessions, since the last time.
fn assumed(stack: &Stack) -> Vec<String> {
    let requests = stack.cloud.take_requests();
    requests.into_iter().filter(|request| request.service == "sts").map(|it| it.body).collect()
}

#[tokio::test]
async fn every_session_is_asked_for_with_the_state_machine_as_external_id() {
    let mut stack = stack().await;
    let machine = stack.create("m", &chain(&[task("own"), task_elsewhere(OTHER_ROLE)])).await;
    stack.cloud.take_requests();
    stack.start(&machine, "e", &json!({})).await;
    stack.run().await;
    let bodies = assumed(&stack);
    let external_id = "ExternalId=arn%3Aaws%3Astates%3Aus-east-1%3A123456789012%3AstateMachine%3Am";
    assert_eq!(bodies.len(), 2, "{bodies:?}");
    assert!(bodies.iter().all(|body| body.contains(external_id)), "{bodies:?}");
    assert!(bodies[0].contains(&format!("RoleArn={OWN_ROLE}")), "{bodies:?}");
    assert!(bodies[1].contains("999999999999%3Arole%2Ftheirs"), "{bodies:?}");
}

#[tokio::test]
async fn sessions_are_shared_by_a_state_machine_s_calls_and_by_no_other_s() {
    let mut stack = stack().await;
    let definition = chain(&[task("a"), task("b"), task("c")]);
    let (one, two) =
        (stack.create("one", &definition).await, stack.create("two", &definition).await);
    stack.cloud.take_requests();
    for at in 0..3 {
        stack.start(&one, &format!("e{at}"), &json!({})).await;
        stack.run().await;
    }
    assert_eq!(assumed(&stack).len(), 1);
    stack.start(&two, "e", &json!({})).await;
    stack.run().await;
    assert_eq!(assumed(&stack).len(), 1);
    // It is asked for anew before it ends: sessions are good for an hour.
    let later = stack.cloud.now().as_millisecond() + 3_400_000;
    stack.cloud.set_now(later);
    stack.start(&one, "late", &json!({})).await;
    stack.run().await;
    assert_eq!(assumed(&stack).len(), 1);
}

#[tokio::test]
async fn a_role_that_trusts_somebody_else_is_not_used() {
    let mut stack = stack().await;
    let machine = stack.create("m", &chain(&[task("f")])).await;
    stack.cloud.disturb(|request| (request.service == "sts").then_some(Fault::Distrusted));
    let execution = stack.start(&machine, "e", &json!({})).await;
    stack.run().await;
    let ended = describe(&mut stack, &execution).await;
    assert_eq!(
        (&ended["status"], &ended["error"]),
        (&json!("FAILED"), &json!("States.TaskFailed"))
    );
    let cause = "The role arn:aws:iam::123456789012:role/task is not authorized to assume the task state's role, arn:aws:iam::123456789012:role/baton-test.";
    assert_eq!(ended["cause"], cause);
    assert!(stack.invoked.lock().unwrap().is_empty());
}

/// One state machine's session for a role is of no use to another, which the role does not trust: a deputy that is asked by a
/// stranger does nothing.
#[tokio::test]
async fn a_stranger_does_not_profit_from_whom_a_role_trusts() {
    let mut stack = stack().await;
    let definition = chain(&[task_elsewhere(OTHER_ROLE)]);
    let trusted = stack.create("trusted", &definition).await;
    let stranger = stack.create("stranger", &definition).await;
    // As a trust policy with `sts:ExternalId` decides.
    stack.cloud.disturb(|request| {
        let is_of_stranger = request.body.contains("stateMachine%3Astranger");
        (request.service == "sts" && request.body.contains("999999999999") && is_of_stranger)
            .then_some(Fault::Distrusted)
    });
    let first = stack.start(&trusted, "e", &json!({})).await;
    stack.run().await;
    let second = stack.start(&stranger, "e", &json!({})).await;
    stack.run().await;
    assert_eq!(describe(&mut stack, &first).await["status"], "SUCCEEDED");
    let refused = describe(&mut stack, &second).await;
    assert_eq!(
        (&refused["status"], &refused["error"]),
        (&json!("FAILED"), &json!("States.TaskFailed"))
    );
    assert!(refused["cause"].as_str().unwrap().contains(OTHER_ROLE), "{refused}");
    assert_eq!(stack.invoked.lock().unwrap().len(), 1);
}

/// Lambda counts in `Lineage` how often a chain of calls came through a function. A user's function is at the beginning of its own.
#[tokio::test]
async fn a_function_never_sees_the_lineage_of_the_chain_that_called_it() {
    let mut stack = stack().await;
    let machine = stack.create("m", &chain(&[task("f"), task("g")])).await;
    let trace = "Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1";
    let execution = stack.start_traced(&machine, &format!("{trace};Lineage=15:a87bd80c:0")).await;
    stack.run().await;
    assert_eq!(describe(&mut stack, &execution).await["status"], "SUCCEEDED");
    let heads = stack.heads.lock().unwrap();
    assert_eq!(heads.len(), 2);
    for head in heads.iter() {
        assert!(!head.contains("lineage"), "{head}");
        let expected = format!("x-amzn-trace-id: {}\r\n", trace.to_ascii_lowercase());
        assert!(head.contains(&expected), "{head}");
    }
}

#[tokio::test]
async fn an_http_task_is_sent_with_what_its_connection_keeps() {
    let mut stack = stack().await;
    stack.answer(
        "AWSEvents.DescribeConnection",
        &json!({
            "Name": "payments", "AuthorizationType": "API_KEY", "ConnectionState": "AUTHORIZED",
            "SecretArn": "arn:aws:secretsmanager:us-east-1:123456789012:secret:events!connection/payments/1",
            "AuthParameters": {
                "ApiKeyAuthParameters": {"ApiKeyName": "X-Api-Key"},
                "InvocationHttpParameters": {"HeaderParameters": [{"Key": "X-Shop", "Value": "7", "IsValueSecret": false}]},
            },
        }),
    );
    let secret = json!({"api_key_name": "X-Api-Key", "api_key_value": "hush-hush"}).to_string();
    stack.answer("secretsmanager.GetSecretValue", &json!({"SecretString": secret}));
    let state = json!({
        "Type": "Task",
        "Resource": "arn:aws:states:::http:invoke",
        "Parameters": {
            "ApiEndpoint": format!("{}/charges", stack.endpoint),
            "Method": "POST",
            "Authentication": {"ConnectionArn": "arn:aws:events:us-east-1:123456789012:connection/payments/1"},
            "RequestBody": {"cents.$": "$.cents"},
        },
        "ResultSelector": {"status.$": "$.StatusCode", "body.$": "$.ResponseBody"},
    });
    let machine = stack.create("m", &chain(&[state])).await;
    let execution = stack.start(&machine, "e", &json!({"cents": 4500})).await;
    stack.run().await;
    let ended = describe(&mut stack, &execution).await;
    assert_eq!(
        ended["output"],
        json!({"status": 200, "body": {"cents": 4500}}).to_string(),
        "{ended}"
    );
    let heads = stack.heads.lock().unwrap().clone();
    let [described, asked, sent] = heads.as_slice() else { panic!("{heads:?}") };
    // What is asked of AWS is signed with the state machine's role; the request itself carries the connection's key and no more.
    for head in [described, asked] {
        assert!(head.contains("authorization: aws4-hmac-sha256 credential=a/"), "{head}");
    }
    assert!(sent.starts_with("post /charges http/1.1\r\n"), "{sent}");
    assert!(sent.contains("x-api-key: hush-hush\r\n") && sent.contains("x-shop: 7\r\n"), "{sent}");
    assert!(!sent.contains("authorization") && !sent.contains("x-amz-security-token"), "{sent}");
    let history =
        stack.ask("GetExecutionHistory", &json!({"executionArn": execution})).await.unwrap();
    assert!(!history.to_string().contains("hush-hush"));
}

#[tokio::test]
async fn an_http_task_with_a_connection_that_may_not_be_read_is_not_sent() {
    let mut stack = stack().await;
    stack.cloud.disturb(|request| (request.service == "sts").then_some(Fault::Distrusted));
    let state = json!({
        "Type": "Task",
        "Resource": "arn:aws:states:::http:invoke",
        "Parameters": {
            "ApiEndpoint": format!("{}/charges", stack.endpoint),
            "Method": "GET",
            "Authentication": {"ConnectionArn": "arn:aws:events:us-east-1:123456789012:connection/payments/1"},
        },
    });
    let machine = stack.create("m", &chain(&[state])).await;
    let execution = stack.start(&machine, "e", &json!({})).await;
    stack.run().await;
    assert_eq!(describe(&mut stack, &execution).await["status"], "FAILED");
    assert!(stack.heads.lock().unwrap().is_empty());
}

use super::*;
use crate::jobs::JobState;
use crate::lambda::tests::response;
use expect_test::{Expect, expect};

const ORIGIN: Origin<'_> = Origin {
    execution_arn: "arn:aws:states:us-east-1:1:execution:m:e",
    machine_arn: "arn:aws:states:us-east-1:1:stateMachine:m",
    attempt: 7,
};

fn arguments(more: Value) -> Payload {
    let mut arguments = json!({
        "ClusterName": "c", "CertificateAuthority": "LS0t",
        "Endpoint": "https://444455556666.yl4.us-east-1.eks.amazonaws.com",
    });
    let Value::Object(more) = more else { panic!("an object") };
    arguments.as_object_mut().unwrap().extend(more);
    arguments.into()
}

fn told(request: &Request) -> String {
    let body = String::from_utf8_lossy(&request.body);
    format!("{} {} {body}", request.method.as_str(), request.path)
}

#[test]
fn a_call_goes_to_the_cluster_with_a_token_for_it() {
    let more = json!({
        "Method": "DELETE", "Path": "/apis/batch/v1/namespaces/default/jobs",
        "QueryParameters": {"labelSelector": ["a=b,c", "d"]},
    });
    let call = KubernetesCall::new("call", &arguments(more), &ORIGIN).unwrap();
    let request = call.request();
    assert_eq!(
        told(request),
        "DELETE /apis/batch/v1/namespaces/default/jobs?labelSelector=a%3Db%2Cc&labelSelector=d "
    );
    assert_eq!(request.destination.host, "444455556666.yl4.us-east-1.eks.amazonaws.com");
    let cluster = request.destination.cluster.as_ref().unwrap();
    assert_eq!(
        (cluster.name.as_str(), cluster.token_host.as_str()),
        ("c", "sts.us-east-1.amazonaws.com")
    );
}

#[test]
fn answers_have_the_form_that_is_documented() {
    let result = KubernetesCall::result(&response(200, &[], r#"{"kind":"PodList"}"#)).unwrap();
    assert_eq!(
        result.text(),
        r#"{"ResponseBody":{"kind":"PodList"},"StatusCode":200,"StatusText":"OK"}"#
    );
    let failure = KubernetesCall::result(&response(401, &[], r#"{"code":401}"#)).unwrap_err();
    assert_eq!(failure.error.as_deref(), Some("EKS.401"));
    let cause = r#"{"ResponseBody":{"code":401},"StatusCode":401,"StatusText":"Unauthorized"}"#;
    assert_eq!(failure.cause.as_deref(), Some(cause));
}

#[test]
fn what_leads_elsewhere_or_is_of_another_form_is_refused() {
    let plain = json!({"Method": "GET", "Path": "/api"});
    for more in [
        json!({"Endpoint": "http://444455556666.yl4.us-east-1.eks.amazonaws.com"}),
        json!({"Endpoint": "https://evil.com/x"}),
        json!({"Endpoint": "https://user@evil.com"}),
        json!({"Endpoint": 1}),
        json!({"Path": "/a?b"}),
        json!({"Path": "/a b"}),
        json!({"Method": "TRACE"}),
        json!({"QueryParameters": {"a": "b"}}),
        json!({"Job": {}}),
    ] {
        let mut all = plain.clone();
        all.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        assert!(KubernetesCall::new("call", &arguments(all), &ORIGIN).is_err(), "{more}");
    }
}

/// What a job asks and how it stands, given these answers.
fn follow(options: Value, answers: &[(u16, &str)], expected: &Expect) {
    let arguments = arguments(json!({"Job": {"metadata": {"name": "j"}}, "LogOptions": options}));
    let submitted = json!({"ResponseBody": {"metadata": {"name": "j"}}}).into();
    let mut job = KubernetesJob::new(&arguments, &submitted, &ORIGIN).unwrap();
    let mut lines = vec![told(&job.describe())];
    for (status, answer) in answers {
        lines.push(match job.state(&response(*status, &[], answer)) {
            JobState::Running => "goes on".to_owned(),
            JobState::Asking(request) => told(&request),
            JobState::Succeeded(output) => format!("ended {}", output.text()),
            JobState::Failed(failure) => {
                format!("failed {} {}", failure.error.unwrap(), failure.cause.unwrap())
            }
        });
    }
    lines.push(told(&job.stop()));
    expected.assert_eq(&lines.join("\n"));
}

const COMPLETE: &str = r#"{"status":{"conditions":[{"type":"Complete","status":"True"}]}}"#;
const FAILED: &str = r#"{"status":{"conditions":[{"type":"Complete","status":"False"},{"type":"Failed","status":"True"}]}}"#;

#[test]
fn a_job_is_followed_to_its_end() {
    follow(
        json!({}),
        &[(200, r#"{"status":{"active":1}}"#), (503, "<html>"), (200, "<html>"), (200, COMPLETE)],
        &expect![[r#"
            GET /apis/batch/v1/namespaces/default/jobs/j 
            goes on
            goes on
            goes on
            ended {"status":{"conditions":[{"type":"Complete","status":"True"}]}}
            DELETE /apis/batch/v1/namespaces/default/jobs/j?propagationPolicy=Background "#]],
    );
    follow(
        json!({}),
        &[(200, FAILED)],
        &expect![[r#"
        GET /apis/batch/v1/namespaces/default/jobs/j 
        failed States.TaskFailed {"status":{"conditions":[{"type":"Complete","status":"False"},{"type":"Failed","status":"True"}]}}
        DELETE /apis/batch/v1/namespaces/default/jobs/j?propagationPolicy=Background "#]],
    );
    follow(
        json!({}),
        &[(404, r#"{"code":404}"#)],
        &expect![[r#"
        GET /apis/batch/v1/namespaces/default/jobs/j 
        failed EKS.404 {"ResponseBody":{"code":404},"StatusCode":404,"StatusText":"Not Found"}
        DELETE /apis/batch/v1/namespaces/default/jobs/j?propagationPolicy=Background "#]],
    );
}

#[test]
fn logs_are_read_as_well_as_that_can_be_done() {
    let pods = r#"{"items":[{"metadata":{"name":"p"},"spec":{"containers":[{"name":"a"},{"name":"b"},{"name":"c"}]}},{}]}"#;
    follow(
        json!({"RetrieveLogs": true, "LogParameters": {"tailLines": ["6"]}}),
        &[(200, COMPLETE), (200, pods), (200, r#"{"pi":3.14}"#), (200, "no json"), (400, "gone")],
        &expect![[r#"
            GET /apis/batch/v1/namespaces/default/jobs/j 
            GET /api/v1/namespaces/default/pods?labelSelector=job-name%3Dj 
            GET /api/v1/namespaces/default/pods/p/log?container=a&tailLines=6 
            GET /api/v1/namespaces/default/pods/p/log?container=b&tailLines=6 
            GET /api/v1/namespaces/default/pods/p/log?container=c&tailLines=6 
            ended {"status":{"conditions":[{"type":"Complete","status":"True"}]},"logs":{"pods":{"p":{"containers":{"a":{"log":{"pi":3.14}},"b":{"log":"no json"},"c":{"error":"EKS.400","cause":"gone"}}}}}}
            DELETE /apis/batch/v1/namespaces/default/jobs/j?propagationPolicy=Background "#]],
    );
    follow(
        json!({"RetrieveLogs": true}),
        &[(200, FAILED), (403, "no")],
        &expect![[r#"
        GET /apis/batch/v1/namespaces/default/jobs/j 
        GET /api/v1/namespaces/default/pods?labelSelector=job-name%3Dj 
        failed States.TaskFailed {"status":{"conditions":[{"type":"Complete","status":"False"},{"type":"Failed","status":"True"}]},"logs":{"error":"EKS.403","cause":"no"}}
        DELETE /apis/batch/v1/namespaces/default/jobs/j?propagationPolicy=Background "#]],
    );
}

use super::*;
use baton_integrations::Origin;
use baton_integrations::http_task::Parameter;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

const START: SystemTime = SystemTime::UNIX_EPOCH;

/// A server that answers each request with what its path names.
async fn server(
    answer: impl Fn(&str) -> Vec<u8> + Send + Sync + 'static,
) -> (String, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let (count, answer) = (Arc::new(AtomicUsize::new(0)), Arc::new(answer));
    let counted = Arc::clone(&count);
    tokio::spawn(async move {
        loop {
            let (mut stream, _) = listener.accept().await.unwrap();
            counted.fetch_add(1, Ordering::SeqCst);
            let answer = Arc::clone(&answer);
            tokio::spawn(async move {
                let mut read = vec![0; 65_536];
                let length = stream.read(&mut read).await.unwrap();
                let text = String::from_utf8_lossy(&read[..length]).into_owned();
                let bytes = answer(&text);
                let is_silent = bytes.is_empty();
                stream.write_all(&bytes).await.unwrap_or_default();
                if is_silent {
                    std::future::pending::<()>().await;
                }
            });
        }
    });
    (address, count)
}

fn http(status: &str, headers: &str, body: &str) -> Vec<u8> {
    format!(
        "HTTP/1.1 {status}\r\nconnection: close\r\n{headers}content-length: {}\r\n\r\n{body}",
        body.len()
    )
    .into_bytes()
}

fn task(address: &str) -> HttpTask {
    let arguments = format!(
        r#"{{"ApiEndpoint": "{address}", "Method": "POST", "RequestBody": {{"a": 1}}, "InvocationConfig": {{"ConnectionArn": "arn:aws:events:us-east-1:1:connection/c/1"}}}}"#
    );
    let origin = Origin {
        execution_arn: "",
        machine_arn: "arn:aws:states:us-east-1:1:stateMachine:m",
        attempt: 0,
    };
    HttpTask::new(&Payload::parse(&arguments).unwrap(), &origin).unwrap()
}

fn connection(authorization: Authorization) -> Connection {
    Connection { authorization, headers: Vec::new(), query: Vec::new(), body: Vec::new() }
}

fn key() -> Connection {
    connection(Authorization::ApiKey { name: "x-key".into(), value: "v".into() })
}

fn local() -> HttpTasks {
    HttpTasks::new(AllowedHosts::new(["127.0.0.1".to_owned()]))
}

async fn call(tasks: &HttpTasks, address: &str, limit: Duration) -> String {
    match tasks.call(&task(address), &key(), limit, START).await {
        Ok(payload) => payload.text().to_owned(),
        Err(failure) => format!("{}: {}", failure.error.unwrap(), failure.cause.unwrap()),
    }
}

const LONG: Duration = Duration::from_secs(60);

#[tokio::test]
async fn a_request_arrives_with_the_connections_key() {
    let (address, _) = server(|request| {
        let is_right = request.contains("x-key: v") && request.ends_with(r#"{"a":1}"#);
        http(
            if is_right { "200 OK" } else { "400 Bad" },
            "content-type: application/json\r\n",
            r#"{"ok": true}"#,
        )
    })
    .await;
    let answer = call(&local(), &format!("http://{address}/x"), LONG).await;
    assert!(
        answer.contains(r#""ResponseBody":{"ok":true},"StatusCode":200,"StatusText":"OK"}"#),
        "{answer}"
    );
}

#[tokio::test]
async fn private_addresses_are_refused_and_never_called() {
    let (address, count) = server(|_| http("200 OK", "", "secret")).await;
    let port = address.rsplit(':').next().unwrap();
    let guarded = HttpTasks::new(AllowedHosts::default());
    for url in [
        format!("https://{address}/"),
        format!("http://{address}/"),
        format!("https://localhost:{port}/"),
        format!("https://[::ffff:127.0.0.1]:{port}/"),
        "https://169.254.169.254/latest/meta-data/".to_owned(),
        "http://[fd00:ec2::254]/".to_owned(),
    ] {
        let answer = call(&guarded, &url, LONG).await;
        assert!(answer.starts_with("States.Http.Socket: "), "{url}: {answer}");
        assert!(!answer.contains("secret"), "{url}");
    }
    assert_eq!(count.load(Ordering::SeqCst), 0);
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    let (inner, count) = server(|_| http("200 OK", "", "secret")).await;
    let (outer, _) =
        server(move |_| http("302 Found", &format!("location: http://{inner}/\r\n"), "")).await;
    let answer = call(&local(), &format!("http://{outer}/"), LONG).await;
    assert!(answer.starts_with("States.Http.StatusCode.302: "), "{answer}");
    assert_eq!(count.load(Ordering::SeqCst), 0);
}

#[tokio::test]
async fn hostile_servers_fail_the_task_and_hold_up_nothing() {
    let short = Duration::from_millis(200);
    for (answer, expected) in [
        (Vec::new(), "States.Http.Socket"),
        (b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n{}".to_vec(), "States.Http.Socket"),
        (b"garbage\r\n\r\n".to_vec(), "States.Http.Socket"),
        (
            b"HTTP/1.1 200 OK\r\ncontent-length: 99999999\r\n\r\n".to_vec(),
            "States.DataLimitExceeded",
        ),
        (http("503 Busy", "", "<html>"), "States.Http.StatusCode.503"),
        (http("429 Slow", "retry-after: 1\r\n", "{}"), "States.Http.StatusCode.429"),
        (http("200 OK", "content-type: application/octet-stream\r\n", "x"), "States.Runtime"),
    ] {
        let shown = String::from_utf8_lossy(&answer).into_owned();
        let (address, _) = server(move |_| answer.clone()).await;
        let answer = call(&local(), &format!("http://{address}/"), short).await;
        assert!(answer.starts_with(expected), "{shown}: {answer}");
    }
}

#[tokio::test]
async fn a_token_is_fetched_once_and_kept_until_it_is_nearly_over() {
    let (login, fetched) = server(|request| {
        let is_right =
            request.contains("grant_type=client_credentials&client_id=id&client_secret=s");
        let body = if is_right { r#"{"access_token": "t", "expires_in": 600}"# } else { "{}" };
        http("200 OK", "", body)
    })
    .await;
    let (address, _) = server(|request| {
        http(if request.contains("authorization: Bearer t") { "200 OK" } else { "401 No" }, "", "1")
    })
    .await;
    let oauth = OAuth {
        endpoint: format!("http://{login}/token"),
        method: "POST".into(),
        client_id: "id".into(),
        client_secret: "s".into(),
        headers: vec![Parameter { name: "x".into(), value: "y".into() }],
        query: Vec::new(),
        body: Vec::new(),
    };
    let (tasks, url) = (local(), format!("http://{address}/"));
    for (secs, fetches) in [(0, 1), (500, 1), (599, 2)] {
        let now = START + Duration::from_secs(secs);
        let connection = connection(Authorization::OAuth(oauth.clone()));
        tasks.call(&task(&url), &connection, LONG, now).await.unwrap();
        assert_eq!(fetched.load(Ordering::SeqCst), fetches, "after {secs} seconds");
    }
    let other = OAuth { client_secret: "other".into(), ..oauth };
    let connection = connection(Authorization::OAuth(other));
    let now = START + Duration::from_secs(600);
    let refused = tasks.call(&task(&url), &connection, LONG, now).await.unwrap_err();
    assert_eq!(refused.error.as_deref(), Some("Events.ConnectionResource.AuthorizationFailed"));
    assert!(!format!("{tasks:?}").contains("\"t\""), "tokens stay out of logs");
}

//! The API through a socket.

use super::World;
use crate::http::{router, serve};
use crate::limits;
use serde_json::{Value, json};
use std::net::SocketAddr;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

/// A running server, and what stops it.
struct Server {
    address: SocketAddr,
    stop: oneshot::Sender<()>,
    task: JoinHandle<std::io::Result<()>>,
    world: World,
}

impl Server {
    async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (stop, stopped) = oneshot::channel();
        let world = World::new();
        let router = router(world.api.clone());
        let task = tokio::spawn(serve(listener, router, async { drop(stopped.await) }));
        Server { address, stop, task, world }
    }

    async fn connect(&self) -> TcpStream {
        TcpStream::connect(self.address).await.unwrap()
    }

    /// Sends a request on a connection of its own and gives the answer's head and body.
    async fn send(&self, request: &str) -> (String, Value) {
        let mut stream = self.connect().await;
        stream.write_all(request.as_bytes()).await.unwrap();
        read(&mut stream).await
    }
}

/// Reads one answer.
async fn read(stream: &mut TcpStream) -> (String, Value) {
    let mut bytes = Vec::new();
    let head_end = loop {
        if let Some(at) = bytes.windows(4).position(|window| window == b"\r\n\r\n") {
            break at + 4;
        }
        assert_ne!(stream.read_buf(&mut bytes).await.unwrap(), 0, "the connection is closed");
    };
    let head = String::from_utf8(bytes[..head_end].to_vec()).unwrap().to_lowercase();
    let length = head.split("content-length: ").nth(1).unwrap().lines().next().unwrap();
    let length: usize = length.parse().unwrap();
    while bytes.len() < head_end + length {
        assert_ne!(stream.read_buf(&mut bytes).await.unwrap(), 0, "the connection is closed");
    }
    (head, serde_json::from_slice(&bytes[head_end..]).unwrap())
}

fn post(target: &str, body: &str) -> String {
    format!(
        "POST / HTTP/1.1\r\nhost: x\r\nx-amz-target: {target}\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    )
}

#[tokio::test]
async fn a_connection_serves_one_request_after_another() {
    let server = Server::start().await;
    let mut stream = server.connect().await;
    for _ in 0..3 {
        let request = post("AWSStepFunctions.ListStateMachines", "{}");
        stream.write_all(request.as_bytes()).await.unwrap();
        let (head, body) = read(&mut stream).await;
        assert!(head.starts_with("http/1.1 200 ok\r\n"), "{head}");
        assert!(head.contains("content-type: application/x-amz-json-1.0\r\n"), "{head}");
        assert!(head.contains("x-amzn-requestid: "), "{head}");
        assert_eq!(body, json!({"stateMachines": []}));
    }
}

#[tokio::test]
async fn what_is_not_the_protocol_is_answered_in_its_form() {
    let server = Server::start().await;
    for (request, status, code) in [
        (post("", "{}"), "400", "UnknownOperationException"),
        (post("AWSStepFunctions.ListStateMachines", "{"), "400", "SerializationException"),
        ("GET / HTTP/1.1\r\nhost: x\r\n\r\n".to_owned(), "404", "UnknownOperationException"),
        ("GET /x HTTP/1.1\r\nhost: x\r\n\r\n".to_owned(), "404", "UnknownOperationException"),
    ] {
        let (head, body) = server.send(&request).await;
        assert!(head.starts_with(&format!("http/1.1 {status} ")), "{request}: {head}");
        assert_eq!(body["__type"], code);
    }
}

#[tokio::test]
async fn a_body_over_the_limit_is_refused_and_its_refusal_is_read() {
    let server = Server::start().await;
    let body = "x".repeat(2 * limits::REQUEST_BYTES_MAX);
    let (head, body) = server.send(&post("AWSStepFunctions.ListStateMachines", &body)).await;
    assert!(head.starts_with("http/1.1 413 "), "{head}");
    assert_eq!(body["__type"], "RequestEntityTooLargeException");
}

#[tokio::test(start_paused = true)]
async fn slow_clients_are_let_go() {
    let server = Server::start().await;
    let mut idle = server.connect().await;
    let mut half_a_head = server.connect().await;
    half_a_head.write_all(b"POST / HTTP/1.1\r\nhost: ").await.unwrap();
    let mut half_a_body = server.connect().await;
    let request = post("AWSStepFunctions.ListStateMachines", "{}");
    half_a_body.write_all(&request.as_bytes()[..request.len() - 1]).await.unwrap();
    let (head, body) = read(&mut half_a_body).await;
    assert!(head.contains("connection: close"), "{head}");
    assert_eq!(body["message"], "The request's body did not arrive in time.");
    for stream in [&mut idle, &mut half_a_head] {
        let mut rest = Vec::new();
        // A reset is as good an end as any.
        drop(stream.read_to_end(&mut rest).await);
    }
}

#[tokio::test]
async fn a_client_that_does_not_read_is_let_go() {
    let server = Server::start().await;
    let input = json!({"text": "x".repeat(200_000)}).to_string();
    let definition = super::only(json!({"Type": "Pass", "End": true}));
    let request =
        json!({"name": "m", "definition": definition.to_string(), "roleArn": super::ROLE});
    server.send(&post("AWSStepFunctions.CreateStateMachine", &request.to_string())).await;
    let request = json!({"stateMachineArn": super::MACHINE, "name": "e", "input": input});
    let (_, started) =
        server.send(&post("AWSStepFunctions.StartExecution", &request.to_string())).await;
    let describe = json!({"executionArn": started["executionArn"]}).to_string();
    let describe = post("AWSStepFunctions.DescribeExecution", &describe);
    // More than the sockets' buffers hold.
    let requests = describe.repeat(100);
    let mut deaf = server.connect().await;
    deaf.write_all(requests.as_bytes()).await.unwrap();
    let mut answers = vec![0; input.len()];
    deaf.read_exact(&mut answers).await.unwrap();
    tokio::time::pause();
    let limit = crate::http::WRITE_TIME_MAX * 2;
    // Nobody reads meanwhile: nothing moves but time.
    drop(tokio::time::timeout(limit, std::future::pending::<()>()).await);
    // A reset is as good an end as any.
    drop(deaf.read_to_end(&mut answers).await);
    assert!(answers.len() < 100 * input.len(), "{} bytes", answers.len());
}

#[tokio::test]
async fn told_to_stop_it_finishes_what_is_under_way() {
    let server = Server::start().await;
    let mut idle = server.connect().await;
    let request = post("AWSStepFunctions.ListStateMachines", "{}");
    idle.write_all(request.as_bytes()).await.unwrap();
    read(&mut idle).await;
    let mut busy = server.connect().await;
    let (begin, end) = request.split_at(request.len() - 1);
    busy.write_all(begin.as_bytes()).await.unwrap();
    // Its head has arrived once a later connection has been answered.
    server.send(&request).await;
    server.stop.send(()).unwrap();
    busy.write_all(end.as_bytes()).await.unwrap();
    let (head, _) = read(&mut busy).await;
    assert!(head.starts_with("http/1.1 200 "), "{head}");
    server.task.await.unwrap().unwrap();
    assert!(TcpStream::connect(server.address).await.is_err());
}

#[tokio::test]
async fn a_worker_that_hangs_up_takes_no_task() {
    let server = Server::start().await;
    let activity = "arn:aws:states:us-east-1:111111111111:activity:a";
    let arn = json!({"activityArn": activity}).to_string();
    server.send(&post("AWSStepFunctions.CreateActivity", r#"{"name": "a"}"#)).await;
    for _ in 0..5 {
        let mut stream = server.connect().await;
        stream.write_all(post("AWSStepFunctions.GetActivityTask", &arn).as_bytes()).await.unwrap();
        // Its poll has begun once another request on the same server was answered.
        server.send(&post("AWSStepFunctions.ListActivities", "{}")).await;
        drop(stream);
    }
    let definition = super::only(json!({"Type": "Task", "Resource": activity, "End": true}));
    let request =
        json!({"name": "m", "definition": definition.to_string(), "roleArn": super::ROLE});
    server.send(&post("AWSStepFunctions.CreateStateMachine", &request.to_string())).await;
    let request = json!({"stateMachineArn": super::MACHINE}).to_string();
    server.send(&post("AWSStepFunctions.StartExecution", &request)).await;
    let mut stream = server.connect().await;
    stream.write_all(post("AWSStepFunctions.GetActivityTask", &arn).as_bytes()).await.unwrap();
    server.world.drain().await;
    let (_, task) = read(&mut stream).await;
    assert_eq!(task["input"], "{}");
}

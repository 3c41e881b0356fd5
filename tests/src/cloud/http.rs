//! What a Task calls: an endpoint on a loopback port that answers every Lambda invocation with its payload, more or less, and
//! every action of another service as it was told.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};

/// The payloads that it was invoked with.
pub type Invoked = Arc<Mutex<Vec<String>>>;

/// The heads of all requests, names and values in lower case.
pub type Heads = Arc<Mutex<Vec<String>>>;

/// What actions are answered with, by their `x-amz-target`.
pub type Answers = Arc<Mutex<BTreeMap<String, String>>>;

/// From here on an answer is large.
const LARGE_BYTES: usize = 50_000;

/// Starts it; answers its address.
pub async fn echo(invoked: Invoked, heads: Heads, answers: Answers) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = format!("http://{}", listener.local_addr().expect("an address"));
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(serve(stream, invoked.clone(), heads.clone(), answers.clone()));
        }
    });
    address
}

async fn serve(
    stream: TcpStream,
    invoked: Invoked,
    heads: Heads,
    answers: Answers,
) -> std::io::Result<()> {
    let mut stream = BufReader::new(stream);
    loop {
        let (mut length, mut answer) = (0, None);
        let mut line = String::new();
        let mut head = String::new();
        loop {
            line.clear();
            if stream.read_line(&mut line).await? == 0 {
                return Ok(());
            }
            let lower = line.to_ascii_lowercase();
            head.push_str(&lower);
            if let Some(value) = lower.strip_prefix("content-length:") {
                length = value.trim().parse().unwrap_or(0);
            }
            if let Some(target) = lower.strip_prefix("x-amz-target:") {
                answer = answers.lock().expect("no panic").get(target.trim()).cloned();
            }
            if line.trim().is_empty() {
                break;
            }
        }
        let mut body = vec![0; length];
        stream.read_exact(&mut body).await?;
        heads.lock().expect("no panic").push(head);
        let number = {
            let mut invoked = invoked.lock().expect("no panic");
            invoked.push(String::from_utf8_lossy(&body).into_owned());
            invoked.len()
        };
        if let Some(answer) = answer {
            (body, length) = (answer.clone().into_bytes(), answer.len());
        }
        // A large answer is another text than its payload, as functions' answers are.
        if body.len() > LARGE_BYTES && body.starts_with(b"{\"") {
            body.splice(1..1, format!("\"answered{number}\":true,").into_bytes());
            length = body.len();
        }
        let head = format!(
            "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {length}\r\n\r\n"
        );
        stream.write_all(&[head.as_bytes(), &body].concat()).await?;
    }
}

//! A client of the Step Functions API that keeps its connection, as the AWS SDKs do.

use serde_json::Value;
use std::net::SocketAddr;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

pub struct Client {
    stream: TcpStream,
    buffer: Vec<u8>,
}

impl Client {
    pub async fn connect(address: SocketAddr) -> Self {
        let stream = TcpStream::connect(address).await.expect("the API listens");
        stream.set_nodelay(true).expect("a socket's option");
        Client { stream, buffer: Vec::new() }
    }

    /// One request and its answer, which is one of success.
    pub async fn call(&mut self, operation: &str, params: &Value) -> Value {
        let answer = self.exchange(&request(operation, params)).await;
        serde_json::from_slice(answer).expect("the answer is JSON")
    }

    /// One request as its bytes, and the body of its answer, which is one of success.
    pub async fn exchange(&mut self, request: &[u8]) -> &[u8] {
        self.buffer.clear();
        self.stream.write_all(request).await.expect("the API reads");
        let body_begins = self.read_head().await;
        let head = String::from_utf8_lossy(&self.buffer[..body_begins]).to_ascii_lowercase();
        let length = head.lines().find_map(|line| line.strip_prefix("content-length:"));
        let length: usize = length.and_then(|it| it.trim().parse().ok()).expect("a length");
        while self.buffer.len() < body_begins + length {
            self.read().await;
        }
        let answer = &self.buffer[body_begins..];
        assert!(head.starts_with("http/1.1 200"), "{head}{}", String::from_utf8_lossy(answer));
        answer
    }

    /// Reads up to the end of an answer's head, and tells where that is.
    async fn read_head(&mut self) -> usize {
        loop {
            let end = self.buffer.windows(4).position(|four| four == b"\r\n\r\n");
            match end {
                Some(end) => return end + 4,
                None => self.read().await,
            }
        }
    }

    async fn read(&mut self) {
        let bytes = self.stream.read_buf(&mut self.buffer).await.expect("the API answers");
        assert!(bytes > 0, "the API closed the connection");
    }
}

/// A request's bytes.
pub fn request(operation: &str, params: &Value) -> Vec<u8> {
    let body = params.to_string();
    let length = body.len();
    let request = format!(
        "POST / HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/x-amz-json-1.0\r\n\
         x-amz-target: AWSStepFunctions.{operation}\r\ncontent-length: {length}\r\n\r\n{body}"
    );
    request.into_bytes()
}

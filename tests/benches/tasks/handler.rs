//! The function that is called: an HTTP server on a loopback port, on threads of its own.

use crate::measure::Stopwatch;
use crate::{CALLS_EACH, IN_FLIGHT};
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::sync::{Condvar, Mutex};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::Runtime;

/// How long a call takes.
const LATENCY: Duration = Duration::from_millis(20);
const ANSWER: &[u8] =
    b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 14\r\n\r\n{\"charged\":42}";
/// All calls of a run.
const CALLS: usize = IN_FLIGHT * CALLS_EACH;

/// A server that counts.
pub struct Handler {
    pub address: SocketAddr,
    count: Arc<Count>,
    // Ends with the handler.
    _runtime: Runtime,
}

/// What a handler has seen of a run.
pub struct Seen {
    /// How long the middle of the calls took.
    middle: Duration,
    /// The most calls at a time.
    pub at_once: usize,
}

struct Count {
    watch: Stopwatch,
    calls: AtomicUsize,
    at_once: AtomicUsize,
    at_once_max: AtomicUsize,
    /// When a tenth, and nine tenths, of the calls had come.
    marks: Mutex<[Duration; 2]>,
    is_done: (Mutex<bool>, Condvar),
}

impl Seen {
    pub fn rate(&self) -> f64 {
        CALLS as f64 * 0.8 / self.middle.as_secs_f64()
    }
}

impl Handler {
    pub fn start() -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
        let runtime = runtime.expect("threads");
        let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0")).expect("a port");
        let address = listener.local_addr().expect("an address");
        let count = Arc::new(Count {
            watch: Stopwatch::start(),
            calls: AtomicUsize::new(0),
            at_once: AtomicUsize::new(0),
            at_once_max: AtomicUsize::new(0),
            marks: Mutex::default(),
            is_done: Default::default(),
        });
        let counting = Arc::clone(&count);
        runtime.spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let count = Arc::clone(&counting);
                tokio::spawn(async move {
                    // A client that leaves has no more calls.
                    let _ = serve(stream, &count).await;
                });
            }
        });
        Handler { address, count, _runtime: runtime }
    }

    /// Waits for the last call of a run.
    pub fn seen(&self) -> Seen {
        let (is_done, changed) = &self.count.is_done;
        let done = is_done.lock().expect("no panic");
        drop(changed.wait_while(done, |is_done| !*is_done).expect("no panic"));
        let [from, to] = *self.count.marks.lock().expect("no panic");
        Seen { middle: to - from, at_once: self.count.at_once_max.load(Relaxed) }
    }
}

impl Count {
    fn begin(&self) {
        let at_once = self.at_once.fetch_add(1, Relaxed) + 1;
        self.at_once_max.fetch_max(at_once, Relaxed);
    }

    fn end(&self) {
        self.at_once.fetch_sub(1, Relaxed);
        let calls = self.calls.fetch_add(1, Relaxed) + 1;
        let mark = [CALLS / 10, CALLS * 9 / 10].iter().position(|mark| *mark == calls);
        if let Some(mark) = mark {
            self.marks.lock().expect("no panic")[mark] = self.watch.elapsed();
        }
        if calls == CALLS {
            *self.is_done.0.lock().expect("no panic") = true;
            self.is_done.1.notify_all();
        }
    }
}

async fn serve(mut stream: TcpStream, count: &Count) -> std::io::Result<()> {
    stream.set_nodelay(true)?;
    let mut read: Vec<u8> = Vec::with_capacity(1024);
    loop {
        while !is_whole(&read) {
            if stream.read_buf(&mut read).await? == 0 {
                return Ok(());
            }
        }
        read.clear();
        count.begin();
        wait().await;
        count.end();
        stream.write_all(ANSWER).await?;
    }
}

#[expect(clippy::disallowed_methods, reason = "the handler takes its time")]
async fn wait() {
    tokio::time::sleep(LATENCY).await;
}

/// Whether a request has been read to its end: clients send one at a time.
fn is_whole(read: &[u8]) -> bool {
    let Some(head) = read.windows(4).position(|four| four == b"\r\n\r\n") else { return false };
    let text = String::from_utf8_lossy(&read[..head]).to_ascii_lowercase();
    let length = text.lines().find_map(|line| line.strip_prefix("content-length:"));
    let length = length.and_then(|length| length.trim().parse().ok()).unwrap_or(0);
    read.len() >= head + 4 + length
}

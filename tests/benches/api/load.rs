//! Clients at work, what they saw, and what it cost.

use crate::client::Client;
use crate::measure::{Stopwatch, quantile};
use axum::Router;
use axum::body::Bytes;
use axum::routing::post;
use rustix::time::{ClockId, clock_gettime};
use std::cell::Cell;
use std::net::SocketAddr;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::task::LocalSet;

/// How many clients ask at once.
pub const CLIENTS: usize = 16;

/// What the clients saw.
pub struct Seen {
    pub wall: Duration,
    /// What the process spent on cores, without its clients.
    pub served: Duration,
    pub latencies: Vec<Duration>,
    /// The bytes of the last answer.
    pub answer_bytes: usize,
}

impl Seen {
    /// Requests a second.
    pub fn rate(&self) -> f64 {
        self.latencies.len() as f64 / self.wall.as_secs_f64()
    }

    /// The server's time on a core for a request, in microseconds.
    pub fn micros(&self) -> f64 {
        self.served.as_secs_f64() * 1e6 / self.latencies.len() as f64
    }

    /// Rate and time of several rounds' middle one.
    pub fn cell(rounds: &[Seen]) -> String {
        let middle = |of: fn(&Seen) -> f64| {
            crate::measure::median(&rounds.iter().map(of).collect::<Vec<_>>())
        };
        format!("{:.0}/s, {:.0} µs of a core", middle(Seen::rate), middle(Seen::micros))
    }

    /// The middle latency and those that few requests exceed.
    pub fn latency_cell(rounds: &[Seen]) -> String {
        let all: Vec<Duration> = rounds.iter().flat_map(|seen| seen.latencies.clone()).collect();
        let at = |share| quantile(&all, share).as_secs_f64() * 1e3;
        format!("{:.2}, {:.2}, {:.2} ms", at(0.5), at(0.99), at(0.999))
    }
}

/// Sends so many requests from so many clients, on a thread of their own.
pub fn ask(
    address: SocketAddr,
    clients: usize,
    requests: usize,
    request: impl Fn(usize) -> Vec<u8> + Send + 'static,
) -> Seen {
    let before = spent(ClockId::ProcessCPUTime);
    let watch = Stopwatch::start();
    let asking = std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let asked = LocalSet::new().block_on(
            &runtime.expect("a runtime"),
            ask_all(address, clients, requests, Rc::new(request)),
        );
        (asked, spent(ClockId::ThreadCPUTime))
    });
    let ((latencies, answer_bytes), asking) = asking.join().expect("every request is answered");
    let wall = watch.elapsed();
    let served = spent(ClockId::ProcessCPUTime).saturating_sub(before).saturating_sub(asking);
    Seen { wall, served, latencies, answer_bytes }
}

async fn ask_all(
    address: SocketAddr,
    clients: usize,
    requests: usize,
    request: Rc<dyn Fn(usize) -> Vec<u8>>,
) -> (Vec<Duration>, usize) {
    let next = Rc::new(Cell::new(0));
    let asking: Vec<_> = (0..clients.min(requests))
        .map(|_| {
            let (request, next) = (Rc::clone(&request), Rc::clone(&next));
            tokio::task::spawn_local(async move {
                let mut client = Client::connect(address).await;
                let (mut latencies, mut answer_bytes) = (Vec::new(), 0);
                while next.get() < requests {
                    let number = next.replace(next.get() + 1);
                    let bytes = request(number);
                    let watch = Stopwatch::start();
                    answer_bytes = client.exchange(&bytes).await.len();
                    latencies.push(watch.elapsed());
                }
                (latencies, answer_bytes)
            })
        })
        .collect();
    let (mut all, mut answer_bytes) = (Vec::new(), 0);
    for asked in asking {
        let (latencies, bytes) = asked.await.expect("every request is answered");
        all.extend(latencies);
        answer_bytes = answer_bytes.max(bytes);
    }
    (all, answer_bytes)
}

/// The bare HTTP server: it reads a request and answers so many bytes.
pub async fn bare_server(answer_bytes: usize) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("an address");
    let answer: Arc<str> = "x".repeat(answer_bytes).into();
    let router = Router::new().route(
        "/",
        post(async move |body: Bytes| {
            assert!(!body.is_empty());
            answer.to_string()
        }),
    );
    tokio::spawn(baton_api::http::serve(listener, router, std::future::pending()));
    address
}

fn spent(clock: ClockId) -> Duration {
    let time = clock_gettime(clock);
    let secs = u64::try_from(time.tv_sec).expect("it goes on from zero");
    Duration::new(secs, u32::try_from(time.tv_nsec).expect("less than a second"))
}

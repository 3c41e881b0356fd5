//! One machine as `baton serve` puts it together: the file, the driver, the queue and the API on a loopback port.

use crate::client::Client;
use baton_api::Api;
use baton_driver::{CallAnswer, Driver, Settings, TaskCall, Tasks, runner};
use baton_embedded::Embedded;
use baton_engine::Payload;
use baton_store::Outgoing;
use rusqlite::{Connection, OpenFlags};
use serde_json::{Map, Value, json};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::runtime::Runtime;
use tokio::sync::watch;
use tokio::task::JoinSet;

/// How many clients start executions at once.
const CLIENTS: usize = 16;
/// How often it is looked whether everything has ended.
const LOOK: Duration = Duration::from_millis(1);

pub struct Home {
    pub embedded: Arc<Embedded>,
    pub path: PathBuf,
    address: SocketAddr,
    runtime: Runtime,
    at_work: JoinSet<()>,
    stop: watch::Sender<bool>,
    machine: String,
}

impl Home {
    /// A machine with a fresh file, and one state machine in it that makes no calls.
    pub fn open(folder: &Path, definition: &Value) -> Self {
        Home::with_tasks(folder, definition, NoTasks)
    }

    /// The same, with somebody to call.
    pub fn with_tasks(folder: &Path, definition: &Value, tasks: impl Tasks) -> Self {
        static FILES: AtomicU32 = AtomicU32::new(0);
        let file = FILES.fetch_add(1, Ordering::Relaxed);
        let path = folder.join(format!("{file}.db"));
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
        let runtime = runtime.expect("threads");
        let embedded = Arc::new(Embedded::open(&path).expect("a data file"));
        let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0")).expect("a port");
        let address = listener.local_addr().expect("an address");
        let stop = watch::channel(false).0;
        let (at_work, machine) = (JoinSet::new(), String::new());
        let mut home = Home { embedded, path, address, runtime, at_work, stop, machine };
        home.start(listener, tasks);
        home.machine = home.create("bench", "STANDARD", definition);
        home
    }

    /// Where the API is.
    #[allow(dead_code, reason = "one of the benchmarks that share this asks for it")]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The ARN of the first state machine.
    #[allow(dead_code, reason = "one of the benchmarks that share this asks for it")]
    pub fn machine(&self) -> &str {
        &self.machine
    }

    fn start(&mut self, listener: TcpListener, tasks: impl Tasks) {
        let keys = Arc::new(self.embedded.token_keys().clone());
        let mut settings = Settings::new(Arc::clone(self.embedded.worker()));
        settings.is_alone = true;
        let driver = Arc::new(Driver::new(Arc::clone(&self.embedded), tasks, keys, settings));
        let api = Arc::new(Api::new(Arc::clone(&driver), baton_api::Settings::default()));
        let queue = Queue(Arc::clone(&self.embedded));
        let (lanes, handle) = (runner::Lanes::default(), self.runtime.handle());
        self.at_work.spawn_on(runner::run(driver, queue, lanes, stopped(&self.stop)), handle);
        let (router, stop) = (baton_api::http::router(api), stopped(&self.stop));
        let serving = async move {
            baton_api::http::serve(listener, router, stop).await.expect("the API serves");
        };
        self.at_work.spawn_on(serving, handle);
    }

    /// Creates a state machine.
    pub fn create(&self, name: &str, kind: &str, definition: &Value) -> String {
        let params = json!({
            "name": name,
            "type": kind,
            "roleArn": "arn:aws:iam::123456789012:role/bench",
            "definition": definition.to_string(),
        });
        let created = self.runtime.block_on(async {
            Client::connect(self.address).await.call("CreateStateMachine", &params).await
        });
        created["stateMachineArn"].as_str().expect("an ARN").to_owned()
    }

    /// Starts an execution for each input, from many clients at once, on a thread of their own.
    pub fn start_all(&self, inputs: Vec<String>) -> Starting {
        let (address, machine) = (self.address, self.machine.clone());
        Starting(std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            runtime.expect("a runtime").block_on(start_all(address, &machine, inputs));
        }))
    }

    /// Waits until no execution runs, as the file has it.
    pub fn wait_until_ended(&self, starting: Starting) {
        starting.join();
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY;
        let file = Connection::open_with_flags(&self.path, flags).expect("the data file");
        let sql = "SELECT 1 FROM executions WHERE machine = ?1 AND status = 'RUNNING' LIMIT 1";
        let mut running = file.prepare(sql).expect("the tables");
        while running.exists([&self.machine]).expect("the data file") {
            nap(LOOK);
        }
    }

    /// Runs something on the machine's own threads.
    pub fn block_on<T>(&self, future: impl Future<Output = T>) -> T {
        self.runtime.block_on(future)
    }

    /// Ends everything, writes what was accepted, and gives the file.
    pub fn close(mut self) -> PathBuf {
        self.stop.send_replace(true);
        self.runtime.block_on(async {
            while let Some(ended) = self.at_work.join_next().await {
                ended.expect("nothing panics");
            }
        });
        self.path
    }
}

/// Clients at work.
pub struct Starting(JoinHandle<()>);

impl Starting {
    /// Waits until every execution was accepted.
    pub fn join(self) {
        self.0.join().expect("every execution is accepted");
    }
}

async fn start_all(address: SocketAddr, machine: &str, inputs: Vec<String>) {
    let requests: Vec<Value> = inputs
        .into_iter()
        .map(|input| json!({ "stateMachineArn": machine, "input": input }))
        .collect();
    let requests: Arc<[Value]> = requests.into();
    let next = Arc::new(AtomicU32::new(0));
    let mut clients = JoinSet::new();
    for _ in 0..CLIENTS.min(requests.len()) {
        let (requests, next) = (Arc::clone(&requests), Arc::clone(&next));
        clients.spawn(async move {
            let mut client = Client::connect(address).await;
            let take = || requests.get(next.fetch_add(1, Ordering::Relaxed) as usize);
            while let Some(request) = take() {
                client.call("StartExecution", request).await;
            }
        });
    }
    while let Some(ended) = clients.join_next().await {
        ended.expect("every request is answered");
    }
}

#[expect(clippy::disallowed_methods, reason = "what is measured is real time")]
pub fn nap(time: Duration) {
    std::thread::sleep(time);
}

fn stopped(stop: &watch::Sender<bool>) -> impl Future<Output = ()> + Send + 'static {
    let mut stop = stop.subscribe();
    async move {
        stop.wait_for(|is_stopped| *is_stopped).await.expect("the machine closes first");
    }
}

/// The queue that the runner drains.
struct Queue(Arc<Embedded>);

impl runner::Source for Queue {
    async fn next(&mut self, is_idle: bool) -> Option<Outgoing> {
        self.0.next_cue(is_idle).await
    }
}

/// The workflows here make no calls.
struct NoTasks;

impl Tasks for NoTasks {
    async fn call(&self, _: &TaskCall<'_>) -> CallAnswer {
        CallAnswer::Succeeded(Payload::new(Value::Null))
    }
}

/// So many Pass states in a row.
pub fn chain(length: usize) -> Value {
    let state = |number: usize| {
        let next = match number + 1 {
            next if next == length => json!({ "Type": "Pass", "End": true }),
            next => json!({ "Type": "Pass", "Next": format!("Step{next}") }),
        };
        (format!("Step{number}"), next)
    };
    let states: Map<String, Value> = (0..length).map(state).collect();
    json!({ "StartAt": "Step0", "States": states })
}

//! One machine's whole: the data file, the driver, the queue, the tasks and the API, started and stopped together.

use crate::arguments::Host;
use crate::complaint::Complaint;
use crate::config::Config;
use crate::environment::Environment;
use crate::files;
use crate::limits::{self, GRACE};
use crate::tasks::{LocalTasks, Mocks, Recorder, Replay, Serving, TokenAnswer};
use baton_api::{Api, Settings};
use baton_calls::Caller;
use baton_driver::{Driver, Settings as DriverSettings, runner};
use baton_embedded::Embedded;
use baton_engine::Payload;
use baton_store::{Backend, Chance, Outgoing};
use std::collections::BTreeMap;
use std::net::Ipv4Addr;
use std::path::PathBuf;
use std::sync::Arc;
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;

/// The region where none is configured: the one that the examples use.
const REGION: &str = "us-east-1";
/// How many token answers may be on their way.
const ANSWERS_MAX: usize = 64;

/// Where the state machines are, by their ARNs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Place {
    pub(crate) account: String,
    pub(crate) region: String,
}

impl Place {
    pub(crate) fn machine_arn(&self, name: &str) -> String {
        let Place { account, region } = self;
        format!("arn:{}:states:{region}:{account}:stateMachine:{name}", self.partition())
    }

    /// A role for state machines: every call is made with the caller's own rights, whatever it is.
    pub(crate) fn role_arn(&self) -> String {
        format!("arn:{}:iam::{}:role/baton-run", self.partition(), self.account)
    }

    fn partition(&self) -> &'static str {
        match self.region.split('-').take(2).collect::<Vec<_>>().as_slice() {
            ["cn", _] => "aws-cn",
            ["us", "gov"] => "aws-us-gov",
            _ => "aws",
        }
    }
}

/// The plan of a machine: everything but the driver, which needs to know whom to tell.
#[derive(Debug)]
pub(crate) struct Home {
    pub(crate) backend: Arc<Embedded>,
    pub(crate) place: Place,
    pub(crate) endpoint: String,
    listener: TcpListener,
    tasks: LocalTasks,
    answers: mpsc::Receiver<TokenAnswer>,
    is_strict: bool,
    // Removed when the machine is gone.
    folder: Option<TempDir>,
}

/// What a command adds to what all of them can be told.
#[derive(Debug, Default)]
pub(crate) struct Extras {
    /// The port of the API; 0 for any free one.
    pub(crate) port: u16,
    /// The outputs of states that wait for a callback.
    pub(crate) answers: BTreeMap<String, Payload>,
    /// The folder of the definition, or this one.
    pub(crate) folder: PathBuf,
    /// Whether mocks count for a state machine of any name.
    pub(crate) is_one_machine: bool,
}

impl Home {
    /// Opens the data file and the port.
    pub(crate) async fn open(
        host: Host,
        environment: Environment,
        extras: Extras,
    ) -> Result<Self, Complaint> {
        let mocks = mocks(host.mocks.as_deref(), extras.is_one_machine)?;
        let variable = |name: &str| environment.variable(name);
        let config = Config::find(host.config.as_deref(), &extras.folder, &variable)?;
        let left_out = config.left_out.clone();
        let recorder = host.record.map(|path| Recorder::create(&path, left_out)).transpose()?;
        let replay = host.replay.map(|path| Replay::open(&path)).transpose()?;
        raise_open_files();
        let listener = listen(extras.port).await?;
        let address = listener.local_addr();
        let address = address.map_err(|error| Complaint::of("cannot use the port", &error))?;
        let endpoint = format!("http://{address}");
        let (path, folder) = data_file(host.data)?;
        let backend = Embedded::open(&path).map_err(|error| Complaint::of("", &error))?;
        let backend = Arc::new(backend);
        let region = host.region.or(environment.region).unwrap_or_else(|| REGION.to_owned());
        let place = Place { account: host.account, region };
        let endpoints = environment.endpoints;
        let serving = Serving {
            mocks,
            targets: host.tasks,
            s3: host.s3,
            answers: extras.answers,
            own_endpoint: endpoint.clone(),
            config,
            recorder,
            replay,
        };
        let (sender, answers) = mpsc::channel(ANSWERS_MAX);
        let client = Arc::default();
        let caller = Caller::new(Arc::clone(&client), endpoints, environment.credentials);
        let tasks = LocalTasks::new(Arc::clone(&backend), serving, client, caller, sender);
        Ok(Home {
            backend,
            place,
            endpoint,
            listener,
            tasks,
            answers,
            is_strict: host.strict,
            folder,
        })
    }

    /// A name that no other execution has.
    pub(crate) fn fresh_name(&self) -> String {
        let bits = self.backend.bits().to_be_bytes();
        uuid::Builder::from_random_bytes(bits).into_uuid().to_string()
    }

    /// Makes the machine of it, over the backend or what wraps it. Nothing moves yet.
    pub(crate) fn build<B: Backend>(self, backend: Arc<B>) -> Machinery<B> {
        let keys = Arc::new(self.backend.token_keys().clone());
        let mut settings = DriverSettings::new(Arc::clone(self.backend.worker()));
        settings.is_alone = true;
        settings.history_events_max = self.is_strict.then_some(limits::HISTORY_EVENTS_MAX);
        let driver = Arc::new(Driver::new(backend, self.tasks, keys, settings));
        let api_settings = Settings {
            account: self.place.account.as_str().into(),
            region: self.place.region.as_str().into(),
            has_rate_quotas: self.is_strict,
            ..Settings::default()
        };
        driver.tasks().own().set(&driver, api_settings.clone());
        let api = Arc::new(Api::new(Arc::clone(&driver), api_settings));
        Machinery {
            api,
            driver,
            place: self.place,
            embedded: self.backend,
            listener: Some(self.listener),
            answers: Some(self.answers),
            stop: watch::channel(false).0,
            at_work: JoinSet::new(),
            folder: self.folder,
        }
    }
}

/// A machine that is ready, or at work.
#[derive(Debug)]
pub(crate) struct Machinery<B> {
    pub(crate) api: Arc<Api<B, LocalTasks>>,
    pub(crate) place: Place,
    driver: Arc<Driver<B, LocalTasks>>,
    embedded: Arc<Embedded>,
    listener: Option<TcpListener>,
    answers: Option<mpsc::Receiver<TokenAnswer>>,
    stop: watch::Sender<bool>,
    at_work: JoinSet<()>,
    folder: Option<TempDir>,
}

impl<B: Backend> Machinery<B> {
    /// The backend.
    pub(crate) fn backend(&self) -> &B {
        self.driver.backend()
    }

    /// Begins to take cues and to answer requests.
    pub(crate) fn start(&mut self) {
        let queue = Queue(Arc::clone(&self.embedded));
        let calls_max = self.driver.tasks().calls_max();
        let lanes = runner::Lanes { calls_max, grace: GRACE, ..Default::default() };
        let stop = stopped(&self.stop);
        self.at_work.spawn(runner::run(Arc::clone(&self.driver), queue, lanes, stop));
        if let Some(listener) = self.listener.take() {
            let (router, stop) =
                (baton_api::http::router(Arc::clone(&self.api)), stopped(&self.stop));
            self.at_work.spawn(async move {
                if let Err(error) = baton_api::http::serve(listener, router, stop).await {
                    tracing::error!(%error, "the API stopped");
                }
            });
        }
        if let Some(answers) = self.answers.take() {
            let (driver, stop) = (Arc::clone(&self.driver), stopped(&self.stop));
            self.at_work.spawn(async move {
                tokio::select! {
                    () = forward(&driver, answers) => {}
                    () = stop => {}
                }
            });
        }
    }

    /// Stops taking cues and requests, lets what is under way end, and writes what was accepted.
    pub(crate) async fn close(mut self) -> Result<(), Complaint> {
        self.stop.send_replace(true);
        self.api.dismiss();
        while self.at_work.join_next().await.is_some() {}
        self.flush().await?;
        drop(self.folder);
        Ok(())
    }

    /// Waits until everything that has happened is on disk, where it is kept at all.
    pub(crate) async fn flush(&self) -> Result<(), Complaint> {
        if self.folder.is_some() {
            return Ok(());
        }
        let flushed = self.embedded.flush().await;
        flushed.map_err(|error| Complaint::of("the data file could not be written", &error))
    }
}

/// The queue that the runner drains.
struct Queue(Arc<Embedded>);

impl runner::Source for Queue {
    async fn next(&mut self, is_idle: bool) -> Option<Outgoing> {
        self.0.next_cue(is_idle).await
    }
}

fn stopped(stop: &watch::Sender<bool>) -> impl Future<Output = ()> + Send + 'static {
    let mut stop = stop.subscribe();
    async move {
        // A sender that is gone has stopped too.
        let _ = stop.wait_for(|is_stopped| *is_stopped).await;
    }
}

/// Answers the tasks whose answers are known beforehand.
async fn forward<B: Backend>(
    driver: &Driver<B, LocalTasks>,
    mut answers: mpsc::Receiver<TokenAnswer>,
) {
    while let Some(TokenAnswer { token, output, hold }) = answers.recv().await {
        if let Err(error) = driver.send_task_success(&token, output).await {
            tracing::warn!(%error, "a task could not be answered");
        }
        drop(hold);
    }
}

/// Lets this process have as many open files as it may: each client is one.
fn raise_open_files() {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let Rlimit { maximum, .. } = getrlimit(Resource::Nofile);
    let wanted = Rlimit { current: maximum, maximum };
    if let Err(error) = setrlimit(Resource::Nofile, wanted) {
        tracing::debug!(%error, "the limit of open files stays as it is");
    }
}

async fn listen(port: u16) -> Result<TcpListener, Complaint> {
    TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await.map_err(|error| {
        let what = format!("cannot listen on port {port} (choose another with --port)");
        Complaint::of(&what, &error)
    })
}

fn data_file(data: Option<PathBuf>) -> Result<(PathBuf, Option<TempDir>), Complaint> {
    if let Some(path) = data {
        return Ok((path, None));
    }
    let folder = tempfile::Builder::new().prefix("baton-").tempdir();
    let folder = folder.map_err(|error| Complaint::of("cannot make a temporary folder", &error))?;
    Ok((folder.path().join("baton.db"), Some(folder)))
}

/// `--mocks FILE[#CASE]`.
fn mocks(argument: Option<&str>, is_one_machine: bool) -> Result<Mocks, Complaint> {
    let Some(argument) = argument else { return Ok(Mocks::default()) };
    let (file, case) = match argument.rsplit_once('#') {
        Some((file, case)) => (file, Some(case)),
        None => (argument, None),
    };
    let text = files::read(file.as_ref())?;
    let mocks = Mocks::parse(&text, case).map_err(|fault| Complaint(format!("{file}: {fault}")))?;
    Ok(if is_one_machine { mocks.for_any_machine() } else { mocks })
}

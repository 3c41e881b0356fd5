//! A `baton serve` of one's own.

use crate::binaries::binary;
use crate::client::Client;
use rustix::process::{Pid, Signal, kill_process};
use std::ffi::OsStr;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{ChildStderr, Command, ExitStatus, Stdio};
use std::sync::mpsc::{self, Receiver};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

/// What the line with the address begins with.
const ANNOUNCEMENT: &str = "Step Functions API at http://";
/// How long a server may take to start, and to stop.
const PATIENCE: Duration = Duration::from_secs(60);
/// How often to look for what is waited for: for two minutes or more.
const LOOKS_MAX: u32 = 6_000;
/// How long to leave the server alone between two looks.
const PAUSE: Duration = Duration::from_millis(20);

/// A running server, killed when dropped.
#[derive(Debug)]
pub struct Server {
    /// Its address, like `127.0.0.1:40123`.
    pub host: String,
    process: Pid,
    ended: Receiver<ExitStatus>,
    log: Arc<Mutex<String>>,
}

impl Server {
    /// Starts a server on a free port and waits until it listens.
    ///
    /// # Panics
    ///
    /// It does not start.
    pub fn start<S: AsRef<OsStr>>(
        data: &Path,
        arguments: &[S],
        variables: &[(&str, &OsStr)],
    ) -> Self {
        let mut child = Command::new(binary("baton"))
            .args(["serve", "--port", "0", "--data"])
            .arg(data)
            .args(arguments)
            .envs(variables.iter().copied())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .expect("`baton serve` runs");
        let process = Pid::from_child(&child);
        let (log, address) = follow(child.stderr.take().expect("a piped stderr"));
        let (sender, ended) = mpsc::channel();
        thread::spawn(move || {
            let status = child.wait().expect("a child can be waited for");
            // Whoever started it may have left.
            let _ = sender.send(status);
        });
        let mut server = Server { host: String::new(), process, ended, log };
        match address.recv_timeout(PATIENCE) {
            Ok(host) => server.host = host,
            Err(_) => panic!("`baton serve` did not start:\n{}", server.log()),
        }
        server
    }

    /// The number of its process.
    pub fn id(&self) -> u32 {
        self.process.as_raw_nonzero().get().unsigned_abs()
    }

    /// A connection to it.
    pub fn client(&self) -> Client {
        Client::connect(&self.host).expect("a server listens")
    }

    /// Looks until there is something to see, and answers it.
    ///
    /// # Panics
    ///
    /// The server ended, or nothing is to be seen for too long.
    pub fn wait_for<T>(&self, what: &str, mut look: impl FnMut() -> Option<T>) -> T {
        for _ in 0..LOOKS_MAX {
            if let Some(seen) = look() {
                return seen;
            }
            if let Ok(status) = self.ended.recv_timeout(PAUSE) {
                panic!("waiting for {what}, the server ended, {status}:\n{}", self.log());
            }
        }
        panic!("waited in vain for {what}:\n{}", self.log());
    }

    /// Asks it to stop, waits, and answers how it ended.
    ///
    /// # Panics
    ///
    /// It does not stop in time.
    pub fn stop(self) -> ExitStatus {
        kill_process(self.process, Signal::TERM).expect("a running server can be signalled");
        let status = self.ended.recv_timeout(PATIENCE);
        status.unwrap_or_else(|_| panic!("`baton serve` did not stop:\n{}", self.log()))
    }

    /// Kills it, and waits until it is gone.
    ///
    /// # Panics
    ///
    /// It had ended before.
    pub fn kill(self) {
        kill_process(self.process, Signal::KILL).expect("a running server can be killed");
        if self.ended.recv_timeout(PATIENCE).is_err() {
            panic!("`baton serve` cannot be killed");
        }
    }

    /// What it wrote to stderr.
    pub fn log(&self) -> String {
        self.log.lock().expect("no panic while it is written").clone()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // Once it is gone, the number may be another's.
        if matches!(self.ended.try_recv(), Err(mpsc::TryRecvError::Empty)) {
            let _ = kill_process(self.process, Signal::KILL);
        }
    }
}

/// Collects what a server writes, and picks out its address.
fn follow(stderr: ChildStderr) -> (Arc<Mutex<String>>, Receiver<String>) {
    let log = Arc::new(Mutex::new(String::new()));
    let (sender, address) = mpsc::channel();
    let written = Arc::clone(&log);
    thread::spawn(move || {
        for line in BufReader::new(stderr).lines().map_while(Result::ok) {
            if let Some((_, rest)) = line.split_once(ANNOUNCEMENT) {
                let host = rest.split(' ').next().unwrap_or_default();
                let _ = sender.send(host.to_owned());
            }
            let mut written = written.lock().expect("no panic while it is read");
            written.push_str(&line);
            written.push('\n');
        }
    });
    (log, address)
}

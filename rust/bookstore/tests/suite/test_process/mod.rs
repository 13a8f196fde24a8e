//! Starts the bookstore, finds its addresses and ends it.

mod command;
mod folder;
mod page;
pub mod raw_call;
pub mod user_journey;

use std::{
    collections::HashMap,
    fs::{self, File},
    io::{BufRead, BufReader},
    os::unix::process::ExitStatusExt,
    path::PathBuf,
    process::{Child, ChildStdout, Command, Stdio},
    sync::mpsc,
    thread,
    time::{Duration, Instant},
};

use contract::bookstore::{
    inventory::v1::inventory_service_client::InventoryServiceClient,
    recommendations::v1::recommendation_service_client::RecommendationServiceClient,
};
use rpc::Channel;
use tonic_health::pb::health_client::HealthClient;

pub use self::{
    command::{CommandOutput, run, run_unread, run_with_input},
    folder::Folder,
    page::{Page, get},
};

/// How long the process may take to open. A loaded machine is slow; a process that
/// hangs is what this ends.
const START_LIMIT: Duration = Duration::from_secs(60);

/// How much of its log a failed test shows, in bytes.
const LOG_TAIL_BYTES: usize = 8000;

/// A running bookstore. It is killed when this is dropped, and shows its log if the
/// test has failed.
pub struct TestProcess {
    child: Child,
    log: PathBuf,
    /// What it has printed.
    pub banner: String,
    addresses: HashMap<String, String>,
    token: Option<String>,
}

impl TestProcess {
    /// Everything in one process, with the data of the folder.
    pub fn up(folder: &Folder) -> Self {
        Self::start(folder, &["up"])
    }

    /// Starts a command that serves, on free ports unless the arguments name others.
    pub fn start(folder: &Folder, arguments: &[&str]) -> Self {
        let log = folder.fresh("log");
        let mut command = command::command(folder, arguments);
        for flag in ["--grpc-addr", "--shop-addr", "--metrics-addr"] {
            if !arguments.iter().any(|argument| argument.starts_with(flag)) {
                command.arg(format!("{flag}=127.0.0.1:0"));
            }
        }
        let mut child = command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(File::create(&log).expect("the folder is writable"))
            .spawn()
            .expect("the binary is built");
        let stdout = child.stdout.take().expect("it is piped");
        let mut process = Self {
            child,
            log,
            banner: String::new(),
            addresses: HashMap::new(),
            token: None,
        };
        process.banner = banner(stdout).unwrap_or_else(|| panic!("{arguments:?} did not open"));
        process.read_banner(folder);
        process
    }

    fn read_banner(&mut self, folder: &Folder) {
        for line in self.banner.lines() {
            if let Some((_, path)) = line.split_once("operator's token in ") {
                let token = fs::read_to_string(folder.path(path)).expect("the token is there");
                self.token = Some(token.trim().to_owned());
            }
            let mut words = line.split_whitespace();
            if let (Some(name), Some(address)) = (words.next(), words.next()) {
                self.addresses.insert(name.to_owned(), address.to_owned());
            }
        }
    }

    /// `http://HOST:PORT`, without a slash at the end.
    pub fn shop(&self) -> &str {
        &self.addresses["shop"]
    }

    /// `HOST:PORT`
    pub fn grpc(&self) -> &str {
        &self.addresses["gRPC"]
    }

    /// As clients are given it.
    pub fn grpc_url(&self) -> String {
        format!("http://{}", self.grpc())
    }

    /// The URL of the metrics.
    pub fn metrics(&self) -> &str {
        &self.addresses["metrics"]
    }

    /// The operator's token.
    pub fn token(&self) -> &str {
        self.token.as_deref().expect("this process keeps data")
    }

    /// A connection of its own.
    pub fn channel(&self) -> Channel {
        Channel::connect(&self.grpc_url()).expect("the banner names an address")
    }

    pub fn inventory(&self) -> InventoryServiceClient<Channel> {
        InventoryServiceClient::new(self.channel())
    }

    /// With the operator's token.
    pub fn operator(&self) -> InventoryServiceClient<Channel> {
        InventoryServiceClient::new(self.channel().with_operator_token(self.token()))
    }

    pub fn recommendations(&self) -> RecommendationServiceClient<Channel> {
        RecommendationServiceClient::new(self.channel())
    }

    pub fn health(&self) -> HealthClient<Channel> {
        HealthClient::new(self.channel())
    }

    /// A page of the shop.
    pub async fn page(&self, path: &str) -> Page {
        get(&format!("{}{path}", self.shop())).await
    }

    /// Sends a signal by its name: TERM, KILL, STOP.
    pub fn signal(&self, name: &str) {
        let pid = self.child.id().to_string();
        let sent = Command::new("kill")
            .args([&format!("-{name}"), &pid])
            .status();
        assert!(sent.expect("kill exists").success(), "kill -{name}");
    }

    /// Waits for the process to end by itself: the exit code as a shell gives it, and
    /// how long that took.
    pub async fn wait_for_exit(&mut self, limit: Duration) -> (i32, Duration) {
        let began = Instant::now();
        loop {
            if let Some(status) = self.child.try_wait().expect("it is our child") {
                let by_signal = || 128 + status.signal().expect("a signal ended it");
                return (status.code().unwrap_or_else(by_signal), began.elapsed());
            }
            assert!(began.elapsed() < limit, "it has not ended in {limit:?}");
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    /// Stops it as an operator does.
    pub async fn stop(mut self) {
        self.signal("TERM");
        assert_eq!(self.wait_for_exit(Duration::from_secs(30)).await.0, 0);
    }

    /// Ends it without a warning.
    pub async fn kill(mut self) {
        self.signal("KILL");
        self.wait_for_exit(Duration::from_secs(30)).await;
    }
}

impl Drop for TestProcess {
    fn drop(&mut self) {
        // It may have ended before.
        let _ = self.child.kill();
        let _ = self.child.wait();
        if thread::panicking() {
            let log = fs::read(&self.log).unwrap_or_default();
            let shown = &log[log.len().saturating_sub(LOG_TAIL_BYTES)..];
            eprintln!("--- the log:\n{}", String::from_utf8_lossy(shown));
        }
    }
}

/// Reads up to the example; `None` if the process ends or is late. What it prints later
/// is read and dropped.
fn banner(stdout: ChildStdout) -> Option<String> {
    let (to_us, printed) = mpsc::channel();
    thread::spawn(move || {
        let mut banner = String::new();
        for line in BufReader::new(stdout).lines().map_while(Result::ok) {
            let ended = banner.ends_with("Try:\n");
            banner.push_str(&line);
            banner.push('\n');
            if ended {
                // The test may have given up.
                let _ = to_us.send(std::mem::take(&mut banner));
            }
        }
    });
    printed.recv_timeout(START_LIMIT).ok()
}

/// Repeats a question until it is answered with something.
pub async fn eventually<T>(what: &str, mut ask: impl AsyncFnMut() -> Option<T>) -> T {
    let limit = Instant::now() + Duration::from_secs(20);
    loop {
        if let Some(answer) = ask().await {
            return answer;
        }
        assert!(Instant::now() < limit, "{what} does not come");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

//! Starts the `bookstore` binary, reads its addresses from the banner and stops it.

mod certificates;
mod command;
mod folder;
mod nats_credentials;
mod nats_server;
mod page;
mod payment_simulator;
pub mod raw_call;
pub mod user_journey;

use std::{
    collections::HashMap,
    fs::{self, File},
    io::{BufRead, BufReader},
    net::{SocketAddr, TcpListener},
    os::unix::process::ExitStatusExt,
    path::PathBuf,
    process::{Child, ChildStdout, Command, Stdio},
    sync::{
        atomic::{AtomicU32, Ordering},
        mpsc,
    },
    thread,
    time::{Duration, Instant},
};

use contract::bookstore::{
    inventory::v1::inventory_service_client::InventoryServiceClient,
    recommendations::v1::recommendation_service_client::RecommendationServiceClient,
};
use rpc::{Channel, ClientTls};
use tokio::signal::unix::{SignalKind, signal};
use tonic_health::pb::health_client::HealthClient;

pub use self::{
    certificates::Certificates,
    command::{CommandOutput, run, run_unread, run_with_input, run_without_privileges},
    folder::Folder,
    nats_credentials::NatsAccount,
    nats_server::{NatsServer, StoredEvent, stored_events},
    page::{Page, get, get_from, get_over_tls, post_form},
    payment_simulator::PaymentSimulator,
};

/// The time limit for the start. It is generous because a loaded machine is slow.
const START_LIMIT: Duration = Duration::from_secs(60);

/// How many bytes from the end of the log a failed test prints.
const LOG_TAIL_BYTES: usize = 8000;

/// The secret of the services of all processes that a test starts.
pub const SERVICE_SECRET: &str = "0123456789abcdef0123456789abcdef";

/// An address of this machine on which nobody listens, another one for each call, for a process that
/// others must know before it starts. The system gives ports from 32768 to connections and to
/// listeners without a port of their own, so none of them takes it.
pub fn free_address() -> SocketAddr {
    static CALLS: AtomicU32 = AtomicU32::new(0);
    loop {
        let number = std::process::id().wrapping_mul(100) + CALLS.fetch_add(1, Ordering::Relaxed);
        let address = SocketAddr::from(([127, 0, 0, 1], 10_000 + (number % 22_768) as u16));
        if TcpListener::bind(address).is_ok() {
            return address;
        }
    }
}

/// A running `bookstore` process. It is killed on drop; if the test has failed, its log is
/// printed.
pub struct TestProcess {
    child: Child,
    log: PathBuf,
    /// What the process printed on standard output.
    pub banner: String,
    addresses: HashMap<String, String>,
    token: Option<String>,
    /// What the clients of a process with TLS need.
    certificates: Option<Certificates>,
}

impl TestProcess {
    /// Starts `bookstore up` in the folder.
    pub fn up(folder: &Folder) -> Self {
        Self::start(folder, &["up"])
    }

    /// Starts `bookstore up` with a limit of open files.
    pub fn with_descriptors(folder: &Folder, descriptors: u32) -> Self {
        let bookstore = command::command(folder, &["up"]);
        let mut command = Command::new("sh");
        let limited = format!("ulimit -n {descriptors}; exec \"$@\"");
        command
            .args(["-c", &limited, "sh"])
            .arg(bookstore.get_program());
        command
            .args(bookstore.get_args())
            .current_dir(folder.root());
        for (name, value) in bookstore.get_envs() {
            match value {
                Some(value) => command.env(name, value),
                None => command.env_remove(name),
            };
        }
        Self::spawn(folder, command, &["up"], None)
    }

    /// Starts a long-running command, on free ports unless the arguments choose ports.
    pub fn start(folder: &Folder, arguments: &[&str]) -> Self {
        let secret = folder.write_secret("service.secret", SERVICE_SECRET, 0o600);
        let mut command = command::command(folder, arguments);
        command.env("BINDERY_SERVICE_SECRET_FILE", secret);
        Self::spawn(folder, command, arguments, None)
    }

    /// Like [`Self::start`], with environment variables and without a service secret.
    pub fn with_variables(folder: &Folder, arguments: &[&str], variables: &[(&str, &str)]) -> Self {
        let mut command = command::command(folder, arguments);
        command.envs(variables.iter().copied());
        Self::spawn(folder, command, arguments, None)
    }

    /// Like [`Self::start`], without a service secret.
    pub fn without_secret(folder: &Folder, arguments: &[&str]) -> Self {
        Self::spawn(folder, command::command(folder, arguments), arguments, None)
    }

    /// Starts `bookstore serve SERVICE` with the certificates of the service, and without a
    /// service secret.
    pub fn with_certificates(
        folder: &Folder,
        certificates: &Certificates,
        arguments: &[&str],
    ) -> Self {
        let service = arguments[1];
        let tls_dir = format!("--tls-dir={}/{service}", certificates.folder());
        let mut process = Self::without_secret(folder, &[arguments, &[&tls_dir]].concat());
        process.certificates = Some(certificates.clone());
        process
    }

    /// Starts `bookstore up` with certificates, and without a service secret.
    pub fn with_all_certificates(folder: &Folder, certificates: &Certificates) -> Self {
        let tls_dir = format!("--tls-dir={}", certificates.folder());
        let mut process = Self::without_secret(folder, &["up", &tls_dir]);
        process.certificates = Some(certificates.clone());
        process
    }

    /// Starts a command whose log goes to `stderr`.
    pub fn with_log(folder: &Folder, arguments: &[&str], stderr: Stdio) -> Self {
        let command = command::command(folder, arguments);
        Self::spawn(folder, command, arguments, Some(stderr))
    }

    fn spawn(
        folder: &Folder,
        mut command: Command,
        arguments: &[&str],
        stderr: Option<Stdio>,
    ) -> Self {
        let log = folder.unused_path("log");
        let log_file = File::create(&log).expect("the folder is writable");
        for flag in ["--grpc-addr", "--shop-addr", "--metrics-addr"] {
            if !arguments.iter().any(|argument| argument.starts_with(flag)) {
                command.arg(format!("{flag}=127.0.0.1:0"));
            }
        }
        let mut child = command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(stderr.unwrap_or_else(|| log_file.into()))
            .spawn()
            .expect("the binary is built");
        let stdout = child.stdout.take().expect("it is piped");
        let mut process = Self {
            child,
            log,
            banner: String::new(),
            addresses: HashMap::new(),
            token: None,
            certificates: None,
        };
        process.banner = banner(stdout).unwrap_or_else(|| panic!("{arguments:?} did not start"));
        process.read_banner(folder);
        process
    }

    fn read_banner(&mut self, folder: &Folder) {
        for line in self.banner.lines() {
            if let Some((_, path)) = line.split_once("operator token in ") {
                let token = fs::read_to_string(folder.path(path)).expect("the token is there");
                self.token = Some(token.trim().to_owned());
            }
            let mut words = line.split_whitespace();
            if let (Some(name), Some(address)) = (words.next(), words.next()) {
                self.addresses.insert(name.to_owned(), address.to_owned());
            }
        }
    }

    /// The shop: `http://HOST:PORT` without a trailing slash.
    pub fn shop(&self) -> &str {
        &self.addresses["shop"]
    }

    /// The address of gRPC: `HOST:PORT`.
    pub fn grpc(&self) -> &str {
        &self.addresses["gRPC"]
    }

    /// The gRPC address as a URL.
    pub fn grpc_url(&self) -> String {
        let scheme = match self.certificates {
            Some(_) => "https",
            None => "http",
        };
        format!("{scheme}://{}", self.grpc())
    }

    /// The certificates of a process with TLS.
    pub fn certificates(&self) -> Option<&Certificates> {
        self.certificates.as_ref()
    }

    /// The address of health alone: `HOST:PORT`.
    pub fn health_address(&self) -> &str {
        &self.addresses["health"]
    }

    /// The URL of the metrics.
    pub fn metrics(&self) -> &str {
        &self.addresses["metrics"]
    }

    /// The operator token.
    pub fn token(&self) -> &str {
        self.token.as_deref().expect("this process stores data")
    }

    /// A new connection.
    pub fn channel(&self) -> Channel {
        self.channel_as(None)
    }

    /// A new connection, with the certificate of a service if the process has TLS.
    pub fn channel_as(&self, service: Option<&str>) -> Channel {
        match &self.certificates {
            Some(certificates) => self.channel_with(&certificates.client(service)),
            None => {
                let channel = Channel::connect(&self.grpc_url());
                let channel = channel.expect("the banner names an address");
                // A test sees each failure of the server.
                channel.without_retries()
            }
        }
    }

    /// A new connection with these certificates.
    pub fn channel_with(&self, tls: &ClientTls) -> Channel {
        let channel = Channel::connect_with(&self.grpc_url(), tls);
        let channel = channel.expect("the banner names an address");
        channel.without_retries()
    }

    pub fn inventory(&self) -> InventoryServiceClient<Channel> {
        InventoryServiceClient::new(self.channel())
    }

    /// An Inventory client that sends the operator token.
    pub fn operator(&self) -> InventoryServiceClient<Channel> {
        InventoryServiceClient::new(self.channel().with_operator_token(self.token()))
    }

    /// An Inventory client that makes its calls as the Cart service.
    pub fn cart(&self) -> InventoryServiceClient<Channel> {
        let secret = self.certificates.is_none().then_some(SERVICE_SECRET);
        let channel = self.channel_as(Some("cart"));
        InventoryServiceClient::new(channel.as_service(&"cart".into(), secret))
    }

    pub fn recommendations(&self) -> RecommendationServiceClient<Channel> {
        RecommendationServiceClient::new(self.channel())
    }

    pub fn health(&self) -> HealthClient<Channel> {
        HealthClient::new(self.channel())
    }

    /// What the process has logged so far.
    pub fn log(&self) -> String {
        fs::read_to_string(&self.log).expect("the log is there")
    }

    /// Gets a page of the shop.
    pub async fn page(&self, path: &str) -> Page {
        self.get(&format!("{}{path}", self.shop())).await
    }

    /// Gets the metrics.
    pub async fn metrics_page(&self) -> Page {
        self.get(self.metrics()).await
    }

    async fn get(&self, url: &str) -> Page {
        match &self.certificates {
            Some(certificates) => get_over_tls(url, &certificates.connector(Some("client"))).await,
            None => get(url).await,
        }
    }

    /// The process id.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Sends a signal by name, such as TERM, KILL or STOP.
    pub fn signal(&self, name: &str) {
        send_signal(self.id(), name);
    }

    /// Waits until the process exits. Returns the exit code as a shell reports it (128 plus
    /// the signal number for a signal) and the time that it took.
    pub async fn wait_for_exit(&mut self, limit: Duration) -> (i32, Duration) {
        let began = Instant::now();
        // It also gets the signals of other children, so the process may still run.
        let mut child_exited = signal(SignalKind::child()).expect("a runtime with signals");
        let exited = async {
            loop {
                if let Some(status) = self.child.try_wait().expect("it is our child") {
                    return status;
                }
                child_exited.recv().await;
            }
        };
        let status = tokio::time::timeout(limit, exited).await;
        let status = status.unwrap_or_else(|_| panic!("it has not ended in {limit:?}"));
        let by_signal = || 128 + status.signal().expect("a signal ended it");
        (status.code().unwrap_or_else(by_signal), began.elapsed())
    }

    /// Sends SIGTERM and expects exit code 0.
    pub async fn stop(mut self) {
        self.signal("TERM");
        assert_eq!(self.wait_for_exit(Duration::from_secs(30)).await.0, 0);
    }

    /// Sends SIGKILL.
    pub async fn kill(mut self) {
        self.signal("KILL");
        self.wait_for_exit(Duration::from_secs(30)).await;
    }
}

impl Drop for TestProcess {
    fn drop(&mut self) {
        // The process may already have exited.
        let _ = self.child.kill();
        let _ = self.child.wait();
        if thread::panicking() {
            let log = fs::read(&self.log).unwrap_or_default();
            let shown = &log[log.len().saturating_sub(LOG_TAIL_BYTES)..];
            eprintln!("--- the log:\n{}", String::from_utf8_lossy(shown));
        }
    }
}

fn send_signal(pid: u32, name: &str) {
    let sent = Command::new("kill")
        .args([&format!("-{name}"), &pid.to_string()])
        .status();
    assert!(sent.expect("kill exists").success(), "kill -{name}");
}

/// Reads the banner up to the example call; `None` if the process exits first or exceeds
/// the time limit. Later output is read and discarded.
fn banner(stdout: ChildStdout) -> Option<String> {
    let (sender, receiver) = mpsc::channel();
    thread::spawn(move || {
        let mut banner = String::new();
        for line in BufReader::new(stdout).lines().map_while(Result::ok) {
            let is_last_line = banner.ends_with("Try:\n");
            banner.push_str(&line);
            banner.push('\n');
            if is_last_line {
                // The receiver is gone if the time limit has passed.
                let _ = sender.send(std::mem::take(&mut banner));
            }
        }
    });
    receiver.recv_timeout(START_LIMIT).ok()
}

/// Calls `ask` until it returns `Some`, for at most 20 seconds. For what another process
/// reaches by itself and signals to nobody.
pub async fn eventually<T>(what: &str, mut ask: impl AsyncFnMut() -> Option<T>) -> T {
    let limit = Instant::now() + Duration::from_secs(20);
    loop {
        if let Some(answer) = ask().await {
            return answer;
        }
        assert!(Instant::now() < limit, "timed out waiting for {what}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

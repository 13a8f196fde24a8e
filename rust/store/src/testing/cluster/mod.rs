//! The PostgreSQL cluster of a test process.
//!
//! It listens only on a Unix socket in its own temporary folder. PostgreSQL refuses to run
//! as root, so if root runs the tests, the server runs as the user `postgres` or `nobody`.
//!
//! The server stops when the test process ends, even if it is killed: a watchdog shell
//! reads from a pipe that this process holds open. When the pipe closes, the watchdog stops
//! the server and removes the folder.

mod programs;
mod server;

use std::{
    ffi::OsStr,
    fs::{self, OpenOptions},
    io::{self, Write},
    path::{Path, PathBuf},
    process::{ChildStdin, Command, Stdio},
    sync::{
        OnceLock,
        atomic::{AtomicU32, Ordering},
    },
};

use sqlx::postgres::PgConnectOptions;

use self::programs::{ServerUser, find_programs};
pub use self::server::TestServer;

const INSTALL_HINT: &str = "tests on PostgreSQL need its programs initdb, pg_ctl and \
    pg_basebackup, version 15 or newer: install them (Debian: apt-get install postgresql; no \
    server has to run), or set PG_BIN to their folder";

/// The database superuser of the cluster, who needs no password.
const USER: &str = "bookstore";

/// A database user whose password is checked. A test of wrong passwords creates it.
const USER_WITH_PASSWORD: &str = "needs_password";

/// Durability is off because it costs time and is not tested here. The deadlock timeout is
/// short because tests provoke deadlocks.
const SETTINGS: &str = "
listen_addresses = ''
fsync = off
full_page_writes = off
autovacuum = off
max_connections = 300
shared_buffers = 32MB
deadlock_timeout = 100ms
";

/// The watchdog script. It stops the server and removes the folder, twice, because the
/// server may have been starting at the first attempt. It ignores the signals that a
/// terminal sends to all processes.
const WATCHDOG: &str = "trap '' HUP INT TERM
cat >/dev/null
for round in 1 2; do
    \"$1\" -D \"$2/data\" -m immediate stop
    rm -rf \"$2\"
    sleep 1
done";

#[derive(Debug)]
pub(super) struct Cluster {
    folder: PathBuf,
    programs: PathBuf,
    account: ServerUser,
    /// The operating system closes it when this process ends, which starts the cleanup.
    _watchdog_pipe: ChildStdin,
}

/// A database name that no other test of this process uses.
pub(super) fn unique_database_name() -> String {
    static NEXT: AtomicU32 = AtomicU32::new(1);
    format!("test_{}", NEXT.fetch_add(1, Ordering::Relaxed))
}

/// Returns the cluster that the tests of this process share, and starts it on the first call.
pub(super) fn shared() -> &'static Cluster {
    static CLUSTER: OnceLock<Result<Cluster, String>> = OnceLock::new();
    match CLUSTER.get_or_init(start) {
        Ok(cluster) => cluster,
        Err(message) => panic!("{message}"),
    }
}

impl Cluster {
    /// The options to connect as the superuser.
    pub(super) fn options(&self) -> PgConnectOptions {
        PgConnectOptions::new_without_pgpass()
            .socket(&self.folder)
            .port(5432)
            .username(USER)
            .database("postgres")
    }

    /// The URL of one database of the cluster.
    pub(super) fn url(&self, database: &str) -> String {
        format!(
            "postgres://{USER}@localhost:5432/{database}?host={}",
            self.folder.display()
        )
    }

    fn data(&self) -> PathBuf {
        self.folder.join("data")
    }

    fn program(&self, name: &str) -> Command {
        self.account.command(self.programs.join(name), &self.folder)
    }

    fn start_server(&self) -> Result<(), String> {
        let log = self.folder.join("log");
        let arguments = ["start", "--wait", "--silent", "--timeout=60", "--log"];
        let mut pg_ctl = self.program("pg_ctl");
        pg_ctl.args(arguments).arg(&log);
        self.run_pg_ctl(pg_ctl, "pg_ctl start", &log)
    }

    fn run_pg_ctl(&self, mut pg_ctl: Command, what: &str, log: &Path) -> Result<(), String> {
        let outcome = pg_ctl
            .arg("--pgdata")
            .arg(self.data())
            // The server would inherit pipes and keep them open, and this call would hang.
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status()
            .map(|status| std::process::Output {
                status,
                stdout: Vec::new(),
                stderr: Vec::new(),
            });
        check_success(what, outcome, Some(log))
    }
}

/// Starts a server with new data.
fn start() -> Result<Cluster, String> {
    start_with(|cluster| {
        // An English collation, so that a text column without `COLLATE "C"` makes a test fail.
        let collation = ["--locale=C", "--locale-provider=icu", "--icu-locale=en"];
        let initdb = cluster
            .program("initdb")
            .args([
                "--username",
                USER,
                "--auth=trust",
                "--encoding=UTF8",
                "--no-sync",
            ])
            .args(collation)
            .arg("--pgdata")
            .arg(cluster.data())
            .output();
        check_success("initdb", initdb, None)?;
        configure(&cluster.data(), &cluster.folder)
            .map_err(|error| format!("cannot write the settings of the test cluster: {error}"))
    })
}

/// Starts a server with the data of another one, which it follows from then on.
fn start_replica(primary: &Cluster) -> Result<Cluster, String> {
    start_with(|cluster| {
        let basebackup = cluster
            .program("pg_basebackup")
            .args([
                "--username",
                USER,
                "--wal-method=stream",
                "--checkpoint=fast",
            ])
            .args(["--write-recovery-conf", "--no-sync", "--host"])
            .arg(&primary.folder)
            .arg("--pgdata")
            .arg(cluster.data())
            .output();
        check_success("pg_basebackup", basebackup, None)?;
        listen_in(&cluster.data(), &cluster.folder)
            .map_err(|error| format!("cannot write the settings of the replica: {error}"))
    })
}

fn start_with(make_data: impl FnOnce(&Cluster) -> Result<(), String>) -> Result<Cluster, String> {
    let programs = find_programs().ok_or(INSTALL_HINT)?;
    let folder = tempfile::Builder::new()
        .prefix("bindery-pg-")
        .tempdir()
        .map_err(|error| format!("the temporary folder is not writable: {error}"))?;
    let account = ServerUser::of_owner(folder.path())?;
    account.give_ownership(folder.path()).map_err(|error| {
        format!(
            "cannot change the owner of {}: {error}",
            folder.path().display()
        )
    })?;

    // The watchdog starts first, so that it cleans up after any later failure.
    let folder = folder.keep();
    let mut watchdog = account
        .command("/bin/sh", &folder)
        .args([
            OsStr::new("-c"),
            OsStr::new(WATCHDOG),
            OsStr::new("watchdog"),
        ])
        .args([programs.join("pg_ctl").as_path(), folder.as_path()])
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .map_err(|error| format!("the watchdog of the test cluster did not start: {error}"))?;
    let cluster = Cluster {
        folder,
        programs,
        account,
        _watchdog_pipe: watchdog.stdin.take().ok_or("the watchdog has no pipe")?,
    };
    make_data(&cluster)?;
    cluster.start_server()?;
    Ok(cluster)
}

fn configure(data: &Path, folder: &Path) -> io::Result<()> {
    let mut settings = OpenOptions::new()
        .append(true)
        .open(data.join("postgresql.conf"))?;
    settings.write_all(SETTINGS.as_bytes())?;
    let access = format!(
        "local all {USER_WITH_PASSWORD} scram-sha-256
local all all trust
local replication {USER} trust
"
    );
    fs::write(data.join("pg_hba.conf"), access)?;
    listen_in(data, folder)
}

/// Sets the folder of the socket. The last line of a setting is valid.
fn listen_in(data: &Path, folder: &Path) -> io::Result<()> {
    let mut settings = OpenOptions::new()
        .append(true)
        .open(data.join("postgresql.conf"))?;
    writeln!(settings, "unix_socket_directories = '{}'", folder.display())
}

fn check_success(
    what: &str,
    outcome: io::Result<std::process::Output>,
    log: Option<&Path>,
) -> Result<(), String> {
    let output =
        outcome.map_err(|error| format!("{what} did not start: {error}; {INSTALL_HINT}"))?;
    if output.status.success() {
        return Ok(());
    }
    let message = match log {
        Some(log) => fs::read_to_string(log).unwrap_or_default(),
        None => String::from_utf8_lossy(&output.stderr).into_owned(),
    };
    Err(format!(
        "{what} failed ({}): {message}\n{INSTALL_HINT}",
        output.status
    ))
}

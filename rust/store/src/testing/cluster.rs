//! The PostgreSQL cluster of a test process.
//!
//! It listens on a Unix socket in its own folder only. PostgreSQL refuses to run as root,
//! so for root it runs as the user `postgres` or `nobody`.
//!
//! It ends with the test process, however that ends: a watchdog, a shell that reads from a
//! pipe which this process holds open, stops the server and removes the folder when the
//! pipe closes.

use std::{
    ffi::OsStr,
    fs, io,
    os::unix::{
        fs::{MetadataExt, chown},
        process::CommandExt,
    },
    path::{Path, PathBuf},
    process::{ChildStdin, Command, Stdio},
    sync::{
        OnceLock,
        atomic::{AtomicU32, Ordering},
    },
};

use sqlx::postgres::PgConnectOptions;

const INSTALL: &str = "tests on PostgreSQL need its programs initdb and pg_ctl, version 15 or \
    newer: install them (Debian: apt-get install postgresql; no server has to run), or set \
    PG_BIN to their folder";

/// The administrator of the cluster, who needs no password.
const USER: &str = "bookstore";

/// A user who does need one, for tests of refused passwords; whoever tests it makes it.
const USER_WITH_PASSWORD: &str = "needs_password";

/// Durability is not tested here and costs time. The deadlock timeout is short since
/// tests provoke deadlocks.
const SETTINGS: &str = "
listen_addresses = ''
fsync = off
full_page_writes = off
autovacuum = off
max_connections = 300
shared_buffers = 32MB
deadlock_timeout = 100ms
";

/// Stops the server, also if it was just about to start, and removes the folder. Signals
/// that a terminal sends to all are none of its business.
const WATCHDOG: &str = "trap '' HUP INT TERM
cat >/dev/null
for round in 1 2; do
    \"$1\" -D \"$2/data\" -m immediate stop
    rm -rf \"$2\"
    sleep 1
done";

struct Cluster {
    folder: PathBuf,
    /// Closes when this process ends.
    _lifeline: ChildStdin,
}

/// The options to connect as the administrator.
pub(super) fn options() -> PgConnectOptions {
    PgConnectOptions::new_without_pgpass()
        .socket(&running().folder)
        .port(5432)
        .username(USER)
        .database("postgres")
}

/// The URL of one database of the cluster.
pub(super) fn url(database: &str) -> String {
    format!(
        "postgres://{USER}@localhost:5432/{database}?host={}",
        running().folder.display()
    )
}

/// A name that no other database of the cluster has.
pub(super) fn fresh_name() -> String {
    static NEXT: AtomicU32 = AtomicU32::new(1);
    format!("test_{}", NEXT.fetch_add(1, Ordering::Relaxed))
}

/// Starts the cluster at the first call.
fn running() -> &'static Cluster {
    static CLUSTER: OnceLock<Result<Cluster, String>> = OnceLock::new();
    match CLUSTER.get_or_init(start) {
        Ok(cluster) => cluster,
        Err(message) => panic!("{message}"),
    }
}

fn start() -> Result<Cluster, String> {
    let programs = programs().ok_or(INSTALL)?;
    let folder = tempfile::Builder::new()
        .prefix("bindery-pg-")
        .tempdir()
        .map_err(|error| format!("the temporary folder is not writable: {error}"))?;
    let account = Account::of_owner(folder.path())?;
    account
        .give(folder.path())
        .map_err(|error| format!("{} was not given away: {error}", folder.path().display()))?;

    // The watchdog comes first: whatever fails from here on, it cleans up.
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
    let lifeline = watchdog.stdin.take().ok_or("the watchdog has no pipe")?;

    let data = folder.join("data");
    // Sorting by the rules of English: what is to be sorted by bytes has to say so.
    let collation = ["--locale=C", "--locale-provider=icu", "--icu-locale=en"];
    let initdb = account
        .command(programs.join("initdb"), &folder)
        .args([
            "--username",
            USER,
            "--auth=trust",
            "--encoding=UTF8",
            "--no-sync",
        ])
        .args(collation)
        .arg("--pgdata")
        .arg(&data)
        .output();
    succeeded("initdb", initdb, None)?;
    configure(&data, &folder)
        .map_err(|error| format!("the test cluster has no settings: {error}"))?;

    let log = folder.join("log");
    let pg_ctl = account
        .command(programs.join("pg_ctl"), &folder)
        .args(["start", "--wait", "--silent", "--timeout=60", "--pgdata"])
        .args([data.as_path(), Path::new("--log"), log.as_path()])
        // Pipes would stay open in the server, and so here for ever.
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .map(|status| std::process::Output {
            status,
            stdout: Vec::new(),
            stderr: Vec::new(),
        });
    succeeded("pg_ctl start", pg_ctl, Some(&log))?;
    Ok(Cluster {
        folder,
        _lifeline: lifeline,
    })
}

fn configure(data: &Path, folder: &Path) -> io::Result<()> {
    let settings = data.join("postgresql.conf");
    let socket = format!("unix_socket_directories = '{}'\n", folder.display());
    let defaults = fs::read_to_string(&settings)?;
    fs::write(settings, [&defaults, SETTINGS, &socket].concat())?;
    let access = format!("local all {USER_WITH_PASSWORD} scram-sha-256\nlocal all all trust\n");
    fs::write(data.join("pg_hba.conf"), access)
}

fn succeeded(
    what: &str,
    outcome: io::Result<std::process::Output>,
    log: Option<&Path>,
) -> Result<(), String> {
    let output = outcome.map_err(|error| format!("{what} did not start: {error}; {INSTALL}"))?;
    if output.status.success() {
        return Ok(());
    }
    let said = match log {
        Some(log) => fs::read_to_string(log).unwrap_or_default(),
        None => String::from_utf8_lossy(&output.stderr).into_owned(),
    };
    Err(format!(
        "{what} failed ({}): {said}\n{INSTALL}",
        output.status
    ))
}

/// The folder of the PostgreSQL programs: `$PG_BIN`, else in `$PATH`, else the newest of
/// Debian's.
fn programs() -> Option<PathBuf> {
    let named = std::env::var_os("PG_BIN").map(PathBuf::from);
    if named.is_some() {
        return named.filter(|folder| has_programs(folder));
    }
    let path = std::env::var_os("PATH").unwrap_or_default();
    if let Some(folder) = std::env::split_paths(&path).find(|folder| has_programs(folder)) {
        return Some(folder);
    }
    let mut installed: Vec<(u32, PathBuf)> = fs::read_dir("/usr/lib/postgresql")
        .ok()?
        .flatten()
        .filter_map(|entry| Some((entry.file_name().to_str()?.parse().ok()?, entry.path())))
        .map(|(version, folder): (u32, PathBuf)| (version, folder.join("bin")))
        .filter(|(_, folder)| has_programs(folder))
        .collect();
    installed.sort();
    installed.pop().map(|(_, folder)| folder)
}

fn has_programs(folder: &Path) -> bool {
    ["initdb", "pg_ctl", "postgres"]
        .iter()
        .all(|program| folder.join(program).is_file())
}

/// As whom the server runs.
enum Account {
    /// As whoever runs the tests.
    Same,
    /// Root runs the tests.
    Other { user: u32, group: u32 },
}

impl Account {
    /// Whoever made the folder is who we are.
    fn of_owner(folder: &Path) -> Result<Self, String> {
        let metadata = fs::metadata(folder).map_err(|error| error.to_string())?;
        if metadata.uid() != 0 {
            return Ok(Self::Same);
        }
        let known = |name| Some((id("-u", name)?, id("-g", name)?));
        match ["postgres", "nobody"].into_iter().find_map(known) {
            Some((user, group)) => Ok(Self::Other { user, group }),
            None => Err(
                "PostgreSQL does not run as root, and there is neither a user postgres nor a user \
                 nobody: run the tests as another user"
                    .to_owned(),
            ),
        }
    }

    fn give(&self, path: &Path) -> io::Result<()> {
        match *self {
            Self::Same => Ok(()),
            Self::Other { user, group } => chown(path, Some(user), Some(group)),
        }
    }

    /// A command in a process group of its own: an interrupt from the terminal is for the
    /// tests, and the watchdog does the rest.
    fn command(&self, program: impl AsRef<OsStr>, folder: &Path) -> Command {
        let mut command = Command::new(program);
        command
            .current_dir(folder)
            .env("LC_ALL", "C")
            .process_group(0);
        if let Self::Other { user, group } = *self {
            command.uid(user).gid(group);
        }
        command
    }
}

fn id(which: &str, name: &str) -> Option<u32> {
    let output = Command::new("id").args([which, name]).output().ok()?;
    String::from_utf8(output.stdout).ok()?.trim().parse().ok()
}

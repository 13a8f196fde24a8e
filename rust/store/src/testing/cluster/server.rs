//! A PostgreSQL server that a test stops and starts.

use std::{
    fs,
    process::{Command, Stdio},
};

use sqlx::{ConnectOptions, Connection, Executor, postgres::PgConnectOptions};

use super::{Cluster, start, start_replica};
use crate::Location;

/// A PostgreSQL server that belongs to one test, which stops and starts it.
#[derive(Debug)]
pub struct TestServer(Cluster);

impl TestServer {
    /// Creates a cluster and starts the server, which takes a second.
    ///
    /// # Panics
    /// If the programs of PostgreSQL are missing or fail.
    pub fn start() -> Self {
        match start() {
            Ok(cluster) => Self(cluster),
            Err(message) => panic!("{message}"),
        }
    }

    /// The location of a new database.
    pub async fn location(&self) -> Location {
        super::super::new_database(&self.0).await
    }

    /// Makes and starts a read replica, which takes a second.
    ///
    /// # Panics
    /// If the programs of PostgreSQL are missing or fail.
    pub fn replica(&self) -> Self {
        match start_replica(&self.0) {
            Ok(cluster) => Self(cluster),
            Err(message) => panic!("{message}"),
        }
    }

    /// The URL of the database of a location on another server, at this server.
    pub fn url_of(&self, location: &Location) -> String {
        let Location::Postgres(url) = location else {
            panic!("{location} is not a PostgreSQL database");
        };
        let options: PgConnectOptions = url.parse().expect("the URL of a test database");
        self.0.url(options.get_database().expect("a database"))
    }

    /// Makes a replica stop following its primary, and returns when it has stopped.
    ///
    /// # Panics
    /// If the server does not answer.
    pub async fn pause_replay(&self) {
        self.execute("SELECT pg_wal_replay_pause()").await;
        let paused = "SELECT 1 / CAST(pg_get_wal_replay_pause_state() = 'paused' AS INT)";
        while self.try_execute(paused).await.is_err() {
            tokio::task::yield_now().await;
        }
    }

    /// Makes a replica follow its primary again.
    ///
    /// # Panics
    /// If the server does not answer.
    pub async fn resume_replay(&self) {
        self.execute("SELECT pg_wal_replay_resume()").await;
    }

    async fn execute(&self, statement: &'static str) {
        let outcome = self.try_execute(statement).await;
        outcome.expect("the user is a superuser");
    }

    async fn try_execute(&self, statement: &'static str) -> Result<(), sqlx::Error> {
        let mut connection = self.0.options().connect().await?;
        connection.execute(statement).await?;
        connection.close().await
    }

    /// Stops the server as a crash does, and returns when it is down.
    ///
    /// # Panics
    /// If it does not stop.
    pub fn crash(&self) {
        let cluster = &self.0;
        let mut pg_ctl = cluster.program("pg_ctl");
        pg_ctl.args(["stop", "--mode=immediate", "--silent"]);
        let log = cluster.folder.join("log");
        let stopped = cluster.run_pg_ctl(pg_ctl, "pg_ctl stop", &log);
        stopped.expect("the server stops");
    }

    /// Starts the server again.
    ///
    /// # Panics
    /// If it does not start.
    pub fn restart(&self) {
        self.0.start_server().expect("the server starts again");
    }

    /// Stops all processes of the server with SIGSTOP: it accepts connections and does not
    /// answer.
    pub fn freeze(&self) {
        self.signal("-STOP");
    }

    /// Continues the processes that [`TestServer::freeze`] stopped.
    pub fn thaw(&self) {
        self.signal("-CONT");
    }

    fn signal(&self, signal: &str) {
        let pid_file = fs::read_to_string(self.0.data().join("postmaster.pid"));
        // There is no file if the server is down.
        if let Some(postmaster) = pid_file.unwrap_or_default().lines().next() {
            let status = Command::new("kill")
                .args([signal, postmaster])
                .args(children_of(postmaster))
                // A child may have ended.
                .stderr(Stdio::null())
                .status();
            status.expect("the program kill is part of every system");
        }
    }
}

impl Drop for TestServer {
    /// A frozen server could not be stopped.
    fn drop(&mut self) {
        self.thaw();
    }
}

fn children_of(parent: &str) -> Vec<String> {
    let processes = fs::read_dir("/proc").into_iter().flatten().flatten();
    let ids = processes.filter_map(|entry| entry.file_name().into_string().ok());
    ids.filter(|id| {
        let stat = fs::read_to_string(format!("/proc/{id}/stat")).unwrap_or_default();
        // The name is in parentheses and may contain spaces; the state and the parent follow.
        let after_name = stat.rsplit_once(") ").map_or("", |(_, rest)| rest);
        after_name.split(' ').nth(1) == Some(parent)
    })
    .collect()
}

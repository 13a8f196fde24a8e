//! The open database of a service: [`Db`], its [`Schema`] and its [`Engine`].

use std::{fmt, sync::Arc};

use sqlx::migrate::Migrator;
use tokio::sync::watch;

use crate::{
    Connection, Error, Listener, Location, OpenError, Transaction,
    connection::Handle,
    notify::{Notifier, Origin},
    open,
    outage::Operation,
    postgres::Postgres,
    replicas::Replicas,
    sqlite::Sqlite,
};

/// The database schema of one service: its name and its migrations.
#[derive(Debug, Clone, Copy)]
pub struct Schema {
    /// The name of the SQLite file (`<name>.db`) or of the PostgreSQL schema. It consists
    /// of lower-case letters and underscores.
    pub name: &'static str,
    /// The migrations for SQLite.
    pub sqlite: &'static Migrator,
    /// The migrations for PostgreSQL.
    pub postgres: &'static Migrator,
}

/// The database engine, for the few statements that differ between the two.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Engine {
    /// SQLite: one file for each service, with one writer at a time.
    Sqlite,
    /// A PostgreSQL server, which several processes may share.
    Postgres,
}

impl fmt::Display for Engine {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Sqlite => "SQLite",
            Self::Postgres => "PostgreSQL",
        })
    }
}

/// The open database of a service. Clones share the same connection pools.
#[derive(Debug, Clone)]
pub struct Db {
    pub(crate) pools: Pools,
    pub(crate) replicas: Option<Arc<Replicas>>,
    notifier: Arc<Notifier>,
}

#[derive(Debug, Clone)]
pub(crate) enum Pools {
    Sqlite(Sqlite),
    Postgres(Postgres),
}

impl Db {
    /// Opens the database of `schema`, creates it if it does not exist and runs the
    /// migrations that it lacks.
    ///
    /// # Errors
    /// [`OpenError`]: each message is one line that tells the operator what to do.
    pub async fn open(location: &Location, schema: &Schema) -> Result<Self, OpenError> {
        let pools = match location {
            Location::Folder(folder) => Pools::Sqlite(open::sqlite::open(folder, schema).await?),
            Location::Postgres(url) => Pools::Postgres(open::postgres::open(url, schema).await?),
        };
        Ok(Self {
            pools,
            replicas: None,
            notifier: Arc::default(),
        })
    }

    /// Adds the URLs of read replicas of a PostgreSQL database, for [`crate::read_stale!`]. They
    /// need not answer. SQLite has none.
    ///
    /// # Errors
    /// [`OpenError::InvalidUrl`].
    pub fn with_replicas(mut self, urls: &[String], schema: &Schema) -> Result<Self, OpenError> {
        if let Pools::Postgres(primary) = &self.pools
            && !urls.is_empty()
        {
            let replicas = Replicas::new(primary, urls, schema)?;
            self.replicas = Some(Arc::new(replicas));
        }
        Ok(self)
    }

    /// The engine of this database.
    pub fn engine(&self) -> Engine {
        match &self.pools {
            Pools::Sqlite(_) => Engine::Sqlite,
            Pools::Postgres(_) => Engine::Postgres,
        }
    }

    /// Whether the database answers. While it does not, every call fails at once with
    /// [`Error::Unavailable`], and a background task finds out when it answers again.
    ///
    /// A SQLite database is always available.
    pub fn availability(&self) -> watch::Receiver<bool> {
        match &self.pools {
            Pools::Sqlite(sqlite) => sqlite.available.subscribe(),
            Pools::Postgres(postgres) => postgres.availability(),
        }
    }

    /// Tells the listeners of a channel, also in other processes on the same PostgreSQL
    /// database, that the values of some keys changed. Call it after the commit, or use
    /// [`Transaction::notify`]. It does not wait. Must be called within a tokio runtime.
    pub fn notify<K: ToString>(&self, channel: &str, keys: impl IntoIterator<Item = K>) {
        let postgres = match &self.pools {
            Pools::Sqlite(_) if !self.notifier.has_listeners() => return,
            Pools::Sqlite(_) => None,
            Pools::Postgres(postgres) => Some(postgres),
        };
        let keys = keys.into_iter().map(|key| key.to_string()).collect();
        let here = Origin::Here;
        self.notifier.deliver(here, Some(channel), Some(&keys));
        if let Some(postgres) = postgres {
            postgres.notify(channel, keys);
        }
    }

    /// Listens to the notifications of a channel. Some may be lost, so look for changes now
    /// and then as well. Must be called within a tokio runtime.
    pub fn listen(&self, channel: &str) -> Listener {
        self.listen_to(channel, false)
    }

    /// As [`Db::listen`], without the notifications of this `Db` and its clones.
    pub fn listen_to_others(&self, channel: &str) -> Listener {
        self.listen_to(channel, true)
    }

    fn listen_to(&self, channel: &str, only_elsewhere: bool) -> Listener {
        if let Pools::Postgres(postgres) = &self.pools {
            postgres.receive_notifications(&self.notifier);
        }
        self.notifier.listen(channel, only_elsewhere)
    }

    /// Runs `SELECT 1`, for health checks.
    ///
    /// # Errors
    /// [`Error::Unavailable`] if the database does not answer.
    pub async fn ping(&self) -> Result<(), Error> {
        let mut connection = self.acquire().await?;
        crate::query("SELECT 1")
            .fetch_all::<()>(&mut connection)
            .await?;
        Ok(())
    }

    /// Waits for running statements and closes all connections. SQLite then needs no
    /// recovery at the next start. Without this call no committed data is lost.
    pub async fn close(&self) {
        match &self.pools {
            Pools::Sqlite(sqlite) => sqlite.close().await,
            Pools::Postgres(postgres) => postgres.close().await,
        }
        if let Some(replicas) = &self.replicas {
            replicas.close().await;
        }
    }

    /// Takes a connection for reading from the pool. Prefer [`crate::read!`], which calls
    /// this.
    ///
    /// # Errors
    /// [`Error::Overloaded`] if no connection became free within two seconds, and
    /// [`Error::Unavailable`] if the server does not answer.
    pub async fn acquire(&self) -> Result<Connection, Error> {
        let reader = match &self.pools {
            Pools::Sqlite(sqlite) => sqlite.readers.acquire().await.map(Handle::from),
            Pools::Postgres(postgres) => postgres.acquire().await.map(Handle::from),
        };
        self.connection(Operation::Read, reader)
    }

    /// A connection to a read replica that has what the session must see; `None` if there is none.
    pub(crate) async fn acquire_replica(&self) -> Option<Connection> {
        let reader = self.replicas.as_ref()?.acquire().await?;
        Some(Connection::to_replica(reader))
    }

    /// Whether there are read replicas.
    pub(crate) fn has_replicas(&self) -> bool {
        self.replicas.is_some()
    }

    /// Switches off that transactions on SQLite share commits, to measure what that gives.
    #[doc(hidden)]
    pub async fn set_group_commit(&self, group_commit: bool) {
        if let Pools::Sqlite(sqlite) = &self.pools {
            sqlite.writer.set_group_commit(group_commit).await;
        }
    }

    pub(crate) async fn begin(&self) -> Result<Transaction, Error> {
        let body = match &self.pools {
            Pools::Sqlite(sqlite) => sqlite.writer.begin().await.map(Handle::from),
            Pools::Postgres(postgres) => postgres.begin().await.map(Handle::from),
        };
        self.connection(Operation::Write, body)
            .map(Transaction::new)
    }

    fn connection(
        &self,
        operation: Operation,
        handle: Result<Handle, Error>,
    ) -> Result<Connection, Error> {
        let outages = match &self.pools {
            Pools::Sqlite(sqlite) => &sqlite.outages,
            Pools::Postgres(postgres) => postgres.outages(),
        };
        let handle = handle.inspect_err(|error| outages.failed(operation, error))?;
        Ok(Connection::new(self.engine(), handle, Arc::clone(outages)))
    }
}

//! What a connection holds of its engine.

use crate::{postgres, sqlite};

#[derive(Debug)]
pub(crate) enum Handle {
    Sqlite(sqlite::Handle),
    /// A statement was cancelled while it ran on another thread, and has the connection.
    SqliteLost,
    PostgresReader(postgres::Reader),
    PostgresWriter(postgres::Body),
}

impl From<sqlite::Reader> for Handle {
    fn from(reader: sqlite::Reader) -> Self {
        Self::Sqlite(sqlite::Handle::Reader(reader))
    }
}

impl From<sqlite::Body> for Handle {
    fn from(body: sqlite::Body) -> Self {
        Self::Sqlite(sqlite::Handle::Body(body))
    }
}

impl From<postgres::Reader> for Handle {
    fn from(reader: postgres::Reader) -> Self {
        Self::PostgresReader(reader)
    }
}

impl From<postgres::Body> for Handle {
    fn from(body: postgres::Body) -> Self {
        Self::PostgresWriter(body)
    }
}

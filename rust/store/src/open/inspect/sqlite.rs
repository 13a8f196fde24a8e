//! Inspecting SQLite: the file is opened for reading, beside the process that has it.

use std::path::Path;

use rusqlite::{Connection, OpenFlags, OptionalExtension};
use tokio::task::spawn_blocking;

use super::{Applied, Inspection, SchemaState, judge};
use crate::{
    OpenError, Schema,
    error::Cause,
    migrations,
    open::sqlite::{BUSY_TIMEOUT, open_error},
};

pub(super) async fn inspect(folder: &Path, schema: &Schema) -> Result<Inspection, OpenError> {
    let (folder, schema) = (folder.to_owned(), *schema);
    spawn_blocking(move || inspect_blocking(&folder, &schema))
        .await
        .unwrap_or_else(|_| {
            Err(OpenError::Other {
                schema: schema.name,
                cause: Cause::Closed,
            })
        })
}

fn inspect_blocking(folder: &Path, schema: &Schema) -> Result<Inspection, OpenError> {
    let file = folder.join(schema.name).with_extension("db");
    if !file.exists() {
        return Ok(Inspection {
            state: SchemaState::Missing,
            server_time: None,
        });
    }
    let to_open_error = |cause| open_error(cause, folder, &file, schema);
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(&file, flags).map_err(to_open_error)?;
    connection
        .busy_timeout(BUSY_TIMEOUT)
        .map_err(to_open_error)?;
    let migrators = [&*migrations::SQLITE, schema.sqlite];
    let read = |table: &str| applied(&connection, table).map_err(to_open_error);
    let [of_store, of_service] = migrators.map(|migrator| read(&migrator.table_name));
    Ok(Inspection {
        state: judge([&of_store?, &of_service?], migrators, schema)?,
        server_time: None,
    })
}

fn applied(connection: &Connection, table: &str) -> Result<Applied, rusqlite::Error> {
    let exists: Option<i64> = connection
        .query_row(
            "SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = ?1",
            [table],
            |row| row.get(0),
        )
        .optional()?;
    if exists.is_none() {
        return Ok(Applied::new());
    }
    connection
        .prepare(&format!("SELECT version, checksum FROM {table}"))?
        .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?
        .collect()
}

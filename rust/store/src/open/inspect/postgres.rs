//! Inspecting PostgreSQL.

use sqlx::{AssertSqlSafe, Connection, PgConnection};

use super::{Applied, Inspection, judge};
use crate::{
    OpenError, Schema, migrations,
    open::postgres::{connect, open_error, options},
};

pub(super) async fn inspect(url: &str, schema: &Schema) -> Result<Inspection, OpenError> {
    let options = options(url, schema)?;
    let mut connection = connect(&options, schema).await?;
    let inspected = read(&mut connection, schema).await;
    // No statement is left to run, so an error of the close can be ignored.
    connection.close().await.ok();
    let (of_store, of_service, server_time) =
        inspected.map_err(|cause| open_error(cause, &options, schema))?;
    let migrators = [&*migrations::POSTGRES, schema.postgres];
    Ok(Inspection {
        state: judge([&of_store, &of_service], migrators, schema)?,
        server_time: Some(server_time),
    })
}

async fn read(
    connection: &mut PgConnection,
    schema: &Schema,
) -> Result<(Applied, Applied, i64), sqlx::Error> {
    let of_store = applied(connection, schema, &migrations::POSTGRES.table_name).await?;
    let of_service = applied(connection, schema, &schema.postgres.table_name).await?;
    const NOW: &str = "SELECT CAST(EXTRACT(EPOCH FROM clock_timestamp()) * 1000000 AS BIGINT)";
    let server_time = sqlx::query_scalar(NOW).fetch_one(connection).await?;
    Ok((of_store, of_service, server_time))
}

async fn applied(
    connection: &mut PgConnection,
    schema: &Schema,
    table: &str,
) -> Result<Applied, sqlx::Error> {
    let table = format!("\"{}\".{table}", schema.name);
    let exists: bool = sqlx::query_scalar("SELECT to_regclass($1) IS NOT NULL")
        .bind(&table)
        .fetch_one(&mut *connection)
        .await?;
    if !exists {
        return Ok(Applied::new());
    }
    let select = AssertSqlSafe(format!("SELECT version, checksum FROM {table}"));
    let rows: Vec<(i64, Vec<u8>)> = sqlx::query_as(select).fetch_all(connection).await?;
    Ok(rows.into_iter().collect())
}

//! Opening PostgreSQL: a schema of its own for each service.

use std::{str::FromStr, time::Duration};

use sqlx::{
    AssertSqlSafe, ConnectOptions, Connection, Executor, PgConnection, migrate::MigrateError,
    pool::PoolOptions, postgres::PgConnectOptions,
};

use super::{ACQUIRE_TIMEOUT, OpenError, migration_error};
use crate::{Schema, db::Pools, location::place};

/// A server that does not answer within this time is taken for dead.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// Per service and process; PostgreSQL lets in 100 by default.
const CONNECTIONS: u32 = 10;

/// Settings of each session. Callers have gone long before these times are over; they
/// keep what nobody waits for from holding locks.
const SETTINGS: [(&str, &str); 4] = [
    ("synchronous_commit", "on"),
    ("lock_timeout", "5s"),
    ("statement_timeout", "30s"),
    ("idle_in_transaction_session_timeout", "30s"),
];

pub(crate) async fn open(url: &str, schema: &Schema) -> Result<Pools, OpenError> {
    let options = PgConnectOptions::from_str(url).map_err(|error| OpenError::BadUrl {
        cause: match error {
            sqlx::Error::Configuration(cause) => cause.to_string(),
            other => other.to_string(),
        },
    })?;
    let options = match options.get_application_name() {
        Some(_) => options,
        None => options.application_name(&format!("bookstore {}", schema.name)),
    }
    .options([("search_path", schema.name)]);
    let explain = |cause| explain(cause, &options, schema);

    // Migrations may take long, so they get a connection without the time limits. It is
    // closed after them: sqlx keeps its advisory lock when a migration fails.
    let mut connection = match tokio::time::timeout(CONNECT_TIMEOUT, options.connect()).await {
        Ok(outcome) => outcome.map_err(explain)?,
        Err(_) => {
            return Err(OpenError::Unreachable {
                place: place(&options),
                cause: format!("no answer within {} seconds", CONNECT_TIMEOUT.as_secs()),
            });
        }
    };
    let migrated = match create_schema(&mut connection, schema.name).await {
        Ok(()) => {
            schema
                .postgres
                .run_direct(None, &mut connection, false)
                .await
        }
        Err(error) => Err(error.into()),
    };
    // Nothing is left to be said on it: an error changes nothing.
    connection.close().await.ok();
    match migrated {
        Ok(()) => {}
        Err(MigrateError::Execute(cause)) => return Err(explain(cause)),
        Err(error) => return Err(migration_error(error, schema)),
    }

    let pool = PoolOptions::new()
        .max_connections(CONNECTIONS)
        .acquire_timeout(ACQUIRE_TIMEOUT)
        .connect_lazy_with(options.clone().options(SETTINGS));
    Ok(Pools::Postgres(pool))
}

/// Looks first: `IF NOT EXISTS` wants the right to create also where there is nothing to
/// create.
async fn create_schema(connection: &mut PgConnection, name: &str) -> Result<(), sqlx::Error> {
    const EXISTS: &str = "SELECT EXISTS (SELECT 1 FROM pg_namespace WHERE nspname = $1)";
    let exists: bool = sqlx::query_scalar(EXISTS)
        .bind(name)
        .fetch_one(&mut *connection)
        .await?;
    if exists {
        return Ok(());
    }
    let create = AssertSqlSafe(format!("CREATE SCHEMA IF NOT EXISTS \"{name}\""));
    match connection.execute(create).await {
        Ok(_) => Ok(()),
        // Another process was quicker by a moment.
        Err(sqlx::Error::Database(cause)) if cause.is_unique_violation() => Ok(()),
        Err(error) => Err(error),
    }
}

fn explain(cause: sqlx::Error, options: &PgConnectOptions, schema: &Schema) -> OpenError {
    let place = place(options);
    let user = options.get_username().to_owned();
    let database = options.get_database().unwrap_or(&user).to_owned();
    let said = match &cause {
        sqlx::Error::Database(said) => said.message().to_owned(),
        sqlx::Error::Io(said) => said.to_string(),
        sqlx::Error::Tls(said) => format!("{said} (sslmode {:?})", options.get_ssl_mode()),
        other => other.to_string(),
    };
    let code = cause
        .as_database_error()
        .and_then(|database_error| database_error.code())
        .map(|code| code.into_owned())
        .unwrap_or_default();
    match (code.as_str(), &cause) {
        // invalid_password, invalid_authorization_specification
        ("28P01" | "28000", _) => OpenError::CredentialsRefused { place, cause: said },
        // invalid_catalog_name
        ("3D000", _) => OpenError::NoSuchDatabase { place, database },
        // insufficient_privilege
        ("42501", _) => OpenError::NotPermitted {
            place,
            user,
            database,
            schema: schema.name,
            cause: said,
        },
        (_, sqlx::Error::Io(_) | sqlx::Error::Tls(_) | sqlx::Error::Protocol(_)) => {
            OpenError::Unreachable { place, cause: said }
        }
        // The server is starting, stopping or full.
        (code, _) if code.starts_with("57P") || code.starts_with("53") => {
            OpenError::Unreachable { place, cause: said }
        }
        _ => OpenError::Other {
            schema: schema.name,
            cause,
        },
    }
}

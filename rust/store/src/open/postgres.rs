//! Opening PostgreSQL: each service has its own schema in the database.

use std::{str::FromStr, time::Duration};

use sqlx::{
    AssertSqlSafe, ConnectOptions, Connection, Executor, PgConnection, migrate::MigrateError,
    postgres::PgConnectOptions,
};
use tokio::time::{Instant, sleep};

use super::OpenError;
use crate::{
    Schema,
    location::redacted_url,
    migrations,
    postgres::{MAX_BACKOFF, MIN_BACKOFF, Postgres},
};

/// A server that does not answer within this time is reported as unreachable.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// Settings of each session. The timeouts are longer than callers wait; they prevent
/// abandoned statements and transactions from holding locks.
const SETTINGS: [(&str, &str); 4] = [
    ("synchronous_commit", "on"),
    ("lock_timeout", "5s"),
    ("statement_timeout", "30s"),
    ("idle_in_transaction_session_timeout", "30s"),
];

/// The options of a connection for a schema.
pub(super) fn options(url: &str, schema: &Schema) -> Result<PgConnectOptions, OpenError> {
    let options = PgConnectOptions::from_str(url).map_err(|error| OpenError::InvalidUrl {
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
    Ok(options)
}

/// A connection without timeouts of statements.
pub(super) async fn connect(
    options: &PgConnectOptions,
    schema: &Schema,
) -> Result<PgConnection, OpenError> {
    match tokio::time::timeout(CONNECT_TIMEOUT, options.connect()).await {
        Ok(outcome) => outcome.map_err(|cause| open_error(cause, options, schema)),
        Err(_) => Err(OpenError::Unreachable {
            redacted_url: redacted_url(options),
            cause: format!("no answer within {} seconds", CONNECT_TIMEOUT.as_secs()),
        }),
    }
}

pub(super) async fn wait_for_server(
    url: &str,
    schema: &Schema,
    limit: Duration,
) -> Result<(), OpenError> {
    let options = options(url, schema)?;
    let deadline = Instant::now() + limit;
    let mut backoff = MIN_BACKOFF;
    let mut logged = false;
    loop {
        let error = match connect(&options, schema).await {
            Ok(connection) => {
                // No statement is left to run, so an error of the close can be ignored.
                connection.close().await.ok();
                return Ok(());
            }
            Err(error) => error,
        };
        let wait = backoff.mul_f64(rand::random_range(0.5..1.0));
        if !matches!(error, OpenError::Unreachable { .. }) || Instant::now() + wait > deadline {
            return Err(error);
        }
        if !logged {
            tracing::warn!(%error, ?limit, "waiting for the database");
            logged = true;
        }
        sleep(wait).await;
        backoff = (backoff * 2).min(MAX_BACKOFF);
    }
}

pub(crate) async fn open(url: &str, schema: &Schema) -> Result<Postgres, OpenError> {
    let options = options(url, schema)?;
    let to_open_error = |cause| open_error(cause, &options, schema);

    // Migrations may take long, so they run on a connection without these timeouts. It is
    // closed afterwards, because sqlx does not release its advisory lock when a migration
    // fails.
    let mut connection = connect(&options, schema).await?;
    let migrated = migrate(&mut connection, schema).await;
    // No statement is left to run, so an error of the close can be ignored.
    connection.close().await.ok();
    match migrated {
        Ok(()) => {}
        Err(MigrateError::Execute(cause)) => return Err(to_open_error(cause)),
        Err(error) => return Err(migration_error(error, schema.name)),
    }

    Ok(Postgres::new(
        options.clone().options(SETTINGS),
        schema.name,
    ))
}

/// A read replica. Nothing is sent to it yet, so that it need not answer.
pub(crate) fn replica(url: &str, schema: &Schema) -> Result<Postgres, OpenError> {
    let options = options(url, schema)?.options(SETTINGS);
    Ok(Postgres::replica(options, schema.name))
}

async fn migrate(connection: &mut PgConnection, schema: &Schema) -> Result<(), MigrateError> {
    create_schema(connection, schema.name).await?;
    for migrator in [&*migrations::POSTGRES, schema.postgres] {
        migrator.run_direct(None, connection, false).await?;
    }
    Ok(())
}

/// Creates the schema if it does not exist. It checks first, because `CREATE SCHEMA IF NOT
/// EXISTS` needs the privilege to create even if the schema exists.
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
        // Another process created it after the check.
        Err(sqlx::Error::Database(cause)) if cause.is_unique_violation() => Ok(()),
        Err(error) => Err(error),
    }
}

fn migration_error(error: MigrateError, schema: &'static str) -> OpenError {
    match error {
        MigrateError::VersionMissing(version) => OpenError::SchemaTooNew { schema, version },
        MigrateError::VersionMismatch(version) => OpenError::MigrationChanged { schema, version },
        MigrateError::ExecuteMigration(cause, version) => OpenError::MigrationFailed {
            schema,
            version,
            cause: cause.into(),
        },
        other => OpenError::Other {
            schema,
            cause: sqlx::Error::from(other).into(),
        },
    }
}

pub(super) fn open_error(
    cause: sqlx::Error,
    options: &PgConnectOptions,
    schema: &Schema,
) -> OpenError {
    let redacted_url = redacted_url(options);
    let user = options.get_username().to_owned();
    let database = options.get_database().unwrap_or(&user).to_owned();
    let message = match &cause {
        sqlx::Error::Database(error) => error.message().to_owned(),
        sqlx::Error::Io(error) => error.to_string(),
        sqlx::Error::Tls(error) => format!("{error} (sslmode {:?})", options.get_ssl_mode()),
        other => other.to_string(),
    };
    let code = cause
        .as_database_error()
        .and_then(|database_error| database_error.code())
        .map(|code| code.into_owned())
        .unwrap_or_default();
    match (code.as_str(), &cause) {
        // SQLSTATE invalid_password, invalid_authorization_specification.
        ("28P01" | "28000", _) => OpenError::CredentialsRefused {
            redacted_url,
            cause: message,
        },
        // SQLSTATE invalid_catalog_name.
        ("3D000", _) => OpenError::NoSuchDatabase {
            redacted_url,
            database,
        },
        // SQLSTATE insufficient_privilege.
        ("42501", _) => OpenError::PermissionDenied {
            redacted_url,
            user,
            database,
            schema: schema.name,
            cause: message,
        },
        (_, sqlx::Error::Io(_) | sqlx::Error::Tls(_) | sqlx::Error::Protocol(_)) => {
            OpenError::Unreachable {
                redacted_url,
                cause: message,
            }
        }
        // SQLSTATE classes 57P (the server is starting or stopping) and 53 (out of resources).
        (code, _) if code.starts_with("57P") || code.starts_with("53") => OpenError::Unreachable {
            redacted_url,
            cause: message,
        },
        _ => OpenError::Other {
            schema: schema.name,
            cause: cause.into(),
        },
    }
}

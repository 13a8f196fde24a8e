//! Statements about sessions.

use jiff::Timestamp;
use service::AccountId;
use store::{Connection, Sql, Transaction, query};

use super::{to_time, to_uuid};
use crate::{
    AccountsError, Session, SessionId, TokenHash,
    domain::{SESSION_IDLE_LIFETIME, SESSION_LIFETIME},
};

macro_rules! columns {
    () => {
        "session_id, account_id, client_label, created_at, last_used_at"
    };
}

store::statements! {
    const INSERT = Sql::portable(
        "INSERT INTO sessions
             (session_id, token_hash, account_id, client_label, created_at, last_used_at)
         VALUES ($1, $2, $3, $4, $5, $5)",
    );

    const FIND = Sql::portable(
        concat!("SELECT ", columns!(), " FROM sessions
         WHERE token_hash = $1 AND created_at > $2 AND last_used_at > $3"),
    );

    const LIST = Sql::portable(
        concat!("SELECT ", columns!(), " FROM sessions
         WHERE account_id = $1 AND session_id < $2 AND created_at > $3 AND last_used_at > $4
         ORDER BY session_id DESC LIMIT $5"),
    );

    const RECORD_USE = Sql::portable(
        "UPDATE sessions SET last_used_at = $2 WHERE session_id = $1 AND last_used_at < $2",
    );

    const DELETE = Sql::portable(
        "DELETE FROM sessions
         WHERE session_id = $1 AND account_id = $2 AND created_at > $3 AND last_used_at > $4",
    );

    /// Ends all but the newest sessions.
    const DELETE_OLDEST = Sql::portable(
        "DELETE FROM sessions WHERE account_id = $1 AND session_id NOT IN (
             SELECT session_id FROM sessions WHERE account_id = $1
             ORDER BY session_id DESC LIMIT $2)",
    );

    const DELETE_OTHERS = Sql::portable(
        "DELETE FROM sessions WHERE account_id = $1 AND session_id <> $2",
    );

    const DELETE_OF_ACCOUNT = Sql::portable("DELETE FROM sessions WHERE account_id = $1");

    const PRUNE = Sql::portable(
        "DELETE FROM sessions WHERE created_at <= $1 OR last_used_at <= $2",
    );
}

store::row! {
    struct SessionRow {
        session_id: String,
        account_id: String,
        client_label: String,
        created_at: i64,
        last_used_at: i64,
    }
}

impl SessionRow {
    fn into_session(self) -> Result<Session, AccountsError> {
        Ok(Session {
            session_id: SessionId(to_uuid(&self.session_id)?),
            account_id: AccountId(to_uuid(&self.account_id)?),
            client_label: self.client_label,
            create_time: to_time(self.created_at)?,
            last_use_time: to_time(self.last_used_at)?,
        })
    }
}

/// Sessions are open now if they were created, and used, after these times in microseconds.
#[derive(Clone, Copy)]
struct OpenSince {
    created: i64,
    used: i64,
}

impl OpenSince {
    fn at(now: Timestamp) -> Self {
        let now = now.as_microsecond();
        let micros = |lifetime: jiff::SignedDuration| {
            i64::try_from(lifetime.as_micros()).unwrap_or(i64::MAX)
        };
        Self {
            created: now.saturating_sub(micros(SESSION_LIFETIME)),
            used: now.saturating_sub(micros(SESSION_IDLE_LIFETIME)),
        }
    }
}

/// Stores a new session.
pub(crate) async fn insert(
    transaction: &mut Transaction,
    session: &Session,
    token_hash: TokenHash,
) -> Result<(), AccountsError> {
    query(INSERT)
        .bind(session.session_id.to_string())
        .bind(token_hash.as_slice())
        .bind(session.account_id.to_string())
        .bind(&session.client_label)
        .bind(session.create_time.as_microsecond())
        .execute(transaction)
        .await?;
    Ok(())
}

/// The open session with a token.
pub(crate) async fn find(
    connection: &mut Connection,
    token_hash: TokenHash,
    now: Timestamp,
) -> Result<Option<Session>, AccountsError> {
    let open = OpenSince::at(now);
    let row: Option<SessionRow> = query(FIND)
        .bind(token_hash.as_slice())
        .bind(open.created)
        .bind(open.used)
        .fetch_optional(connection)
        .await?;
    row.map(SessionRow::into_session).transpose()
}

/// The open sessions of an account before `before`, newest first.
pub(crate) async fn list(
    connection: &mut Connection,
    account_id: AccountId,
    before: SessionId,
    now: Timestamp,
    limit: i64,
) -> Result<Vec<Session>, AccountsError> {
    let open = OpenSince::at(now);
    let rows: Vec<SessionRow> = query(LIST)
        .bind(account_id.to_string())
        .bind(before.to_string())
        .bind(open.created)
        .bind(open.used)
        .bind(limit)
        .fetch_all(connection)
        .await?;
    rows.into_iter().map(SessionRow::into_session).collect()
}

/// Records that a session is used now.
pub(crate) async fn record_use(
    transaction: &mut Transaction,
    session_id: SessionId,
    now: Timestamp,
) -> Result<(), AccountsError> {
    query(RECORD_USE)
        .bind(session_id.to_string())
        .bind(now.as_microsecond())
        .execute(transaction)
        .await?;
    Ok(())
}

/// Ends a session of an account; `false` if the account has no such open session.
pub(crate) async fn delete(
    transaction: &mut Transaction,
    session_id: SessionId,
    account_id: AccountId,
    now: Timestamp,
) -> Result<bool, AccountsError> {
    let open = OpenSince::at(now);
    let deleted = query(DELETE)
        .bind(session_id.to_string())
        .bind(account_id.to_string())
        .bind(open.created)
        .bind(open.used)
        .execute(transaction)
        .await?;
    Ok(deleted == 1)
}

/// Ends all sessions of an account but its newest.
pub(crate) async fn delete_oldest(
    transaction: &mut Transaction,
    account_id: AccountId,
    keep: i64,
) -> Result<(), AccountsError> {
    let delete = query(DELETE_OLDEST).bind(account_id.to_string()).bind(keep);
    delete.execute(transaction).await?;
    Ok(())
}

/// Ends all sessions of an account but one.
pub(crate) async fn delete_others(
    transaction: &mut Transaction,
    account_id: AccountId,
    keep: SessionId,
) -> Result<(), AccountsError> {
    query(DELETE_OTHERS)
        .bind(account_id.to_string())
        .bind(keep.to_string())
        .execute(transaction)
        .await?;
    Ok(())
}

/// Ends all sessions of an account.
pub(crate) async fn delete_of_account(
    transaction: &mut Transaction,
    account_id: AccountId,
) -> Result<(), AccountsError> {
    let delete = query(DELETE_OF_ACCOUNT).bind(account_id.to_string());
    delete.execute(transaction).await?;
    Ok(())
}

/// Deletes expired sessions.
pub(crate) async fn prune(
    transaction: &mut Transaction,
    now: Timestamp,
) -> Result<u64, AccountsError> {
    let open = OpenSince::at(now);
    let prune = query(PRUNE).bind(open.created).bind(open.used);
    Ok(prune.long_running().execute(transaction).await?)
}

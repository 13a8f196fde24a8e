//! Statements about password resets.

use jiff::Timestamp;
use service::AccountId;
use store::{Connection, Sql, Transaction, query};

use super::to_uuid;
use crate::{AccountsError, TokenHash};

store::statements! {
    const INSERT = Sql::portable(
        "INSERT INTO password_resets (token_hash, account_id, requested_at) VALUES ($1, $2, $3)",
    );

    const GET = Sql::portable(
        "SELECT account_id, used_password_hash FROM password_resets
         WHERE token_hash = $1 AND requested_at > $2",
    );

    /// Of two concurrent uses only one succeeds.
    const USE = Sql::portable(
        "UPDATE password_resets SET used_password_hash = $2
         WHERE token_hash = $1 AND used_password_hash IS NULL",
    );

    const DELETE_OF_ACCOUNT = Sql::portable("DELETE FROM password_resets WHERE account_id = $1");

    const PRUNE = Sql::portable("DELETE FROM password_resets WHERE requested_at <= $1");
}

/// A password reset as stored.
#[derive(Clone)]
pub(crate) struct StoredReset {
    pub(crate) account_id: AccountId,
    /// The password that was set with the token.
    pub(crate) used_password_hash: Option<String>,
}

/// Stores a reset. It replaces earlier ones of the account.
pub(crate) async fn replace(
    transaction: &mut Transaction,
    token_hash: TokenHash,
    account_id: AccountId,
    now: Timestamp,
) -> Result<(), AccountsError> {
    delete_of_account(transaction, account_id).await?;
    query(INSERT)
        .bind(token_hash.as_slice())
        .bind(account_id.to_string())
        .bind(now.as_microsecond())
        .execute(transaction)
        .await?;
    Ok(())
}

/// The reset with a token that was requested after `oldest`.
pub(crate) async fn get(
    connection: &mut Connection,
    token_hash: TokenHash,
    oldest: Timestamp,
) -> Result<Option<StoredReset>, AccountsError> {
    let row: Option<(String, Option<String>)> = query(GET)
        .bind(token_hash.as_slice())
        .bind(oldest.as_microsecond())
        .fetch_optional(connection)
        .await?;
    let Some((account_id, used_password_hash)) = row else {
        return Ok(None);
    };
    Ok(Some(StoredReset {
        account_id: AccountId(to_uuid(&account_id)?),
        used_password_hash,
    }))
}

/// Uses a reset up; `false` if it was used or replaced before.
pub(crate) async fn use_up(
    transaction: &mut Transaction,
    token_hash: TokenHash,
    password_hash: &str,
) -> Result<bool, AccountsError> {
    let used = query(USE)
        .bind(token_hash.as_slice())
        .bind(password_hash)
        .execute(transaction)
        .await?;
    Ok(used == 1)
}

/// Deletes all resets of an account.
pub(crate) async fn delete_of_account(
    transaction: &mut Transaction,
    account_id: AccountId,
) -> Result<(), AccountsError> {
    let delete = query(DELETE_OF_ACCOUNT).bind(account_id.to_string());
    delete.execute(transaction).await?;
    Ok(())
}

/// Deletes the resets that were requested before a time.
pub(crate) async fn prune(
    transaction: &mut Transaction,
    oldest: Timestamp,
) -> Result<u64, AccountsError> {
    let prune = query(PRUNE).bind(oldest.as_microsecond()).long_running();
    Ok(prune.execute(transaction).await?)
}

//! Statements about sign-ups that wait for the verification of their address.

use jiff::Timestamp;
use service::AccountId;
use store::{Connection, Sql, Transaction, query};

use super::to_uuid;
use crate::{AccountsError, EmailAddress, TokenHash};

store::statements! {
    const INSERT = Sql::portable(
        "INSERT INTO sign_ups (token_hash, email, password_hash, display_name, requested_at)
         VALUES ($1, $2, $3, $4, $5)",
    );

    /// An update, so that it locks the row until the account is created.
    const LOCK = Sql::portable(
        "UPDATE sign_ups SET account_id = account_id
         WHERE token_hash = $1 AND requested_at > $2
         RETURNING email, password_hash, display_name, account_id",
    );

    const COMPLETE = Sql::portable("UPDATE sign_ups SET account_id = $2 WHERE token_hash = $1");

    const DELETE_OF_ADDRESS = Sql::portable("DELETE FROM sign_ups WHERE email = $1");

    const PRUNE = Sql::portable("DELETE FROM sign_ups WHERE requested_at <= $1");
}

/// A sign-up as stored.
#[derive(Clone)]
pub(crate) struct StoredSignUp {
    pub(crate) email: EmailAddress,
    pub(crate) password_hash: String,
    pub(crate) display_name: String,
    /// The account that was created.
    pub(crate) account_id: Option<AccountId>,
}

/// Stores a sign-up.
pub(crate) async fn insert(
    transaction: &mut Transaction,
    token_hash: TokenHash,
    sign_up: &StoredSignUp,
    now: Timestamp,
) -> Result<(), AccountsError> {
    query(INSERT)
        .bind(token_hash.as_slice())
        .bind(sign_up.email.as_str())
        .bind(&sign_up.password_hash)
        .bind(&sign_up.display_name)
        .bind(now.as_microsecond())
        .execute(transaction)
        .await?;
    Ok(())
}

/// The sign-up with a token that was requested after `oldest`, locked until the end of the
/// transaction.
pub(crate) async fn lock(
    transaction: &mut Transaction,
    token_hash: TokenHash,
    oldest: Timestamp,
) -> Result<Option<StoredSignUp>, AccountsError> {
    type Row = (String, String, String, Option<String>);
    let connection: &mut Connection = transaction;
    let row: Option<Row> = query(LOCK)
        .bind(token_hash.as_slice())
        .bind(oldest.as_microsecond())
        .fetch_optional(connection)
        .await?;
    let Some((email, password_hash, display_name, account_id)) = row else {
        return Ok(None);
    };
    let account_id = account_id.as_deref().map(to_uuid).transpose()?;
    Ok(Some(StoredSignUp {
        email: EmailAddress::new(&email),
        password_hash,
        display_name,
        account_id: account_id.map(AccountId),
    }))
}

/// Records the account that was created with a token.
pub(crate) async fn complete(
    transaction: &mut Transaction,
    token_hash: TokenHash,
    account_id: AccountId,
) -> Result<(), AccountsError> {
    query(COMPLETE)
        .bind(token_hash.as_slice())
        .bind(account_id.to_string())
        .execute(transaction)
        .await?;
    Ok(())
}

/// Deletes all sign-ups of an address.
pub(crate) async fn delete_of_address(
    transaction: &mut Transaction,
    email: &EmailAddress,
) -> Result<(), AccountsError> {
    let delete = query(DELETE_OF_ADDRESS).bind(email.as_str());
    delete.execute(transaction).await?;
    Ok(())
}

/// Deletes the sign-ups that were requested before a time.
pub(crate) async fn prune(
    transaction: &mut Transaction,
    oldest: Timestamp,
) -> Result<u64, AccountsError> {
    let prune = query(PRUNE).bind(oldest.as_microsecond()).long_running();
    Ok(prune.execute(transaction).await?)
}

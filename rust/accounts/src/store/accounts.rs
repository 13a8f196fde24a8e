//! Statements about accounts.

use jiff::Timestamp;
use service::{AccountId, Address};
use store::{Connection, Sql, Transaction, query};

use super::{to_time, to_uuid};
use crate::{Account, AccountsError, EmailAddress, Profile, store::sign_ups::StoredSignUp};

macro_rules! columns {
    () => {
        "account_id, email, password_hash, display_name, default_shipping_address, created_at"
    };
}

store::statements! {
    const INSERT = Sql::portable(
        "INSERT INTO accounts (account_id, email, password_hash, display_name, created_at)
         VALUES ($1, $2, $3, $4, $5)
         ON CONFLICT (email) DO NOTHING",
    );

    const GET = Sql::portable(
        concat!("SELECT ", columns!(), " FROM accounts WHERE account_id = $1"),
    );

    const FIND = Sql::portable(
        concat!("SELECT ", columns!(), " FROM accounts WHERE email = $1"),
    );

    const UPDATE_PROFILE = Sql::portable(
        concat!("UPDATE accounts SET
             display_name = COALESCE($2, display_name),
             default_shipping_address =
                 CASE WHEN $3 THEN $4 ELSE default_shipping_address END
         WHERE account_id = $1 RETURNING ", columns!()),
    );

    /// Compares with the old hash, so that of two concurrent changes only one succeeds. It also
    /// locks the account.
    const REPLACE_PASSWORD = Sql::portable(
        "UPDATE accounts SET password_hash = $3 WHERE account_id = $1 AND password_hash = $2",
    );

    const SET_PASSWORD = Sql::portable(
        "UPDATE accounts SET password_hash = $2 WHERE account_id = $1",
    );

    const DELETE = Sql::portable("DELETE FROM accounts WHERE account_id = $1");
}

store::row! {
    struct AccountRow {
        account_id: String,
        email: String,
        password_hash: String,
        display_name: String,
        default_shipping_address: Option<String>,
        created_at: i64,
    }
}

/// An account as stored.
#[derive(Clone)]
pub(crate) struct StoredAccount {
    pub(crate) account: Account,
    pub(crate) password_hash: String,
}

impl AccountRow {
    fn into_account(self) -> Result<StoredAccount, AccountsError> {
        let address = self.default_shipping_address.map(|json| {
            serde_json::from_str::<Address>(&json)
                .map_err(|error| AccountsError::Corrupt(format!("a stored address: {error}")))
        });
        let account = Account {
            account_id: AccountId(to_uuid(&self.account_id)?),
            email: EmailAddress::new(&self.email),
            profile: Profile {
                display_name: self.display_name,
                default_shipping_address: address.transpose()?,
            },
            create_time: to_time(self.created_at)?,
        };
        Ok(StoredAccount {
            account,
            password_hash: self.password_hash,
        })
    }
}

/// Creates the account of a sign-up; `false` if its address has an account already.
pub(crate) async fn insert(
    transaction: &mut Transaction,
    account_id: AccountId,
    sign_up: &StoredSignUp,
    now: Timestamp,
) -> Result<bool, AccountsError> {
    let inserted = query(INSERT)
        .bind(account_id.to_string())
        .bind(sign_up.email.as_str())
        .bind(&sign_up.password_hash)
        .bind(&sign_up.display_name)
        .bind(now.as_microsecond())
        .execute(transaction)
        .await?;
    Ok(inserted == 1)
}

/// The account with an id.
pub(crate) async fn get(
    connection: &mut Connection,
    account_id: AccountId,
) -> Result<Option<StoredAccount>, AccountsError> {
    let row: Option<AccountRow> = query(GET)
        .bind(account_id.to_string())
        .fetch_optional(connection)
        .await?;
    row.map(AccountRow::into_account).transpose()
}

/// The account with an address.
pub(crate) async fn find(
    connection: &mut Connection,
    email: &EmailAddress,
) -> Result<Option<StoredAccount>, AccountsError> {
    let row: Option<AccountRow> = query(FIND)
        .bind(email.as_str())
        .fetch_optional(connection)
        .await?;
    row.map(AccountRow::into_account).transpose()
}

/// Changes a profile; `None` if the account does not exist. `address` is `None` to leave the
/// address as it is, and `Some(None)` to remove it.
pub(crate) async fn update_profile(
    transaction: &mut Transaction,
    account_id: AccountId,
    display_name: Option<&str>,
    address: Option<Option<String>>,
) -> Result<Option<Account>, AccountsError> {
    let row: Option<AccountRow> = query(UPDATE_PROFILE)
        .bind(account_id.to_string())
        .bind(display_name)
        .bind(address.is_some())
        .bind(address.flatten())
        .fetch_optional(transaction)
        .await?;
    let stored = row.map(AccountRow::into_account).transpose()?;
    Ok(stored.map(|stored| stored.account))
}

/// Replaces a password hash; `false` if the account does not have the old one any more.
pub(crate) async fn replace_password(
    transaction: &mut Transaction,
    account_id: AccountId,
    old_hash: &str,
    new_hash: &str,
) -> Result<bool, AccountsError> {
    let replaced = query(REPLACE_PASSWORD)
        .bind(account_id.to_string())
        .bind(old_hash)
        .bind(new_hash)
        .execute(transaction)
        .await?;
    Ok(replaced == 1)
}

/// Sets a password hash; `false` if the account does not exist.
pub(crate) async fn set_password(
    transaction: &mut Transaction,
    account_id: AccountId,
    new_hash: &str,
) -> Result<bool, AccountsError> {
    let set = query(SET_PASSWORD)
        .bind(account_id.to_string())
        .bind(new_hash)
        .execute(transaction)
        .await?;
    Ok(set == 1)
}

/// Deletes an account, which must have no sessions; `false` if it does not exist.
pub(crate) async fn delete(
    transaction: &mut Transaction,
    account_id: AccountId,
) -> Result<bool, AccountsError> {
    let deleted = query(DELETE).bind(account_id.to_string());
    Ok(deleted.execute(transaction).await? == 1)
}

//! Statements about accounts that were deleted.

use service::AccountId;
use store::{Connection, Sql, Transaction, query};

use crate::CartError;

store::statements! {
    const INSERT = Sql::portable(
        "INSERT INTO deleted_accounts (account_id, deleted_at) VALUES ($1, $2)
         ON CONFLICT (account_id) DO NOTHING",
    );

    const FIND = Sql::portable("SELECT deleted_at FROM deleted_accounts WHERE account_id = $1");
}

/// Records that an account was deleted.
pub(crate) async fn insert(
    transaction: &mut Transaction,
    account_id: AccountId,
    now: i64,
) -> Result<(), CartError> {
    let insert = query(INSERT).bind(account_id.to_string()).bind(now);
    insert.execute(transaction).await?;
    Ok(())
}

/// Whether an account was deleted.
pub(crate) async fn contains(
    connection: &mut Connection,
    account_id: AccountId,
) -> Result<bool, CartError> {
    let find = query(FIND).bind(account_id.to_string());
    let found: Option<(i64,)> = find.fetch_optional(connection).await?;
    Ok(found.is_some())
}

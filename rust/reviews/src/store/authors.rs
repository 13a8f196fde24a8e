//! Statements about the accounts that write reviews.

use service::AccountId;
use store::{Sql, Transaction, query};

use crate::ReviewsError;

store::statements! {
    const LOCK = Sql::portable(
        "INSERT INTO authors (account_id, deleted) VALUES ($1, false)
         ON CONFLICT (account_id) DO UPDATE SET deleted = authors.deleted RETURNING deleted",
    );

    const MARK_DELETED = Sql::portable(
        "INSERT INTO authors (account_id, deleted) VALUES ($1, true)
         ON CONFLICT (account_id) DO UPDATE SET deleted = true",
    );

    const REMOVE_NAMES = Sql::portable(
        "UPDATE reviews SET author_name = '' WHERE account_id = $1 AND author_name <> ''",
    );
}

/// Locks an account until the end of the transaction; `false` if it was deleted.
pub(crate) async fn lock(
    transaction: &mut Transaction,
    account_id: AccountId,
) -> Result<bool, ReviewsError> {
    let lock = query(LOCK).bind(account_id.to_string());
    let (deleted,): (bool,) = lock.fetch_one(transaction).await?;
    Ok(!deleted)
}

/// Records that an account was deleted, and removes its name from its reviews. Returns how many
/// had one.
pub(crate) async fn delete(
    transaction: &mut Transaction,
    account_id: AccountId,
) -> Result<u64, ReviewsError> {
    let mark = query(MARK_DELETED).bind(account_id.to_string());
    mark.execute(transaction).await?;
    let remove = query(REMOVE_NAMES).bind(account_id.to_string());
    Ok(remove.execute(transaction).await?)
}

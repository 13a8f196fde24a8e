//! Statements about the reviews for which Checkout did not respond.

use service::{AccountId, BookId};
use store::{Connection, Sql, Transaction, query};
use uuid::Uuid;

use crate::ReviewsError;

store::statements! {
    const UNCHECKED_ACCOUNT = Sql::portable(
        "SELECT account_id FROM reviews WHERE NOT purchase_checked AND account_id > $1
         ORDER BY account_id LIMIT 1",
    );

    const UNCHECKED = Sql::portable(
        "SELECT book_id FROM reviews WHERE NOT purchase_checked AND account_id = $1
         ORDER BY book_id LIMIT $2",
    );

    /// A review that was written meanwhile, and checked then, keeps its mark.
    const SET_CHECKED = Sql::portable(
        "UPDATE reviews SET verified_purchase = $3, purchase_checked = true
         WHERE book_id = $1 AND account_id = $2 AND NOT purchase_checked",
    );
}

/// The first account after this one with a review that was not checked.
pub(crate) async fn unchecked_account(
    connection: &mut Connection,
    after: Option<AccountId>,
) -> Result<Option<AccountId>, ReviewsError> {
    // The empty text is smaller than every UUID.
    let after = after.map(|account_id| account_id.to_string());
    let find = query(UNCHECKED_ACCOUNT).bind(after.unwrap_or_default());
    let row: Option<(String,)> = find.fetch_optional(connection).await?;
    let parse = |(text,): (String,)| {
        let parsed = Uuid::parse_str(&text).map(AccountId);
        parsed.map_err(|_| ReviewsError::Corrupt(format!("the account id {text:?}")))
    };
    row.map(parse).transpose()
}

/// The books of an account's reviews that were not checked, at most `limit`.
pub(crate) async fn unchecked(
    connection: &mut Connection,
    account_id: AccountId,
    limit: i64,
) -> Result<Vec<BookId>, ReviewsError> {
    let find = query(UNCHECKED).bind(account_id.to_string()).bind(limit);
    let rows: Vec<(i64,)> = find.fetch_all(connection).await?;
    let book_id = |(book_id,)| {
        let book_id = i32::try_from(book_id).map(BookId);
        book_id.map_err(|_| ReviewsError::Corrupt(format!("a book of the account {account_id}")))
    };
    rows.into_iter().map(book_id).collect()
}

/// Stores what Checkout said.
pub(crate) async fn set_checked(
    transaction: &mut Transaction,
    account_id: AccountId,
    book_id: BookId,
    bought: bool,
) -> Result<(), ReviewsError> {
    let set = query(SET_CHECKED)
        .bind(book_id.0)
        .bind(account_id.to_string())
        .bind(bought);
    set.execute(transaction).await?;
    Ok(())
}

//! Statements about how accounts have rated books.

use service::{AccountId, BookId};
use store::{Connection, Sql, query};
use uuid::Uuid;

use crate::{ReaderRating, ReviewsError, Stars};

store::statements! {
    const LIST = Sql::portable(
        "SELECT review_id, account_id, book_id, stars FROM reviews
         WHERE hidden_reason IS NULL AND review_id < $1
         ORDER BY review_id DESC LIMIT $2",
    );

    const LIST_OF_ACCOUNT = Sql::portable(
        "SELECT review_id, account_id, book_id, stars FROM reviews
         WHERE hidden_reason IS NULL AND account_id = $3 AND review_id < $1
         ORDER BY review_id DESC LIMIT $2",
    );
}

store::row! {
    struct ReaderRatingRow {
        review_id: String,
        account_id: String,
        book_id: i64,
        stars: i64,
    }
}

impl TryFrom<ReaderRatingRow> for ReaderRating {
    type Error = ReviewsError;

    fn try_from(row: ReaderRatingRow) -> Result<Self, ReviewsError> {
        let corrupt = |what, value: &dyn std::fmt::Display| {
            let review_id = &row.review_id;
            ReviewsError::Corrupt(format!("the {what} {value} of the review {review_id}"))
        };
        Ok(Self {
            review_id: Uuid::parse_str(&row.review_id).map_err(|error| corrupt("id", &error))?,
            account_id: Uuid::parse_str(&row.account_id)
                .map(AccountId)
                .map_err(|error| corrupt("account", &error))?,
            book_id: i32::try_from(row.book_id)
                .map(BookId)
                .map_err(|_| corrupt("book", &row.book_id))?,
            stars: Stars::new(row.stars).ok_or_else(|| corrupt("stars", &row.stars))?,
        })
    }
}

/// The ratings by one account or by all, from visible reviews that were written before the
/// review `before`, the most recently written first.
pub(crate) async fn list(
    connection: &mut Connection,
    account_id: Option<AccountId>,
    before: Uuid,
    limit: i64,
) -> Result<Vec<ReaderRating>, ReviewsError> {
    let list = |sql: Sql| query(sql).bind(before.to_string()).bind(limit);
    let list = match account_id {
        None => list(LIST),
        Some(account_id) => list(LIST_OF_ACCOUNT).bind(account_id.to_string()),
    };
    let rows: Vec<ReaderRatingRow> = list.long_running().fetch_all(connection).await?;
    rows.into_iter().map(ReaderRating::try_from).collect()
}

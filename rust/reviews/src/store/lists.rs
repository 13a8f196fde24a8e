//! Statements that list reviews. A page starts after the last review of the page before it,
//! and each order has an index.

use service::{AccountId, BookId};
use store::{Connection, Sql, query};

use super::reviews::ReviewRow;
use crate::{Review, ReviewOrder, ReviewsError};

store::statements! {
    const NEWEST = Sql::portable(
        "SELECT review_id, book_id, stars, title, body, author_name, created_at, updated_at,
             verified_purchase, hidden_reason
         FROM reviews WHERE book_id = $1 AND hidden_reason IS NULL
             AND (updated_at, review_id) < ($2, $3)
         ORDER BY updated_at DESC, review_id DESC LIMIT $4",
    );

    const MOST_STARS = Sql::portable(
        "SELECT review_id, book_id, stars, title, body, author_name, created_at, updated_at,
             verified_purchase, hidden_reason
         FROM reviews WHERE book_id = $1 AND hidden_reason IS NULL
             AND (stars, updated_at, review_id) < ($5, $2, $3)
         ORDER BY stars DESC, updated_at DESC, review_id DESC LIMIT $4",
    );

    const FEWEST_STARS = Sql::portable(
        "SELECT review_id, book_id, stars, title, body, author_name, created_at, updated_at,
             verified_purchase, hidden_reason
         FROM reviews WHERE book_id = $1 AND hidden_reason IS NULL
             AND stars >= $5 AND (stars > $5 OR (updated_at, review_id) < ($2, $3))
         ORDER BY stars, updated_at DESC, review_id DESC LIMIT $4",
    );

    const ALL = Sql::portable(
        "SELECT review_id, book_id, stars, title, body, author_name, created_at, updated_at,
             verified_purchase, hidden_reason
         FROM reviews WHERE (updated_at, review_id) < ($1, $2)
         ORDER BY updated_at DESC, review_id DESC LIMIT $3",
    );

    const ALL_HIDDEN = Sql::portable(
        "SELECT review_id, book_id, stars, title, body, author_name, created_at, updated_at,
             verified_purchase, hidden_reason
         FROM reviews WHERE hidden_reason IS NOT NULL AND (updated_at, review_id) < ($1, $2)
         ORDER BY updated_at DESC, review_id DESC LIMIT $3",
    );

    const OF_ACCOUNT = Sql::portable(
        "SELECT review_id, book_id, stars, title, body, author_name, created_at, updated_at,
             verified_purchase, hidden_reason
         FROM reviews WHERE account_id = $4 AND (updated_at, review_id) < ($1, $2)
         ORDER BY updated_at DESC, review_id DESC LIMIT $3",
    );
}

/// The place of a review in a list: what the list is ordered by.
#[derive(Debug, Clone)]
pub(crate) struct Position {
    pub(crate) stars: i64,
    pub(crate) updated_at: i64,
    pub(crate) review_id: String,
}

impl Position {
    /// The place before the first review in this order.
    pub(crate) fn start(order: ReviewOrder) -> Self {
        Self {
            stars: match order {
                ReviewOrder::FewestStarsFirst => 0,
                ReviewOrder::NewestFirst | ReviewOrder::MostStarsFirst => 6,
            },
            updated_at: i64::MAX,
            // Greater than every UUID.
            review_id: "~".to_owned(),
        }
    }
}

/// The visible reviews of a book after a place in the list, at most `limit`.
pub(crate) async fn of_book(
    connection: &mut Connection,
    book_id: BookId,
    order: ReviewOrder,
    after: &Position,
    limit: i64,
) -> Result<Vec<Review>, ReviewsError> {
    let list = |sql: Sql| {
        query(sql)
            .bind(book_id.0)
            .bind(after.updated_at)
            .bind(&after.review_id)
            .bind(limit)
    };
    let list = match order {
        ReviewOrder::NewestFirst => list(NEWEST),
        ReviewOrder::MostStarsFirst => list(MOST_STARS).bind(after.stars),
        ReviewOrder::FewestStarsFirst => list(FEWEST_STARS).bind(after.stars),
    };
    reviews(list.fetch_all(connection).await?)
}

/// The reviews of all books after a place in the list, newest first, at most `limit`.
pub(crate) async fn all(
    connection: &mut Connection,
    hidden_only: bool,
    after: &Position,
    limit: i64,
) -> Result<Vec<Review>, ReviewsError> {
    let list = query(if hidden_only { ALL_HIDDEN } else { ALL })
        .bind(after.updated_at)
        .bind(&after.review_id)
        .bind(limit);
    reviews(list.fetch_all(connection).await?)
}

/// The reviews of an account after a place in the list, newest first, at most `limit`.
pub(crate) async fn of_account(
    connection: &mut Connection,
    account_id: AccountId,
    after: &Position,
    limit: i64,
) -> Result<Vec<Review>, ReviewsError> {
    let list = query(OF_ACCOUNT)
        .bind(after.updated_at)
        .bind(&after.review_id)
        .bind(limit)
        .bind(account_id.to_string());
    reviews(list.fetch_all(connection).await?)
}

fn reviews(rows: Vec<ReviewRow>) -> Result<Vec<Review>, ReviewsError> {
    rows.into_iter().map(Review::try_from).collect()
}

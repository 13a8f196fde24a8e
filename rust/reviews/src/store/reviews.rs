//! Statements about single reviews.

use jiff::Timestamp;
use service::{AccountId, BookId};
use store::{Connection, Sql, Transaction, query};
use uuid::Uuid;

use crate::{Review, ReviewContent, ReviewsError, Stars};

store::statements! {
    const GET = Sql::portable(
        "SELECT review_id, book_id, stars, title, body, author_name, created_at, updated_at,
             verified_purchase, hidden_reason
         FROM reviews WHERE book_id = $1 AND account_id = $2",
    );

    const BY_ID = Sql::portable(
        "SELECT review_id, book_id, stars, title, body, author_name, created_at, updated_at,
             verified_purchase, hidden_reason
         FROM reviews WHERE review_id = $1",
    );

    const INSERT = Sql::portable(
        "INSERT INTO reviews (review_id, book_id, account_id, stars, title, body, author_name,
             created_at, updated_at, verified_purchase, purchase_checked)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)",
    );

    const UPDATE = Sql::portable(
        "UPDATE reviews SET stars = $2, title = $3, body = $4, author_name = $5, updated_at = $6,
             verified_purchase = $7, purchase_checked = $8
         WHERE review_id = $1",
    );

    const SET_HIDDEN = Sql::portable("UPDATE reviews SET hidden_reason = $2 WHERE review_id = $1");

    const DELETE = Sql::portable("DELETE FROM reviews WHERE review_id = $1");
}

store::row! {
    pub(super) struct ReviewRow {
        review_id: String,
        book_id: i64,
        stars: i64,
        title: String,
        body: String,
        author_name: String,
        created_at: i64,
        updated_at: i64,
        verified_purchase: bool,
        hidden_reason: Option<String>,
    }
}

impl TryFrom<ReviewRow> for Review {
    type Error = ReviewsError;

    fn try_from(row: ReviewRow) -> Result<Self, ReviewsError> {
        let corrupt = |what, value: &dyn std::fmt::Display| {
            ReviewsError::Corrupt(format!(
                "the {what} {value} of the review {}",
                row.review_id
            ))
        };
        let time =
            |what, micros| Timestamp::from_microsecond(micros).map_err(|_| corrupt(what, &micros));
        Ok(Self {
            review_id: Uuid::parse_str(&row.review_id).map_err(|error| corrupt("id", &error))?,
            book_id: i32::try_from(row.book_id)
                .map(BookId)
                .map_err(|_| corrupt("book", &row.book_id))?,
            created_at: time("time of creation", row.created_at)?,
            updated_at: time("time of change", row.updated_at)?,
            content: ReviewContent {
                stars: Stars::new(row.stars).ok_or_else(|| corrupt("stars", &row.stars))?,
                title: row.title,
                body: row.body,
                author_name: row.author_name,
            },
            verified_purchase: row.verified_purchase,
            hidden_reason: row.hidden_reason,
        })
    }
}

/// The review that an account has written about a book.
pub(crate) async fn get(
    connection: &mut Connection,
    account_id: AccountId,
    book_id: BookId,
) -> Result<Option<Review>, ReviewsError> {
    let get = query(GET).bind(book_id.0).bind(account_id.to_string());
    let row: Option<ReviewRow> = get.fetch_optional(connection).await?;
    row.map(Review::try_from).transpose()
}

/// A review.
pub(crate) async fn by_id(
    connection: &mut Connection,
    review_id: Uuid,
) -> Result<Option<Review>, ReviewsError> {
    let get = query(BY_ID).bind(review_id.to_string());
    let row: Option<ReviewRow> = get.fetch_optional(connection).await?;
    row.map(Review::try_from).transpose()
}

/// Adds a visible review. `purchase_checked` says whether its mark is certain.
pub(crate) async fn insert(
    transaction: &mut Transaction,
    account_id: AccountId,
    review: &Review,
    purchase_checked: bool,
) -> Result<(), ReviewsError> {
    let content = &review.content;
    let insert = query(INSERT)
        .bind(review.review_id.to_string())
        .bind(review.book_id.0)
        .bind(account_id.to_string())
        .bind(i64::from(content.stars.number()))
        .bind(&content.title)
        .bind(&content.body)
        .bind(&content.author_name)
        .bind(review.created_at.as_microsecond())
        .bind(review.updated_at.as_microsecond())
        .bind(review.verified_purchase)
        .bind(purchase_checked);
    insert.execute(transaction).await?;
    Ok(())
}

/// Replaces what the author and Checkout say. `purchase_checked` says whether the mark is
/// certain.
pub(crate) async fn update(
    transaction: &mut Transaction,
    review: &Review,
    purchase_checked: bool,
) -> Result<(), ReviewsError> {
    let content = &review.content;
    let update = query(UPDATE)
        .bind(review.review_id.to_string())
        .bind(i64::from(content.stars.number()))
        .bind(&content.title)
        .bind(&content.body)
        .bind(&content.author_name)
        .bind(review.updated_at.as_microsecond())
        .bind(review.verified_purchase)
        .bind(purchase_checked);
    update.execute(transaction).await?;
    Ok(())
}

/// Hides a review, or shows it again.
pub(crate) async fn set_hidden(
    transaction: &mut Transaction,
    review_id: Uuid,
    reason: Option<&str>,
) -> Result<(), ReviewsError> {
    let set = query(SET_HIDDEN).bind(review_id.to_string()).bind(reason);
    set.execute(transaction).await?;
    Ok(())
}

/// Deletes a review.
pub(crate) async fn delete(
    transaction: &mut Transaction,
    review_id: Uuid,
) -> Result<(), ReviewsError> {
    let delete = query(DELETE).bind(review_id.to_string());
    delete.execute(transaction).await?;
    Ok(())
}

//! The lists of reviews and of their ratings.

use service::{AccountId, BookId, InvalidPageToken, Page, PageScope};
use uuid::Uuid;

use crate::{
    ReaderRating, Review, ReviewOrder, Reviews, ReviewsError,
    store::{self as rows, lists::Position},
};

/// The version of the page tokens. Increase it when their content or an order changes.
pub(super) const TOKEN_VERSION: u8 = 1;

impl Reviews {
    /// A page of the visible reviews of a book.
    ///
    /// # Errors
    /// [`ReviewsError::InvalidPageToken`], or an error of the database.
    pub async fn list(
        &self,
        book_id: BookId,
        order: ReviewOrder,
        page_size: u32,
        page_token: &str,
    ) -> Result<Page<Review>, ReviewsError> {
        let scope = PageScope::new(TOKEN_VERSION, "ListReviews")
            .with(book_id.0.to_be_bytes())
            .with([order as u8]);
        let after = position(&scope, order, page_token)?;
        let limit = i64::from(page_size) + 1;
        let reviews = store::read_stale!(self.db(), connection => {
            rows::lists::of_book(connection, book_id, order, &after, limit).await
        })?;
        Page::from_items(reviews, page_size, |last| token_after(&scope, last))
    }

    /// A page of the reviews of all books, newest first.
    ///
    /// # Errors
    /// [`ReviewsError::InvalidPageToken`], or an error of the database.
    pub async fn list_all(
        &self,
        hidden_only: bool,
        page_size: u32,
        page_token: &str,
    ) -> Result<Page<Review>, ReviewsError> {
        let scope = PageScope::new(TOKEN_VERSION, "ListAllReviews").with([hidden_only.into()]);
        let after = position(&scope, ReviewOrder::NewestFirst, page_token)?;
        let limit = i64::from(page_size) + 1;
        let reviews = store::read!(self.db(), connection => {
            rows::lists::all(connection, hidden_only, &after, limit).await
        })?;
        Page::from_items(reviews, page_size, |last| token_after(&scope, last))
    }

    /// A page of the ratings by one account, or by all if it is `None`, from visible reviews,
    /// the most recently written first.
    ///
    /// # Errors
    /// [`ReviewsError::InvalidPageToken`], or an error of the database.
    pub async fn reader_ratings(
        &self,
        account_id: Option<AccountId>,
        page_size: u32,
        page_token: &str,
    ) -> Result<Page<ReaderRating>, ReviewsError> {
        let account = account_id.map_or_else(String::new, |account_id| account_id.to_string());
        let scope = PageScope::new(TOKEN_VERSION, "ListReaderRatings").with(account);
        let before = scope.decode_id(page_token)?;
        let limit = i64::from(page_size) + 1;
        let ratings = store::read!(self.db(), connection => {
            rows::reader_ratings::list(connection, account_id, before, limit).await
        })?;
        Page::from_items(ratings, page_size, |last| {
            Ok(scope.encode_id(last.review_id)?)
        })
    }
}

/// Where the page starts that a token names.
pub(super) fn position(
    scope: &PageScope,
    order: ReviewOrder,
    page_token: &str,
) -> Result<Position, InvalidPageToken> {
    let Some((stars, updated_at, review_id)) = scope.decode::<(i64, i64, String)>(page_token)?
    else {
        return Ok(Position::start(order));
    };
    let review_id = Uuid::parse_str(&review_id).map_err(|_| InvalidPageToken)?;
    Ok(Position {
        stars,
        updated_at,
        review_id: review_id.to_string(),
    })
}

/// The token of the page after a review.
pub(super) fn token_after(scope: &PageScope, last: &Review) -> Result<String, ReviewsError> {
    let (stars, review_id) = (last.content.stars.number(), last.review_id.to_string());
    Ok(scope.encode(&(stars, last.updated_at.as_microsecond(), review_id))?)
}

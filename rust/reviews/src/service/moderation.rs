//! What the operator does with reviews.

use uuid::Uuid;

use crate::{Review, Reviews, ReviewsError, store as rows};

impl Reviews {
    /// Hides a review from readers, or replaces the reason of a hidden one.
    ///
    /// # Errors
    /// [`ReviewsError::ReviewNotFound`], or an error of the database.
    pub async fn hide(&self, review_id: Uuid, reason: &str) -> Result<Review, ReviewsError> {
        self.set_hidden(review_id, Some(reason)).await
    }

    /// Makes a hidden review visible again.
    ///
    /// # Errors
    /// [`ReviewsError::ReviewNotFound`], or an error of the database.
    pub async fn show(&self, review_id: Uuid) -> Result<Review, ReviewsError> {
        self.set_hidden(review_id, None).await
    }

    async fn set_hidden(
        &self,
        review_id: Uuid,
        reason: Option<&str>,
    ) -> Result<Review, ReviewsError> {
        let not_found = || ReviewsError::ReviewNotFound(review_id);
        store::write!(self.db(), transaction => {
            // The book of a review never changes, so it is known before the lock. All else is
            // read again after it.
            let found = rows::reviews::by_id(transaction, review_id).await?;
            let book_id = found.ok_or_else(not_found)?.book_id;
            let counts = rows::ratings::lock(transaction, book_id).await?;
            let mut counts = counts.ok_or_else(|| {
                ReviewsError::Corrupt(format!("the book {book_id} has reviews and no rating"))
            })?;
            let found = rows::reviews::by_id(transaction, review_id).await?;
            let mut review = found.ok_or_else(not_found)?;
            let was_visible = review.is_visible();
            review.hidden_reason = reason.map(str::to_owned);
            rows::reviews::set_hidden(transaction, review_id, reason).await?;
            match (was_visible, review.is_visible()) {
                (true, false) => counts.remove(review.content.stars),
                (false, true) => counts.add(review.content.stars),
                (true, true) | (false, false) => return Ok(review),
            }
            rows::ratings::save(transaction, book_id, counts).await?;
            Ok::<_, ReviewsError>(review)
        })
    }
}

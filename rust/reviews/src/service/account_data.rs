//! What is kept about an account: its export, and its deletion.

use service::{AccountId, Page, PageScope};

use super::lists::{TOKEN_VERSION, position, token_after};
use crate::{Review, ReviewOrder, Reviews, ReviewsError, store as rows};

impl Reviews {
    /// A page of the reviews of an account, hidden or not, newest first.
    ///
    /// # Errors
    /// [`ReviewsError::InvalidPageToken`], or an error of the database.
    pub async fn account_data(
        &self,
        account_id: AccountId,
        page_size: u32,
        page_token: &str,
    ) -> Result<Page<Review>, ReviewsError> {
        let scope = PageScope::new(TOKEN_VERSION, "ExportAccountData").with(account_id.0);
        let after = position(&scope, ReviewOrder::NewestFirst, page_token)?;
        let limit = i64::from(page_size) + 1;
        let reviews = store::read!(self.db(), connection => {
            rows::lists::of_account(connection, account_id, &after, limit).await
        })?;
        Page::from_items(reviews, page_size, |last| token_after(&scope, last))
    }

    /// Removes the name from the reviews of an account that was deleted, and lets it write no
    /// more. The reviews remain.
    ///
    /// # Errors
    /// An error of the database.
    pub async fn delete_account_data(&self, account_id: AccountId) -> Result<(), ReviewsError> {
        let removed = store::write!(self.db(), transaction => {
            rows::authors::delete(transaction, account_id).await
        })?;
        tracing::debug!(%account_id, removed, "removed the names of reviews");
        Ok(())
    }
}

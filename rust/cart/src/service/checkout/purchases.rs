//! What accounts have bought, for Reviews and Recommendations.

use std::collections::HashSet;

use service::{AccountId, BookId, Page, PageScope};

use super::{Checkout, TOKEN_VERSION};
use crate::{CartError, OrderId, Purchase, store as rows};

impl Checkout {
    /// Which of the books an account has bought, in the order of `book_ids`.
    ///
    /// # Errors
    /// An error of the database.
    pub async fn bought(
        &self,
        account_id: AccountId,
        book_ids: &[BookId],
    ) -> Result<Vec<BookId>, CartError> {
        let ids: Vec<i64> = book_ids.iter().map(|book_id| book_id.0.into()).collect();
        let bought = store::read!(self.db(), connection => {
            rows::purchases::bought(connection, account_id, &ids).await
        })?;
        let bought: HashSet<i64> = bought.into_iter().collect();
        let book_ids = book_ids.iter().copied();
        Ok(book_ids
            .filter(|book_id| bought.contains(&book_id.0.into()))
            .collect())
    }

    /// A page of the purchases of one account, or of all if it is `None`, newest first.
    ///
    /// # Errors
    /// [`CartError::InvalidPageToken`], or an error of the database.
    pub async fn purchases(
        &self,
        account_id: Option<AccountId>,
        page_size: u32,
        page_token: &str,
    ) -> Result<Page<Purchase>, CartError> {
        let account = account_id.map_or_else(String::new, |account_id| account_id.to_string());
        let scope = PageScope::new(TOKEN_VERSION, "ListPurchases").with(account);
        let before = OrderId(scope.decode_id(page_token)?);
        let limit = i64::from(page_size) + 1;
        let purchases = store::read!(self.db(), connection => {
            rows::purchases::list(connection, account_id, before, limit).await
        })?;
        Page::from_items(purchases, page_size, |last| {
            Ok(scope.encode_id(last.order_id.0)?)
        })
    }
}

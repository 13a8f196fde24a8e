//! What is kept about an account: its export, and its deletion.

use service::{AccountId, Page, PageScope, page_size_within};

use super::{Checkout, TOKEN_VERSION};
use crate::{CartError, CartItems, CartOwner, Order, OrderId, store as rows};

/// The most lines that the orders of one page have together. A line is at most 1.3 kB long in a
/// message, so a page is shorter than 2 MB.
pub(crate) const MAX_LINES_ON_A_PAGE: usize = 1000;

impl Checkout {
    /// A page of what is kept about an account: the books in its cart, on the first page only,
    /// and its orders, newest first.
    ///
    /// # Errors
    /// [`CartError::InvalidPageToken`], or an error of the database.
    pub async fn account_data(
        &self,
        account_id: AccountId,
        page_size: u32,
        page_token: &str,
    ) -> Result<(CartItems, Page<Order>), CartError> {
        let scope = PageScope::new(TOKEN_VERSION, "ExportAccountData").with(account_id.0);
        let before = OrderId(scope.decode_id(page_token)?);
        let limit = i64::from(page_size) + 1;
        let (items, orders) = store::read!(self.db(), connection => {
            let items = if page_token.is_empty() {
                rows::carts::get(connection, CartOwner::Account(account_id)).await?
            } else {
                CartItems::default()
            };
            let orders = rows::orders::list(connection, account_id, before, limit).await?;
            Ok::<_, CartError>((items, orders))
        })?;
        let lines = orders.iter().map(|order| order.lines.len());
        let size = page_size_within(page_size, lines, MAX_LINES_ON_A_PAGE);
        let page = Page::from_items(orders, size, |last| {
            Ok::<_, CartError>(scope.encode_id(last.order_id.0)?)
        })?;
        Ok((items, page))
    }

    /// Deletes the cart of an account that was deleted, for good. The orders are kept.
    ///
    /// # Errors
    /// An error of the database.
    pub async fn delete_account_data(&self, account_id: AccountId) -> Result<(), CartError> {
        let (owner, now) = (CartOwner::Account(account_id), self.now().as_microsecond());
        store::write!(self.db(), transaction => {
            // Also an empty cart is locked, so that nothing is added meanwhile.
            rows::carts::lock_or_create(transaction, owner, now).await?;
            rows::deleted_accounts::insert(transaction, account_id, now).await?;
            rows::carts::delete(transaction, owner).await
        })
    }
}

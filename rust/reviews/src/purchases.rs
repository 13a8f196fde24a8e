//! The client of Checkout: which books an account has bought.

use std::{collections::HashSet, time::Duration};

use contract::bookstore::cart::v1::{
    CheckPurchasesRequest, checkout_service_client::CheckoutServiceClient,
};
use rpc::Channel;
use service::{AccountId, BookId};

/// How long a call waits for Checkout, so that reviews can be written while it hangs.
const TIME_LIMIT: Duration = Duration::from_secs(1);

/// Checkout does not respond in time, or fails.
#[derive(Debug, thiserror::Error)]
#[error("Checkout does not respond: {0}")]
pub(crate) struct CheckoutUnavailable(String);

/// The client.
#[derive(Debug, Clone)]
pub(crate) struct Purchases(CheckoutServiceClient<Channel>);

impl Purchases {
    pub(crate) fn new(checkout: Channel) -> Self {
        Self(CheckoutServiceClient::new(checkout))
    }

    /// Which of these books, at most 500, the account has bought.
    pub(crate) async fn of(
        &self,
        account_id: AccountId,
        book_ids: &[BookId],
    ) -> Result<HashSet<BookId>, CheckoutUnavailable> {
        let request = CheckPurchasesRequest {
            account_id: account_id.to_string(),
            book_ids: book_ids.iter().map(|book_id| book_id.0).collect(),
        };
        let mut client = self.0.clone();
        let response = tokio::time::timeout(TIME_LIMIT, client.check_purchases(request)).await;
        let response = response
            .map_err(|elapsed| CheckoutUnavailable(elapsed.to_string()))?
            .map_err(|status| CheckoutUnavailable(status.to_string()))?;
        let bought = response.into_inner().bought_book_ids;
        Ok(bought.into_iter().map(BookId).collect())
    }
}

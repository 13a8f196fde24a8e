//! The client of Accounts: the email addresses of buyers.

use contract::bookstore::accounts::v1::{
    GetAccountRequest, account_service_client::AccountServiceClient,
};
use rpc::Channel;
use service::{AccountId, convert};

use crate::CartError;

/// The client.
#[derive(Debug, Clone)]
pub(crate) struct Buyers(Channel);

impl Buyers {
    pub(crate) fn new(accounts: Channel) -> Self {
        Self(accounts)
    }

    /// The email address of an account.
    pub(crate) async fn email(&self, account_id: AccountId) -> Result<String, CartError> {
        let for_buyer = self.0.clone().on_behalf_of(rpc::AccountId(account_id.0));
        let mut client = AccountServiceClient::new(for_buyer);
        let response = client.get_account(GetAccountRequest {}).await;
        let response = response.map_err(|status| {
            tracing::warn!(%account_id, %status, "Accounts does not tell an email address");
            CartError::AccountsUnavailable
        })?;
        let account = convert::required("account", response.into_inner().account)?;
        Ok(account.email)
    }
}

//! The profile of an account.

use service::{AccountId, Address};

use crate::{Account, Accounts, AccountsError, ProfileChange, store as rows};

impl Accounts {
    /// Changes the profile of an account.
    ///
    /// # Errors
    /// [`AccountsError::SessionInvalid`] if the account was deleted.
    pub async fn update_profile(
        &self,
        account_id: AccountId,
        change: &ProfileChange,
    ) -> Result<Account, AccountsError> {
        let address = change.default_shipping_address.as_ref();
        let address = address.map(|address| address.as_ref().map(to_json).transpose());
        let address = address.transpose()?;
        let updated = store::write!(self.db(), transaction => {
            let name = change.display_name.as_deref();
            rows::accounts::update_profile(transaction, account_id, name, address.clone()).await
        })?;
        updated.ok_or(AccountsError::SessionInvalid)
    }
}

fn to_json(address: &Address) -> Result<String, AccountsError> {
    serde_json::to_string(address)
        .map_err(|error| AccountsError::Corrupt(format!("an address: {error}")))
}

//! The profile of an account, and the export of its data.

use service::{AccountId, Address};

use crate::{
    Account, Accounts, AccountsError, ProfileChange, SessionId, domain::MAX_SESSIONS, store as rows,
};

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

    /// Everything that this service knows about an account, as JSON.
    ///
    /// # Errors
    /// [`AccountsError::SessionInvalid`] if the account was deleted.
    pub async fn export(&self, account_id: AccountId) -> Result<String, AccountsError> {
        let now = self.now();
        let (stored, sessions) = store::read!(self.db(), connection => {
            let stored = rows::accounts::get(connection, account_id).await?;
            let all = SessionId(uuid::Uuid::max());
            let sessions =
                rows::sessions::list(connection, account_id, all, now, MAX_SESSIONS).await?;
            Ok::<_, AccountsError>((stored, sessions))
        })?;
        let account = stored.ok_or(AccountsError::SessionInvalid)?.account;
        let sessions = sessions.iter().map(|session| {
            serde_json::json!({
                "session_id": session.session_id.to_string(),
                "client_label": session.client_label,
                "create_time": session.create_time.to_string(),
                "last_use_time": session.last_use_time.to_string(),
                "expire_time": session.expire_time().to_string(),
            })
        });
        let document = serde_json::json!({
            "export_time": now.to_string(),
            "accounts": {
                "account_id": account.account_id.to_string(),
                "email": account.email.as_str(),
                "display_name": account.profile.display_name,
                "default_shipping_address": account.profile.default_shipping_address,
                "create_time": account.create_time.to_string(),
                "sessions": sessions.collect::<Vec<_>>(),
            },
        });
        Ok(document.to_string())
    }
}

fn to_json(address: &Address) -> Result<String, AccountsError> {
    serde_json::to_string(address)
        .map_err(|error| AccountsError::Corrupt(format!("an address: {error}")))
}

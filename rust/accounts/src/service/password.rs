//! Changing a password, and deleting an account, which asks for it.

use std::net::IpAddr;

use service::AccountId;

use super::{limits::Counted, mails::MailKind, sign_up::refuse_common};
use crate::{
    Accounts, AccountsError, Session, Verdict,
    domain::Attempt,
    store::{self as rows, accounts::StoredAccount},
};

impl Accounts {
    /// Sets a new password and ends all sessions but `session`. If the account has the new
    /// password already, nothing changes.
    ///
    /// # Errors
    /// [`AccountsError::PasswordWrong`], [`AccountsError::PasswordTooCommon`],
    /// [`AccountsError::TooManyAttempts`], [`AccountsError::SessionInvalid`], or that passwords
    /// cannot be hashed now.
    pub async fn change_password(
        &self,
        session: &Session,
        current: String,
        new: String,
        network: Option<IpAddr>,
    ) -> Result<(), AccountsError> {
        let account_id = session.account_id;
        let stored = self.stored_account(account_id).await?;
        let account = &stored.account;
        refuse_common(&new, account.email.as_str())?;
        let counted = self
            .count(Attempt::Password, &account.email, network)
            .await?;
        if self.has_password(&stored, new.clone()).await? {
            return store::write!(self.db(), transaction => {
                self.give_back(transaction, &counted).await
            });
        }
        if !self.has_password(&stored, current).await? {
            return Err(AccountsError::PasswordWrong);
        }
        let new_hash = self.passwords().hash(new).await?;
        store::write!(self.db(), transaction => {
            let old_hash = &stored.password_hash;
            if !rows::accounts::replace_password(transaction, account_id, old_hash, &new_hash)
                .await?
            {
                return Err(AccountsError::PasswordWrong);
            }
            self.give_back(transaction, &counted).await?;
            rows::sessions::delete_others(transaction, account_id, session.session_id).await?;
            rows::resets::delete_of_account(transaction, account_id).await?;
            let name = &account.profile.display_name;
            self.enqueue_mail(transaction, &account.email, name, MailKind::PasswordChanged).await
        })
    }

    /// Deletes an account with everything that this service keeps about it. The other services
    /// follow in the background.
    ///
    /// # Errors
    /// [`AccountsError::PasswordWrong`], [`AccountsError::TooManyAttempts`],
    /// [`AccountsError::SessionInvalid`] if it does not exist any more, or that passwords cannot
    /// be hashed now.
    pub async fn delete_account(
        &self,
        account_id: AccountId,
        current: String,
        network: Option<IpAddr>,
    ) -> Result<(), AccountsError> {
        let stored = self.stored_account(account_id).await?;
        let account = &stored.account;
        let counted = self
            .count(Attempt::Password, &account.email, network)
            .await?;
        if !self.has_password(&stored, current).await? {
            return Err(AccountsError::PasswordWrong);
        }
        store::write!(self.db(), transaction => {
            let hash = &stored.password_hash;
            // Locks the account, so that no session is opened meanwhile.
            if !rows::accounts::replace_password(transaction, account_id, hash, hash).await? {
                return Err(AccountsError::PasswordWrong);
            }
            self.delete_data(transaction, &stored, &counted).await
        })
    }

    async fn delete_data(
        &self,
        transaction: &mut store::Transaction,
        stored: &StoredAccount,
        counted: &Counted,
    ) -> Result<(), AccountsError> {
        let account = &stored.account;
        let account_id = account.account_id;
        self.give_back(transaction, counted).await?;
        rows::sessions::delete_of_account(transaction, account_id).await?;
        rows::resets::delete_of_account(transaction, account_id).await?;
        rows::sign_ups::delete_of_address(transaction, &account.email).await?;
        rows::accounts::delete(transaction, account_id).await?;
        self.enqueue_deletions(transaction, account_id).await?;
        let name = &account.profile.display_name;
        self.enqueue_mail(transaction, &account.email, name, MailKind::AccountDeleted)
            .await
    }

    async fn has_password(
        &self,
        stored: &StoredAccount,
        password: String,
    ) -> Result<bool, AccountsError> {
        let hash = Some(stored.password_hash.as_str());
        let verdict = self.passwords().verify(password, hash).await?;
        Ok(verdict != Verdict::Wrong)
    }
}

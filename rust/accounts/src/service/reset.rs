//! Setting a new password without the old one, by a mail.

use std::net::IpAddr;

use service::AccountId;
use store::idempotency::{self, RequestState};
use uuid::Uuid;

use super::{mails::MailKind, sign_up::refuse_common};
use crate::{
    Accounts, AccountsError, EmailAddress, Token, TokenHash, Verdict,
    domain::{Attempt, RESET_LIFETIME},
    store as rows,
};

/// The method name that is stored with the request id.
const METHOD: &str = "RequestPasswordReset";

impl Accounts {
    /// Sends a mail with a token for [`Accounts::reset_password`]. If the address has no
    /// account, no mail is sent, and the same work is done.
    ///
    /// # Errors
    /// [`AccountsError::TooManyAttempts`], [`AccountsError::RequestIdReused`], or an error of
    /// the database.
    pub async fn request_password_reset(
        &self,
        request_id: Uuid,
        email: &EmailAddress,
        network: Option<IpAddr>,
    ) -> Result<(), AccountsError> {
        let key = request_id.to_string();
        let body = email.as_str().as_bytes();
        let state = store::read!(self.db(), connection => {
            Ok::<_, AccountsError>(idempotency::find(connection, &key, METHOD, body).await?)
        })?;
        match state {
            RequestState::New => {}
            RequestState::Completed(_) => return Ok(()),
            RequestState::Conflict => return Err(AccountsError::RequestIdReused(request_id)),
        }
        let _counted = self.count(Attempt::Mail, email, network).await?;
        let token = Token::generate();
        let now = self.now();
        let nobody = AccountId(self.next_id());
        store::write!(self.db(), transaction => {
            match idempotency::claim(transaction, &key, METHOD, body, now.as_microsecond()).await? {
                RequestState::New => {}
                RequestState::Completed(_) => return Ok(()),
                RequestState::Conflict => return Err(AccountsError::RequestIdReused(request_id)),
            }
            let (account_id, name, kind) = match rows::accounts::find(transaction, email).await? {
                Some(stored) => {
                    let account = stored.account;
                    let name = account.profile.display_name;
                    (account.account_id, name, MailKind::password_reset(&token))
                }
                None => (nobody, String::new(), MailKind::None),
            };
            rows::resets::replace(transaction, token.hash(), account_id, now).await?;
            self.enqueue_mail(transaction, email, &name, kind).await?;
            idempotency::save_response(transaction, &key, &[]).await?;
            Ok(())
        })
    }

    /// Sets the password of the account for which a token was sent, and ends all its sessions.
    /// A second call with the same token and password changes nothing.
    ///
    /// # Errors
    /// [`AccountsError::ResetTokenInvalid`], [`AccountsError::PasswordTooCommon`],
    /// [`AccountsError::TooManyAttempts`], or that passwords cannot be hashed now.
    pub async fn reset_password(
        &self,
        token: &str,
        new: String,
        network: Option<IpAddr>,
    ) -> Result<(), AccountsError> {
        let token_hash = TokenHash::of(token);
        let oldest = self.before_now(RESET_LIFETIME);
        let (reset, stored) = store::read!(self.db(), connection => {
            let reset = rows::resets::get(connection, token_hash, oldest).await?;
            let reset = reset.ok_or(AccountsError::ResetTokenInvalid)?;
            let stored = rows::accounts::get(connection, reset.account_id).await?;
            let stored = stored.ok_or(AccountsError::ResetTokenInvalid)?;
            Ok::<_, AccountsError>((reset, stored))
        })?;
        let account = stored.account;
        refuse_common(&new, account.email.as_str())?;
        let counted = self
            .count(Attempt::Password, &account.email, network)
            .await?;
        if let Some(used) = &reset.used_password_hash {
            if self.passwords().verify(new, Some(used)).await? == Verdict::Wrong {
                return Err(AccountsError::ResetTokenInvalid);
            }
            return store::write!(self.db(), transaction => {
                self.give_back(transaction, &counted).await
            });
        }
        let new_hash = self.passwords().hash(new).await?;
        store::write!(self.db(), transaction => {
            if !rows::resets::use_up(transaction, token_hash, &new_hash).await?
                || !rows::accounts::set_password(transaction, account.account_id, &new_hash).await?
            {
                return Err(AccountsError::ResetTokenInvalid);
            }
            self.give_back(transaction, &counted).await?;
            rows::sessions::delete_of_account(transaction, account.account_id).await?;
            let name = &account.profile.display_name;
            self.enqueue_mail(transaction, &account.email, name, MailKind::PasswordChanged).await
        })
    }
}

//! Signing up: a mail proves that the address belongs to whoever signs up.

use std::net::IpAddr;

use service::AccountId;
use store::idempotency::{self, RequestState};

use super::mails::MailKind;
use crate::{
    Account, Accounts, AccountsError, SignUp, Token, TokenHash, Verdict,
    domain::{Attempt, Profile, SIGN_UP_LIFETIME},
    store::{self as rows, sign_ups::StoredSignUp},
};

/// The method name that is stored with the request id.
const METHOD: &str = "SignUp";

impl Accounts {
    /// Sends a mail with a token for [`Accounts::verify_email`]. If the address has an account,
    /// the mail says so, and the same work is done.
    ///
    /// # Errors
    /// [`AccountsError::PasswordTooCommon`], [`AccountsError::TooManyAttempts`],
    /// [`AccountsError::RequestIdReused`], or that passwords cannot be hashed now.
    pub async fn sign_up(
        &self,
        request: &SignUp,
        network: Option<IpAddr>,
    ) -> Result<(), AccountsError> {
        refuse_common(&request.password, request.email.as_str())?;
        let key = request.request_id.to_string();
        // The password is not part of it, because it may be hashed slowly only.
        let body = serde_json::json!([request.email.as_str(), request.display_name]);
        let body = body.to_string().into_bytes();
        let state = store::read!(self.db(), connection => {
            Ok::<_, AccountsError>(idempotency::find(connection, &key, METHOD, &body).await?)
        })?;
        if state == RequestState::Conflict {
            return Err(AccountsError::RequestIdReused(request.request_id));
        }
        if state != RequestState::New {
            let counted = self
                .count(Attempt::Password, &request.email, network)
                .await?;
            self.compare_with_first(request, state).await?;
            return store::write!(self.db(), transaction => {
                self.give_back(transaction, &counted).await
            });
        }
        let _counted = self.count(Attempt::Mail, &request.email, network).await?;
        let password_hash = self.passwords().hash(request.password.clone()).await?;
        let sign_up = StoredSignUp {
            email: request.email.clone(),
            password_hash,
            display_name: request.display_name.clone(),
            account_id: None,
        };
        let token = Token::generate();
        let now = self.now();
        let state = store::write!(self.db(), transaction => {
            let state =
                idempotency::claim(transaction, &key, METHOD, &body, now.as_microsecond()).await?;
            if state != RequestState::New {
                return Ok(state);
            }
            // A sign-up for an address with an account is stored too, so that it takes the
            // same time. Nobody gets its token.
            rows::sign_ups::insert(transaction, token.hash(), &sign_up, now).await?;
            let (name, kind) = match rows::accounts::find(transaction, &sign_up.email).await? {
                Some(stored) => (stored.account.profile.display_name, MailKind::AddressInUse),
                None => (sign_up.display_name.clone(), MailKind::verification(&token)),
            };
            self.enqueue_mail(transaction, &sign_up.email, &name, kind).await?;
            let response = sign_up.password_hash.as_bytes();
            idempotency::save_response(transaction, &key, response).await?;
            Ok::<_, AccountsError>(RequestState::New)
        })?;
        match state {
            RequestState::New => Ok(()),
            // A concurrent call with the same id was faster.
            state => self.compare_with_first(request, state).await,
        }
    }

    /// Checks that an earlier request with the same id had the same password.
    async fn compare_with_first(
        &self,
        request: &SignUp,
        state: RequestState,
    ) -> Result<(), AccountsError> {
        let reused = || AccountsError::RequestIdReused(request.request_id);
        let RequestState::Completed(password_hash) = state else {
            return Err(reused());
        };
        let password_hash = String::from_utf8(password_hash)
            .map_err(|_| AccountsError::Corrupt("a password hash is not text".to_owned()))?;
        let password = request.password.clone();
        match self
            .passwords()
            .verify(password, Some(&password_hash))
            .await?
        {
            Verdict::Right { .. } => Ok(()),
            Verdict::Wrong => Err(reused()),
        }
    }

    /// Creates the account of a sign-up, or returns the one that the token has created.
    ///
    /// # Errors
    /// [`AccountsError::VerificationTokenInvalid`].
    pub async fn verify_email(&self, token: &str) -> Result<Account, AccountsError> {
        let token_hash = TokenHash::of(token);
        let oldest = self.before_now(SIGN_UP_LIFETIME);
        let now = self.now();
        let account_id = AccountId(self.next_id());
        store::write!(self.db(), transaction => {
            let locked = rows::sign_ups::lock(transaction, token_hash, oldest).await?;
            let sign_up = locked.ok_or(AccountsError::VerificationTokenInvalid)?;
            if let Some(account_id) = sign_up.account_id {
                let created = rows::accounts::get(transaction, account_id).await?;
                let created = created.ok_or(AccountsError::VerificationTokenInvalid)?;
                return Ok(created.account);
            }
            if !rows::accounts::insert(transaction, account_id, &sign_up, now).await? {
                return Err(AccountsError::VerificationTokenInvalid);
            }
            rows::sign_ups::complete(transaction, token_hash, account_id).await?;
            Ok(Account {
                account_id,
                email: sign_up.email,
                profile: Profile {
                    display_name: sign_up.display_name,
                    default_shipping_address: None,
                },
                create_time: now,
            })
        })
    }
}

/// Refuses a new password that is guessed first.
pub(super) fn refuse_common(password: &str, email: &str) -> Result<(), AccountsError> {
    let lower_case = password.to_lowercase();
    let common = [password, &lower_case].map(passwords::analyzer::is_common_password);
    if common.contains(&true) || lower_case == email {
        return Err(AccountsError::PasswordTooCommon);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn common_passwords_and_the_address_are_refused() {
        for refused in ["password123", "Football", "ADA@example.org", "1234567890"] {
            assert!(
                refuse_common(refused, "ada@example.org").is_err(),
                "{refused}"
            );
        }
        for accepted in ["correct horse battery", "grace@example.org"] {
            assert!(
                refuse_common(accepted, "ada@example.org").is_ok(),
                "{accepted}"
            );
        }
    }
}

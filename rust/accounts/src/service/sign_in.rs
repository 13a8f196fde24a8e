//! Signing in.

use std::net::IpAddr;

use crate::{
    Accounts, AccountsError, EmailAddress, Session, SessionId, Token, Verdict,
    domain::{Attempt, MAX_SESSIONS},
    store as rows,
};

impl Accounts {
    /// Opens a session, and returns it with its token.
    ///
    /// # Errors
    /// [`AccountsError::SignInRefused`], with the same work whether or not the address has an
    /// account; [`AccountsError::TooManyAttempts`]; or that passwords cannot be hashed now.
    pub async fn sign_in(
        &self,
        email: &EmailAddress,
        password: String,
        client_label: String,
        network: Option<IpAddr>,
    ) -> Result<(Token, Session), AccountsError> {
        let counted = self.count(Attempt::Password, email, network).await?;
        let found = store::read!(self.db(), connection => {
            rows::accounts::find(connection, email).await
        })?;
        let hash = found.as_ref().map(|found| found.password_hash.as_str());
        let verdict = self.passwords().verify(password.clone(), hash).await?;
        let (Verdict::Right { outdated }, Some(found)) = (verdict, found) else {
            return Err(AccountsError::SignInRefused);
        };
        let new_hash = if outdated {
            self.passwords().hash(password).await?
        } else {
            found.password_hash.clone()
        };
        let account_id = found.account.account_id;
        let token = Token::generate();
        let now = self.now();
        let session = Session {
            session_id: SessionId(self.next_id()),
            account_id,
            client_label,
            create_time: now,
            last_use_time: now,
        };
        store::write!(self.db(), transaction => {
            // Also locks the account, and notices that the password was changed meanwhile.
            let old_hash = &found.password_hash;
            if !rows::accounts::replace_password(transaction, account_id, old_hash, &new_hash)
                .await?
            {
                return Err(AccountsError::SignInRefused);
            }
            self.give_back(transaction, &counted).await?;
            rows::sessions::delete_oldest(transaction, account_id, MAX_SESSIONS - 1).await?;
            rows::sessions::insert(transaction, &session, token.hash()).await
        })?;
        Ok((token, session))
    }
}

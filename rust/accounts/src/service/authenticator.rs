//! Verifies the session tokens of all calls to the process that serves Accounts.

use futures::{FutureExt as _, future::BoxFuture};
use rpc::{AuthenticationError, Authenticator, Caller};

use crate::{Accounts, AccountsError};

/// Looks session tokens up in the database, so that a session that has ended is refused at once.
#[derive(Debug, Clone)]
pub struct SessionAuthenticator(Accounts);

impl Accounts {
    /// The authenticator for the process that serves Accounts.
    pub fn authenticator(&self) -> SessionAuthenticator {
        SessionAuthenticator(self.clone())
    }
}

impl Authenticator for SessionAuthenticator {
    fn authenticate<'a>(
        &'a self,
        token: &'a str,
    ) -> BoxFuture<'a, Result<Caller, AuthenticationError>> {
        async move {
            match self.0.session(token).await {
                Ok(session) => Ok(Caller::Account(rpc::AccountId(session.account_id.0))),
                Err(AccountsError::SessionInvalid) => Err(AuthenticationError::Refused),
                Err(error) => Err(AuthenticationError::Unavailable(error.to_string())),
            }
        }
        .boxed()
    }
}

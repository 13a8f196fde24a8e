//! Verifies session tokens in a process without Accounts, by asking it.

use std::{sync::Arc, time::Duration};

use contract::bookstore::accounts::v1::{
    GetSessionRequest, session_service_client::SessionServiceClient,
};
use futures::{FutureExt, future::BoxFuture};
use rpc::{AccountId, AuthenticationError, Authenticator, CachedAuthenticator, Caller, Channel};
use tonic::{Code, Request};
use uuid::Uuid;

/// How long a token that was verified is accepted without asking again. For so long a session
/// that has ended can still be used in other processes than that of Accounts.
const TIME_TO_LIVE: Duration = Duration::from_secs(5);

/// Asks the Accounts service of another process to whom a token belongs.
pub struct RemoteSessions(SessionServiceClient<Channel>);

impl RemoteSessions {
    /// An authenticator that asks over a channel to Accounts, and remembers the answers for
    /// five seconds.
    pub fn authenticator(accounts: Channel) -> Arc<dyn Authenticator> {
        let client = SessionServiceClient::new(accounts);
        Arc::new(CachedAuthenticator::new(Self(client), TIME_TO_LIVE))
    }

    async fn caller(&self, token: &str) -> Result<Caller, AuthenticationError> {
        let unavailable = |cause: &str| AuthenticationError::Unavailable(cause.to_owned());
        // A token that cannot be metadata cannot be that of a session.
        let bearer = format!("Bearer {token}").parse();
        let bearer = bearer.map_err(|_| AuthenticationError::Refused)?;
        let mut request = Request::new(GetSessionRequest {});
        request.metadata_mut().insert("authorization", bearer);
        match self.0.clone().get_session(request).await {
            Ok(response) => {
                let session = response.into_inner().session;
                let account_id = session.and_then(|found| Uuid::parse_str(&found.account_id).ok());
                let account_id = account_id.ok_or_else(|| unavailable("the answer has no id"))?;
                Ok(Caller::Account(AccountId(account_id)))
            }
            Err(status) if status.code() == Code::Unauthenticated => {
                Err(AuthenticationError::Refused)
            }
            Err(status) => Err(unavailable(status.message())),
        }
    }
}

impl Authenticator for RemoteSessions {
    fn authenticate<'a>(
        &'a self,
        token: &'a str,
    ) -> BoxFuture<'a, Result<Caller, AuthenticationError>> {
        self.caller(token).boxed()
    }
}

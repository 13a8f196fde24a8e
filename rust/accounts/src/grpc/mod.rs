//! The gRPC services of `bookstore.accounts.v1`: convert messages and call [`Accounts`]. The
//! codec has validated every request before it arrives here.

mod accounts;
mod from_proto;
mod sessions;
mod to_proto;

use contract::bookstore::accounts::v1::{
    account_service_server::AccountServiceServer, session_service_server::SessionServiceServer,
};
use service::AccountId;
use tonic::{Request, Response, Status};

use crate::{Accounts, AccountsError, Session};

/// The handler of `bookstore.accounts.v1.AccountService`.
#[derive(Debug, Clone)]
pub struct AccountGrpc(Accounts);

/// The handler of `bookstore.accounts.v1.SessionService`.
#[derive(Debug, Clone)]
pub struct SessionGrpc(Accounts);

impl Accounts {
    /// The gRPC service `bookstore.accounts.v1.AccountService`, to be added to a router.
    pub fn server(&self) -> AccountServiceServer<AccountGrpc> {
        AccountServiceServer::new(AccountGrpc(self.clone()))
    }

    /// The gRPC service `bookstore.accounts.v1.SessionService`, to be added to a router.
    pub fn session_server(&self) -> SessionServiceServer<SessionGrpc> {
        SessionServiceServer::new(SessionGrpc(self.clone()))
    }
}

type RpcResult<T> = Result<Response<T>, Status>;

/// The account of the caller.
fn account_of<T>(request: &Request<T>) -> Result<AccountId, Status> {
    Ok(AccountId(rpc::Caller::require_account(request)?.0))
}

/// The session of the call. The caller is authenticated, so it has a token, but the session may
/// have ended meanwhile.
async fn session_of<T>(accounts: &Accounts, request: &Request<T>) -> Result<Session, Status> {
    let token = rpc::bearer_token(request.metadata().as_ref()).unwrap_or_default();
    let session = accounts.session(token).await?;
    if session.account_id == account_of(request)? {
        Ok(session)
    } else {
        Err(AccountsError::SessionInvalid.into())
    }
}

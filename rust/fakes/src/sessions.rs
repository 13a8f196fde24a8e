//! The fake of `bookstore.accounts.v1.SessionService`.

use contract::{
    bookstore::accounts::v1::{session_service_server::SessionService, *},
    errors::{accounts as errors, shared},
};
use rpc::bearer_token;
use tonic::{Request, Response, Status};
use uuid::Uuid;

use crate::{FakeAccounts, accounts::refused, lock};

#[tonic::async_trait]
impl SessionService for FakeAccounts {
    async fn sign_in(
        &self,
        request: Request<SignInRequest>,
    ) -> Result<Response<SignInResponse>, Status> {
        self.faults.apply("sign_in").await?;
        let told = request.metadata().get("bindery-client-address");
        let told = told.and_then(|value| Some(value.to_str().ok()?.to_owned()));
        let request = request.into_inner();
        let mut state = lock(&self.state);
        state.clients.push(told);
        let mut accounts = state.accounts.iter();
        let owned = accounts.find(|owned| owned.account.email == request.email);
        let owned = owned.filter(|owned| owned.password == request.password);
        let owned = owned.ok_or_else(|| refused(errors::SIGN_IN_REFUSED))?;
        let id = Uuid::new_v4();
        let now = Some(prost_types::Timestamp::default());
        let session = Session {
            session_id: id.to_string(),
            account_id: owned.account.account_id.clone(),
            client_label: request.client_label,
            create_time: now,
            expire_time: now,
            last_use_time: now,
        };
        let session_token = format!("token-{}", id.simple());
        state
            .sessions
            .insert(session_token.clone(), session.clone());
        Ok(Response::new(SignInResponse {
            session_token,
            session: Some(session),
        }))
    }

    async fn sign_out(
        &self,
        request: Request<SignOutRequest>,
    ) -> Result<Response<SignOutResponse>, Status> {
        self.faults.apply("sign_out").await?;
        let headers = request.metadata().clone().into_headers();
        let token = bearer_token(&headers).unwrap_or_default();
        lock(&self.state).sessions.remove(token);
        Ok(Response::new(SignOutResponse {}))
    }

    async fn get_session(
        &self,
        _: Request<GetSessionRequest>,
    ) -> Result<Response<GetSessionResponse>, Status> {
        Err(Status::unimplemented("not part of the fake"))
    }

    async fn list_sessions(
        &self,
        request: Request<ListSessionsRequest>,
    ) -> Result<Response<ListSessionsResponse>, Status> {
        self.faults.apply("list_sessions").await?;
        let headers = request.metadata().clone().into_headers();
        let state = lock(&self.state);
        let current = bearer_token(&headers).and_then(|token| state.sessions.get(token));
        let current = current.ok_or_else(|| refused(shared::SESSION_INVALID))?;
        let sessions = state.sessions.values();
        let own = sessions.filter(|session| session.account_id == current.account_id);
        Ok(Response::new(ListSessionsResponse {
            sessions: own.cloned().collect(),
            current_session_id: current.session_id.clone(),
            next_page_token: String::new(),
        }))
    }

    async fn revoke_session(
        &self,
        request: Request<RevokeSessionRequest>,
    ) -> Result<Response<RevokeSessionResponse>, Status> {
        self.faults.apply("revoke_session").await?;
        let id = request.into_inner().session_id;
        let mut state = lock(&self.state);
        state.sessions.retain(|_, session| session.session_id != id);
        Ok(Response::new(RevokeSessionResponse {}))
    }
}

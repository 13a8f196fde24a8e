//! The handlers of `SessionService`.

use contract::bookstore::accounts::v1::{
    GetSessionRequest, GetSessionResponse, ListSessionsRequest, ListSessionsResponse,
    RevokeSessionRequest, RevokeSessionResponse, SignInRequest, SignInResponse, SignOutRequest,
    SignOutResponse, session_service_server::SessionService,
};
use service::{convert, page_size};
use tonic::Request;

use super::{RpcResult, SessionGrpc, account_of, session_of};
use crate::{EmailAddress, SessionId};

#[tonic::async_trait]
impl SessionService for SessionGrpc {
    async fn sign_in(&self, request: Request<SignInRequest>) -> RpcResult<SignInResponse> {
        let network = rpc::client_network(&request);
        let request = request.into_inner();
        let email = EmailAddress::new(&request.email);
        let opened = self
            .0
            .sign_in(&email, request.password, request.client_label, network)
            .await?;
        let (token, session) = opened;
        Ok(SignInResponse {
            session_token: token.expose().to_owned(),
            session: Some(session.into()),
        }
        .into())
    }

    async fn sign_out(&self, request: Request<SignOutRequest>) -> RpcResult<SignOutResponse> {
        let session = session_of(&self.0, &request).await?;
        self.0.sign_out(&session).await?;
        Ok(SignOutResponse {}.into())
    }

    async fn get_session(
        &self,
        request: Request<GetSessionRequest>,
    ) -> RpcResult<GetSessionResponse> {
        let session = session_of(&self.0, &request).await?;
        let session = Some(session.into());
        Ok(GetSessionResponse { session }.into())
    }

    async fn list_sessions(
        &self,
        request: Request<ListSessionsRequest>,
    ) -> RpcResult<ListSessionsResponse> {
        let current = session_of(&self.0, &request).await?;
        let request = request.into_inner();
        let size = page_size(request.page_size)?;
        let page = self
            .0
            .sessions(current.account_id, size, &request.page_token)
            .await?;
        Ok(ListSessionsResponse {
            sessions: page.items.into_iter().map(Into::into).collect(),
            current_session_id: current.session_id.to_string(),
            next_page_token: page.next_page_token,
        }
        .into())
    }

    async fn revoke_session(
        &self,
        request: Request<RevokeSessionRequest>,
    ) -> RpcResult<RevokeSessionResponse> {
        let account_id = account_of(&request)?;
        let session_id = convert::uuid("session_id", &request.into_inner().session_id)?;
        self.0
            .revoke_session(account_id, SessionId(session_id))
            .await?;
        Ok(RevokeSessionResponse {}.into())
    }
}

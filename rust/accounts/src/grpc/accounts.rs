//! The handlers of `AccountService`.

use std::pin::Pin;

use contract::bookstore::accounts::v1::{
    ChangePasswordRequest, ChangePasswordResponse, DeleteAccountRequest, DeleteAccountResponse,
    ExportAccountRequest, ExportAccountResponse, GetAccountRequest, GetAccountResponse,
    ListOutboxMessagesRequest, ListOutboxMessagesResponse, RequestPasswordResetRequest,
    RequestPasswordResetResponse, ResetPasswordRequest, ResetPasswordResponse,
    RetryOutboxMessageRequest, RetryOutboxMessageResponse, SignUpRequest, SignUpResponse,
    UpdateAccountRequest, UpdateAccountResponse, VerifyEmailRequest, VerifyEmailResponse,
    account_service_server::AccountService,
};
use futures::{Stream, StreamExt as _};
use service::{convert, page_size};
use tonic::{Request, Response, Status};

use super::{AccountGrpc, RpcResult, account_of, from_proto, session_of};
use crate::{AccountsError, EmailAddress};

#[tonic::async_trait]
impl AccountService for AccountGrpc {
    async fn sign_up(&self, request: Request<SignUpRequest>) -> RpcResult<SignUpResponse> {
        let network = rpc::client_network(&request);
        let sign_up = from_proto::sign_up(request.into_inner())?;
        self.0.sign_up(&sign_up, network).await?;
        Ok(SignUpResponse {}.into())
    }

    async fn verify_email(
        &self,
        request: Request<VerifyEmailRequest>,
    ) -> RpcResult<VerifyEmailResponse> {
        let request = request.into_inner();
        let account = self.0.verify_email(&request.verification_token).await?;
        let account = Some(account.into());
        Ok(VerifyEmailResponse { account }.into())
    }

    async fn get_account(
        &self,
        request: Request<GetAccountRequest>,
    ) -> RpcResult<GetAccountResponse> {
        let account = self.0.account(account_of(&request)?).await?;
        let account = Some(account.into());
        Ok(GetAccountResponse { account }.into())
    }

    async fn update_account(
        &self,
        request: Request<UpdateAccountRequest>,
    ) -> RpcResult<UpdateAccountResponse> {
        let account_id = account_of(&request)?;
        let change = from_proto::profile_change(request.into_inner())?;
        let account = self.0.update_profile(account_id, &change).await?;
        let account = Some(account.into());
        Ok(UpdateAccountResponse { account }.into())
    }

    async fn change_password(
        &self,
        request: Request<ChangePasswordRequest>,
    ) -> RpcResult<ChangePasswordResponse> {
        let network = rpc::client_network(&request);
        let session = session_of(&self.0, &request).await?;
        let request = request.into_inner();
        let (current, new) = (request.current_password, request.new_password);
        self.0
            .change_password(&session, current, new, network)
            .await?;
        Ok(ChangePasswordResponse {}.into())
    }

    type ExportAccountStream =
        Pin<Box<dyn Stream<Item = Result<ExportAccountResponse, Status>> + Send>>;

    async fn export_account(
        &self,
        request: Request<ExportAccountRequest>,
    ) -> RpcResult<Self::ExportAccountStream> {
        let pieces = self.0.export(account_of(&request)?).await?;
        let responses = pieces.map(|piece| {
            let document_piece = piece?;
            Ok(ExportAccountResponse { document_piece })
        });
        Ok(Response::new(Box::pin(responses)))
    }

    async fn request_password_reset(
        &self,
        request: Request<RequestPasswordResetRequest>,
    ) -> RpcResult<RequestPasswordResetResponse> {
        let network = rpc::client_network(&request);
        let request = request.into_inner();
        let request_id = convert::uuid("request_id", &request.request_id)?;
        let email = EmailAddress::new(&request.email);
        self.0
            .request_password_reset(request_id, &email, network)
            .await?;
        Ok(RequestPasswordResetResponse {}.into())
    }

    async fn reset_password(
        &self,
        request: Request<ResetPasswordRequest>,
    ) -> RpcResult<ResetPasswordResponse> {
        let network = rpc::client_network(&request);
        let request = request.into_inner();
        let (token, new) = (request.reset_token, request.new_password);
        self.0.reset_password(&token, new, network).await?;
        Ok(ResetPasswordResponse {}.into())
    }

    async fn delete_account(
        &self,
        request: Request<DeleteAccountRequest>,
    ) -> RpcResult<DeleteAccountResponse> {
        let network = rpc::client_network(&request);
        let account_id = account_of(&request)?;
        let current = request.into_inner().current_password;
        self.0.delete_account(account_id, current, network).await?;
        Ok(DeleteAccountResponse {}.into())
    }

    async fn list_outbox_messages(
        &self,
        request: Request<ListOutboxMessagesRequest>,
    ) -> RpcResult<ListOutboxMessagesResponse> {
        let request = request.into_inner();
        let size = page_size(request.page_size)?;
        let outbox = self.0.outbox();
        let token = &request.page_token;
        let page = outbox
            .list::<AccountsError>(request.dead_only, size, token)
            .await?;
        Ok(Response::new(ListOutboxMessagesResponse {
            messages: page.items,
            next_page_token: page.next_page_token,
        }))
    }

    async fn retry_outbox_message(
        &self,
        request: Request<RetryOutboxMessageRequest>,
    ) -> RpcResult<RetryOutboxMessageResponse> {
        let message_id = request.into_inner().message_id;
        let message = self.0.outbox().retry::<AccountsError>(message_id).await?;
        let message = Some(message.ok_or(AccountsError::MessageNotFound(message_id))?);
        Ok(Response::new(RetryOutboxMessageResponse { message }))
    }
}

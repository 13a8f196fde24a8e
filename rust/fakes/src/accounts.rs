//! The fake of `bookstore.accounts.v1`.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex},
};

use contract::{
    bookstore::accounts::v1::{account_service_server::AccountService, *},
    errors::{accounts as errors, shared},
};
use futures::{FutureExt, future::BoxFuture, stream};
use rpc::{AccountId, AuthenticationError, Authenticator, Caller, failure};
use tonic::{Request, Response, Status, codegen::BoxStream};
use uuid::Uuid;

use crate::{FakeOutbox, FaultSwitch, lock};

/// A fake of AccountService and SessionService that also verifies session tokens. Clones share
/// the same accounts. It sends no mails; the tokens of mails are read with
/// [`FakeAccounts::mailed_token`].
#[derive(Clone, Debug, Default)]
pub struct FakeAccounts {
    pub(crate) state: Arc<Mutex<State>>,
    /// What it has not delivered.
    pub outbox: FakeOutbox,
    /// Its faults.
    pub faults: FaultSwitch,
}

#[derive(Debug, Default)]
pub(crate) struct State {
    pub(crate) accounts: Vec<Owned>,
    sign_ups: Vec<SignUpRequest>,
    /// The open sessions by token.
    pub(crate) sessions: HashMap<String, Session>,
    pub(crate) clients: Vec<Option<String>>,
}

#[derive(Clone, Debug)]
pub(crate) struct Owned {
    pub(crate) account: Account,
    pub(crate) password: String,
}

impl FakeAccounts {
    /// Adds an account.
    pub fn add(&self, email: &str, password: &str, display_name: &str) {
        lock(&self.state).add(&SignUpRequest {
            email: email.to_owned(),
            password: password.to_owned(),
            display_name: display_name.to_owned(),
            ..SignUpRequest::default()
        });
    }

    /// Adds an account with this id, with which nobody can sign in.
    pub fn add_with_id(&self, account_id: Uuid, email: &str) {
        let sign_up = SignUpRequest {
            email: email.to_owned(),
            ..SignUpRequest::default()
        };
        let mut state = lock(&self.state);
        state.add(&sign_up);
        if let Some(owned) = state.accounts.last_mut() {
            owned.account.account_id = account_id.to_string();
        }
    }

    /// The token in the mail for an address: `verify-EMAIL` or `reset-EMAIL`.
    pub fn mailed_token(kind: &str, email: &str) -> String {
        format!("{kind}-{email}")
    }

    /// The number of open sessions.
    pub fn open_sessions(&self) -> usize {
        lock(&self.state).sessions.len()
    }

    /// Ends all sessions, as if they had expired.
    pub fn end_sessions(&self) {
        lock(&self.state).sessions.clear();
    }

    /// The number of different sign-ups.
    pub fn sign_ups(&self) -> usize {
        lock(&self.state).sign_ups.len()
    }

    /// The client address that the caller of each SignIn told.
    pub fn told_clients(&self) -> Vec<Option<String>> {
        lock(&self.state).clients.clone()
    }
}

impl State {
    fn add(&mut self, sign_up: &SignUpRequest) -> Account {
        let number = u128::try_from(self.accounts.len()).unwrap_or_default() + 1;
        let account = Account {
            account_id: Uuid::from_u128(number).to_string(),
            email: sign_up.email.clone(),
            profile: Some(AccountProfile {
                display_name: sign_up.display_name.clone(),
                default_shipping_address: None,
            }),
            create_time: Some(prost_types::Timestamp::default()),
        };
        self.accounts.push(Owned {
            account: account.clone(),
            password: sign_up.password.clone(),
        });
        account
    }

    fn owned<T>(&mut self, request: &Request<T>) -> Result<&mut Owned, Status> {
        let id = Caller::require_account(request)?.to_string();
        let mut accounts = self.accounts.iter_mut();
        let owned = accounts.find(|owned| owned.account.account_id == id);
        owned.ok_or_else(|| failure(shared::SESSION_INVALID, "no account").into_status())
    }
}

pub(crate) fn refused(error: contract::DeclaredError) -> Status {
    failure(error, "refused").into_status()
}

fn check_new_password(password: &str) -> Result<(), Status> {
    if password == "password" {
        return Err(refused(errors::PASSWORD_TOO_COMMON));
    }
    Ok(())
}

impl Authenticator for FakeAccounts {
    fn authenticate<'a>(
        &'a self,
        token: &'a str,
    ) -> BoxFuture<'a, Result<Caller, AuthenticationError>> {
        async move {
            if self.faults.apply("authenticate").await.is_err() {
                let cause = "the fake has a fault".to_owned();
                return Err(AuthenticationError::Unavailable(cause));
            }
            let state = lock(&self.state);
            let session = state.sessions.get(token);
            let id = session.and_then(|session| Uuid::parse_str(&session.account_id).ok());
            id.map(|id| Caller::Account(AccountId(id)))
                .ok_or(AuthenticationError::Refused)
        }
        .boxed()
    }
}

#[tonic::async_trait]
impl AccountService for FakeAccounts {
    async fn sign_up(
        &self,
        request: Request<SignUpRequest>,
    ) -> Result<Response<SignUpResponse>, Status> {
        self.faults.apply("sign_up").await?;
        let request = request.into_inner();
        check_new_password(&request.password)?;
        let mut state = lock(&self.state);
        let mut earlier = state.sign_ups.iter();
        match earlier.find(|earlier| earlier.request_id == request.request_id) {
            Some(earlier) if *earlier == request => {}
            Some(_) => return Err(refused(shared::REQUEST_ID_REUSED)),
            None => state.sign_ups.push(request),
        }
        Ok(Response::new(SignUpResponse {}))
    }

    async fn verify_email(
        &self,
        request: Request<VerifyEmailRequest>,
    ) -> Result<Response<VerifyEmailResponse>, Status> {
        self.faults.apply("verify_email").await?;
        let token = request.into_inner().verification_token;
        let mut state = lock(&self.state);
        let mut sign_ups = state.sign_ups.iter();
        let sign_up = sign_ups
            .find(|sign_up| Self::mailed_token("verify", &sign_up.email) == token)
            .cloned();
        let sign_up = sign_up.ok_or_else(|| refused(errors::VERIFICATION_TOKEN_INVALID))?;
        let account = Some(state.add(&sign_up));
        Ok(Response::new(VerifyEmailResponse { account }))
    }

    async fn get_account(
        &self,
        request: Request<GetAccountRequest>,
    ) -> Result<Response<GetAccountResponse>, Status> {
        self.faults.apply("get_account").await?;
        let mut state = lock(&self.state);
        let account = Some(state.owned(&request)?.account.clone());
        Ok(Response::new(GetAccountResponse { account }))
    }

    async fn list_outbox_messages(
        &self,
        request: Request<ListOutboxMessagesRequest>,
    ) -> Result<Response<ListOutboxMessagesResponse>, Status> {
        self.faults.apply("list_outbox_messages").await?;
        Ok(Response::new(ListOutboxMessagesResponse {
            messages: self.outbox.list(request.into_inner().dead_only),
            next_page_token: String::new(),
        }))
    }

    async fn retry_outbox_message(
        &self,
        request: Request<RetryOutboxMessageRequest>,
    ) -> Result<Response<RetryOutboxMessageResponse>, Status> {
        self.faults.apply("retry_outbox_message").await?;
        let message = self.outbox.retry(request.into_inner().message_id);
        let missing = || failure(errors::MESSAGE_NOT_FOUND, "no such message").into_status();
        Ok(Response::new(RetryOutboxMessageResponse {
            message: Some(message.ok_or_else(missing)?),
        }))
    }

    async fn update_account(
        &self,
        request: Request<UpdateAccountRequest>,
    ) -> Result<Response<UpdateAccountResponse>, Status> {
        self.faults.apply("update_account").await?;
        let mut state = lock(&self.state);
        let owned = state.owned(&request)?;
        let request = request.into_inner();
        let (new, mask) = (request.profile.unwrap_or_default(), request.update_mask);
        let profile = owned.account.profile.get_or_insert_default();
        for path in mask.unwrap_or_default().paths {
            match path.as_str() {
                "display_name" => profile.display_name.clone_from(&new.display_name),
                _ => profile.default_shipping_address = new.default_shipping_address.clone(),
            }
        }
        let account = Some(owned.account.clone());
        Ok(Response::new(UpdateAccountResponse { account }))
    }

    async fn change_password(
        &self,
        request: Request<ChangePasswordRequest>,
    ) -> Result<Response<ChangePasswordResponse>, Status> {
        self.faults.apply("change_password").await?;
        let mut state = lock(&self.state);
        let owned = state.owned(&request)?;
        let request = request.into_inner();
        if owned.password != request.current_password {
            return Err(refused(errors::PASSWORD_WRONG));
        }
        check_new_password(&request.new_password)?;
        owned.password = request.new_password;
        Ok(Response::new(ChangePasswordResponse {}))
    }

    type ExportAccountStream = BoxStream<ExportAccountResponse>;

    /// The document comes in two pieces. The fault of `export_account_data` is that of the
    /// second one.
    async fn export_account(
        &self,
        request: Request<ExportAccountRequest>,
    ) -> Result<Response<Self::ExportAccountStream>, Status> {
        self.faults.apply("export_account").await?;
        let email = lock(&self.state).owned(&request)?.account.email.clone();
        let own = Ok(format!("{{\"accounts\":{{\"email\":{email:?}}}"));
        let fault = self.faults.apply("export_account_data").await;
        let others = fault.map(|()| ",\"cart\":{\"orders\":[]}}".to_owned());
        let pieces = [own, others].map(|piece| {
            let document_piece = piece?;
            Ok(ExportAccountResponse { document_piece })
        });
        Ok(Response::new(Box::pin(stream::iter(pieces))))
    }

    async fn request_password_reset(
        &self,
        _: Request<RequestPasswordResetRequest>,
    ) -> Result<Response<RequestPasswordResetResponse>, Status> {
        self.faults.apply("request_password_reset").await?;
        Ok(Response::new(RequestPasswordResetResponse {}))
    }

    async fn reset_password(
        &self,
        request: Request<ResetPasswordRequest>,
    ) -> Result<Response<ResetPasswordResponse>, Status> {
        self.faults.apply("reset_password").await?;
        let request = request.into_inner();
        check_new_password(&request.new_password)?;
        let mut state = lock(&self.state);
        let mut accounts = state.accounts.iter_mut();
        let owned = accounts
            .find(|owned| Self::mailed_token("reset", &owned.account.email) == request.reset_token);
        let owned = owned.ok_or_else(|| refused(errors::RESET_TOKEN_INVALID))?;
        owned.password = request.new_password;
        state.sessions.clear();
        Ok(Response::new(ResetPasswordResponse {}))
    }

    async fn delete_account(
        &self,
        request: Request<DeleteAccountRequest>,
    ) -> Result<Response<DeleteAccountResponse>, Status> {
        self.faults.apply("delete_account").await?;
        let mut state = lock(&self.state);
        let owned = state.owned(&request)?.clone();
        if owned.password != request.into_inner().current_password {
            return Err(refused(errors::PASSWORD_WRONG));
        }
        let id = owned.account.account_id;
        state.sessions.retain(|_, session| session.account_id != id);
        state
            .accounts
            .retain(|owned| owned.account.account_id != id);
        Ok(Response::new(DeleteAccountResponse {}))
    }
}

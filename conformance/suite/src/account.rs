//! Accounts for the tests, opened as users open them: by the link of a mail.

use std::{fs, io, path::Path, time::Duration};

use anyhow::Context;
use contract::bookstore::accounts::v1::{
    RequestPasswordResetRequest, SignInRequest, SignUpRequest, VerifyEmailRequest,
    account_service_client::AccountServiceClient, session_service_client::SessionServiceClient,
};
use rpc::Channel;
use uuid::Uuid;

/// The password of all accounts.
pub const PASSWORD: &str = "correct horse battery";

/// How long a mail may take.
const MAIL_TIMEOUT: Duration = Duration::from_secs(20);

/// A bookstore that keeps its mails in its data folder.
#[derive(Debug, Clone)]
pub struct AccountHelper<'a> {
    /// The URL of its gRPC port.
    pub grpc_url: &'a str,
    /// Its data folder.
    pub data: &'a Path,
}

/// An account, and a session of it.
#[derive(Debug, Clone)]
pub struct OpenedAccount {
    /// The id of the account.
    pub account_id: String,
    /// The token of the session.
    pub session_token: String,
}

impl AccountHelper<'_> {
    fn accounts(&self) -> anyhow::Result<AccountServiceClient<Channel>> {
        Ok(AccountServiceClient::new(Channel::connect(self.grpc_url)?))
    }

    /// Opens an account and signs in.
    ///
    /// # Errors
    /// If a call fails or the mail does not come.
    pub async fn open(&self, email: &str) -> anyhow::Result<OpenedAccount> {
        let verification_token = self.sign_up(email).await?;
        let request = VerifyEmailRequest { verification_token };
        self.accounts()?.verify_email(request).await?;
        let mut sessions = SessionServiceClient::new(Channel::connect(self.grpc_url)?);
        let request = SignInRequest {
            email: email.to_owned(),
            password: PASSWORD.to_owned(),
            client_label: String::new(),
        };
        let response = sessions.sign_in(request).await?.into_inner();
        let session = response.session.context("a response without a session")?;
        Ok(OpenedAccount {
            account_id: session.account_id,
            session_token: response.session_token,
        })
    }

    /// Signs up, and returns the token that proves the address.
    ///
    /// # Errors
    /// If the call fails or the mail does not come.
    pub async fn sign_up(&self, email: &str) -> anyhow::Result<String> {
        let request = SignUpRequest {
            request_id: Uuid::new_v4().to_string(),
            email: email.to_owned(),
            password: PASSWORD.to_owned(),
            display_name: "Ada".to_owned(),
        };
        self.accounts()?.sign_up(request).await?;
        self.mailed_token(email, "/verify?token=").await
    }

    /// Requests a password reset for an account, and returns its token.
    ///
    /// # Errors
    /// If the call fails or the mail does not come.
    pub async fn request_reset(&self, email: &str) -> anyhow::Result<String> {
        let request = RequestPasswordResetRequest {
            request_id: Uuid::new_v4().to_string(),
            email: email.to_owned(),
        };
        self.accounts()?.request_password_reset(request).await?;
        self.mailed_token(email, "/reset?token=").await
    }

    /// Waits for a mail to an address, and returns the token of its link.
    async fn mailed_token(&self, email: &str, link: &str) -> anyhow::Result<String> {
        let folder = self.data.join("mail");
        let mut interval = tokio::time::interval(Duration::from_millis(20));
        let wait = async {
            loop {
                interval.tick().await;
                if let Some(token) = find_token(&folder, email, link)? {
                    return anyhow::Ok(token);
                }
            }
        };
        let waited = tokio::time::timeout(MAIL_TIMEOUT, wait).await;
        waited.with_context(|| format!("no mail to {email} came"))?
    }
}

/// The token of a mail in a folder.
fn find_token(folder: &Path, email: &str, link: &str) -> io::Result<Option<String>> {
    for file in fs::read_dir(folder).into_iter().flatten() {
        let path = file?.path();
        if path.extension().is_none_or(|extension| extension != "json") {
            continue;
        }
        let mail = fs::read_to_string(path)?;
        let to_address = format!("\"to\": \"{email}\"");
        if let Some((_, token)) = mail.split_once(link)
            && mail.contains(&to_address)
        {
            let is_token = |letter: &char| letter.is_ascii_alphanumeric() || "-_".contains(*letter);
            return Ok(Some(token.chars().take_while(is_token).collect()));
        }
    }
    Ok(None)
}

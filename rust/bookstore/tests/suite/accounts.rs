//! Signing up with the mails that are kept in the data folder.

use std::{fs, path::Path};

use contract::bookstore::accounts::v1::{
    GetSessionRequest, SignInRequest, SignUpRequest, VerifyEmailRequest,
    account_service_client::AccountServiceClient, session_service_client::SessionServiceClient,
};
use tonic::{Request, Status};

use crate::test_process::{Folder, TestProcess, eventually};

const EMAIL: &str = "ada@example.org";
pub const PASSWORD: &str = "correct horse battery";

pub async fn sign_up(process: &TestProcess) {
    sign_up_as(process, EMAIL).await;
}

async fn sign_up_as(process: &TestProcess, email: &str) {
    let request = SignUpRequest {
        request_id: uuid::Uuid::new_v4().to_string(),
        email: email.to_owned(),
        password: PASSWORD.to_owned(),
        display_name: String::new(),
    };
    let mut accounts = AccountServiceClient::new(process.channel());
    accounts.sign_up(request).await.expect("it is accepted");
}

/// The token in the mail to the account of [`sign_up`], once there is one.
pub async fn mailed_token(data: &Path) -> String {
    mailed_token_to(data, EMAIL).await
}

async fn mailed_token_to(data: &Path, email: &str) -> String {
    let to_address = format!("\"to\": \"{email}\"");
    let mail = eventually("a mail", async || {
        let mut files = fs::read_dir(data.join("mail")).ok()?.flatten();
        files.find_map(|file| {
            let path = file.path();
            let is_complete = path
                .extension()
                .is_some_and(|extension| extension == "json");
            let mail = is_complete.then(|| fs::read_to_string(path).ok()).flatten();
            mail.filter(|mail| mail.contains(&to_address))
        })
    })
    .await;
    let (_, token) = mail.split_once("/verify?token=").expect("a link");
    token.chars().take(43).collect()
}

/// Opens an account in a process whose data is in this folder, and signs in. Returns the session
/// token.
pub async fn open_account(process: &TestProcess, data: &Path, email: &str) -> String {
    sign_up_as(process, email).await;
    let request = VerifyEmailRequest {
        verification_token: mailed_token_to(data, email).await,
    };
    let mut accounts = AccountServiceClient::new(process.channel());
    accounts.verify_email(request).await.expect("it is valid");
    session_token_of(process, email).await
}

pub async fn session_token(process: &TestProcess) -> String {
    session_token_of(process, EMAIL).await
}

async fn session_token_of(process: &TestProcess, email: &str) -> String {
    let request = SignInRequest {
        email: email.to_owned(),
        password: PASSWORD.to_owned(),
        client_label: String::new(),
    };
    let mut sessions = SessionServiceClient::new(process.channel());
    let opened = sessions.sign_in(request).await.expect("it is verified");
    opened.into_inner().session_token
}

/// A request with a session token.
pub fn with_token<T>(message: T, token: &str) -> Request<T> {
    let mut request = Request::new(message);
    let bearer = format!("Bearer {token}").parse().expect("metadata");
    request.metadata_mut().insert("authorization", bearer);
    request
}

async fn session_id(process: &TestProcess, token: &str) -> Result<String, Status> {
    let request = with_token(GetSessionRequest {}, token);
    let mut sessions = SessionServiceClient::new(process.channel());
    let session = sessions.get_session(request).await?.into_inner().session;
    Ok(session.expect("it is required").session_id)
}

#[tokio::test]
async fn accounts_sessions_and_unsent_mails_survive_a_kill() {
    let folder = Folder::new();
    // Nobody listens on port 1; only exports and deletions need the other services.
    let peers =
        ["cart", "transactions", "reviews"].map(|name| format!("--peer={name}=http://127.0.0.1:1"));
    let [cart, transactions, reviews] = &peers;
    let arguments = [
        "serve",
        "accounts",
        "--data=data",
        cart,
        transactions,
        reviews,
    ];
    // Nobody listens on port 1, so the mail waits in the outbox.
    let dead_server = [&arguments[..], &["--smtp-url=smtp://127.0.0.1:1"]].concat();
    let process = TestProcess::start(&folder, &dead_server);
    sign_up(&process).await;
    eventually("a failed delivery", async || {
        process.log().contains("was not delivered").then_some(())
    })
    .await;
    process.kill().await;

    let process = TestProcess::start(&folder, &arguments);
    let request = VerifyEmailRequest {
        verification_token: mailed_token(&folder.path("data")).await,
    };
    let mut accounts = AccountServiceClient::new(process.channel());
    accounts.verify_email(request).await.expect("it is valid");
    let token = session_token(&process).await;
    let id = session_id(&process, &token).await.expect("it is open");
    process.kill().await;

    let process = TestProcess::start(&folder, &arguments);
    assert_eq!(session_id(&process, &token).await.expect("it is open"), id);
    session_id(&process, "another")
        .await
        .expect_err("no session");
    process.stop().await;
}

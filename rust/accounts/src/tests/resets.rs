use store::testing::TestDb;
use uuid::Uuid;

use super::{NETWORK, PASSWORD, TestAccounts};
use crate::{AccountsError, EmailAddress, service::MailKind};

const NEW: &str = "another good password";

store::both_engines! {
    crate::SCHEMA =>
    reset_sets_the_password_and_ends_all_sessions,
    stranger_gets_no_mail,
    token_is_refused_after_an_hour_and_after_a_newer_one,
    token_sets_one_password,
    password_change_ends_the_reset,
    retry_sends_no_second_mail,
}

impl TestAccounts {
    async fn request_reset(&self, request_id: Uuid, email: &str) -> Result<(), AccountsError> {
        let email = EmailAddress::new(email);
        self.accounts
            .request_password_reset(request_id, &email, NETWORK)
            .await
    }

    async fn reset_token(&self, email: &str) -> String {
        let requested = self.request_reset(Uuid::new_v4(), email).await;
        requested.expect("accepted");
        self.mailed_token().await
    }

    async fn reset(&self, token: &str, new: &str) -> Result<(), AccountsError> {
        self.accounts
            .reset_password(token, new.to_owned(), NETWORK)
            .await
    }
}

async fn reset_sets_the_password_and_ends_all_sessions(database: TestDb) {
    let service = TestAccounts::open(&database);
    service.create("ada@example.org").await;
    let (session, _) = service.sign_in("ada@example.org").await;
    let token = service.reset_token("Ada@example.org").await;
    assert!(service.is_open(&session).await);
    service
        .reset(&token, NEW)
        .await
        .expect("the token is valid");
    assert!(!service.is_open(&session).await);
    assert_eq!(service.mails().await[0].kind, MailKind::PasswordChanged);
    assert!(
        service
            .try_sign_in("ada@example.org", PASSWORD)
            .await
            .is_err()
    );
    assert!(service.try_sign_in("ada@example.org", NEW).await.is_ok());
}

async fn stranger_gets_no_mail(database: TestDb) {
    let service = TestAccounts::open(&database);
    let requested = service
        .request_reset(Uuid::new_v4(), "eve@example.org")
        .await;
    requested.expect("the same response");
    let mails = service.mails().await;
    assert_eq!(mails.len(), 1, "the same work");
    let written = mails[0]
        .write("https://shop.example")
        .expect("it is written");
    assert_eq!(written, None);
}

async fn token_is_refused_after_an_hour_and_after_a_newer_one(database: TestDb) {
    let service = TestAccounts::open(&database);
    service.create("ada@example.org").await;
    let replaced = service.reset_token("ada@example.org").await;
    let newer = service.reset_token("ada@example.org").await;
    for token in [replaced.as_str(), "", "\0"] {
        let refused = service.reset(token, NEW).await;
        assert!(matches!(refused, Err(AccountsError::ResetTokenInvalid)));
    }
    service.advance(1);
    let refused = service.reset(&newer, NEW).await;
    assert!(matches!(refused, Err(AccountsError::ResetTokenInvalid)));
    service.sign_in("ada@example.org").await;
}

async fn token_sets_one_password(database: TestDb) {
    let service = TestAccounts::open(&database);
    service.create("ada@example.org").await;
    let token = service.reset_token("ada@example.org").await;
    let common = service.reset(&token, "password123").await;
    assert!(matches!(common, Err(AccountsError::PasswordTooCommon)));
    service
        .reset(&token, NEW)
        .await
        .expect("the token is valid");
    let (session, _) = service
        .try_sign_in("ada@example.org", NEW)
        .await
        .expect("set");
    service.reset(&token, NEW).await.expect("a retry");
    assert!(service.is_open(&session).await, "a retry changes nothing");
    let other = service.reset(&token, "a third good password").await;
    assert!(matches!(other, Err(AccountsError::ResetTokenInvalid)));
}

async fn password_change_ends_the_reset(database: TestDb) {
    let service = TestAccounts::open(&database);
    service.create("ada@example.org").await;
    let token = service.reset_token("ada@example.org").await;
    let (_, session) = service.sign_in("ada@example.org").await;
    let changed = service
        .accounts
        .change_password(&session, PASSWORD.to_owned(), NEW.to_owned(), NETWORK)
        .await;
    changed.expect("the password is right");
    let refused = service.reset(&token, "a third good password").await;
    assert!(matches!(refused, Err(AccountsError::ResetTokenInvalid)));
}

async fn retry_sends_no_second_mail(database: TestDb) {
    let service = TestAccounts::open(&database);
    service.create("ada@example.org").await;
    let request_id = Uuid::new_v4();
    for _ in 0..2 {
        let requested = service.request_reset(request_id, "ada@example.org").await;
        requested.expect("accepted");
    }
    assert_eq!(service.mails().await.len(), 1);
    let refused = service.request_reset(request_id, "bob@example.org").await;
    assert!(matches!(refused, Err(AccountsError::RequestIdReused(_))));
}

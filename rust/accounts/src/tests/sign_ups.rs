use futures::future::join_all;
use store::testing::TestDb;

use super::{NETWORK, TestAccounts, sign_up};
use crate::{AccountsError, EmailAddress, SignUp, service::MailKind};

store::both_engines! {
    crate::SCHEMA =>
    account_exists_from_the_verification_on,
    retry_sends_no_second_mail,
    request_id_with_other_data_is_refused,
    concurrent_calls_with_one_request_id_send_one_mail,
    owner_of_an_address_in_use_gets_a_mail_without_a_token,
    verification_token_expires,
    only_one_of_two_sign_ups_creates_the_account,
    common_password_is_refused,
}

async fn account_exists_from_the_verification_on(database: TestDb) {
    let service = TestAccounts::open(&database);
    let request = sign_up("Ada@Example.org");
    service
        .accounts
        .sign_up(&request, NETWORK)
        .await
        .expect("accepted");
    let refused = service
        .try_sign_in("ada@example.org", &request.password)
        .await;
    assert!(matches!(refused, Err(AccountsError::SignInRefused)));
    let token = service.mailed_token().await;
    let account = service.accounts.verify_email(&token).await.expect("valid");
    assert_eq!(account.email, EmailAddress::new("ada@example.org"));
    assert_eq!(account.profile.display_name, "Ada");
    let again = service.accounts.verify_email(&token).await.expect("valid");
    assert_eq!(again, account);
    let (_, session) = service.sign_in("ADA@example.org").await;
    assert_eq!(session.account_id, account.account_id);
    let read = service.accounts.account(account.account_id).await;
    assert_eq!(read.expect("it exists"), account);
}

async fn retry_sends_no_second_mail(database: TestDb) {
    let service = TestAccounts::open(&database);
    let request = sign_up("ada@example.org");
    for _ in 0..3 {
        service
            .accounts
            .sign_up(&request, NETWORK)
            .await
            .expect("accepted");
    }
    assert_eq!(service.mails().await.len(), 1);
}

async fn request_id_with_other_data_is_refused(database: TestDb) {
    let service = TestAccounts::open(&database);
    let first = sign_up("ada@example.org");
    service
        .accounts
        .sign_up(&first, NETWORK)
        .await
        .expect("accepted");
    for changed in [
        SignUp {
            password: "another good password".to_owned(),
            ..first.clone()
        },
        SignUp {
            email: EmailAddress::new("bob@example.org"),
            ..first.clone()
        },
        SignUp {
            display_name: String::new(),
            ..first.clone()
        },
    ] {
        let refused = service.accounts.sign_up(&changed, NETWORK).await;
        assert!(matches!(refused, Err(AccountsError::RequestIdReused(_))));
    }
    assert_eq!(service.mails().await.len(), 1);
}

async fn concurrent_calls_with_one_request_id_send_one_mail(database: TestDb) {
    let service = TestAccounts::open(&database);
    let request = sign_up("ada@example.org");
    let calls = (0..4).map(|_| service.accounts.sign_up(&request, NETWORK));
    for outcome in join_all(calls).await {
        outcome.expect("accepted");
    }
    assert_eq!(service.mails().await.len(), 1);
}

async fn owner_of_an_address_in_use_gets_a_mail_without_a_token(database: TestDb) {
    let service = TestAccounts::open(&database);
    service.create("ada@example.org").await;
    let request = sign_up("ada@example.org");
    service
        .accounts
        .sign_up(&request, NETWORK)
        .await
        .expect("the same response");
    let mails = service.mails().await;
    assert_eq!(mails.len(), 1);
    assert_eq!(mails[0].kind, MailKind::AddressInUse);
    assert_eq!(mails[0].to, "ada@example.org");
}

async fn verification_token_expires(database: TestDb) {
    let service = TestAccounts::open(&database);
    let request = sign_up("ada@example.org");
    service
        .accounts
        .sign_up(&request, NETWORK)
        .await
        .expect("accepted");
    let token = service.mailed_token().await;
    service.advance(24);
    for token in [token.as_str(), "", "x", "\0"] {
        let refused = service.accounts.verify_email(token).await;
        assert!(matches!(
            refused,
            Err(AccountsError::VerificationTokenInvalid)
        ));
    }
}

async fn only_one_of_two_sign_ups_creates_the_account(database: TestDb) {
    let service = TestAccounts::open(&database);
    let mut tokens = Vec::new();
    for _ in 0..2 {
        let request = sign_up("ada@example.org");
        service
            .accounts
            .sign_up(&request, NETWORK)
            .await
            .expect("accepted");
        tokens.push(service.mailed_token().await);
    }
    let calls = tokens
        .iter()
        .map(|token| service.accounts.verify_email(token));
    let created = join_all(calls).await;
    assert_eq!(created.iter().filter(|outcome| outcome.is_ok()).count(), 1);
}

async fn common_password_is_refused(database: TestDb) {
    let service = TestAccounts::open(&database);
    for password in ["password123", "Ada@example.org"] {
        let request = SignUp {
            password: password.to_owned(),
            ..sign_up("ada@example.org")
        };
        let refused = service.accounts.sign_up(&request, NETWORK).await;
        assert!(matches!(refused, Err(AccountsError::PasswordTooCommon)));
    }
    assert!(service.mails().await.is_empty());
}

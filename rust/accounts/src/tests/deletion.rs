use store::testing::TestDb;

use super::{NETWORK, PASSWORD, TestAccounts};
use crate::{AccountsError, service::MailKind};

store::both_engines! {
    crate::SCHEMA =>
    deleted_account_leaves_nothing,
    wrong_password_deletes_nothing,
}

async fn deleted_account_leaves_nothing(database: TestDb) {
    let service = TestAccounts::open(&database);
    let account_id = service.create("ada@example.org").await;
    let (token, _) = service.sign_in("ada@example.org").await;
    let delete = || {
        service
            .accounts
            .delete_account(account_id, PASSWORD.to_owned(), NETWORK)
    };
    delete().await.expect("the password is right");
    assert!(!service.is_open(&token).await);
    assert_eq!(service.mails().await[0].kind, MailKind::AccountDeleted);
    for outcome in [
        delete().await,
        service.accounts.account(account_id).await.map(drop),
        service.accounts.export(account_id).await.map(drop),
    ] {
        assert!(matches!(outcome, Err(AccountsError::SessionInvalid)));
    }
    assert!(
        service
            .try_sign_in("ada@example.org", PASSWORD)
            .await
            .is_err()
    );
    assert_ne!(service.create("ada@example.org").await, account_id);
}

async fn wrong_password_deletes_nothing(database: TestDb) {
    let service = TestAccounts::open(&database);
    let account_id = service.create("ada@example.org").await;
    let (token, _) = service.sign_in("ada@example.org").await;
    let refused = service
        .accounts
        .delete_account(account_id, "wrong".to_owned(), NETWORK)
        .await;
    assert!(matches!(refused, Err(AccountsError::PasswordWrong)));
    assert!(service.is_open(&token).await);
}

use std::sync::Arc;

use service::UuidV7Ids;
use store::testing::TestDb;

use super::{NETWORK, PASSWORD, TestAccounts, no_mailer, options};
use crate::{AccountsError, HashCost, Options, service::MailKind};

const NEW: &str = "another good password";

store::both_engines! {
    crate::SCHEMA =>
    new_password_ends_the_other_sessions,
    wrong_or_common_passwords_change_nothing,
    outdated_hash_is_replaced_at_the_sign_in,
    of_two_concurrent_changes_one_succeeds,
}

async fn new_password_ends_the_other_sessions(database: TestDb) {
    let service = TestAccounts::open(&database);
    service.create("ada@example.org").await;
    let (kept, session) = service.sign_in("ada@example.org").await;
    let (other, _) = service.sign_in("ada@example.org").await;
    for _ in 0..2 {
        // The second call is a retry.
        let changed = service
            .accounts
            .change_password(&session, PASSWORD.to_owned(), NEW.to_owned(), NETWORK)
            .await;
        changed.expect("the password is right");
    }
    assert!(service.is_open(&kept).await);
    assert!(!service.is_open(&other).await);
    let mails = service.mails().await;
    assert_eq!(mails.len(), 1);
    assert_eq!(mails[0].kind, MailKind::PasswordChanged);
    assert!(
        service
            .try_sign_in("ada@example.org", PASSWORD)
            .await
            .is_err()
    );
    assert!(service.try_sign_in("ada@example.org", NEW).await.is_ok());
}

async fn wrong_or_common_passwords_change_nothing(database: TestDb) {
    let service = TestAccounts::open(&database);
    service.create("ada@example.org").await;
    let (_, session) = service.sign_in("ada@example.org").await;
    let (other, _) = service.sign_in("ada@example.org").await;
    let accounts = &service.accounts;
    let change = |current: &str, new: &str| {
        let (current, new) = (current.to_owned(), new.to_owned());
        accounts.change_password(&session, current, new, NETWORK)
    };
    let wrong = change("wrong", NEW).await;
    assert!(matches!(wrong, Err(AccountsError::PasswordWrong)));
    let common = change(PASSWORD, "password123").await;
    assert!(matches!(common, Err(AccountsError::PasswordTooCommon)));
    assert!(service.is_open(&other).await);
    service.sign_in("ada@example.org").await;
    assert!(service.mails().await.is_empty());
}

async fn outdated_hash_is_replaced_at_the_sign_in(database: TestDb) {
    let service = TestAccounts::open(&database);
    let account_id = service.create("ada@example.org").await;
    let hash = async || {
        let stored: Result<_, AccountsError> = store::read!(database.db(), connection => {
            crate::store::accounts::get(connection, account_id).await
        });
        stored.expect("read").expect("it exists").password_hash
    };
    let old = hash().await;
    assert!(old.contains("m=8,t=1"), "{old}");
    let options = Options {
        hash_cost: HashCost::new(16, 1).expect("a cost"),
        ids: Arc::new(UuidV7Ids),
        ..options(&service.clock)
    };
    let TestAccounts { clock, others, .. } = service;
    let service = TestAccounts::with_others(&database, no_mailer(), options, clock, others);
    assert!(
        service
            .try_sign_in("ada@example.org", "wrong")
            .await
            .is_err()
    );
    assert_eq!(hash().await, old);
    service.sign_in("ada@example.org").await;
    let new = hash().await;
    assert!(new.contains("m=16,t=1"), "{new}");
    service.sign_in("ada@example.org").await;
    assert_eq!(hash().await, new);
}

async fn of_two_concurrent_changes_one_succeeds(database: TestDb) {
    let service = TestAccounts::open(&database);
    service.create("ada@example.org").await;
    let (_, session) = service.sign_in("ada@example.org").await;
    let change = |new: &str| {
        let (current, new) = (PASSWORD.to_owned(), new.to_owned());
        service
            .accounts
            .change_password(&session, current, new, NETWORK)
    };
    let (one, other) = tokio::join!(change("the first new one"), change("the second new one"));
    assert!(one.is_ok() != other.is_ok(), "{one:?} {other:?}");
    let new = if one.is_ok() {
        "the first new one"
    } else {
        "the second new one"
    };
    service
        .try_sign_in("ada@example.org", new)
        .await
        .expect("it was set");
}

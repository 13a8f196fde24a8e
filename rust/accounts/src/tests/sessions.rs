use std::collections::HashSet;

use store::testing::TestDb;
use uuid::Uuid;

use super::TestAccounts;
use crate::{AccountsError, SessionId};

store::both_engines! {
    crate::SCHEMA =>
    session_ends_by_signing_out,
    unused_session_expires,
    used_session_expires_after_ninety_days,
    use_is_recorded_once_an_hour,
    hundred_and_first_session_ends_the_oldest,
    pages_list_the_open_sessions,
    only_own_sessions_can_be_revoked,
}

async fn session_ends_by_signing_out(database: TestDb) {
    let service = TestAccounts::open(&database);
    service.create("ada@example.org").await;
    let (token, session) = service.sign_in("ada@example.org").await;
    let read = service.accounts.session(token.expose()).await;
    assert_eq!(read.expect("it is open"), session);
    service
        .accounts
        .sign_out(&session)
        .await
        .expect("it is open");
    assert!(!service.is_open(&token).await);
    let again = service.accounts.sign_out(&session).await;
    assert!(matches!(again, Err(AccountsError::SessionInvalid)));
}

async fn unused_session_expires(database: TestDb) {
    let service = TestAccounts::open(&database);
    service.create("ada@example.org").await;
    let (token, session) = service.sign_in("ada@example.org").await;
    service.advance(14 * 24 - 1);
    assert!(service.is_open(&token).await);
    service.advance(14 * 24);
    assert!(!service.is_open(&token).await);
    let page = service.accounts.sessions(session.account_id, 20, "").await;
    assert_eq!(page.expect("listed").items, []);
    let revoked = service
        .accounts
        .revoke_session(session.account_id, session.session_id)
        .await;
    assert!(matches!(revoked, Err(AccountsError::SessionNotFound(_))));
}

async fn used_session_expires_after_ninety_days(database: TestDb) {
    let service = TestAccounts::open(&database);
    service.create("ada@example.org").await;
    let (token, session) = service.sign_in("ada@example.org").await;
    for _ in 0..8 {
        service.advance(11 * 24);
        assert!(service.is_open(&token).await);
    }
    let read = service
        .accounts
        .session(token.expose())
        .await
        .expect("open");
    let lifetime = read.expire_time().duration_since(session.create_time);
    assert_eq!(lifetime.as_hours(), 90 * 24);
    service.advance(2 * 24);
    assert!(!service.is_open(&token).await);
}

async fn use_is_recorded_once_an_hour(database: TestDb) {
    let service = TestAccounts::open(&database);
    service.create("ada@example.org").await;
    let (token, session) = service.sign_in("ada@example.org").await;
    service.advance(1);
    let read = service
        .accounts
        .session(token.expose())
        .await
        .expect("open");
    assert_eq!(read.last_use_time, session.create_time);
    service.advance(1);
    let used = service.now();
    for _ in 0..2 {
        let read = service
            .accounts
            .session(token.expose())
            .await
            .expect("open");
        assert_eq!(read.last_use_time, used);
    }
}

async fn hundred_and_first_session_ends_the_oldest(database: TestDb) {
    let service = TestAccounts::open(&database);
    service.create("ada@example.org").await;
    let mut tokens = Vec::new();
    for _ in 0..101 {
        tokens.push(service.sign_in("ada@example.org").await.0);
    }
    assert!(!service.is_open(&tokens[0]).await);
    assert!(service.is_open(&tokens[1]).await);
    assert!(service.is_open(&tokens[100]).await);
}

async fn pages_list_the_open_sessions(database: TestDb) {
    let service = TestAccounts::open(&database);
    let account_id = service.create("ada@example.org").await;
    let mut opened = Vec::new();
    for _ in 0..5 {
        opened.insert(0, service.sign_in("ada@example.org").await.1.session_id);
    }
    let (mut listed, mut token) = (Vec::new(), String::new());
    loop {
        let page = service.accounts.sessions(account_id, 2, &token).await;
        let page = page.expect("listed");
        listed.extend(page.items.into_iter().map(|session| session.session_id));
        token = page.next_page_token;
        if token.is_empty() {
            break;
        }
    }
    assert_eq!(listed, opened);
    let other = service.create("bob@example.org").await;
    let first = service
        .accounts
        .sessions(account_id, 2, "")
        .await
        .expect("listed");
    let foreign = service
        .accounts
        .sessions(other, 2, &first.next_page_token)
        .await;
    assert!(matches!(foreign, Err(AccountsError::InvalidPageToken(_))));
}

async fn only_own_sessions_can_be_revoked(database: TestDb) {
    let service = TestAccounts::open(&database);
    let ada = service.create("ada@example.org").await;
    let bob = service.create("bob@example.org").await;
    let (token, session) = service.sign_in("ada@example.org").await;
    let (kept, _) = service.sign_in("ada@example.org").await;
    for (account_id, session_id) in [(bob, session.session_id), (ada, SessionId(Uuid::nil()))] {
        let refused = service
            .accounts
            .revoke_session(account_id, session_id)
            .await;
        assert!(matches!(refused, Err(AccountsError::SessionNotFound(_))));
    }
    let revoked = service
        .accounts
        .revoke_session(ada, session.session_id)
        .await;
    revoked.expect("it is open");
    let open: HashSet<_> = [service.is_open(&token).await, service.is_open(&kept).await].into();
    assert_eq!(open, HashSet::from([false, true]));
    assert!(service.is_open(&kept).await);
}

use std::{net::IpAddr, time::Duration};

use store::testing::TestDb;
use uuid::Uuid;

use super::{NETWORK, PASSWORD, TestAccounts, sign_up};
use crate::{AccountsError, EmailAddress, SignUp};

store::both_engines! {
    crate::SCHEMA =>
    wrong_passwords_are_limited,
    right_passwords_are_not_counted,
    one_network_does_not_lock_others_out,
    guesses_for_many_addresses_are_limited,
    mails_are_limited,
    reused_request_id_is_told_before_a_limit,
    limit_does_not_tell_whether_an_account_exists,
    attempts_while_the_clock_was_ahead_are_forgotten,
}

/// How long the caller has to wait.
fn wait<T>(outcome: Result<T, AccountsError>) -> Duration {
    match outcome {
        Err(AccountsError::TooManyAttempts { retry_after }) => retry_after,
        Err(other) => panic!("{other}"),
        Ok(_) => panic!("it is not limited"),
    }
}

impl TestAccounts {
    async fn guess(&self, email: &str, network: Option<IpAddr>) -> Result<(), AccountsError> {
        let (email, label) = (EmailAddress::new(email), String::new());
        let password = "wrong".to_owned();
        let outcome = self
            .accounts
            .sign_in(&email, password, label, network)
            .await;
        outcome.map(drop)
    }

    async fn guess_wrong(&self, times: usize, email: &str, network: Option<IpAddr>) {
        for _ in 0..times {
            let refused = self.guess(email, network).await;
            assert!(
                matches!(refused, Err(AccountsError::SignInRefused)),
                "{refused:?}"
            );
        }
    }
}

async fn wrong_passwords_are_limited(database: TestDb) {
    let service = TestAccounts::open(&database);
    service.create("ada@example.org").await;
    service.guess_wrong(10, "ada@example.org", NETWORK).await;
    let limited = service.try_sign_in("ada@example.org", PASSWORD).await;
    assert_eq!(wait(limited), Duration::from_secs(60));
    service.clock.advance(Duration::from_secs(59));
    let limited = service.guess("ada@example.org", NETWORK).await;
    assert_eq!(wait(limited), Duration::from_secs(1));
    service.clock.advance(Duration::from_secs(1));
    service.sign_in("ada@example.org").await;
}

async fn right_passwords_are_not_counted(database: TestDb) {
    let service = TestAccounts::open(&database);
    service.create("ada@example.org").await;
    for _ in 0..30 {
        service.sign_in("ada@example.org").await;
    }
    service.guess_wrong(10, "ada@example.org", NETWORK).await;
}

async fn one_network_does_not_lock_others_out(database: TestDb) {
    let service = TestAccounts::open(&database);
    service.create("ada@example.org").await;
    let attacker = Some(IpAddr::from([198, 51, 100, 7]));
    service.guess_wrong(10, "ada@example.org", attacker).await;
    wait(service.guess("ada@example.org", attacker).await);
    service.sign_in("ada@example.org").await;
}

async fn guesses_for_many_addresses_are_limited(database: TestDb) {
    let service = TestAccounts::open(&database);
    for number in 0..100 {
        service
            .guess_wrong(1, &format!("{number}@example.org"), NETWORK)
            .await;
    }
    assert_eq!(
        wait(service.guess("x@example.org", NETWORK).await).as_secs(),
        6
    );
    // Nobody knows where these callers are.
    service.guess_wrong(1, "x@example.org", None).await;
}

async fn mails_are_limited(database: TestDb) {
    let service = TestAccounts::open(&database);
    let email = EmailAddress::new("ada@example.org");
    for _ in 0..5 {
        let requested = service
            .accounts
            .request_password_reset(Uuid::new_v4(), &email, NETWORK)
            .await;
        requested.expect("accepted");
    }
    let limited = service
        .accounts
        .sign_up(&sign_up("ada@example.org"), NETWORK)
        .await;
    assert_eq!(wait(limited).as_secs(), 12 * 60);
    service
        .accounts
        .sign_up(&sign_up("bob@example.org"), NETWORK)
        .await
        .expect("accepted");
}

async fn reused_request_id_is_told_before_a_limit(database: TestDb) {
    let service = TestAccounts::open(&database);
    let request = sign_up("ada@example.org");
    let signed_up = service.accounts.sign_up(&request, NETWORK).await;
    signed_up.expect("accepted");
    service.guess_wrong(10, "ada@example.org", NETWORK).await;
    let other = SignUp {
        display_name: "Grace".to_owned(),
        ..request.clone()
    };
    let reused = service.accounts.sign_up(&other, NETWORK).await;
    assert!(matches!(reused, Err(AccountsError::RequestIdReused(_))));
    // A retry compares passwords.
    wait(service.accounts.sign_up(&request, NETWORK).await);
}

async fn limit_does_not_tell_whether_an_account_exists(database: TestDb) {
    let service = TestAccounts::open(&database);
    service.create("ada@example.org").await;
    for email in ["ada@example.org", "nobody@example.org"] {
        service.guess_wrong(10, email, NETWORK).await;
        wait(service.guess(email, NETWORK).await);
    }
}

async fn attempts_while_the_clock_was_ahead_are_forgotten(database: TestDb) {
    let service = TestAccounts::open(&database);
    let now = service.now();
    service.advance(24 * 365);
    service.guess_wrong(10, "ada@example.org", NETWORK).await;
    service.clock.set(now);
    service.guess_wrong(10, "ada@example.org", NETWORK).await;
    wait(service.guess("ada@example.org", NETWORK).await);
}

use std::sync::mpsc;

use tokio::sync::oneshot;

use super::*;

const MAX_WAIT: Duration = Duration::from_secs(2);

fn cost(memory_kib: u32) -> HashCost {
    HashCost::new(memory_kib, 1).expect("valid cost")
}

fn passwords(concurrency: usize) -> Passwords {
    Passwords::new(cost(8), concurrency, MAX_WAIT)
}

#[tokio::test]
async fn only_the_password_of_the_hash_is_right() {
    let passwords = passwords(1);
    let hash = passwords
        .hash("correct horse".to_owned())
        .await
        .expect("hash");
    let verify = async |password: &str| {
        let verdict = passwords.verify(password.to_owned(), Some(&hash)).await;
        verdict.expect("verdict")
    };
    assert_eq!(
        verify("correct horse").await,
        Verdict::Right { outdated: false }
    );
    assert_eq!(verify("correct horse ").await, Verdict::Wrong);
    assert_eq!(verify("").await, Verdict::Wrong);
}

#[tokio::test]
async fn equal_passwords_have_different_hashes() {
    let passwords = passwords(1);
    let first = passwords
        .hash("correct horse".to_owned())
        .await
        .expect("hash");
    let second = passwords
        .hash("correct horse".to_owned())
        .await
        .expect("hash");
    assert_ne!(first, second);
}

#[tokio::test]
async fn hash_of_another_cost_is_right_but_outdated() {
    let old = Passwords::new(cost(16), 1, MAX_WAIT);
    let hash = old.hash("correct horse".to_owned()).await.expect("hash");
    let verdict = passwords(1)
        .verify("correct horse".to_owned(), Some(&hash))
        .await;
    assert_eq!(verdict.expect("verdict"), Verdict::Right { outdated: true });
}

#[tokio::test]
async fn missing_account_is_verified_at_the_same_cost() {
    let passwords = passwords(1);
    let verdict = passwords.verify("correct horse".to_owned(), None).await;
    assert_eq!(verdict.expect("verdict"), Verdict::Wrong);

    let real = passwords
        .hash("correct horse".to_owned())
        .await
        .expect("hash");
    let real = PasswordHash::new(&real).expect("real hash");
    let nobodys = PasswordHash::new(&passwords.nobodys_hash).expect("nobody's hash");
    assert_eq!(real.algorithm, nobodys.algorithm);
    assert_eq!(real.version, nobodys.version);
    assert_eq!(real.params, nobodys.params);
    assert_eq!(
        real.hash.expect("output").as_bytes().len(),
        nobodys.hash.expect("output").as_bytes().len()
    );
}

#[tokio::test]
async fn missing_account_waits_for_a_permit_like_any_other() {
    let passwords = Passwords::new(cost(8), 0, Duration::ZERO);
    let result = passwords.verify("correct horse".to_owned(), None).await;
    assert!(
        matches!(result, Err(PasswordError::Overloaded)),
        "{result:?}"
    );
}

#[tokio::test]
async fn invalid_stored_hash_is_an_error() {
    let result = passwords(1)
        .verify("correct horse".to_owned(), Some("plain text"))
        .await;
    assert!(
        matches!(result, Err(PasswordError::InvalidHash(_))),
        "{result:?}"
    );
}

#[test]
fn default_cost_is_the_minimum_of_owasp() {
    let HashCost(params) = HashCost::default();
    assert_eq!(
        (params.m_cost(), params.t_cost(), params.p_cost()),
        (19 * 1024, 2, 1)
    );
}

#[test]
fn cost_below_the_limits_of_argon2_is_refused() {
    assert!(HashCost::new(7, 1).is_err());
    assert!(HashCost::new(8, 0).is_err());
}

#[tokio::test]
async fn caller_that_goes_away_keeps_its_permit_until_the_work_ends() {
    let passwords = passwords(1);
    let (started, has_started) = oneshot::channel();
    let (finish, finished) = mpsc::channel::<()>();
    let first = tokio::spawn({
        let passwords = passwords.clone();
        async move {
            let work = move || {
                started.send(()).expect("test waits");
                finished.recv().expect("test sends");
                Ok(())
            };
            passwords.compute(work).await
        }
    });
    has_started.await.expect("work starts");
    first.abort();
    assert!(first.await.expect_err("aborted").is_cancelled());

    assert_eq!(passwords.permits.available_permits(), 0);
    let impatient = Passwords {
        max_wait: Duration::ZERO,
        ..passwords.clone()
    };
    let result = impatient.hash("correct horse".to_owned()).await;
    assert!(
        matches!(result, Err(PasswordError::Overloaded)),
        "{result:?}"
    );

    finish.send(()).expect("work waits");
    passwords
        .hash("correct horse".to_owned())
        .await
        .expect("room again");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn memory_is_used_again() {
    let passwords = passwords(2);
    let hashes = (0..50).map(|_| passwords.verify("correct horse".to_owned(), None));
    for verdict in futures::future::join_all(hashes).await {
        assert_eq!(verdict.expect("verdict"), Verdict::Wrong);
    }
    let pieces = passwords.memory.0.lock().expect("no panic").len();
    assert!((1..=2).contains(&pieces), "{pieces}");
}

/// A hash from the tests of the reference implementation (phc-winner-argon2, `src/test.c`).
#[tokio::test]
async fn hash_of_another_implementation_is_verified() {
    let hash =
        "$argon2id$v=19$m=256,t=2,p=1$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4";
    let passwords = passwords(1);
    for (password, verdict) in [
        ("password", Verdict::Right { outdated: true }),
        ("Password", Verdict::Wrong),
    ] {
        let verified = passwords.verify(password.to_owned(), Some(hash)).await;
        assert_eq!(verified.expect("a hash"), verdict);
    }
}

//! Remembers for a short time which tokens are valid.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use futures::{FutureExt, future::BoxFuture};
use tokio::time::Instant;

use super::{AuthenticationError, Authenticator};
use crate::Caller;

/// How many tokens are remembered; at most 2 MB. When the cache is full, expired entries
/// are removed, and if there are none, all.
const CAPACITY: usize = 10_000;

/// Asks another authenticator, and remembers its positive answers. A revoked token stays
/// valid until its entry expires. Refusals and failures are not remembered, so that a new
/// session is valid at once.
pub struct CachedAuthenticator<A> {
    inner: A,
    time_to_live: Duration,
    entries: Mutex<HashMap<Box<str>, Entry>>,
}

struct Entry {
    caller: Caller,
    expires: Instant,
}

impl<A: Authenticator> CachedAuthenticator<A> {
    /// Remembers each positive answer for `time_to_live`, for example five seconds.
    pub fn new(inner: A, time_to_live: Duration) -> Self {
        Self {
            inner,
            time_to_live,
            entries: Mutex::default(),
        }
    }

    fn lookup(&self, token: &str) -> Option<Caller> {
        let entries = self.entries.lock().unwrap_or_else(PoisonError::into_inner);
        let entry = entries.get(token)?;
        (Instant::now() < entry.expires).then(|| entry.caller.clone())
    }

    fn insert(&self, token: &str, caller: Caller) {
        let now = Instant::now();
        let mut entries = self.entries.lock().unwrap_or_else(PoisonError::into_inner);
        if entries.len() >= CAPACITY {
            entries.retain(|_, entry| now < entry.expires);
            if entries.len() >= CAPACITY {
                entries.clear();
            }
        }
        let expires = now + self.time_to_live;
        entries.insert(token.into(), Entry { caller, expires });
    }
}

impl<A: Authenticator> Authenticator for CachedAuthenticator<A> {
    fn authenticate<'a>(
        &'a self,
        token: &'a str,
    ) -> BoxFuture<'a, Result<Caller, AuthenticationError>> {
        async move {
            if let Some(caller) = self.lookup(token) {
                return Ok(caller);
            }
            let caller = self.inner.authenticate(token).await?;
            self.insert(token, caller.clone());
            Ok(caller)
        }
        .boxed()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use uuid::Uuid;

    use super::*;
    use crate::AccountId;

    const TIME_TO_LIVE: Duration = Duration::from_secs(5);

    /// Accepts the token "valid" and counts the calls.
    #[derive(Default)]
    struct CountingAuthenticator(AtomicUsize);

    impl Authenticator for CountingAuthenticator {
        fn authenticate<'a>(
            &'a self,
            token: &'a str,
        ) -> BoxFuture<'a, Result<Caller, AuthenticationError>> {
            self.0.fetch_add(1, Ordering::Relaxed);
            let result = match token {
                "valid" => Ok(Caller::Account(AccountId(Uuid::from_u128(1)))),
                _ => Err(AuthenticationError::Refused),
            };
            std::future::ready(result).boxed()
        }
    }

    #[tokio::test(start_paused = true)]
    async fn valid_token_is_verified_again_after_its_time_to_live() {
        let cache = CachedAuthenticator::new(CountingAuthenticator::default(), TIME_TO_LIVE);
        for _ in 0..2 {
            let caller = cache.authenticate("valid").await;
            assert_eq!(caller, Ok(Caller::Account(AccountId(Uuid::from_u128(1)))));
        }
        assert_eq!(cache.inner.0.load(Ordering::Relaxed), 1);
        tokio::time::advance(TIME_TO_LIVE).await;
        assert!(cache.authenticate("valid").await.is_ok());
        assert_eq!(cache.inner.0.load(Ordering::Relaxed), 2);
    }

    #[tokio::test]
    async fn refused_token_is_not_remembered() {
        let cache = CachedAuthenticator::new(CountingAuthenticator::default(), TIME_TO_LIVE);
        for _ in 0..2 {
            let refused = cache.authenticate("wrong").await;
            assert_eq!(refused, Err(AuthenticationError::Refused));
        }
        assert_eq!(cache.inner.0.load(Ordering::Relaxed), 2);
    }

    #[test]
    fn full_cache_is_emptied() {
        let cache = CachedAuthenticator::new(CountingAuthenticator::default(), TIME_TO_LIVE);
        for token in 0..=CAPACITY {
            cache.insert(&token.to_string(), Caller::Operator);
        }
        let entries = cache.entries.lock().expect("no panic holds the lock");
        assert_eq!(entries.len(), 1);
    }
}

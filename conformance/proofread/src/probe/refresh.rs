//! Obtains credentials again that have expired or were used up, such as a session after
//! SignOut.

use std::{
    fmt,
    sync::atomic::{AtomicU32, AtomicU64, Ordering},
};

use futures::future::BoxFuture;
use http::HeaderValue;

use super::target::Endpoint;

/// After so many new tokens in a row that the server refused too, no more are obtained: then
/// it is not the token that is refused.
const MAX_FRUITLESS: u32 = 3;

/// Obtains the token of a credential again.
pub trait RefreshCredential: Send + Sync {
    /// The new value of the header of a credential; `None` if it cannot be obtained.
    fn header_value<'a>(&'a self, credential: &'a str) -> BoxFuture<'a, Option<Vec<u8>>>;
}

/// The source of new tokens. Calls that are refused at the same time share one.
pub(super) struct Refresh {
    source: Box<dyn RefreshCredential>,
    /// Counts the tokens that were obtained.
    generation: AtomicU64,
    /// The newest tokens in a row that were refused.
    fruitless: AtomicU32,
    /// Held while a token is obtained.
    obtaining: tokio::sync::Mutex<()>,
}

impl fmt::Debug for Refresh {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Refresh").finish_non_exhaustive()
    }
}

impl Refresh {
    pub(super) fn new(source: Box<dyn RefreshCredential>) -> Self {
        Self {
            source,
            generation: AtomicU64::new(0),
            fruitless: AtomicU32::new(0),
            obtaining: tokio::sync::Mutex::default(),
        }
    }

    pub(super) fn generation(&self) -> u64 {
        self.generation.load(Ordering::Acquire)
    }

    /// Records the answer to a call that was sent with the tokens of a generation.
    pub(super) fn record(&self, generation: u64, refused: bool) {
        if !refused && generation == self.generation() {
            self.fruitless.store(0, Ordering::Release);
        }
    }

    /// Makes sure that the next call has a newer token than that of `generation`; `false` if
    /// none can be obtained.
    pub(super) async fn refresh(
        &self,
        credential: &str,
        generation: u64,
        endpoint: &Endpoint,
    ) -> bool {
        let _obtaining = self.obtaining.lock().await;
        if self.generation() != generation {
            return true;
        }
        if self.fruitless.load(Ordering::Acquire) >= MAX_FRUITLESS {
            return false;
        }
        self.fruitless.fetch_add(1, Ordering::AcqRel);
        let Some(value) = self.source.header_value(credential).await else {
            return false;
        };
        let Ok(value) = HeaderValue::from_bytes(&value) else {
            return false;
        };
        endpoint.replace_credential(credential, &value);
        self.generation.fetch_add(1, Ordering::AcqRel);
        true
    }
}

//! Stops the work of a search that nobody waits for any more.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use super::SearchError;

/// Asked by the search again and again; see [`CancelOnDrop`].
#[derive(Debug, Clone, Default)]
pub(crate) struct Cancellation(Arc<AtomicBool>);

/// Cancels when it is dropped, as the future of a call is when its deadline has passed or its
/// client has gone.
#[derive(Debug)]
pub(crate) struct CancelOnDrop(Cancellation);

impl Cancellation {
    pub(crate) fn cancel_on_drop(&self) -> CancelOnDrop {
        CancelOnDrop(self.clone())
    }

    /// Fails if the search is cancelled.
    pub(super) fn check(&self) -> Result<(), SearchError> {
        if self.0.load(Ordering::Relaxed) {
            return Err(SearchError::Cancelled);
        }
        Ok(())
    }
}

impl Drop for CancelOnDrop {
    fn drop(&mut self) {
        self.0.0.store(true, Ordering::Relaxed);
    }
}

//! Points at which a test stops a call for ever, as a crash of the process does.

use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::sync::Notify;

/// The points that calls reach, counted from 0.
#[derive(Debug)]
pub(crate) struct CrashPoints {
    count: AtomicUsize,
    stop_at: usize,
    stopped: Notify,
}

impl Default for CrashPoints {
    fn default() -> Self {
        Self::stop_at(usize::MAX)
    }
}

impl CrashPoints {
    /// The call that reaches the point with this number stops there.
    pub(crate) fn stop_at(number: usize) -> Self {
        Self {
            count: AtomicUsize::new(0),
            stop_at: number,
            stopped: Notify::new(),
        }
    }

    pub(super) async fn reach(&self) {
        if self.count.fetch_add(1, Ordering::Relaxed) == self.stop_at {
            self.stopped.notify_one();
            std::future::pending::<()>().await;
        }
    }

    /// Waits until a call has stopped.
    pub(crate) async fn stopped(&self) {
        self.stopped.notified().await;
    }
}

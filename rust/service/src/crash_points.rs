//! Points at which a test stops a call for ever, as a crash of the process does.

use std::sync::{
    LazyLock,
    atomic::{AtomicUsize, Ordering},
};

use tokio::sync::Notify;

/// The points that calls reach, counted from 0. The macro [`crash_point`](crate::crash_point)
/// marks them.
#[derive(Debug)]
pub struct CrashPoints {
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
    pub fn stop_at(number: usize) -> Self {
        Self {
            count: AtomicUsize::new(0),
            stop_at: number,
            stopped: Notify::new(),
        }
    }

    /// Counts a point, and never returns at the one to stop at.
    pub async fn reach(&self) {
        if self.count.fetch_add(1, Ordering::Relaxed) == self.stop_at {
            self.stopped.notify_one();
            std::future::pending::<()>().await;
        }
    }

    /// Waits until a call has stopped.
    pub async fn stopped(&self) {
        self.stopped.notified().await;
    }
}

/// The environment variable with the number of the point at which a debug build of the process
/// aborts, counted from 0 over all services. For tests of the real process.
const ABORT_AT: &str = "BINDERY_CRASH_AT";

/// Counts a point of the process, and aborts it at the one that [`ABORT_AT`] names. Nothing is
/// dropped or flushed, as with SIGKILL.
#[doc(hidden)]
pub fn abort_at_crash_point() {
    static COUNT: AtomicUsize = AtomicUsize::new(0);
    static LIMIT: LazyLock<Option<usize>> =
        LazyLock::new(|| std::env::var(ABORT_AT).ok()?.parse().ok());
    if LIMIT.is_some_and(|limit| COUNT.fetch_add(1, Ordering::Relaxed) == limit) {
        std::process::abort();
    }
}

/// Marks a point before or after a commit or a remote call, given [`CrashPoints`] that only the
/// tests of the calling crate have. A debug build aborts there if `BINDERY_CRASH_AT` says so; in
/// a release build it is nothing.
#[macro_export]
macro_rules! crash_point {
    ($points:expr) => {
        #[cfg(test)]
        $points.reach().await;
        #[cfg(debug_assertions)]
        $crate::abort_at_crash_point();
    };
}

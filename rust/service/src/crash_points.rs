//! Points at which a test stops a call for ever, as a crash of the process does.

use std::{
    fs,
    path::PathBuf,
    sync::{
        LazyLock, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
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

/// The environment variable with the path of a file that contains a number: how many more points
/// a debug build of the process passes before it aborts. Without the file it does not abort. For
/// tests of the real process, which write the file while it runs.
const COUNTDOWN_FILE: &str = "BINDERY_CRASH_COUNTDOWN";

/// Counts a point of the process, and aborts it if the countdown is over. Nothing is dropped or
/// flushed, as with SIGKILL.
#[doc(hidden)]
pub fn abort_at_crash_point() {
    static PATH: LazyLock<Option<PathBuf>> =
        LazyLock::new(|| std::env::var_os(COUNTDOWN_FILE).map(PathBuf::from));
    static COUNTING: Mutex<()> = Mutex::new(());
    let Some(path) = PATH.as_deref() else {
        return;
    };
    let _counting = COUNTING.lock();
    let Ok(content) = fs::read_to_string(path) else {
        return;
    };
    match content.parse::<u32>().map(|left| left.checked_sub(1)) {
        Ok(Some(left)) => {
            // If it fails, the test finds that the number is wrong.
            let _ = fs::write(path, left.to_string());
        }
        Ok(None) => {
            // The next process does not abort.
            let _ = fs::remove_file(path);
            std::process::abort();
        }
        Err(_) => {}
    }
}

/// Marks a point before or after a commit or a remote call. A debug build aborts there if
/// `BINDERY_CRASH_COUNTDOWN` says so; in a release build it is nothing. With [`CrashPoints`], which only
/// the tests of the calling crate have, these can stop there as well.
#[macro_export]
macro_rules! crash_point {
    () => {
        #[cfg(debug_assertions)]
        $crate::abort_at_crash_point();
    };
    ($points:expr) => {
        #[cfg(test)]
        $points.reach().await;
        $crate::crash_point!();
    };
}

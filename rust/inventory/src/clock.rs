//! The door by which time comes in.

use std::{fmt, sync::Mutex, time::Duration};

use jiff::Timestamp;

/// Tells the time.
pub trait Clock: fmt::Debug + Send + Sync + 'static {
    /// Now.
    fn now(&self) -> Timestamp;
}

/// The time of this machine.
///
/// Processes that share a database each go by their own: where their clocks differ by a
/// second, a reservation may end a second early for one of them.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        Timestamp::now()
    }
}

/// A clock that stands still until it is told to advance, for tests.
#[derive(Debug)]
pub struct HeldClock(Mutex<Timestamp>);

impl HeldClock {
    /// A clock that stands at `now`.
    pub fn at(now: Timestamp) -> Self {
        Self(Mutex::new(now))
    }

    /// Lets time pass.
    pub fn advance(&self, by: Duration) {
        *self.lock() += by;
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Timestamp> {
        // A timestamp is whole whatever happened to the thread that held it.
        self.0
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

impl Clock for HeldClock {
    fn now(&self) -> Timestamp {
        *self.lock()
    }
}

//! Notifications of changes, within a process and between the processes that share a
//! PostgreSQL database.
//!
//! They make others faster and are no guarantee: a notification is sent after the commit and
//! is lost if the process or the connection ends just then. So whoever listens also looks for
//! changes now and then. They are not part of the transaction, because PostgreSQL lets only one
//! transaction with a `NOTIFY` commit at a time.

use std::{
    collections::BTreeSet,
    sync::{Arc, Mutex, MutexGuard, PoisonError, Weak},
};

use tokio::sync::Notify;

/// A listener that has not read this many keys is told that everything may have changed.
const MAX_PENDING_KEYS: usize = 10_000;

/// What changed since a [`Listener`] was last asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Changes {
    /// The keys that were given to `notify`, each one once.
    Keys(BTreeSet<String>),
    /// Everything may have changed: notifications may have been lost, because the connection
    /// to the database was interrupted or there were too many.
    All,
}

/// Receives the notifications of one channel; created by [`Db::listen`](crate::Db::listen).
#[derive(Debug)]
pub struct Listener(Arc<Subscription>);

/// Where a notification came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Origin {
    /// This [`Db`](crate::Db) or a clone of it.
    Here,
    /// Another process, or another `Db` of this process.
    Elsewhere,
}

/// The listeners of a database.
#[derive(Debug, Default)]
pub(crate) struct Notifier(Mutex<Vec<Weak<Subscription>>>);

#[derive(Debug)]
struct Subscription {
    channel: String,
    only_elsewhere: bool,
    pending: Mutex<Changes>,
    wake: Notify,
}

impl Changes {
    const NONE: Self = Self::Keys(BTreeSet::new());

    /// Adds keys, or everything.
    fn add(&mut self, keys: Option<&BTreeSet<String>>) {
        match (&mut *self, keys) {
            (Self::All, _) => {}
            (Self::Keys(pending), Some(keys)) if pending.len() + keys.len() <= MAX_PENDING_KEYS => {
                pending.extend(keys.iter().cloned());
            }
            (Self::Keys(_), _) => *self = Self::All,
        }
    }
}

impl Listener {
    /// Waits until something changed. It may be cancelled without losing a change.
    pub async fn next(&self) -> Changes {
        loop {
            let changes = std::mem::replace(&mut *lock(&self.0.pending), Changes::NONE);
            if changes != Changes::NONE {
                return changes;
            }
            // `Notify` keeps a wake-up that arrives between the check and this wait.
            self.0.wake.notified().await;
        }
    }
}

impl Notifier {
    pub(crate) fn listen(&self, channel: &str, only_elsewhere: bool) -> Listener {
        let subscription = Arc::new(Subscription {
            channel: channel.to_owned(),
            only_elsewhere,
            pending: Mutex::new(Changes::NONE),
            wake: Notify::new(),
        });
        let mut subscriptions = lock(&self.0);
        subscriptions.retain(|subscription| subscription.strong_count() > 0);
        subscriptions.push(Arc::downgrade(&subscription));
        Listener(subscription)
    }

    /// Whether anybody listens, so that it makes sense to collect keys.
    pub(crate) fn has_listeners(&self) -> bool {
        !lock(&self.0).is_empty()
    }

    /// Tells the listeners of a channel, or of all channels, that keys, or everything, changed.
    pub(crate) fn deliver(
        &self,
        origin: Origin,
        channel: Option<&str>,
        keys: Option<&BTreeSet<String>>,
    ) {
        let subscriptions = lock(&self.0);
        for subscription in subscriptions.iter().filter_map(Weak::upgrade) {
            let listens = channel.is_none_or(|channel| channel == subscription.channel)
                && !(subscription.only_elsewhere && origin == Origin::Here);
            if listens {
                lock(&subscription.pending).add(keys);
                subscription.wake.notify_one();
            }
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // A panic cannot leave these values half changed, so poisoning is ignored.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

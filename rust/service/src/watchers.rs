//! Notification of the streams that watch changes.
//!
//! Each subscription has a set of the keys that changed since its last read. A change adds
//! its key to these sets after the commit. So a slow client needs memory only for the keys
//! that it watches, and reads only the newest values.

use std::{
    collections::{BTreeSet, HashMap},
    hash::Hash,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use tokio::sync::Notify;

/// All subscriptions of a service, by the key that they watch, such as a book id. Clones
/// share the same subscriptions.
///
/// Subscribing and unsubscribing take constant time per key, however many other
/// subscriptions the key has.
#[derive(Debug)]
pub struct Watchers<K>(Arc<Mutex<Registry<K>>>);

#[derive(Debug)]
struct Registry<K> {
    by_key: HashMap<K, HashMap<u64, Arc<PendingChanges<K>>>>,
    /// The number of the next subscription.
    next_number: u64,
}

/// The keys that changed for one subscription since its last read.
#[derive(Debug)]
struct PendingChanges<K> {
    keys: Mutex<BTreeSet<K>>,
    wake: Notify,
}

/// A subscription to the changes of some keys. Dropping it ends the subscription.
#[derive(Debug)]
pub struct Subscription<K: Copy + Ord + Hash> {
    watchers: Watchers<K>,
    number: u64,
    keys: Vec<K>,
    changes: Arc<PendingChanges<K>>,
}

impl<K> Clone for Watchers<K> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<K> Default for Watchers<K> {
    fn default() -> Self {
        Self(Arc::new(Mutex::new(Registry {
            by_key: HashMap::new(),
            next_number: 0,
        })))
    }
}

impl<K: Copy + Ord + Hash> Watchers<K> {
    /// Subscribes to the changes of some keys. Subscribe before reading the current values,
    /// so that no change in between is missed.
    pub fn subscribe(&self, keys: &[K]) -> Subscription<K> {
        let changes = Arc::new(PendingChanges {
            keys: Mutex::new(BTreeSet::new()),
            wake: Notify::new(),
        });
        let mut registry = lock(&self.0);
        let number = registry.next_number;
        registry.next_number += 1;
        for key in keys {
            let subscriptions = registry.by_key.entry(*key).or_default();
            subscriptions.insert(number, Arc::clone(&changes));
        }
        Subscription {
            watchers: self.clone(),
            number,
            keys: keys.to_vec(),
            changes,
        }
    }

    /// Notifies the subscriptions to these keys that the values may have changed. Call it
    /// after the commit.
    pub fn notify(&self, keys: &[K]) {
        let registry = lock(&self.0);
        if registry.by_key.is_empty() {
            return;
        }
        for key in keys {
            for changes in registry
                .by_key
                .get(key)
                .into_iter()
                .flat_map(HashMap::values)
            {
                lock(&changes.keys).insert(*key);
                changes.wake.notify_one();
            }
        }
    }

    /// The keys that have subscriptions, in no particular order.
    pub fn watched(&self) -> Vec<K> {
        lock(&self.0).by_key.keys().copied().collect()
    }
}

impl<K: Copy + Ord + Hash> Drop for Subscription<K> {
    fn drop(&mut self) {
        let mut registry = lock(&self.watchers.0);
        for key in &self.keys {
            if let Some(subscriptions) = registry.by_key.get_mut(key) {
                subscriptions.remove(&self.number);
                if subscriptions.is_empty() {
                    registry.by_key.remove(key);
                }
            }
        }
    }
}

impl<K: Copy + Ord + Hash> Subscription<K> {
    /// Waits until there are changes, and returns their keys in ascending order.
    pub async fn next_changes(&self) -> Vec<K> {
        loop {
            let changed = std::mem::take(&mut *lock(&self.changes.keys));
            if !changed.is_empty() {
                return changed.into_iter().collect();
            }
            // `Notify` keeps a wake-up that arrives between the check and this wait.
            self.changes.wake.notified().await;
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // A panic cannot leave these values half changed, so poisoning is ignored.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use super::*;

    #[tokio::test]
    async fn subscription_gets_each_changed_key_once() {
        let watchers = Watchers::default();
        let subscription = watchers.subscribe(&[1, 2]);
        watchers.notify(&[2, 3]);
        watchers.notify(&[2, 1]);
        assert_eq!(subscription.next_changes().await, [1, 2]);
        let waiting = tokio::spawn(async move { subscription.next_changes().await });
        watchers.notify(&[2]);
        assert_eq!(waiting.await.expect("no panic"), [2]);
    }

    #[test]
    fn key_is_watched_until_its_last_subscription_ends() {
        let watchers = Watchers::default();
        // A key may be given twice.
        let first = watchers.subscribe(&[1, 1]);
        let second = watchers.subscribe(&[1]);
        drop(first);
        assert_eq!(watchers.watched(), [1]);
        drop(second);
        assert!(watchers.watched().is_empty());
    }

    /// The shortest of three times that it takes to end `count` subscriptions on one key.
    fn time_to_end(count: u32) -> Duration {
        let measure = || {
            let watchers = Watchers::default();
            let subscriptions: Vec<_> = (0..count).map(|_| watchers.subscribe(&[1])).collect();
            let start = Instant::now();
            drop(subscriptions);
            start.elapsed()
        };
        (0..3).map(|_| measure()).min().expect("three runs")
    }

    #[test]
    fn time_to_end_subscriptions_grows_linearly() {
        // 16 times the subscriptions take 16 times the time, or 256 times if each end
        // searches through all others.
        let few = time_to_end(1_000);
        let many = time_to_end(16_000);
        assert!(many < few * 80, "{few:?} for 1,000, {many:?} for 16,000");
    }
}

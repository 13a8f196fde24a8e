//! A semaphore whose number of permits changes.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering::Relaxed},
};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// The permits of a [`Limit`](super::limits), or of one peer.
pub(crate) struct Permits {
    semaphore: Arc<Semaphore>,
    /// How many permits there are, with those in use.
    size: AtomicUsize,
    /// How many of the permits in use do not come back, because there are fewer now.
    surplus: AtomicUsize,
}

impl Permits {
    pub(super) fn new(size: usize) -> Arc<Self> {
        Arc::new(Self {
            semaphore: Arc::new(Semaphore::new(size)),
            size: AtomicUsize::new(size),
            surplus: AtomicUsize::new(0),
        })
    }

    /// Changes the number of permits. Not to be called twice at the same time.
    pub(super) fn resize(&self, size: usize) {
        let old = self.size.swap(size, Relaxed);
        if size < old {
            let free = self.semaphore.forget_permits(old - size);
            self.surplus.fetch_add(old - size - free, Relaxed);
        }
        let returning = (old..size).take_while(|_| self.take_surplus()).count();
        self.semaphore
            .add_permits(size.saturating_sub(old) - returning);
    }

    pub(super) fn size(&self) -> usize {
        self.size.load(Relaxed)
    }

    pub(super) fn in_use(&self) -> usize {
        let size = self.size() + self.surplus.load(Relaxed);
        size.saturating_sub(self.semaphore.available_permits())
    }

    pub(super) fn try_acquire(self: &Arc<Self>) -> Option<HeldPermit> {
        let permit = Arc::clone(&self.semaphore).try_acquire_owned().ok()?;
        Some(HeldPermit::new(permit, self))
    }

    /// Waits for a permit. `None` if the semaphore is closed, which it never is.
    pub(super) async fn acquire(self: &Arc<Self>) -> Option<HeldPermit> {
        let permit = Arc::clone(&self.semaphore).acquire_owned().await.ok()?;
        Some(HeldPermit::new(permit, self))
    }

    fn take_surplus(&self) -> bool {
        let taken = self
            .surplus
            .fetch_update(Relaxed, Relaxed, |surplus| surplus.checked_sub(1));
        taken.is_ok()
    }
}

/// A permit in use; dropping it releases it.
pub(crate) struct HeldPermit {
    /// `None` only while it is dropped.
    permit: Option<OwnedSemaphorePermit>,
    permits: Arc<Permits>,
}

impl HeldPermit {
    fn new(permit: OwnedSemaphorePermit, permits: &Arc<Permits>) -> Self {
        Self {
            permit: Some(permit),
            permits: Arc::clone(permits),
        }
    }
}

impl Drop for HeldPermit {
    fn drop(&mut self) {
        if let Some(permit) = self.permit.take()
            && self.permits.take_surplus()
        {
            permit.forget();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn permits_in_use_do_not_come_back_when_there_are_fewer() {
        let permits = Permits::new(3);
        let mut held: Vec<_> = (0..3)
            .map(|_| permits.try_acquire().expect("free"))
            .collect();
        permits.resize(1);
        assert_eq!(permits.in_use(), 3);
        held.truncate(1);
        assert_eq!(permits.in_use(), 1);
        assert!(permits.try_acquire().is_none());
        held.clear();
        let last = permits.try_acquire().expect("one is left");
        assert!(permits.try_acquire().is_none());
        drop(last);
        assert_eq!(permits.in_use(), 0);
    }

    #[test]
    fn more_permits_are_first_those_in_use() {
        let permits = Permits::new(2);
        let held = [permits.try_acquire(), permits.try_acquire()];
        permits.resize(0);
        permits.resize(3);
        let third = permits.try_acquire().expect("one more than before");
        assert!(permits.try_acquire().is_none());
        drop((held, third));
        assert_eq!(permits.in_use(), 0);
        let all: Vec<_> = std::iter::from_fn(|| permits.try_acquire()).collect();
        assert_eq!(all.len(), 3);
    }
}

//! How many permits of a limit one peer may hold.

use std::{
    collections::HashMap,
    net::IpAddr,
    sync::{Arc, Mutex, PoisonError},
};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::peer::peer_network;

pub(crate) struct PeerShares {
    share: usize,
    /// Only peers that hold a permit or wait for one.
    peers: Mutex<HashMap<IpAddr, Arc<Semaphore>>>,
}

impl PeerShares {
    /// `None` if a peer may hold all `max` permits.
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_precision_loss,
        clippy::cast_sign_loss,
        reason = "a share of a few thousand permits needs no exact arithmetic"
    )]
    pub(super) fn new(max: usize, share: f64) -> Option<Arc<Self>> {
        let share = (max as f64 * share).ceil() as usize;
        (share < max).then(|| Self::of(share))
    }

    /// A peer may hold so many permits.
    pub(crate) fn of(share: usize) -> Arc<Self> {
        Arc::new(Self {
            share: share.max(1),
            peers: Mutex::default(),
        })
    }

    pub(crate) fn entry(self: &Arc<Self>, peer: IpAddr) -> PeerEntry {
        let peer = peer_network(peer);
        let mut peers = self.peers.lock().unwrap_or_else(PoisonError::into_inner);
        let semaphore = peers
            .entry(peer)
            .or_insert_with(|| Arc::new(Semaphore::new(self.share)));
        PeerEntry {
            semaphore: Arc::clone(semaphore),
            peer,
            shares: Arc::clone(self),
        }
    }
}

/// Keeps the peer in the table. Dropping the last entry of a peer removes it.
pub(crate) struct PeerEntry {
    semaphore: Arc<Semaphore>,
    peer: IpAddr,
    shares: Arc<PeerShares>,
}

impl PeerEntry {
    pub(crate) fn try_take(self) -> Option<(OwnedSemaphorePermit, Self)> {
        let permit = Arc::clone(&self.semaphore).try_acquire_owned().ok()?;
        Some((permit, self))
    }

    pub(crate) async fn take(self) -> Option<(OwnedSemaphorePermit, Self)> {
        let permit = Arc::clone(&self.semaphore).acquire_owned().await.ok()?;
        Some((permit, self))
    }
}

impl Drop for PeerEntry {
    fn drop(&mut self) {
        let mut peers = self
            .shares
            .peers
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        // The table and this entry. Others can only clone it under the lock.
        if Arc::strong_count(&self.semaphore) == 2 {
            peers.remove(&self.peer);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn peer_gets_its_share_and_is_forgotten_afterwards() {
        let shares = PeerShares::new(3, 0.5).expect("less than all");
        let peer: IpAddr = "2001:db8::1".parse().expect("an address");
        let neighbour: IpAddr = "2001:db8::2".parse().expect("an address");
        let stranger: IpAddr = "192.0.2.1".parse().expect("an address");
        let first = shares.entry(peer).try_take().expect("the first");
        let second = shares.entry(neighbour).try_take().expect("the second");
        assert!(shares.entry(peer).try_take().is_none(), "its share is two");
        let other = shares.entry(stranger).try_take();
        assert!(other.is_some(), "others have a share of their own");
        drop((first, second, other));
        assert!(shares.peers.lock().expect("no panic").is_empty());
    }

    #[test]
    fn whole_share_needs_no_table() {
        assert!(PeerShares::new(3, 1.0).is_none());
        assert!(PeerShares::new(0, 0.5).is_none());
    }
}

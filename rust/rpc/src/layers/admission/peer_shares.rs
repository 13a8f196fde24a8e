//! How many permits of a limit one peer may hold.

use std::{
    collections::HashMap,
    net::IpAddr,
    sync::{Arc, Mutex, PoisonError},
};

use super::permits::{HeldPermit, Permits};
use crate::peer::peer_network;

pub(crate) struct PeerShares {
    /// The part of all permits that one peer may hold.
    part: f64,
    peers: Mutex<Peers>,
}

struct Peers {
    share: usize,
    /// Only peers that hold a permit or wait for one.
    permits: HashMap<IpAddr, Arc<Permits>>,
}

impl PeerShares {
    /// `None` if a peer may hold all `max` permits.
    pub(super) fn new(max: usize, part: f64) -> Option<Arc<Self>> {
        let share = share_of(max, part);
        (share < max).then(|| Self::with(share, part))
    }

    /// A peer may hold so many permits.
    pub(crate) fn of(share: usize) -> Arc<Self> {
        Self::with(share, 1.0)
    }

    fn with(share: usize, part: f64) -> Arc<Self> {
        let peers = Peers {
            share: share.max(1),
            permits: HashMap::new(),
        };
        Arc::new(Self {
            part,
            peers: Mutex::new(peers),
        })
    }

    /// Changes the number of permits of which a peer may hold a part.
    pub(super) fn resize(&self, max: usize) {
        let mut peers = self.peers.lock().unwrap_or_else(PoisonError::into_inner);
        peers.share = share_of(max, self.part).max(1);
        for permits in peers.permits.values() {
            permits.resize(peers.share);
        }
    }

    pub(crate) fn entry(self: &Arc<Self>, peer: IpAddr) -> PeerEntry {
        let peer = peer_network(peer);
        let mut peers = self.peers.lock().unwrap_or_else(PoisonError::into_inner);
        let share = peers.share;
        let permits = peers
            .permits
            .entry(peer)
            .or_insert_with(|| Permits::new(share));
        PeerEntry {
            permits: Arc::clone(permits),
            peer,
            shares: Arc::clone(self),
        }
    }
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    clippy::cast_sign_loss,
    reason = "a share of a few thousand permits needs no exact arithmetic"
)]
fn share_of(permits: usize, part: f64) -> usize {
    (permits as f64 * part).ceil() as usize
}

/// Keeps the peer in the table. Dropping the last entry of a peer removes it.
pub(crate) struct PeerEntry {
    permits: Arc<Permits>,
    peer: IpAddr,
    shares: Arc<PeerShares>,
}

impl PeerEntry {
    pub(crate) fn try_take(self) -> Option<(HeldPermit, Self)> {
        let permit = self.permits.try_acquire()?;
        Some((permit, self))
    }

    pub(crate) async fn take(self) -> Option<(HeldPermit, Self)> {
        let permit = self.permits.acquire().await?;
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
        if Arc::strong_count(&self.permits) == 2 {
            peers.permits.remove(&self.peer);
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
        assert!(shares.peers.lock().expect("no panic").permits.is_empty());
    }

    #[test]
    fn share_follows_the_number_of_permits() {
        let shares = PeerShares::new(4, 0.5).expect("less than all");
        let peer: IpAddr = "192.0.2.1".parse().expect("an address");
        let take = || shares.entry(peer).try_take();
        let held = [take(), take()];
        assert!(held.iter().all(Option::is_some) && take().is_none());
        shares.resize(8);
        let more = [take(), take()];
        assert!(more.iter().all(Option::is_some) && take().is_none());
        drop((held, more));
        shares.resize(2);
        let _held = take().expect("its share");
        assert!(take().is_none(), "its share is one");
    }

    #[test]
    fn whole_share_needs_no_table() {
        assert!(PeerShares::new(3, 1.0).is_none());
        assert!(PeerShares::new(0, 0.5).is_none());
    }
}

//! Bounds the memory for messages that have to be received as a whole to be translated.
//!
//! A gRPC message is passed on while it arrives, and a call waits for its permit before more
//! than 64 KiB of it are held. JSON can be converted only as a whole, so whoever sends more
//! than that needs one of a few permits, and one client gets a few of them.

use std::{net::IpAddr, sync::Arc};

use contract::errors::shared as errors;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tonic::Status;

use crate::{
    CallContext, failure,
    layers::admission::{HeldPermit, PeerEntry, PeerShares},
};

/// The size up to which a message needs no permit, in bytes.
pub(super) const SMALL_MESSAGE: usize = 64 * 1024;

/// How many larger messages may be received at a time: 64 MiB with the default limit of 4 MiB
/// for a message.
const MAX_LARGE_MESSAGES: usize = 16;

/// How many of them may come from one peer.
const MAX_OF_PEER: usize = 4;

/// The permits of a process.
#[derive(Clone)]
pub(crate) struct LargeMessages {
    all: Arc<Semaphore>,
    peers: Arc<PeerShares>,
}

/// The permit to receive a large message, until it is dropped.
pub(super) struct Permit {
    _permit: OwnedSemaphorePermit,
    _of_peer: Option<(HeldPermit, PeerEntry)>,
}

impl LargeMessages {
    pub(crate) fn new() -> Self {
        Self {
            all: Arc::new(Semaphore::new(MAX_LARGE_MESSAGES)),
            peers: PeerShares::of(MAX_OF_PEER),
        }
    }

    /// Acquires a permit for a message of the current call.
    pub(super) fn acquire(&self) -> Result<Permit, Status> {
        let call = CallContext::current();
        let peer = call.and_then(|call| call.peer()).map(|peer| peer.ip());
        self.acquire_for(peer).ok_or_else(|| {
            let message = "too many large messages arrive at a time: retry with backoff";
            failure(errors::OVERLOADED, message)
                .retry_after(std::time::Duration::from_secs(1))
                .into_status()
        })
    }

    fn acquire_for(&self, peer: Option<IpAddr>) -> Option<Permit> {
        let of_peer = match peer {
            Some(peer) => Some(self.peers.entry(peer).try_take()?),
            None => None,
        };
        let permit = Arc::clone(&self.all).try_acquire_owned().ok()?;
        Some(Permit {
            _permit: permit,
            _of_peer: of_peer,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_peer_gets_a_few_permits_and_all_peers_get_all() {
        let large = LargeMessages::new();
        let peer = |number: u8| Some(IpAddr::from([192, 0, 2, number]));
        let mut taken = Vec::new();
        for number in 0..4 {
            taken.extend(std::iter::from_fn(|| large.acquire_for(peer(number))));
            assert_eq!(taken.len(), MAX_OF_PEER * (usize::from(number) + 1));
        }
        assert!(large.acquire_for(peer(9)).is_none());
        taken.pop();
        assert!(large.acquire_for(peer(9)).is_some());
    }
}

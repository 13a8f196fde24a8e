//! How many connections a port has, in all and of each peer.
//!
//! Over a limit, a new connection takes the place of the oldest one that has sent no
//! request yet, if there is one: so clients that only connect, or send their headers
//! slowly, do not keep out those that send requests. Otherwise it is refused.

use std::{
    collections::{BTreeMap, HashMap},
    net::IpAddr,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use metrics::{Counter, Gauge};
use tokio::sync::oneshot;

use super::ConnectionOptions;
use crate::{TrustedProxies, incident::Incident, peer::peer_network};

/// The connections of one port.
pub(super) struct Limits {
    max: usize,
    max_per_peer: usize,
    /// Proxies, which have the connections of many clients, have no share.
    proxies: TrustedProxies,
    port: &'static str,
    open: Gauge,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    open: usize,
    peers: HashMap<IpAddr, Peer>,
    next_id: u64,
    refusals: Incident,
}

#[derive(Default)]
struct Peer {
    open: usize,
    /// The connections that have sent no request yet, oldest first.
    silent: BTreeMap<u64, oneshot::Sender<()>>,
}

impl Peer {
    /// Closes the oldest connection without a request; whether there was one.
    fn evict_silent(&mut self) -> bool {
        let oldest = self.silent.pop_first();
        // Fails if the connection closes by itself at this moment.
        oldest.map(|(_, evict)| evict.send(())).is_some()
    }
}

impl Limits {
    pub fn new(
        port: &'static str,
        options: &ConnectionOptions,
        proxies: TrustedProxies,
    ) -> Arc<Self> {
        Arc::new(Self {
            max: options.max_connections,
            max_per_peer: options.max_connections_per_peer,
            proxies,
            port,
            open: metrics::gauge!("bindery_connections", "port" => port),
            state: Mutex::default(),
        })
    }

    /// The place of a new connection, and the signal that it must close because another one
    /// takes its place. `None` if the connection is over a limit.
    pub fn admit(self: &Arc<Self>, peer: IpAddr) -> Option<(Slot, oneshot::Receiver<()>)> {
        let network = peer_network(peer);
        let mut guard = self.lock();
        let state = &mut *guard;
        let over_share = state
            .peers
            .get(&network)
            .is_some_and(|entry| entry.open >= self.max_per_peer)
            && !self.proxies.contains(peer);
        let over_limit = state.open >= self.max;
        let evictable = if over_share {
            state.peers.get_mut(&network)
        } else if over_limit {
            state
                .peers
                .values_mut()
                .max_by_key(|peer| peer.silent.len())
        } else {
            None
        };
        if over_share || over_limit {
            let evicted = evictable.is_some_and(Peer::evict_silent);
            let limit = if over_share { "peer" } else { "total" };
            self.counter(evicted, limit).increment(1);
            if state.refusals.begins() {
                let (port, open) = (self.port, state.open);
                tracing::warn!(port, limit, open, %peer, "too many connections; closing some");
            }
            if !evicted {
                return None;
            }
        }
        let id = state.next_id;
        state.next_id += 1;
        state.open += 1;
        let entry = state.peers.entry(network).or_default();
        entry.open += 1;
        let (evict, evicted) = oneshot::channel();
        entry.silent.insert(id, evict);
        drop(guard);
        self.open.increment(1);
        let slot = Slot {
            limits: Arc::clone(self),
            network,
            id,
        };
        Some((slot, evicted))
    }

    fn counter(&self, evicted: bool, limit: &'static str) -> Counter {
        let port = self.port;
        if evicted {
            metrics::counter!("bindery_connections_closed_total", "port" => port, "reason" => "evicted")
        } else {
            metrics::counter!("bindery_connections_refused_total", "port" => port, "limit" => limit)
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The place of one connection; dropping it frees the place.
pub(super) struct Slot {
    limits: Arc<Limits>,
    network: IpAddr,
    id: u64,
}

impl Slot {
    /// From its first request on, the connection is not closed for others.
    pub fn has_sent_request(&self) {
        if let Some(peer) = self.limits.lock().peers.get_mut(&self.network) {
            peer.silent.remove(&self.id);
        }
    }

    /// Counts the end of the connection by the server.
    pub fn count_closed(&self, reason: &'static str) {
        let port = self.limits.port;
        metrics::counter!("bindery_connections_closed_total", "port" => port, "reason" => reason)
            .increment(1);
    }

    /// Counts a client certificate that is not accepted.
    pub fn count_refused_certificate(&self, reason: &'static str) {
        let port = self.limits.port;
        metrics::counter!("bindery_client_certificates_refused_total", "port" => port, "reason" => reason)
            .increment(1);
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        let mut state = self.limits.lock();
        state.open -= 1;
        if let Some(peer) = state.peers.get_mut(&self.network) {
            peer.open -= 1;
            peer.silent.remove(&self.id);
            if peer.open == 0 {
                state.peers.remove(&self.network);
            }
        }
        drop(state);
        self.limits.open.decrement(1);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn limits(max_connections: usize, max_connections_per_peer: usize) -> Arc<Limits> {
        let options = ConnectionOptions {
            max_connections,
            max_connections_per_peer,
            ..ConnectionOptions::default()
        };
        let proxy = "192.0.2.9/32".parse().expect("a network");
        Limits::new("test", &options, TrustedProxies::new([proxy]))
    }

    fn peer(last: u8) -> IpAddr {
        IpAddr::from([192, 0, 2, last])
    }

    #[test]
    fn peer_over_its_share_is_refused_and_others_are_not() {
        let limits = limits(4, 2);
        let (first, _) = limits.admit(peer(1)).expect("the first");
        let (second, _) = limits.admit(peer(1)).expect("the second");
        first.has_sent_request();
        second.has_sent_request();
        assert!(limits.admit(peer(1)).is_none());
        let (other, _) = limits.admit(peer(2)).expect("a share of its own");
        drop(first);
        assert!(limits.admit(peer(1)).is_some(), "a place is free again");
        drop((second, other));
        assert!(limits.lock().peers.is_empty());
        assert_eq!(limits.lock().open, 0);
    }

    #[test]
    fn trusted_proxy_has_no_share() {
        let limits = limits(3, 1);
        let open: Vec<_> = std::iter::repeat_with(|| limits.admit(peer(9)))
            .take(3)
            .flatten()
            .collect();
        assert_eq!(open.len(), 3);
        for (slot, _) in &open {
            slot.has_sent_request();
        }
        assert!(limits.admit(peer(9)).is_none(), "the total is for all");
    }

    #[test]
    fn new_connection_takes_the_place_of_the_oldest_silent_one() {
        let limits = limits(2, 2);
        let (used, _used_evicted) = limits.admit(peer(1)).expect("the first");
        used.has_sent_request();
        let (silent, mut evicted) = limits.admit(peer(1)).expect("the second");
        let (_new, _) = limits.admit(peer(2)).expect("it takes a place");
        assert_eq!(evicted.try_recv(), Ok(()));
        drop(silent);
        let (new, _) = limits.admit(peer(3)).expect("the place of the third");
        new.has_sent_request();
        assert!(limits.admit(peer(4)).is_none(), "all have sent requests");
    }
}

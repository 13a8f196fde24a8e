//! The servers behind one name, and the choice between them for each call.
//!
//! A connection of HTTP/2 is kept for long, so that a balancer of connections would send all calls
//! of a process to one server. So the name is resolved here, again every few seconds while it is
//! used, and each call goes to the better of two servers that are chosen at random ("power of two
//! choices"): by their [`load`](super::load), and not to one whose circuit breaker is open.
//!
//! Addresses that do not accept a connection are left out, until the next time. There is no
//! subsetting: a process connects to all servers of a name, which are some tens at most.

use std::{
    net::{IpAddr, SocketAddr},
    sync::{Arc, OnceLock, Weak},
    time::Duration,
};

use futures::future::{BoxFuture, join_all};
use tokio::{net::TcpStream, sync::watch, task::JoinHandle, time::timeout};

use super::{
    network::ConnectError,
    server::{Origin, Server},
};
use crate::tls::ClientTls;

/// How long a name is used until it is resolved again, and servers that did not accept connections
/// are tried again.
const RESOLUTION_INTERVAL: Duration = Duration::from_secs(5);
/// How long the first calls wait for the name, and how long an address has to accept a connection.
const RESOLUTION_TIMEOUT: Duration = Duration::from_secs(2);

/// Finds the addresses of a name.
type Lookup = Box<dyn Fn(&Origin) -> BoxFuture<'static, Vec<SocketAddr>> + Send + Sync>;

/// The servers of one or more origins.
pub(super) struct Servers {
    lookup: Lookup,
    origins: Box<[Origin]>,
    current: watch::Sender<Vec<Known>>,
    resolving: OnceLock<JoinHandle<()>>,
}

#[derive(Clone)]
struct Known {
    /// Which of the origins it belongs to, and its address if that is known.
    place: (usize, Option<SocketAddr>),
    server: Arc<Server>,
}

impl Servers {
    /// The servers at these addresses.
    pub(super) fn new(uris: &[&str], tls: Option<&ClientTls>) -> Result<Self, ConnectError> {
        Self::with_lookup(uris, tls, Box::new(system_lookup))
    }

    fn with_lookup(
        uris: &[&str],
        tls: Option<&ClientTls>,
        lookup: Lookup,
    ) -> Result<Self, ConnectError> {
        let origins: Result<Box<[_]>, _> = uris.iter().map(|uri| Origin::new(uri, tls)).collect();
        let origins = origins?;
        let mut known = Vec::new();
        for (number, origin) in origins.iter().enumerate() {
            let server = Server::new(origin, None).ok_or_else(|| ConnectError::Malformed {
                uri: origin.text().to_owned(),
            })?;
            known.push(Known {
                place: (number, None),
                server: Arc::new(server),
            });
        }
        Ok(Self {
            lookup,
            origins,
            current: watch::Sender::new(known),
            resolving: OnceLock::new(),
        })
    }

    /// The addresses as they were given.
    pub(super) fn text(&self) -> String {
        let texts: Vec<_> = self.origins.iter().map(Origin::text).collect();
        texts.join(", ")
    }

    /// A server for a call, another one than `tried` if there are several.
    pub(super) fn choose(&self, tried: Option<&Arc<Server>>) -> Option<Arc<Server>> {
        let known = self.current.borrow();
        if let [only] = &**known {
            return Some(Arc::clone(&only.server));
        }
        let is_tried =
            |known: &&Known| tried.is_some_and(|tried| Arc::ptr_eq(tried, &known.server));
        let mut candidates: Vec<&Known> = known
            .iter()
            .filter(|known| !is_tried(known) && known.server.is_available())
            .collect();
        if candidates.is_empty() {
            candidates = known.iter().collect();
        }
        let one = take_random(&mut candidates)?;
        let better = match take_random(&mut candidates) {
            Some(other) if other.server.cost() < one.server.cost() => other,
            _ => one,
        };
        Some(Arc::clone(&better.server))
    }

    /// Resolves the names before the first call, and from then on in the background, until this is
    /// dropped.
    pub(super) async fn resolve(self: &Arc<Self>) {
        if self.resolving.get().is_some() || self.origins.iter().all(is_address) {
            return;
        }
        let _ = timeout(RESOLUTION_TIMEOUT, self.update()).await;
        self.resolving
            .get_or_init(|| tokio::spawn(keep_resolved(Arc::downgrade(self))));
    }

    async fn update(&self) {
        let found = self
            .origins
            .iter()
            .enumerate()
            .map(async |(number, origin)| {
                let places = self.places(number, origin).await;
                // Connecting to the name itself tells what is wrong with it.
                if places.is_empty() {
                    vec![(number, None)]
                } else {
                    places
                }
            });
        let places = join_all(found).await.concat();
        let known = self.current.borrow().clone();
        let is_same = places.len() == known.len()
            && places
                .iter()
                .all(|place| known.iter().any(|known| known.place == *place));
        if is_same {
            return;
        }
        let servers = places.into_iter().filter_map(|place| {
            let before = known.iter().find(|known| known.place == place);
            Some(match before {
                Some(known) => known.clone(),
                None => Known {
                    place,
                    server: Arc::new(Server::new(&self.origins[place.0], place.1)?),
                },
            })
        });
        let servers: Vec<_> = servers.collect();
        tracing::debug!(name = %self.text(), servers = servers.len(), "the servers have changed");
        self.current.send_replace(servers);
    }

    /// The addresses of an origin that accept connections; those whose server answers are not asked.
    async fn places(&self, number: usize, origin: &Origin) -> Vec<(usize, Option<SocketAddr>)> {
        if is_address(origin) {
            return Vec::new();
        }
        let mut addresses = (self.lookup)(origin).await;
        addresses.sort_unstable();
        addresses.dedup();
        let checked = addresses.into_iter().map(async |address| {
            let place = (number, Some(address));
            let known = self.current.borrow().clone();
            let mut known = known.iter().filter(|known| known.place == place);
            let answers = known.any(|known| known.server.is_available());
            (answers || accepts(address).await).then_some(place)
        });
        join_all(checked).await.into_iter().flatten().collect()
    }
}

impl Drop for Servers {
    fn drop(&mut self) {
        if let Some(resolving) = self.resolving.get() {
            resolving.abort();
        }
    }
}

async fn keep_resolved(servers: Weak<Servers>) {
    loop {
        tokio::time::sleep(RESOLUTION_INTERVAL).await;
        let Some(servers) = servers.upgrade() else {
            return;
        };
        servers.update().await;
    }
}

/// As the operating system finds them; none if it finds none.
fn system_lookup(origin: &Origin) -> BoxFuture<'static, Vec<SocketAddr>> {
    let name = (origin.host().to_owned(), origin.port());
    Box::pin(async move {
        let found = tokio::net::lookup_host(name).await;
        found.map(Iterator::collect).unwrap_or_default()
    })
}

fn is_address(origin: &Origin) -> bool {
    origin.host().parse::<IpAddr>().is_ok()
}

async fn accepts(address: SocketAddr) -> bool {
    matches!(
        timeout(RESOLUTION_TIMEOUT, TcpStream::connect(address)).await,
        Ok(Ok(_))
    )
}

fn take_random<T>(candidates: &mut Vec<T>) -> Option<T> {
    if candidates.is_empty() {
        return None;
    }
    Some(candidates.swap_remove(rand::random_range(0..candidates.len())))
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use tokio::net::TcpListener;

    use super::*;

    /// Servers of a name whose addresses a test sets.
    fn servers(found: &Arc<Mutex<Vec<SocketAddr>>>) -> Servers {
        let found = Arc::clone(found);
        let lookup: Lookup = Box::new(move |_| {
            let found = found.lock().expect("no panic").clone();
            Box::pin(async { found })
        });
        Servers::with_lookup(&["http://inventory:50051"], None, lookup).expect("a name")
    }

    async fn listener() -> (TcpListener, SocketAddr) {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("it is bound");
        (listener, address)
    }

    fn known(servers: &Servers) -> Vec<(String, Arc<Server>)> {
        let current = servers.current.borrow();
        let known = current.iter().map(|known| {
            let server = &known.server;
            (server.address().to_owned(), Arc::clone(server))
        });
        let mut known: Vec<_> = known.collect();
        known.sort_by(|(one, _), (other, _)| one.cmp(other));
        known
    }

    fn addresses(servers: &Servers) -> Vec<String> {
        known(servers)
            .into_iter()
            .map(|(address, _)| address)
            .collect()
    }

    #[tokio::test]
    async fn servers_follow_the_name_and_keep_their_connections() {
        let (_one, first) = listener().await;
        let (_other, second) = listener().await;
        let found = Arc::new(Mutex::new(vec![first]));
        let servers = servers(&found);
        servers.update().await;
        assert_eq!(addresses(&servers), [first.to_string()]);
        let (_, before) = known(&servers).remove(0);
        *found.lock().expect("no panic") = vec![second, first, second];
        servers.update().await;
        let mut both = vec![first.to_string(), second.to_string()];
        both.sort();
        assert_eq!(addresses(&servers), both);
        let kept = known(&servers)
            .into_iter()
            .any(|(_, server)| Arc::ptr_eq(&server, &before));
        assert!(kept);
        *found.lock().expect("no panic") = vec![second];
        servers.update().await;
        assert_eq!(addresses(&servers), [second.to_string()]);
    }

    #[tokio::test]
    async fn address_that_accepts_no_connection_is_left_out() {
        let (_one, first) = listener().await;
        let (closed, second) = listener().await;
        drop(closed);
        let found = Arc::new(Mutex::new(vec![first, second]));
        let servers = servers(&found);
        servers.update().await;
        assert_eq!(addresses(&servers), [first.to_string()]);
        // If none does, a call to the name tells why.
        *found.lock().expect("no panic") = vec![second];
        servers.update().await;
        assert_eq!(addresses(&servers), ["inventory:50051"]);
    }

    #[tokio::test]
    async fn another_server_is_chosen_for_the_next_attempt() {
        let (_one, first) = listener().await;
        let (_other, second) = listener().await;
        let servers = servers(&Arc::new(Mutex::new(vec![first, second])));
        servers.update().await;
        for _ in 0..20 {
            let tried = servers.choose(None).expect("there are two");
            let next = servers.choose(Some(&tried)).expect("there are two");
            assert!(!Arc::ptr_eq(&tried, &next));
        }
    }
}

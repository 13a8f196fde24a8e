//! Who the client of a proxy is.

use std::{
    net::{IpAddr, SocketAddr},
    sync::Arc,
};

use http::{HeaderMap, HeaderName};
use ipnet::IpNet;

/// Each proxy adds the address that connects to it at the end, so only the end can be believed.
static X_FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");

/// The proxies whose `X-Forwarded-For` is believed. From everybody else it is ignored, and without
/// trusted proxies it always is.
#[derive(Clone, Debug, Default)]
pub struct TrustedProxies(Arc<Vec<IpNet>>);

impl TrustedProxies {
    /// The addresses in these networks are proxies.
    pub fn new(networks: impl IntoIterator<Item = IpNet>) -> Self {
        Self(Arc::new(networks.into_iter().collect()))
    }

    pub(crate) fn contains(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        self.0.iter().any(|network| network.contains(&address))
    }

    /// The client of a request: `peer`, or if that is a trusted proxy, the last address in
    /// `X-Forwarded-For` that is none. Its port is 0, because proxies rarely tell it.
    ///
    /// The addresses before it were sent by the client, who can invent them. Behind a proxy that
    /// tells no address, or none that can be read, the client is the proxy.
    pub(crate) fn client_of(&self, peer: SocketAddr, headers: &HeaderMap) -> SocketAddr {
        if !self.contains(peer.ip()) {
            return peer;
        }
        let mut client = peer;
        let values = headers.get_all(&X_FORWARDED_FOR);
        let values: Vec<&[u8]> = values.iter().map(AsRef::as_ref).collect();
        let hops = values.iter().rev().flat_map(|value| {
            let value = std::str::from_utf8(value).unwrap_or_default();
            value.rsplit(',')
        });
        for hop in hops {
            let Some(address) = parse(hop.trim_ascii()) else {
                return client;
            };
            client = SocketAddr::new(address, 0);
            if !self.contains(address) {
                return client;
            }
        }
        client
    }
}

/// An address, which some proxies write with its port: `192.0.2.1:4711`, `[2001:db8::1]:4711`.
fn parse(hop: &str) -> Option<IpAddr> {
    let without_port = || Some(hop.parse::<SocketAddr>().ok()?.ip());
    let in_brackets = || {
        let address = hop.strip_prefix('[')?.strip_suffix(']')?;
        address.parse().ok()
    };
    let address: Option<IpAddr> = hop.parse().ok();
    let address = address.or_else(without_port).or_else(in_brackets)?;
    Some(address.to_canonical())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn client(peer: &str, forwarded: &[&str]) -> String {
        let networks = ["10.0.0.0/8", "fd00::/8"];
        let networks = networks.map(|network| network.parse().expect("a network"));
        let proxies = TrustedProxies::new(networks);
        let mut headers = HeaderMap::new();
        for value in forwarded {
            headers.append(&X_FORWARDED_FOR, value.parse().expect("a value"));
        }
        let peer = SocketAddr::new(peer.parse().expect("an address"), 4711);
        proxies.client_of(peer, &headers).ip().to_string()
    }

    #[test]
    fn forwarded_addresses_of_others_are_ignored() {
        assert_eq!(client("192.0.2.1", &["198.51.100.7"]), "192.0.2.1");
        let nobody = TrustedProxies::default();
        assert!(!nobody.contains(IpAddr::from([10, 0, 0, 1])));
    }

    #[test]
    fn client_is_the_last_address_that_is_no_proxy() {
        for (forwarded, expected) in [
            (&["198.51.100.7"][..], "198.51.100.7"),
            (&["127.0.0.1, 198.51.100.7"], "198.51.100.7"),
            (&["127.0.0.1", "198.51.100.7"], "198.51.100.7"),
            (&["198.51.100.7, 10.0.0.2 ,fd00::1"], "198.51.100.7"),
            (&["::ffff:198.51.100.7"], "198.51.100.7"),
            (&["198.51.100.7:80, 10.0.0.2:81"], "198.51.100.7"),
            (&["[2001:db8::1]:80"], "2001:db8::1"),
            (&["[2001:db8::1]"], "2001:db8::1"),
        ] {
            assert_eq!(client("10.0.0.1", forwarded), expected, "{forwarded:?}");
            assert_eq!(client("::ffff:10.0.0.1", forwarded), expected);
        }
    }

    #[test]
    fn client_that_cannot_be_read_is_the_last_proxy() {
        assert_eq!(client("10.0.0.1", &[]), "10.0.0.1");
        assert_eq!(client("10.0.0.1", &[""]), "10.0.0.1");
        assert_eq!(client("10.0.0.1", &["unknown"]), "10.0.0.1");
        assert_eq!(client("10.0.0.1", &["198.51.100.7, secret"]), "10.0.0.1");
        assert_eq!(client("10.0.0.1", &["_x, 10.0.0.2"]), "10.0.0.2");
        assert_eq!(client("10.0.0.1", &["10.0.0.3"]), "10.0.0.3");
    }
}

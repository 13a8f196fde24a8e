//! Who is one client as far as limits are concerned.

use std::net::{IpAddr, Ipv6Addr};

/// The network that counts as one peer: an IPv4 address or an IPv6 /64 network, the
/// smallest that providers assign. All clients behind one proxy or NAT are one peer.
pub(crate) fn peer_network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => {
            let prefix = address.to_bits() >> 64 << 64;
            IpAddr::V6(Ipv6Addr::from_bits(prefix))
        }
        address @ IpAddr::V4(_) => address,
    }
}

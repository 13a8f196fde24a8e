//! Who is one client as far as limits are concerned.

use std::net::{IpAddr, Ipv6Addr};

use http::{HeaderMap, HeaderName, HeaderValue};
use tonic::{Request, metadata::MetadataMap};

use crate::{CallContext, Caller};

/// The metadata key by which a service of the bookstore tells for which client it calls, such
/// as the shop for a browser. From other callers it is ignored.
pub(crate) const CLIENT_ADDRESS: &str = "bindery-client-address";

/// The network of the client of a call, for limits of a handler. `None` if it is unknown: for
/// a client on the same machine, because that may be a proxy, and for a call of a service that
/// does not tell.
pub fn client_network<T>(request: &Request<T>) -> Option<IpAddr> {
    let address = if let Some(RelayedClient(client)) = request.extensions().get() {
        *client
    } else if matches!(Caller::of(request), Caller::Service(_)) {
        told_client(request.metadata().as_ref())?
    } else {
        CallContext::current()?.peer()?.ip()
    };
    let network = peer_network(address);
    (!network.is_loopback()).then_some(network)
}

/// The client of a call that a service passes on; a request extension.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct RelayedClient(pub IpAddr);

/// The address of the client for which a service says that it calls. Nothing proves that the
/// caller is a service.
pub(crate) fn told_client(headers: &HeaderMap) -> Option<IpAddr> {
    let told = headers.get(CLIENT_ADDRESS)?;
    told.to_str().ok()?.parse().ok()
}

/// Tells the called service for which client this service calls.
pub fn set_client_address(metadata: &mut MetadataMap, address: IpAddr) {
    if let Ok(value) = address.to_string().parse() {
        metadata.insert(CLIENT_ADDRESS, value);
    }
}

/// The header by which [`set_client_address`] tells it.
pub(crate) fn client_address_header(address: IpAddr) -> Option<(HeaderName, HeaderValue)> {
    let value = HeaderValue::try_from(address.to_string()).ok()?;
    Some((HeaderName::from_static(CLIENT_ADDRESS), value))
}

/// The network that counts as one peer: an IPv4 address or an IPv6 /64 network, the
/// smallest that providers assign. All clients behind one proxy or NAT are one peer.
pub fn peer_network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => {
            let prefix = address.to_bits() >> 64 << 64;
            IpAddr::V6(Ipv6Addr::from_bits(prefix))
        }
        address @ IpAddr::V4(_) => address,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_services_tell_for_which_client_they_call() {
        let told = |caller: Caller| {
            let mut request = Request::new(());
            request.extensions_mut().insert(caller);
            let address = "2001:db8::7".parse().expect("an address");
            set_client_address(request.metadata_mut(), address);
            client_network(&request)
        };
        let network = "2001:db8::".parse().expect("an address");
        assert_eq!(told(Caller::Service("marketplace".into())), Some(network));
        assert_eq!(told(Caller::Anonymous), None);
    }

    #[test]
    fn client_of_a_service_that_does_not_tell_is_unknown() {
        let mut request = Request::new(());
        request
            .extensions_mut()
            .insert(Caller::Service("marketplace".into()));
        assert_eq!(client_network(&request), None);
        set_client_address(request.metadata_mut(), IpAddr::from([127, 0, 0, 1]));
        assert_eq!(client_network(&request), None);
    }
}

//! Checks the host that a browser names in its request, against DNS rebinding: a page of
//! another site whose name the attacker lets resolve to our address would otherwise be of
//! the same origin as our pages.

use std::{
    net::{IpAddr, SocketAddr},
    sync::Arc,
};

use http::{Request, header, uri::Authority};

/// The hosts that requests may name: those of the loopback, the address that the server is
/// bound to, and the names that the operator allows. A server on a wildcard address accepts
/// every IP address, because rebinding needs a name.
#[derive(Clone, Debug)]
pub(crate) struct AllowedHosts {
    bound: IpAddr,
    names: Arc<[String]>,
}

impl AllowedHosts {
    /// `names` are names or addresses without a port; `*` allows all hosts.
    pub fn new(bound: SocketAddr, names: &[String]) -> Self {
        Self {
            bound: bound.ip().to_canonical(),
            names: names.iter().map(|name| normalized(name)).collect(),
        }
    }

    /// Whether the `:authority` or `Host` of a request is allowed; a request without one is
    /// not.
    pub fn allow<B>(&self, request: &Request<B>) -> Result<(), String> {
        let named = match request.uri().authority() {
            Some(authority) => Some(authority.as_str()),
            None => {
                let host = request.headers().get(header::HOST);
                host.and_then(|host| host.to_str().ok())
            }
        };
        let named = named.unwrap_or_default();
        let authority = named.parse::<Authority>().ok();
        if authority.is_some_and(|authority| self.allows(authority.host())) {
            return Ok(());
        }
        let named = named.chars().take(100).collect::<String>();
        Err(format!(
            "this server is not known as {named:?}; call it by its IP address, or start it with \
             --allowed-host NAME\n"
        ))
    }

    fn allows(&self, host: &str) -> bool {
        let host = normalized(host);
        if self.names.iter().any(|name| *name == "*" || *name == host) {
            return true;
        }
        match host.parse::<IpAddr>() {
            Ok(address) => {
                let address = address.to_canonical();
                address.is_loopback() || address == self.bound || self.bound.is_unspecified()
            }
            Err(_) => host == "localhost" || host.ends_with(".localhost"),
        }
    }
}

/// Lower case, without the brackets of an IPv6 address and the final dot of a full name.
fn normalized(host: &str) -> String {
    let bare = host
        .strip_prefix('[')
        .and_then(|host| host.strip_suffix(']'));
    let bare = bare.unwrap_or(host);
    bare.strip_suffix('.').unwrap_or(bare).to_ascii_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn allowed(bound: &str, names: &[&str], host: &str) -> bool {
        let names: Vec<_> = names.iter().map(|name| (*name).to_owned()).collect();
        let hosts = AllowedHosts::new(bound.parse().expect("an address"), &names);
        let request = Request::builder().header(header::HOST, host).body(());
        hosts.allow(&request.expect("a request")).is_ok()
    }

    #[test]
    fn loopback_and_bound_address_are_allowed() {
        let bound = "192.0.2.1:50051";
        for host in [
            "localhost",
            "LOCALHOST.:5000",
            "shop.localhost",
            "127.0.0.1:5000",
            "127.8.9.1",
            "[::1]:5000",
            "192.0.2.1:50051",
        ] {
            assert!(allowed(bound, &[], host), "{host}");
        }
        for host in [
            "192.0.2.2",
            "evil.example",
            "localhost.evil.example",
            "",
            "a b",
        ] {
            assert!(!allowed(bound, &[], host), "{host}");
        }
    }

    #[test]
    fn wildcard_address_allows_every_address_but_no_name() {
        for bound in ["0.0.0.0:1", "[::]:1"] {
            assert!(allowed(bound, &[], "192.0.2.2:1"));
            assert!(allowed(bound, &[], "[2001:db8::1]"));
            assert!(!allowed(bound, &[], "evil.example"));
        }
    }

    #[test]
    fn names_of_the_operator_are_allowed() {
        let bound = "127.0.0.1:1";
        let names = ["Shop.example", "192.0.2.7"];
        assert!(allowed(bound, &names, "shop.example:443"));
        assert!(allowed(bound, &names, "192.0.2.7"));
        assert!(!allowed(bound, &names, "www.shop.example"));
        assert!(allowed(bound, &["*"], "anything.example"));
    }

    #[test]
    fn request_without_a_host_is_refused() {
        let hosts = AllowedHosts::new(([0, 0, 0, 0], 1).into(), &[]);
        assert!(hosts.allow(&Request::new(())).is_err());
    }
}

//! How often callers may call, and which proxies tell who calls, by flag or by environment
//! variable.

use std::{net::IpAddr, path::PathBuf};

use anyhow::Context;
use clap::Args;
use ipnet::IpNet;
use rpc::{RateLimits, TrustedProxies};

/// How often callers may call, and which proxies tell who calls.
#[derive(Debug, Clone, Default, Args)]
pub struct Limits {
    /// A TOML file that says how often each caller may call; a changed file is used within seconds.
    /// Without it, this machine is not limited and others generously
    #[arg(long, value_name = "FILE", env = "BINDERY_LIMITS")]
    pub limits: Option<PathBuf>,

    /// The address of a proxy in front of this process, or its network, such as 10.0.0.0/8; can be
    /// repeated; only a proxy is believed for whom it connects (X-Forwarded-For)
    #[arg(
        long = "trusted-proxy",
        value_name = "CIDR",
        env = "BINDERY_TRUSTED_PROXIES",
        value_delimiter = ',',
        value_parser = network
    )]
    pub trusted_proxies: Vec<IpNet>,
}

impl Limits {
    /// The rates of the ports. Must be called within a tokio runtime.
    ///
    /// # Errors
    /// If the file cannot be read or is not valid.
    pub fn rates(&self) -> anyhow::Result<RateLimits> {
        match &self.limits {
            Some(file) => RateLimits::load(file.clone()).context("--limits cannot be used"),
            None => Ok(RateLimits::default()),
        }
    }

    /// The proxies in front of the ports.
    pub fn proxies(&self) -> TrustedProxies {
        TrustedProxies::new(self.trusted_proxies.iter().copied())
    }
}

/// A network, or an address alone.
fn network(text: &str) -> Result<IpNet, String> {
    let network = text.parse().ok();
    let address = || text.parse::<IpAddr>().ok().map(IpNet::from);
    network
        .or_else(address)
        .ok_or_else(|| "write an address or a network, such as 10.0.0.7 or 10.0.0.0/8".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn proxy_is_an_address_or_a_network() {
        let shown = |text| network(text).map(|network| network.to_string());
        assert_eq!(shown("10.0.0.7"), Ok("10.0.0.7/32".to_owned()));
        assert_eq!(shown("fd00::/8"), Ok("fd00::/8".to_owned()));
        for wrong in ["", "proxy.example", "10.0.0.0/33", "10.0.0"] {
            assert!(network(wrong).is_err(), "{wrong}");
        }
    }
}

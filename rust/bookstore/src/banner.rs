//! The addresses that a process prints on standard output once it serves.

use std::{
    fmt,
    io::{self, Write},
    net::SocketAddr,
    path::PathBuf,
};

use crate::{listeners::Listeners, settings::Settings};

/// What a process prints: its addresses, its data and an example call.
#[derive(Debug)]
pub struct Banner {
    /// The address of the shop; `None` if this process does not serve it.
    pub shop: Option<SocketAddr>,
    /// The address of gRPC.
    pub grpc: SocketAddr,
    /// The address of the metrics.
    pub metrics: SocketAddr,
    /// The address of health alone, if it has one.
    pub health: Option<SocketAddr>,
    /// A description of the storage and the path of the operator token; `None` if this
    /// process stores no data.
    pub data: Option<(String, PathBuf)>,
    /// Whether this process serves Recommend, which the example calls.
    pub recommends: bool,
    /// `https` if the ports speak TLS, else `http`.
    pub scheme: &'static str,
}

impl Banner {
    /// Reads the bound addresses. `settings` is `None` for a process without data.
    pub fn new(
        listeners: &Listeners,
        settings: Option<&Settings>,
        recommends: bool,
        scheme: &'static str,
    ) -> anyhow::Result<Self> {
        let data = match settings {
            Some(Settings {
                storage,
                operator_token,
                ..
            }) => Some((storage.description()?, operator_token.path(&storage.data))),
            None => None,
        };
        Ok(Self {
            shop: listeners
                .shop
                .as_ref()
                .map(|listener| listener.local_addr())
                .transpose()?,
            grpc: listeners.grpc.local_addr()?,
            metrics: listeners.metrics.local_addr()?,
            health: listeners
                .health
                .as_ref()
                .map(|listener| listener.local_addr())
                .transpose()?,
            data,
            recommends,
            scheme,
        })
    }

    /// Prints to standard output. A closed output is not an error.
    pub fn print(&self) {
        let _ = writeln!(io::stdout(), "{self}");
    }
}

impl fmt::Display for Banner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            shop,
            grpc,
            metrics,
            health,
            data,
            recommends,
            scheme,
        } = self;
        let (transport, grpcurl) = match *scheme {
            "https" => ("TLS", "grpcurl -cacert CA.pem"),
            _ => ("plaintext", "grpcurl -plaintext"),
        };
        writeln!(f, "The bookstore is running.")?;
        if let Some(shop) = shop {
            writeln!(f, "  shop     {scheme}://{shop}")?;
        }
        writeln!(
            f,
            "  gRPC     {grpc} ({transport}; reflection, health and gRPC-Web too)"
        )?;
        writeln!(f, "  metrics  {scheme}://{metrics}/metrics")?;
        if let Some(health) = health {
            writeln!(f, "  health   {health} (plaintext)")?;
        }
        if let Some((data, token)) = data {
            writeln!(f, "  data     {data}")?;
            writeln!(f, "  operator token in {}", token.display())?;
        }
        writeln!(f)?;
        writeln!(f, "Try:")?;
        if !recommends {
            return write!(f, "  {grpcurl} {grpc} list");
        }
        write!(
            f,
            "  {grpcurl} -d '{{\"category\": \"BOOK_CATEGORY_MYSTERY\", \"max_results\": 3}}' {grpc} \
             bookstore.recommendations.v1.RecommendationService/Recommend"
        )
    }
}

//! What `bookstore up` prints once it is open.

use std::{
    fmt,
    io::{self, Write},
    net::SocketAddr,
    path::PathBuf,
};

use crate::{listeners::Listeners, operator_token, settings::Storage};

/// The addresses of an open bookstore.
#[derive(Debug)]
pub struct Banner {
    /// Where the shop is, where this process serves it.
    pub shop: Option<SocketAddr>,
    /// Where gRPC is.
    pub grpc: SocketAddr,
    /// Where the metrics are.
    pub metrics: SocketAddr,
    /// What the data is in, in words, and the file with the operator's token; where
    /// this process keeps data.
    pub data: Option<(String, PathBuf)>,
    /// Whether this process serves what the example asks for.
    pub recommends: bool,
}

impl Banner {
    /// The addresses as they were bound, and the data that the process keeps, if any.
    pub fn new(
        listeners: &Listeners,
        storage: Option<&Storage>,
        recommends: bool,
    ) -> anyhow::Result<Self> {
        let data = match storage {
            Some(storage) => Some((
                storage.description()?,
                operator_token::path_in(&storage.data),
            )),
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
            data,
            recommends,
        })
    }

    /// Prints it. Whoever started the process may not want to read it.
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
            data,
            recommends,
        } = self;
        writeln!(f, "The bookstore is open.")?;
        if let Some(shop) = shop {
            writeln!(f, "  shop     http://{shop}")?;
        }
        writeln!(
            f,
            "  gRPC     {grpc} (plaintext; reflection, health and gRPC-Web too)"
        )?;
        writeln!(f, "  metrics  http://{metrics}/metrics")?;
        if let Some((data, token)) = data {
            writeln!(f, "  data     {data}")?;
            writeln!(f, "  operator's token in {}", token.display())?;
        }
        writeln!(f)?;
        writeln!(f, "Try:")?;
        if !recommends {
            return write!(f, "  grpcurl -plaintext {grpc} list");
        }
        write!(
            f,
            "  grpcurl -plaintext -d '{{\"category\": \"BOOK_CATEGORY_MYSTERY\", \"max_results\": 3}}' {grpc} \
             bookstore.recommendations.v1.RecommendationService/Recommend"
        )
    }
}

//! What `bookstore up` prints once it is open.

use std::{fmt, io, net::SocketAddr, path::PathBuf};

use crate::{doors::Doors, operator, settings::Storage};

/// The addresses of an open bookstore.
#[derive(Debug)]
pub struct Banner {
    /// Where the shop is, where this process serves it.
    pub shop: Option<SocketAddr>,
    /// Where gRPC is.
    pub grpc: SocketAddr,
    /// Where the metrics are.
    pub metrics: SocketAddr,
    /// What the data is in, in words.
    pub data: String,
    /// The file with the operator's token.
    pub token: PathBuf,
}

impl Banner {
    /// The addresses as they were bound.
    pub fn new(doors: &Doors, storage: &Storage) -> io::Result<Self> {
        Ok(Self {
            shop: doors
                .shop
                .as_ref()
                .map(|door| door.local_addr())
                .transpose()?,
            grpc: doors.grpc.local_addr()?,
            metrics: doors.metrics.local_addr()?,
            data: storage.description(),
            token: operator::token_path(&storage.data),
        })
    }
}

impl fmt::Display for Banner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            shop,
            grpc,
            metrics,
            data,
            token,
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
        writeln!(f, "  data     {data}")?;
        writeln!(f, "  operator's token in {}", token.display())?;
        writeln!(f)?;
        writeln!(f, "Try:")?;
        write!(
            f,
            "  grpcurl -plaintext -d '{{\"category\": \"BOOK_CATEGORY_MYSTERY\", \"max_results\": 3}}' {grpc} \
             bookstore.recommendations.v1.RecommendationService/Recommend"
        )
    }
}

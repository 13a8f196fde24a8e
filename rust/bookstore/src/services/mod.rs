//! The registry: every service that a process can run, one module each.
//!
//! To add a service, add a module with a [`Definition`], a variant of [`Service`] and a line
//! in [`Service::definition`]. Everything else (flags, channels, health, order of the start)
//! follows from the definition.

mod accounts;
mod cart;
mod inventory;
mod marketplace;
mod recommendations;
mod reviews;
mod transactions;

use clap::ValueEnum;
use futures::future::BoxFuture;

pub use self::inventory::open as open_inventory;
use crate::assembly::Assembly;

/// A service that a process can run. The name of a variant in lower case is its name on the
/// command line and in `--peer`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, ValueEnum)]
pub enum Service {
    /// The catalogue and the stock
    Inventory,
    /// Recommended books, and what readers also bought; also serves the first tutorial's contract
    Recommendations,
    /// The carts of guests and accounts, and their orders
    Cart,
    /// Payments, receipts and the ledger; also serves the second tutorial's contract
    Transactions,
    /// Sign-up, sign-in and profiles
    Accounts,
    /// Reviews and ratings of books
    Reviews,
    /// The web shop
    Marketplace,
}

/// What the assembly has to know of a service.
pub struct Definition {
    /// The services that it calls. Cycles are allowed.
    pub calls: &'static [Service],
    /// The full names of its gRPC services, as health checks use them.
    pub grpc_services: &'static [&'static str],
    /// Whether it needs the data folder: for its database, or for the operator token that
    /// protects its methods.
    pub needs_data_folder: bool,
    /// The schema of its database, if it has one.
    pub schema: Option<&'static store::Schema>,
    /// Opens the service and adds what it serves to the assembly.
    pub start: for<'a> fn(&'a mut Assembly) -> BoxFuture<'a, anyhow::Result<()>>,
}

impl Service {
    /// All services, in the order in which they are listed and started. No service relies on
    /// the order.
    pub fn all() -> &'static [Self] {
        Self::value_variants()
    }

    /// Its entry in the registry.
    pub fn definition(self) -> &'static Definition {
        match self {
            Self::Accounts => &accounts::DEFINITION,
            Self::Inventory => &inventory::DEFINITION,
            Self::Recommendations => &recommendations::DEFINITION,
            Self::Cart => &cart::DEFINITION,
            Self::Transactions => &transactions::DEFINITION,
            Self::Reviews => &reviews::DEFINITION,
            Self::Marketplace => &marketplace::DEFINITION,
        }
    }

    /// Its name on the command line: `inventory`.
    pub fn name(self) -> String {
        match self.to_possible_value() {
            Some(value) => value.get_name().to_owned(),
            None => format!("{self:?}").to_lowercase(),
        }
    }
}

//! Recommendations: a random sample of the books of a category.
//!
//! The service keeps a copy of the whole catalogue in memory and reads it again from
//! Inventory when the catalogue revision changes. A request uses only that copy: it makes
//! no call and waits for no lock. While Inventory is down, the last copy is used; the
//! service answers UNAVAILABLE only until the first copy is loaded.
//!
//! - [`Recommendations`] has the use case: sampling without replacement.
//! - [`Recommendations::server`] serves `bookstore.recommendations.v1`, and
//!   [`Recommendations::legacy_server`] the first tutorial's `/Recommendations/Recommend`.
//! - [`PurchaseHistory`] provides the books that a user has bought, which are not
//!   recommended. There are no orders yet, so [`NoPurchases`] is used.

mod catalogue;
mod domain;
mod error;
mod grpc;
mod legacy;
mod refresh;
mod sample;
mod service;

#[cfg(test)]
mod tests;

pub use self::service::{NoPurchases, Options, PurchaseHistory, Recommendations};
pub use domain::BookSummary;
pub use error::Error;
pub use grpc::Grpc;
pub use legacy::Legacy;

//! Recommendations: books of a category that a reader may like, drawn at random.
//!
//! The service keeps the whole catalogue in memory, by category, and reads it
//! anew from Inventory when Inventory's revision says that it has changed. A
//! request is answered from that copy alone: no call, no lock that a reader
//! could wait for. When Inventory goes down, the last copy goes on serving; only
//! before the first copy is there does the service answer UNAVAILABLE.
//!
//! - [`Recommendations`] is the domain: drawing without replacement.
//! - [`v1`] serves `bookstore.recommendations.v1`, [`legacy()`] the first
//!   tutorial's `/Recommendations/Recommend`, both over the same domain.
//! - [`Owned`] is the door by which the books that a reader has bought will come
//!   in; nothing sells books yet, so [`NothingOwned`] stands there.

mod catalogue;
mod draw;
mod error;
mod grpc;
mod legacy;
mod refresh;
mod service;

#[cfg(test)]
mod tests;

pub use catalogue::{BookId, Volume};
pub use error::Error;
pub use grpc::{V1, v1};
pub use legacy::{Legacy, legacy};
pub use service::{NothingOwned, Options, Owned, Recommendations};

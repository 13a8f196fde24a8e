//! Recommendations: books that a reader does not have and may like.
//!
//! The service keeps a copy of the whole catalogue in memory and reads it again from
//! Inventory when the catalogue revision changes. It also learns in the background, from the
//! purchases that Checkout lists and the ratings that Reviews lists, which books are bought by
//! the same readers: the [`Model`], which is a few megabytes.
//!
//! - An anonymous visitor gets a random sample, and `ListAlsoBought` reads the model. Such a
//!   request makes no call and waits for no lock. While Inventory is down, the last copy is
//!   used; the service answers UNAVAILABLE only until the first copy is loaded.
//! - A reader gets what suits the own purchases and ratings, and never a book that the reader
//!   has. What a reader has is asked of Checkout with each call, so that a book that was
//!   ordered a moment ago is left out.
//! - While Checkout or Reviews is down, the last model is used. The model has no readers, and
//!   what is in it was bought by at least two of them.
//!
//! [`Recommendations`] has the use cases, [`Recommendations::server`] serves
//! `bookstore.recommendations.v1`, and [`Recommendations::legacy_server`] the first tutorial's
//! `/Recommendations/Recommend`.

mod catalogue;
mod domain;
mod error;
mod grpc;
mod history;
mod learn;
mod legacy;
mod model;
mod refresh;
mod sample;
mod service;

#[cfg(test)]
mod tests;

pub use self::service::{Options, Recommendations};
pub use domain::{BookSummary, interest};
pub use error::Error;
pub use grpc::Grpc;
pub use legacy::Legacy;
pub use model::{
    MAX_BOOKS, MAX_PURCHASES, MAX_PURCHASES_PER_READER, MAX_RELATED, MIN_READERS, Model,
    PurchaseLog, RelatedBook,
};

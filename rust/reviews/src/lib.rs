//! Reviews: what readers think of books, and the ratings of books.
//!
//! - [`Reviews`] has the use cases. It uses neither tonic nor SQL text.
//! - [`Reviews::server`] serves `bookstore.reviews.v1.ReviewService`.
//!
//! The rating of a book is one row that counts its visible reviews by stars. Each change of a
//! review locks this row first and changes it in the same transaction: the rating is exact at
//! any time, and the writers of one book wait for each other.
//!
//! Whether the author has bought the book is asked of Checkout with each write of a review. A
//! review does not fail because Checkout does not respond: the background task asks again.

mod catalogue;
mod domain;
mod error;
mod grpc;
mod purchases;
mod service;
mod store;
#[cfg(test)]
mod tests;

pub use self::service::{Options, Reviews};
pub use domain::{Rating, ReaderRating, Review, ReviewContent, ReviewOrder, StarCounts, Stars};
pub use error::ReviewsError;
pub use grpc::Grpc;
pub use store::SCHEMA;

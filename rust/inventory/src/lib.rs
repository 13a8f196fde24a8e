//! Inventory: the catalogue of books, its full-text search, and the stock with
//! reservations. The contract is `proto/bookstore/inventory/v1`.
//!
//! - [`Inventory`] has the use cases. It uses neither tonic nor SQL text: those are in
//!   the modules `grpc` ([`Inventory::server`]) and `store`.
//! - [`import`] reads CSV files of books and streams them to any server of the contract.
//!   The command `bookstore import` uses it.
//! - [`Options`] has the clock by which reservations expire and the source of their ids.
//!   Tests replace both.
//!
//! # Stock
//! A book has copies `on_hand`, some of which are `reserved`. Both numbers are in one
//! row, and one conditional `UPDATE` reserves copies. So the available stock never
//! becomes negative under concurrent requests; a `CHECK` of the table ensures it too. All
//! lines of a reservation are reserved in one transaction, in the order of the book ids,
//! which avoids deadlocks.
//!
//! A reservation counts as expired as soon as its time is over. Its copies become
//! available before the next read or change of stock, or through
//! [`Inventory::run_in_background`], whichever comes first.
//!
//! # Search
//! The service normalizes text itself (accents, case and punctuation, in the module
//! `text_normalization`) and gives plain words to both engines, so that SQLite's FTS5 and
//! PostgreSQL's `tsvector` find the same books. Each engine ranks by its own formula, so
//! the order of the results may differ.
//!
//! # Watching
//! Watchers are notified at once of the changes that this process makes, and on PostgreSQL
//! of those of other processes with the same database. In case a notification is lost, the
//! watched books are also polled every [`Options::sweep_interval`].

mod catalogue;
mod domain;
mod error;
mod grpc;
pub mod import;
mod service;
mod store;
#[cfg(test)]
mod tests;
mod text_normalization;

pub use self::service::{Inventory, Options};
pub use domain::{
    Book, ImportCounts, ImportedBook, Reservation, ReservationId, ReservationLine,
    ReservationRequest, ReservationState, StockLevel,
};
pub use error::InventoryError;
pub use grpc::Grpc;
pub use store::SCHEMA;

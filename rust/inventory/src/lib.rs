//! Inventory: the catalogue of books, its full-text search, and the stock with
//! reservations. The contract is `proto/bookstore/inventory/v1`.
//!
//! - [`Inventory`] has the use cases. It uses neither tonic nor SQL text: those are in
//!   the modules `grpc` ([`Inventory::server`]) and `store`.
//! - [`import`] reads files of books and streams them to any server of the contract, and
//!   [`export`] writes them. The commands `bookstore import` and `bookstore export` use them.
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
//! The module `search` finds books by an index in the process, the same for both databases. It
//! normalizes text (accents, case and punctuation, in the crate `text-normalization`).
//! Every process that serves Inventory has an index of its own, in its data folder. It follows
//! the revision of the catalogue: an import by the same process is found when it has ended,
//! that of another process at the latest two [`Options::sweep_interval`] later, and so is a book
//! that is sold out or has copies again. The index is made again from the database if it is
//! missing, damaged, of another version or of another database; searches are refused until it has
//! all books.
//!
//! # Watching
//! Watchers are notified at once of the changes that this process makes, and on PostgreSQL
//! of those of other processes with the same database. In case a notification is lost, the
//! watched books are also polled every [`Options::sweep_interval`].

mod catalogue;
mod domain;
mod error;
pub mod export;
mod grpc;
pub mod import;
mod isbn;
mod search;
mod service;
mod store;
#[cfg(test)]
mod tests;

pub use self::catalogue::CatalogueState;
pub use self::service::{Inventory, Options, Removal};
pub use domain::{
    Book, Bounds, Facets, ImportCounts, ImportedBook, Range, Reservation, ReservationId,
    ReservationLine, ReservationRequest, ReservationState, SearchFilters, SearchOrder, StockLevel,
};
pub use error::InventoryError;
pub use grpc::Grpc;
pub use search::SearchError;
pub use store::SCHEMA;

//! Inventory: the catalogue of the shop, its full text search, and the stock with
//! reservations. The contract is `proto/bookstore/inventory/v1`.
//!
//! - [`Inventory`] is the domain. It knows neither tonic nor SQL text: those are
//!   [`Inventory::server`] and the module `store`.
//! - [`import`] reads files of books and streams them to a server of the contract,
//!   ours or another; it serves `bookstore import`.
//! - [`Clock`] is the door by which time comes in: reservations expire.
//!
//! # Stock
//! A book has copies `on_hand`, some of which are `reserved`. Both stand in one row,
//! and one conditional `UPDATE` holds copies: whatever happens at the same time, the
//! stock does not go negative, and the table's `CHECK` says so once more. All lines of
//! a reservation are held in one transaction, in the order of the book numbers, so
//! that two reservations never wait for each other in a circle.
//!
//! A reservation that is due counts as expired from that moment, whoever asks. Its
//! copies go back on sale before the next decision about stock, or by
//! [`Inventory::run_in_background`], whichever comes first.
//!
//! # Search
//! The service folds text itself (accents, case, punctuation: the module `words`) and
//! gives both engines plain words, so that SQLite's FTS5 and PostgreSQL's `tsvector`
//! find the same books. They rank by formulas of their own, so the order of what was
//! found may differ between them.
//!
//! # Watching
//! Changes that this process makes are told at once. Changes by other processes with
//! the same database are seen by a poll of the watched books, once a sweep
//! ([`Options::sweep_interval`]).

mod catalogue;
mod clock;
mod domain;
mod error;
mod grpc;
pub mod import;
mod page;
mod service;
mod store;
#[cfg(test)]
mod tests;
mod words;

pub use clock::{Clock, HeldClock, SystemClock};
pub use domain::{
    Book, BookId, Hold, ImportCounts, Level, Line, NewBook, Price, Reservation, ReservationId,
};
pub use error::InventoryError;
pub use grpc::Grpc;
pub use service::{Inventory, Options, Page};
pub use store::SCHEMA;

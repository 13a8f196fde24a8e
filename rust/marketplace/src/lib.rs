//! The shop: pages over Inventory and Recommendations, rendered on the server.
//!
//! - Every page works without JavaScript; scripts add suggestions to the search
//!   field and keep the monitor moving.
//! - Every page has a time deadline for what it asks of the services. What does not
//!   come in time is left out, and the page says so. See [`Options::page_timeout`].
//! - Covers are drawn from the data of the books.
//! - `/monitor` shows what the metrics of the services say of the last minutes.
//!
//! Deliberately absent: sessions, cookies and anything that changes data.

mod assets;
mod cache;
mod category;
mod clients;
mod cover;
mod currency;
mod deadline;
mod headers;
mod monitor;
mod options;
mod pages;
mod paging;
mod routes;
mod shop;
mod view;

#[cfg(test)]
mod tests;

pub use options::{Clients, Health, MetricsText, Options};
pub use routes::app;

//! The web shop: server-rendered pages over Inventory and Recommendations.
//!
//! - Every page works without JavaScript; scripts add suggestions to the search
//!   field and refresh the monitor.
//! - Every page has a deadline for its calls to the services. Data that does not arrive in
//!   time is left out, and the page shows a notice. See [`Options::page_timeout`].
//! - Book covers are drawn as SVG from the title, the authors and the category.
//! - `/monitor` shows rates, errors and latencies of the services over the last minutes.
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

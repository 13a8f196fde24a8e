//! The web shop: server-rendered pages over the services.
//!
//! - Every page works without JavaScript; scripts add suggestions to the search
//!   field and refresh the monitor.
//! - Every page has a deadline for its calls to the services. Data that does not arrive in
//!   time is left out, and the page shows a notice. See [`Options::page_timeout`].
//! - Book covers are drawn as SVG from the title, the authors and the category.
//! - `/monitor` shows rates, errors and latencies of the services over the last minutes.
//!
//! - `visitor` finds out who asks for a page, by four cookies: the session, the guest cart,
//!   the books that were looked at last, and the secret of the forms. A page of a visitor is never
//!   cached.
//! - `operator` has the pages of the operator, behind a sign-in of their own.
//! - `forms` shows the violations of the contract at the fields; nothing else validates.

mod assets;
mod cache;
mod canonical;
mod category;
mod clients;
mod cover;
mod cover_image;
mod currency;
mod deadline;
mod forms;
mod headers;
mod metadata;
mod monitor;
mod operator;
mod options;
mod pages;
mod paging;
mod refusal;
mod routes;
mod shop;
mod sitemap;
mod spans;
mod view;
mod visitor;

#[cfg(test)]
mod tests;

pub use options::{
    ActiveFaults, Clients, FaultClient, Health, MetricsText, MonitoredService, NotableCalls,
    OperatorClients, Options,
};
pub use pages::too_many_requests;
pub use routes::app;

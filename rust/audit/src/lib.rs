//! Compares what the services know: orders, payments, the ledger, reservations and stock.
//!
//! In health there is no disagreement, whatever has crashed. The services are read one after
//! the other while they work, so a disagreement may only be one of the time between two reads:
//! [`audit`] reads everything twice, and reports what it has found both times.

#![forbid(unsafe_code)]

mod compare;
mod read;
mod records;

use std::collections::BTreeSet;

use jiff::Timestamp;

pub use read::{AuditError, Services};
pub use records::Records;

/// What an audit has found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    /// How much was compared.
    pub counts: Counts,
    /// Each disagreement as a sentence, sorted. Empty in health.
    pub disagreements: Vec<String>,
}

/// How many records were compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Counts {
    /// Orders of all accounts.
    pub orders: usize,
    /// Payments of all accounts.
    pub payments: usize,
    /// Reservations in every state.
    pub reservations: usize,
    /// Books with their stock.
    pub books: usize,
}

/// Reads all services twice and compares them. `now` is the present time.
///
/// # Errors
/// [`AuditError`] if a service does not answer.
pub async fn audit(
    services: &mut Services,
    now: impl Fn() -> Timestamp,
) -> Result<Report, AuditError> {
    let records = services.read().await?;
    let first = records.disagreements(now());
    let found = if first.is_empty() {
        first
    } else {
        let second = services.read().await?.disagreements(now());
        let second: BTreeSet<_> = second.into_iter().collect();
        first
            .into_iter()
            .filter(|text| second.contains(text))
            .collect()
    };
    Ok(Report {
        counts: records.counts(),
        disagreements: found,
    })
}

//! What the services know, as their contracts say it.

use contract::bookstore::{
    cart::v1::OperatorOrder,
    inventory::v1::{Reservation, StockLevel},
    transactions::v1::{GetLedgerResponse, Payment},
};

use crate::Counts;

/// The records of all services.
#[derive(Debug, Clone, Default)]
pub struct Records {
    /// Orders of all accounts.
    pub orders: Vec<OperatorOrder>,
    /// Payments of all accounts.
    pub payments: Vec<Payment>,
    /// The sums of the ledger.
    pub ledger: GetLedgerResponse,
    /// Reservations in every state.
    pub reservations: Vec<Reservation>,
    /// The stock of all books.
    pub stock: Vec<StockLevel>,
}

impl Records {
    pub(crate) fn counts(&self) -> Counts {
        Counts {
            orders: self.orders.len(),
            payments: self.payments.len(),
            reservations: self.reservations.len(),
            books: self.stock.len(),
        }
    }
}

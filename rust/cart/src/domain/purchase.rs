//! What Recommendations sees of an order.

use service::{AccountId, BookId};

use super::OrderId;

/// The books that an account has bought by one order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Purchase {
    /// The order.
    pub order_id: OrderId,
    /// The account that placed it.
    pub account_id: AccountId,
    /// The books, each once.
    pub book_ids: Vec<BookId>,
    /// Whether it is paid or shipped, and not only placed.
    pub paid: bool,
}

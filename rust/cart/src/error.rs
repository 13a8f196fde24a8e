//! The errors of the service and their gRPC statuses. The contract declares every status
//! that is returned here.

use std::time::Duration;

use contract::errors::{cart as errors, shared};
use service::{BookId, ConversionError, InvalidPageToken};
use tonic::Status;
use uuid::Uuid;

use crate::{CartFull, OrderId, OrderState};

/// The `RetryInfo` delay while another service does not respond.
const UNAVAILABLE_RETRY: Duration = Duration::from_millis(500);

/// Why a call failed.
#[derive(Debug, thiserror::Error)]
pub enum CartError {
    /// No book has this id.
    #[error("no book has the number {0}")]
    BookNotFound(BookId),
    /// The cart would have too many different books.
    #[error(transparent)]
    Full(#[from] CartFull),
    /// The account of the cart was deleted after the call was authenticated.
    #[error("the account was deleted: sign in with another one")]
    AccountDeleted,
    /// The cart has no books.
    #[error("the cart is empty: add books first")]
    CartEmpty,
    /// The cart is not the one that the buyer has seen.
    #[error("the cart has changed: read it again and order with the new etag")]
    CartChanged,
    /// The prices of the books are in several currencies.
    #[error("the prices are in different currencies: place one order for each")]
    CurrenciesMixed,
    /// The total is more than an amount of money can be.
    #[error("the total is more than 10^12 minor units: split the order")]
    TotalTooLarge,
    /// The cart asks for more copies than are available.
    #[error("book {book_id} has only {available} copies available")]
    OutOfStock {
        /// The book.
        book_id: BookId,
        /// The number of available copies.
        available: i32,
    },
    /// No order has this id, or it belongs to another account.
    #[error("no order has the id {0}")]
    OrderNotFound(OrderId),
    /// The order is shipped or has failed.
    #[error("the order cannot be cancelled: its state is {}", .0.as_str_name())]
    OrderNotCancellable(OrderState),
    /// The order is not paid, or not any more.
    #[error("do not ship the order: its state is {}", .0.as_str_name())]
    OrderNotPaid(OrderState),
    /// The order does not wait for the operator.
    #[error("the order {0} is not parked, or not any more: read it again")]
    OrderNotParked(OrderId),
    /// The state of the parked order does not allow the resolution.
    #[error("the order cannot go on in this way: its state is {}", .0.as_str_name())]
    ResolutionNotPossible(OrderState),
    /// The charge has not paid the order.
    #[error("{} is no successful charge of this order over its total", name(.0))]
    ChargeNotOfOrder(Option<Uuid>),
    /// The request id was used before with another body.
    #[error("the request id {0} was used with another body: take a new one")]
    RequestIdReused(Uuid),
    /// The outbox has no message with this number.
    #[error("the outbox has no message {0}: it may have been delivered")]
    MessageNotFound(i64),
    /// The page token is malformed or belongs to another query.
    #[error(transparent)]
    InvalidPageToken(#[from] InvalidPageToken),
    /// Accounts does not respond.
    #[error("the account cannot be read now: retry with backoff")]
    AccountsUnavailable,
    /// Transactions does not respond.
    #[error("the charge cannot be checked now: retry with backoff")]
    TransactionsUnavailable,
    /// Inventory does not respond.
    #[error("the catalogue does not respond: retry with backoff")]
    CatalogueUnavailable,
    /// The database does not answer or rejected a statement.
    #[error(transparent)]
    Store(#[from] store::Error),
    /// A validated request or a response cannot be converted.
    #[error(transparent)]
    Conversion(#[from] ConversionError),
    /// The database contains a value that this program cannot have written.
    #[error("the database contains an invalid value: {0}")]
    Corrupt(String),
}

impl From<CartError> for Status {
    fn from(error: CartError) -> Status {
        let declared = |declared| rpc::failure(declared, error.to_string());
        match &error {
            CartError::BookNotFound(book_id) => {
                declared(errors::BOOK_NOT_FOUND).with("book_id", book_id)
            }
            CartError::Full(CartFull) => declared(errors::CART_FULL),
            CartError::AccountDeleted => declared(shared::SESSION_INVALID),
            CartError::CartEmpty => declared(errors::CART_EMPTY),
            CartError::CartChanged => declared(errors::CART_CHANGED),
            CartError::CurrenciesMixed => declared(errors::CURRENCIES_MIXED),
            CartError::TotalTooLarge => declared(errors::TOTAL_TOO_LARGE),
            CartError::OutOfStock { book_id, available } => declared(errors::OUT_OF_STOCK)
                .with("book_id", book_id)
                .with("available", available),
            CartError::OrderNotFound(order_id) => {
                declared(errors::ORDER_NOT_FOUND).with("order_id", order_id)
            }
            CartError::OrderNotCancellable(state) => {
                declared(errors::ORDER_NOT_CANCELLABLE).with("state", state.as_str_name())
            }
            CartError::OrderNotPaid(state) => {
                declared(errors::ORDER_NOT_PAID).with("state", state.as_str_name())
            }
            CartError::OrderNotParked(order_id) => {
                declared(errors::ORDER_NOT_PARKED).with("order_id", order_id)
            }
            CartError::ResolutionNotPossible(state) => {
                declared(errors::RESOLUTION_NOT_POSSIBLE).with("state", state.as_str_name())
            }
            CartError::ChargeNotOfOrder(_) => declared(errors::CHARGE_NOT_OF_ORDER),
            CartError::RequestIdReused(request_id) => rpc::request_id_reused(request_id),
            CartError::MessageNotFound(message_id) => {
                declared(errors::MESSAGE_NOT_FOUND).with("message_id", message_id)
            }
            CartError::InvalidPageToken(_) => declared(errors::PAGE_TOKEN_INVALID),
            CartError::AccountsUnavailable => {
                declared(errors::ACCOUNTS_UNAVAILABLE).retry_after(UNAVAILABLE_RETRY)
            }
            CartError::TransactionsUnavailable => {
                declared(errors::TRANSACTIONS_UNAVAILABLE).retry_after(UNAVAILABLE_RETRY)
            }
            CartError::CatalogueUnavailable => {
                declared(errors::CATALOGUE_UNAVAILABLE).retry_after(UNAVAILABLE_RETRY)
            }
            CartError::Store(store::Error::Overloaded) => rpc::store_overloaded(),
            CartError::Store(cause) if cause.is_unavailable() => rpc::store_unavailable(cause),
            CartError::Store(_) | CartError::Conversion(_) | CartError::Corrupt(_) => {
                return rpc::internal(&error);
            }
        }
        .into_status()
    }
}

fn name(transaction_id: &Option<Uuid>) -> String {
    transaction_id.map_or_else(|| "an unset id".to_owned(), |id| id.to_string())
}

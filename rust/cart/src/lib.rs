//! Cart: the carts of guests and accounts, and the orders that are made of them.
//!
//! - [`Carts`] has the use cases of carts. It uses neither tonic nor SQL text.
//! - [`Carts::server`] serves `bookstore.cart.v1.CartService`.
//! - [`Checkout`] and [`Checkout::server`] do the same for orders and
//!   `bookstore.cart.v1.CheckoutService`.
//!
//! A cart keeps ids and quantities only. Titles, prices and stock are read from Inventory with
//! each call, so a cart can show no old price. A change locks the row of the cart, so two tabs
//! or two devices that add books at the same time lose nothing.
//!
//! # What an anonymous caller can cost
//! Anybody can make guest carts. Reading, clearing and removing never store anything. Storing
//! something takes a PutItem with a book that exists, which is one durable write; the load layer
//! of `rpc` bounds how many calls one peer runs at once. A cart is one row of at most 1.7 kB,
//! however often it is changed. Guest carts are deleted 30 days after their last change, and
//! the oldest ones earlier while there are more than [`MAX_GUEST_CARTS`]: a flood of new carts
//! costs some 300 MB of disk for good, and the carts of visitors who have been away the longest.
//!
//! # An order is finished whatever crashes
//! PlaceOrder holds the copies at Inventory and then, in one transaction, stores the order,
//! empties the cart and writes a message of the outbox. What follows is a saga: the table of
//! the states and their next steps is in the module `domain::saga`. The worker of the outbox
//! calls another service, records the result in the row of the order, and goes on until there
//! is no next step; only then the message is deleted. Each call has an idempotency key that is
//! derived from the order and the step, so after a crash it is repeated without a second effect.
//!
//! Every wait has an end. The payment has to be answered a minute before the reservation
//! expires; then the order fails, and a charge that turns out to be successful is paid back. Any
//! other step may go unanswered for [`PARK_AFTER`]. Then, or when another service contradicts what is
//! known, the order is *parked*: nothing is guessed, its row has the reason and the log an error.
//! The operator finds out what has happened and decides by ResolveParkedOrder how the order goes
//! on; each decision is kept in `order_resolutions` with who made it and why.

mod buyers;
mod catalogue;
mod domain;
mod error;
mod grpc;
mod payments;
mod remote_error;
mod service;
mod stock;
mod store;
#[cfg(test)]
mod tests;

pub use self::service::{
    Carts, Checkout, CheckoutOptions, GUEST_CART_RETENTION, MAX_GUEST_CARTS, Options, PARK_AFTER,
    PlaceOrder, ResolveOrder,
};
pub use domain::{
    Cart, CartFull, CartItem, CartItems, CartLine, CartOwner, ChargeState, DeclineReason, Event,
    HoldState, LinesBack, MAX_LINES, OperatorOrder, Order, OrderChange, OrderFailure, OrderFilter,
    OrderId, OrderLine, OrderResolution, OrderState, Purchase, Resolution, ResolveError, Step,
};
pub use error::CartError;
pub use grpc::{CartGrpc, CheckoutGrpc};
pub use store::SCHEMA;

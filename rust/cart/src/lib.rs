//! Cart: the carts of guests and accounts.
//!
//! - [`Carts`] has the use cases. It uses neither tonic nor SQL text.
//! - [`Carts::server`] serves `bookstore.cart.v1.CartService`.
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

mod catalogue;
mod domain;
mod error;
mod grpc;
mod service;
mod store;
#[cfg(test)]
mod tests;

pub use self::service::{Carts, GUEST_CART_RETENTION, MAX_GUEST_CARTS, Options};
pub use domain::{Cart, CartFull, CartItem, CartItems, CartLine, CartOwner, MAX_LINES};
pub use error::CartError;
pub use grpc::Grpc;
pub use store::SCHEMA;

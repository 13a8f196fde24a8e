//! Carts and orders: their rules, without any I/O.

mod cart;
mod order;
mod saga;

pub use cart::{Cart, CartFull, CartItem, CartItems, CartLine, CartOwner, MAX_LINES};
pub use order::{
    ChargeState, DeclineReason, HoldState, Order, OrderFailure, OrderId, OrderLine, OrderState,
};
pub use saga::{Event, LinesBack, Step};

//! Carts and orders: their rules, without any I/O.

mod cart;
mod order;
mod purchase;
mod resolution;
mod saga;

pub use cart::{Cart, CartFull, CartItem, CartItems, CartLine, CartOwner, MAX_LINES};
pub use order::{
    ChargeState, DeclineReason, HoldState, Order, OrderChange, OrderFailure, OrderFilter, OrderId,
    OrderLine, OrderState,
};
pub use purchase::Purchase;
pub use resolution::{OperatorOrder, OrderResolution, Resolution, ResolveError};
pub use saga::{Event, LinesBack, Step};

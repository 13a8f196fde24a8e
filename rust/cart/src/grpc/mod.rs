//! The gRPC services of `bookstore.cart.v1`. The codec has validated every request before it
//! arrives here.

mod carts;
mod checkout;
mod from_proto;
mod to_proto;

use tonic::{Response, Status};

pub use carts::CartGrpc;
pub use checkout::CheckoutGrpc;

type RpcResult<T> = Result<Response<T>, Status>;

//! The behaviour of the crate. Most tests run over both transports, in process and over
//! TCP; `network` and `shutdown` test what needs a socket.

mod calls;
mod context;
mod credentials;
mod fakes;
mod harness;
mod infrastructure;
mod layer_order;
mod network;
mod resilience;
mod shutdown;

//! The behaviour of the crate. Most tests run over both transports, in process and over
//! TCP; `network`, `shutdown` and part of `slow_clients` test what needs a socket.

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
mod slow_clients;

//! The promises of the crate, each held over both transports: in the process and
//! over TCP. What only a socket has is in `network` and `shutdown`.

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

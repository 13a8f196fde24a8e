//! The behaviour of the crate. Most tests run over both transports, in process and over
//! TCP; `client_policy`, `network`, `shutdown` and part of `slow_clients`
//! test what needs a socket.

mod attacker;
mod authority;
mod balancing;
mod calls;
mod client_policy;
mod conditions;
mod connect;
mod connect_streams;
mod connection_limits;
mod context;
mod credentials;
mod fakes;
mod faults;
mod harness;
mod http_client;
mod http_shares;
mod infrastructure;
mod layer_order;
mod network;
mod overload;
mod rate_limits;
mod refused_bodies;
mod resilience;
mod scripted_server;
mod shutdown;
mod slow_clients;
mod tls;
mod transcoding;

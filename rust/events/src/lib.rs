//! Publishes events for other systems to NATS JetStream.
//!
//! A service enqueues an event in its outbox, in the transaction that makes the change, and an
//! [`OutboxWorker`](service::OutboxWorker) gives it to a [`Publisher`]. So an event is published
//! if and only if the change is committed:
//!
//! - **At least once.** An event leaves the outbox only when JetStream has acknowledged that it is
//!   stored. One that is published twice, because the process was killed in between, has the same
//!   `Nats-Msg-Id` both times: the stream drops the second one within its duplicate window, and
//!   consumers know it later.
//! - **Ordered by key**, as the outbox is: an event is published after the one before it of the
//!   same key was acknowledged.
//! - **Nobody waits for NATS.** While the server is down, or refuses the credentials, the worker
//!   claims nothing and the events stay in the outbox. What happens to the connection is logged.
//!
//! The publisher makes no streams: how long and how often events are stored is up to whoever runs
//! the NATS server.

#![forbid(unsafe_code)]

mod connection_log;
mod publisher;

pub use publisher::{ConnectError, Event, Options, Publisher};

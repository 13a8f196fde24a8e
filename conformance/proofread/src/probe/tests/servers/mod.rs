//! Servers for tests: correct, misbehaving, and not speaking HTTP/2.

mod books;
mod correct;
mod misbehaving;
mod not_http2;

pub(crate) use books::Fault;
pub(crate) use correct::{TOKEN, book_server, plain_tonic_server};
pub(crate) use misbehaving::{Misbehaviour, misbehaving_server};
pub(crate) use not_http2::{http1_server, server_that_sends, silent_listener};

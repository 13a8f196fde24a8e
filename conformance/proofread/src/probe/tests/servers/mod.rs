//! The servers of the tests.

mod bad;
mod books;
mod right;
mod words;

pub(crate) use bad::{Then, bad_server};
pub(crate) use books::Fault;
pub(crate) use right::{TOKEN, book_server, plain_tonic_server};
pub(crate) use words::{http1_server, silent_port, spoken_port};

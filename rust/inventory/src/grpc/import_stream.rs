//! Receives the messages of an import in batches, each of which is stored by one transaction.
//!
//! The books of a message are spread over the indexes of the database, so a transaction for each
//! message of a few hundred books would write the same pages again and again: a large catalogue
//! would take several times as long.

use std::time::Duration;

use contract::bookstore::inventory::v1::ImportBooksRequest;
use prost::Message as _;
use tokio::time::timeout;
use tonic::{Status, Streaming};

use super::from_proto;
use crate::ImportedBook;

/// From so many books on, a batch is complete: other changes of the database wait while it is
/// stored.
const MAX_BOOKS: usize = 10_000;

/// From this size in bytes on, a batch is complete, because it is kept in memory.
const MAX_BYTES: usize = 8 * 1024 * 1024;

/// How long messages wait for the next one before they are stored.
const MAX_WAIT: Duration = Duration::from_millis(50);

/// Messages that were received.
#[derive(Debug, Default)]
pub(super) struct Batch {
    /// The books of each message.
    pub(super) messages: Vec<Vec<ImportedBook>>,
    /// How the stream has ended behind these messages; `None` if there may be more.
    pub(super) end: Option<Result<(), Status>>,
}

/// The next messages, at least one unless the stream ends.
pub(super) async fn next_batch(stream: &mut Streaming<ImportBooksRequest>) -> Batch {
    let mut batch = Batch::default();
    let (mut books, mut bytes) = (0, 0);
    while books < MAX_BOOKS && bytes < MAX_BYTES {
        let message = if batch.messages.is_empty() {
            stream.message().await
        } else {
            match timeout(MAX_WAIT, stream.message()).await {
                Ok(message) => message,
                Err(_) => break,
            }
        };
        match message {
            Ok(Some(message)) => {
                books += message.books.len();
                bytes += message.encoded_len();
                let converted = message.books.into_iter().map(from_proto::imported_book);
                match converted.collect() {
                    Ok(books) => batch.messages.push(books),
                    Err(error) => batch.end = Some(Err(error.into())),
                }
            }
            Ok(None) => batch.end = Some(Ok(())),
            Err(status) => batch.end = Some(Err(status)),
        }
        if batch.end.is_some() {
            break;
        }
    }
    batch
}

//! Sending the books of a file to a server.

use contract::bookstore::inventory::v1::{
    ImportBooksRequest, inventory_service_client::InventoryServiceClient,
};
use prost::Message;
use rpc::Channel;
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Request, Status, metadata::MetadataValue};

use super::{Reader, RowError};

/// How many bad rows a [`Summary`] lists; the others it counts.
pub const BAD_ROWS_KEPT: usize = 20;

/// How many books a message carries. Each message is one transaction.
const BATCH_BOOKS: usize = 500;

/// Where a message is closed early, in bytes: servers take 4 MiB, and no book comes near
/// the difference.
const BATCH_BYTES: usize = 1024 * 1024;

/// How far an import has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Progress {
    /// Rows that were read, the bad ones among them.
    pub rows: u64,
    /// Rows that are no books.
    pub bad_rows: u64,
    /// Bytes of the file that were read.
    pub bytes_read: u64,
    /// Bytes of the file, if that is known.
    pub bytes_total: Option<u64>,
}

/// What an import has done.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Summary {
    /// Books that were not in the catalogue before.
    pub created: u64,
    /// Books that were, and are different now.
    pub updated: u64,
    /// Books that were, and are as before.
    pub unchanged: u64,
    /// How many rows are no books.
    pub bad_rows: u64,
    /// The first [`BAD_ROWS_KEPT`] of them.
    pub first_bad_rows: Vec<RowError>,
}

/// Why an import did not come to its end. What was stored until then is kept, and
/// importing the file again is safe.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RunError {
    /// The token has characters that no token has.
    #[error("the operator's token has characters that cannot be sent")]
    TokenMalformed,
    /// The server refused the call or failed.
    #[error("the server answered {:?}: {}", .0.code(), .0.message())]
    Refused(Box<Status>),
    /// The thread that reads the file has come to a sudden end.
    #[error("the file was not read to its end: {0}")]
    ReaderFailed(#[source] tokio::task::JoinError),
}

/// Some books, and how far the file was read for them.
struct Batch {
    message: ImportBooksRequest,
    progress: Progress,
}

/// Imports the books of a file by the method `ImportBooks`, with the operator's `token`
/// where the server asks for one. `progress` is told after every message; the server
/// takes messages as fast as it stores them, so this is what it has stored, but for a
/// few messages on their way.
///
/// # Errors
/// [`RunError`].
pub async fn run(
    client: &mut InventoryServiceClient<Channel>,
    reader: Reader,
    token: Option<&str>,
    progress: &mut dyn FnMut(Progress),
) -> Result<Summary, RunError> {
    let (to_server, messages) = mpsc::channel(1);
    let mut request = Request::new(ReceiverStream::new(messages));
    if let Some(token) = token {
        let mut value = MetadataValue::try_from(format!("Bearer {token}"))
            .map_err(|_| RunError::TokenMalformed)?;
        value.set_sensitive(true);
        request.metadata_mut().insert("authorization", value);
    }
    // Reading a file blocks, so it has a thread of its own.
    let (to_us, mut batches) = mpsc::channel(1);
    let reading = tokio::task::spawn_blocking(move || read(reader, &to_us));

    let pass_on = async {
        while let Some(batch) = batches.recv().await {
            // The call is over if nobody takes messages any more; its answer says why.
            if to_server.send(batch.message).await.is_err() {
                break;
            }
            progress(batch.progress);
        }
        drop(to_server);
        // Lets the reader end, where the call was over before the file.
        drop(batches);
    };
    let (answer, ()) = tokio::join!(client.import_books(request), pass_on);
    let read = reading.await.map_err(RunError::ReaderFailed)?;
    let counts = answer
        .map_err(|status| RunError::Refused(Box::new(status)))?
        .into_inner();
    Ok(Summary {
        created: counts.created.unsigned_abs(),
        updated: counts.updated.unsigned_abs(),
        unchanged: counts.unchanged.unsigned_abs(),
        ..read
    })
}

/// Reads to the end of the file, or until nobody wants more; gives what it knows of the
/// bad rows.
fn read(mut reader: Reader, batches: &mpsc::Sender<Batch>) -> Summary {
    let mut summary = Summary::default();
    let mut rows = 0;
    let mut books = Vec::new();
    let mut bytes = 0;
    loop {
        let row = reader.next();
        let at_end = row.is_none();
        match row {
            None => {}
            Some(Ok((_, book))) => {
                rows += 1;
                bytes += book.encoded_len();
                books.push(book);
            }
            Some(Err(bad)) => {
                rows += 1;
                summary.bad_rows += 1;
                if summary.first_bad_rows.len() < BAD_ROWS_KEPT {
                    summary.first_bad_rows.push(bad);
                }
            }
        }
        let full = books.len() >= BATCH_BOOKS || bytes >= BATCH_BYTES;
        if full || (at_end && !books.is_empty()) {
            bytes = 0;
            let batch = Batch {
                message: ImportBooksRequest {
                    books: std::mem::take(&mut books),
                },
                progress: Progress {
                    rows,
                    bad_rows: summary.bad_rows,
                    bytes_read: reader.bytes_read(),
                    bytes_total: reader.bytes_total(),
                },
            };
            if batches.blocking_send(batch).is_err() {
                return summary;
            }
        }
        if at_end {
            return summary;
        }
    }
}

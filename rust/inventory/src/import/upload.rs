//! Sends the books of a file to a server.

use contract::bookstore::inventory::v1::{
    ImportBooksRequest, inventory_service_client::InventoryServiceClient,
};
use prost::Message;
use rpc::Channel;
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Request, Status, metadata::MetadataValue};

use super::{Notes, Reader, RowError};

/// How many invalid rows a [`Summary`] lists. The others are only counted.
pub const MAX_LISTED_BAD_ROWS: usize = 20;

/// The maximum number of books in a message. The server stores each message in one
/// transaction.
const BATCH_BOOKS: usize = 500;

/// A message that reaches this size in bytes is sent even if it has fewer books. Servers
/// accept 4 MiB, and a book is much smaller than the difference.
const BATCH_BYTES: usize = 1024 * 1024;

/// The progress of an import.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Progress {
    /// Rows that were read, including the invalid ones.
    pub rows: u64,
    /// Invalid rows.
    pub bad_rows: u64,
    /// Bytes that were read.
    pub bytes_read: u64,
    /// The size of the file in bytes; `None` if unknown.
    pub bytes_total: Option<u64>,
}

/// The result of an import.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Summary {
    /// Books that did not exist before.
    pub created: u64,
    /// Books that existed and were changed.
    pub updated: u64,
    /// Books that existed and did not change.
    pub unchanged: u64,
    /// The number of invalid rows.
    pub bad_rows: u64,
    /// The first [`MAX_LISTED_BAD_ROWS`] invalid rows.
    pub first_bad_rows: Vec<RowError>,
    /// What was decided or left out in valid rows.
    pub notes: Notes,
}

impl Summary {
    pub(super) fn add_bad_row(&mut self, bad: RowError) {
        self.bad_rows += 1;
        if self.first_bad_rows.len() < MAX_LISTED_BAD_ROWS {
            self.first_bad_rows.push(bad);
        }
    }
}

/// Why an import failed before the end of the file. The books that were stored until then
/// remain, and it is safe to import the file again.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum UploadError {
    /// The token contains characters that are not allowed in gRPC metadata.
    #[error("the operator's token has characters that cannot be sent")]
    TokenMalformed,
    /// The server answered with an error.
    #[error("the server answered {:?}: {}", .0.code(), .0.message())]
    Refused(Box<Status>),
    /// The thread that reads the file has panicked.
    #[error("the file was not read to its end: {0}")]
    ReaderFailed(#[source] tokio::task::JoinError),
}

impl From<Status> for UploadError {
    fn from(status: Status) -> Self {
        Self::Refused(Box::new(status))
    }
}

/// A message and the progress that is reported when it is sent.
struct Batch {
    message: ImportBooksRequest,
    progress: Progress,
}

/// Imports the books of a file with the method `ImportBooks`. `token` is the operator's
/// token, for servers that require one.
///
/// `progress` is called after every message. Because of flow control the server has then
/// stored all but the last few messages.
///
/// # Errors
/// [`UploadError`].
pub async fn upload(
    client: &mut InventoryServiceClient<Channel>,
    reader: Reader,
    token: Option<&str>,
    progress: &mut dyn FnMut(Progress),
) -> Result<Summary, UploadError> {
    let (message_sender, messages) = mpsc::channel(1);
    let mut request = Request::new(ReceiverStream::new(messages));
    if let Some(token) = token {
        let mut value = MetadataValue::try_from(format!("Bearer {token}"))
            .map_err(|_| UploadError::TokenMalformed)?;
        value.set_sensitive(true);
        request.metadata_mut().insert("authorization", value);
    }
    // Reading a file blocks, so it runs on a blocking thread.
    let (batch_sender, mut batches) = mpsc::channel(1);
    let reading = tokio::task::spawn_blocking(move || read(reader, &batch_sender));

    let forward_batches = async {
        while let Some(batch) = batches.recv().await {
            // If the receiver is gone, the call has ended and its status tells why.
            if message_sender.send(batch.message).await.is_err() {
                break;
            }
            progress(batch.progress);
        }
        drop(message_sender);
        // Stops the reading thread if the call ended before the end of the file.
        drop(batches);
    };
    let (response, ()) = tokio::join!(client.import_books(request), forward_batches);
    let summary = reading.await.map_err(UploadError::ReaderFailed)?;
    let counts = response?.into_inner();
    Ok(Summary {
        created: counts.created.unsigned_abs(),
        updated: counts.updated.unsigned_abs(),
        unchanged: counts.unchanged.unsigned_abs(),
        ..summary
    })
}

/// Reads the file to its end, or until the receiver is dropped. The returned summary has
/// only the invalid rows and the notes.
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
                summary.add_bad_row(bad);
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
            summary.notes = reader.notes().clone();
            return summary;
        }
    }
}

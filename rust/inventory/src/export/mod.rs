//! Export of the catalogue and the stock to a file: `bookstore export FILE`.
//!
//! The formats are those of [`import`](crate::import), so that the import of an export changes
//! nothing. Books are read page by page and written at once, in constant memory. The export is no
//! snapshot: what is changed while it runs may be in it or not.

mod csv;
mod json_lines;
mod onix;

use std::{
    collections::HashMap,
    io::{self, Write},
};

use contract::bookstore::inventory::v1::{
    BatchGetStockRequest, Book, ListBooksRequest, ListCategoriesRequest,
    inventory_service_client::InventoryServiceClient,
};
use jiff::Timestamp;
use rpc::Channel;
use tonic::Status;

/// The largest page of ListBooks.
const PAGE_BOOKS: i32 = 200;

/// The most ids in one request for stock.
const STOCK_BOOKS: usize = 100;

/// The format of an export.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// Comma-separated values with a header.
    Csv,
    /// One JSON object on each line.
    JsonLines,
    /// A message of ONIX 3.0 with reference tags, sent at this time.
    Onix(Timestamp),
}

/// Why an export failed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ExportError {
    /// The file cannot be written.
    #[error("cannot write: {0}")]
    Output(#[from] io::Error),
    /// The server answered with an error.
    #[error("the server answered {:?}: {}", .0.code(), .0.message())]
    Refused(Box<Status>),
    /// The server has left out a book or its stock, because it was removed meanwhile.
    #[error(
        "the catalogue has changed during the export: there is no stock of book {book_id}; export again"
    )]
    Changed {
        /// The id of the book.
        book_id: i32,
    },
}

impl From<Status> for ExportError {
    fn from(status: Status) -> Self {
        Self::Refused(Box::new(status))
    }
}

/// Writes books in one format.
trait BookWriter: Send {
    /// Writes one book and the copies in the warehouse.
    fn write(&mut self, book: &Book, on_hand: i32) -> io::Result<()>;

    /// Writes what comes after the last book.
    fn finish(&mut self) -> io::Result<()>;
}

/// Writes all books of a server to a file, and returns their number. `progress` is called after
/// every page with the number of books so far and the expected number.
///
/// # Errors
/// [`ExportError`].
pub async fn export<'o>(
    client: &mut InventoryServiceClient<Channel>,
    format: Format,
    output: impl Write + Send + 'o,
    progress: &mut dyn FnMut(u64, u64),
) -> Result<u64, ExportError> {
    let mut writer: Box<dyn BookWriter + 'o> = match format {
        Format::Csv => Box::new(csv::CsvWriter::new(output)?),
        Format::JsonLines => Box::new(json_lines::JsonLinesWriter::new(output)),
        Format::Onix(sent) => Box::new(onix::OnixWriter::new(output, sent)?),
    };
    let counts = client.list_categories(ListCategoriesRequest {}).await?;
    let counts = counts.into_inner().categories.into_iter();
    let total = counts
        .map(|it| u64::from(it.book_count.unsigned_abs()))
        .sum();
    let mut exported = 0;
    let mut page_token = String::new();
    loop {
        let request = ListBooksRequest {
            page_size: PAGE_BOOKS,
            page_token,
            ..ListBooksRequest::default()
        };
        let page = client.list_books(request).await?.into_inner();
        for books in page.books.chunks(STOCK_BOOKS) {
            let stock = stock(client, books).await?;
            for book in books {
                let book_id = book.book_id;
                let on_hand = stock.get(&book_id);
                let on_hand = on_hand.ok_or(ExportError::Changed { book_id })?;
                writer.write(book, *on_hand)?;
            }
        }
        exported += page.books.len() as u64;
        progress(exported, total);
        page_token = page.next_page_token;
        if page_token.is_empty() {
            writer.finish()?;
            return Ok(exported);
        }
    }
}

/// The copies in the warehouse of each book.
async fn stock(
    client: &mut InventoryServiceClient<Channel>,
    books: &[Book],
) -> Result<HashMap<i32, i32>, ExportError> {
    let request = BatchGetStockRequest {
        book_ids: books.iter().map(|book| book.book_id).collect(),
    };
    let levels = client.batch_get_stock(request).await?.into_inner().levels;
    let levels = levels.into_iter();
    Ok(levels.map(|level| (level.book_id, level.on_hand)).collect())
}

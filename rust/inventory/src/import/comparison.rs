//! A dry run: what an import would change.

use std::collections::{HashMap, HashSet};

use contract::bookstore::inventory::v1::{
    BatchGetBooksRequest, BatchGetStockRequest, Book, BookImport, StockLevel,
    inventory_service_client::InventoryServiceClient,
};
use rpc::Channel;
use tokio::sync::mpsc;

use super::{Progress, Reader, RowError, Summary, UploadError, amount, categories};
use service::BookCategory;

/// How many examples of each kind a [`Comparison`] has.
pub const MAX_EXAMPLES: usize = 5;

/// The most ids that the contract allows in one request.
const BATCH_BOOKS: usize = 100;

/// What an import would do.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Comparison {
    /// The counts, as the import would report them, and the rows that are refused.
    pub summary: Summary,
    /// The first new books.
    pub created: Vec<Example>,
    /// The first books that would change.
    pub updated: Vec<Example>,
    /// The ids of the valid rows.
    pub ids: HashSet<i32>,
    /// How many of these books are in the catalogue.
    pub found: u64,
}

/// A book of the file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Example {
    /// The line of the file.
    pub line: u64,
    /// The id of the book.
    pub book_id: i32,
    /// The title in the file.
    pub title: String,
    /// What would change: the name of the field, the old and the new value.
    pub changes: Vec<(&'static str, String, String)>,
}

/// A row of the file or an error.
type Row = Result<(u64, BookImport), RowError>;

/// Compares a file with the catalogue, and changes nothing. It remembers the ids of the file,
/// because a later row of the same id replaces the earlier one.
///
/// # Errors
/// [`UploadError`].
pub async fn compare(
    client: &mut InventoryServiceClient<Channel>,
    reader: Reader,
    progress: &mut dyn FnMut(Progress),
) -> Result<Comparison, UploadError> {
    // Reading a file blocks, so it runs on a blocking thread.
    let (sender, mut batches) = mpsc::channel(1);
    let reading = tokio::task::spawn_blocking(move || read(reader, &sender));
    let mut comparison = Comparison::default();
    while let Some((rows, so_far)) = batches.recv().await {
        comparison.add(client, rows).await?;
        progress(so_far);
    }
    comparison.summary.notes = reading.await.map_err(UploadError::ReaderFailed)?;
    Ok(comparison)
}

fn read(mut reader: Reader, batches: &mpsc::Sender<(Vec<Row>, Progress)>) -> super::Notes {
    let mut progress = Progress {
        rows: 0,
        bad_rows: 0,
        bytes_read: 0,
        bytes_total: reader.bytes_total(),
    };
    loop {
        let rows: Vec<Row> = reader.by_ref().take(BATCH_BOOKS).collect();
        progress.rows += rows.len() as u64;
        progress.bad_rows += rows.iter().filter(|row| row.is_err()).count() as u64;
        progress.bytes_read = reader.bytes_read();
        let at_end = rows.is_empty();
        if at_end || batches.blocking_send((rows, progress)).is_err() {
            return reader.notes().clone();
        }
    }
}

impl Comparison {
    async fn add(
        &mut self,
        client: &mut InventoryServiceClient<Channel>,
        rows: Vec<Row>,
    ) -> Result<(), UploadError> {
        let mut valid = Vec::new();
        for row in rows {
            match row {
                Ok((line, import)) => {
                    if let Some(book) = import.book {
                        valid.push((line, book, import.on_hand));
                    }
                }
                Err(bad) => self.summary.add_bad_row(bad),
            }
        }
        let (mut books, mut levels) = stored(client, &valid).await?;
        for (line, book, on_hand) in valid {
            let is_repeated = !self.ids.insert(book.book_id);
            let level = levels.get(&book.book_id);
            let reserved = level.map_or(0, |level| level.reserved);
            if let Some(on_hand) = on_hand.filter(|on_hand| *on_hand < reserved) {
                let message = format!(
                    "stock {on_hand} is lower than the {reserved} copies that are reserved"
                );
                self.summary.add_bad_row(RowError { line, message });
                continue;
            }
            let stored = books.get(&book.book_id);
            // Of two rows in different batches the earlier one is not stored yet.
            if stored.is_none() && is_repeated {
                self.summary.updated += 1;
                continue;
            }
            let changes = stored.map(|stored| changes(stored, &book, level, on_hand));
            let list = match &changes {
                None => {
                    self.summary.created += 1;
                    &mut self.created
                }
                Some(changes) => {
                    self.found += u64::from(!is_repeated);
                    if changes.is_empty() {
                        self.summary.unchanged += 1;
                        continue;
                    }
                    self.summary.updated += 1;
                    &mut self.updated
                }
            };
            if list.len() < MAX_EXAMPLES {
                list.push(Example {
                    line,
                    book_id: book.book_id,
                    title: book.title.clone(),
                    changes: changes.unwrap_or_default(),
                });
            }
            // A later row of the same batch is compared with this one.
            let mut level = levels.remove(&book.book_id).unwrap_or_default();
            level.on_hand = on_hand.unwrap_or(level.on_hand);
            levels.insert(book.book_id, level);
            books.insert(book.book_id, book);
        }
        Ok(())
    }
}

/// The books of the catalogue with the ids of the rows, and their stock.
async fn stored(
    client: &mut InventoryServiceClient<Channel>,
    rows: &[(u64, Book, Option<i32>)],
) -> Result<(HashMap<i32, Book>, HashMap<i32, StockLevel>), UploadError> {
    let ids: HashSet<i32> = rows.iter().map(|(_, book, _)| book.book_id).collect();
    let book_ids: Vec<i32> = ids.into_iter().collect();
    if book_ids.is_empty() {
        return Ok((HashMap::new(), HashMap::new()));
    }
    let request = BatchGetBooksRequest {
        book_ids: book_ids.clone(),
    };
    let books = client.batch_get_books(request).await?.into_inner().books;
    let request = BatchGetStockRequest { book_ids };
    let levels = client.batch_get_stock(request).await?.into_inner().levels;
    Ok((
        books.into_iter().map(|book| (book.book_id, book)).collect(),
        levels
            .into_iter()
            .map(|level| (level.book_id, level))
            .collect(),
    ))
}

/// The fields that would change.
fn changes(
    stored: &Book,
    new: &Book,
    level: Option<&StockLevel>,
    on_hand: Option<i32>,
) -> Vec<(&'static str, String, String)> {
    let number = |number: Option<i32>| number.map_or_else(String::new, |it| it.to_string());
    let price = |book: &Book| {
        book.price.as_ref().map_or_else(String::new, |price| {
            format!("{} {}", amount::format_price(price), price.currency_code)
        })
    };
    let category = |book: &Book| {
        let category = BookCategory::from_number(book.category);
        category.map_or("", categories::name).to_owned()
    };
    let rating = |book: &Book| {
        let rating = book.rating_hundredths;
        rating.map_or_else(String::new, amount::format_hundredths)
    };
    let stock = level.map_or(0, |level| level.on_hand);
    let pairs = [
        ("title", stored.title.clone(), new.title.clone()),
        ("authors", stored.authors.join("; "), new.authors.join("; ")),
        (
            "year",
            number(stored.publication_year),
            number(new.publication_year),
        ),
        ("category", category(stored), category(new)),
        ("price", price(stored), price(new)),
        ("isbn", stored.isbn.clone(), new.isbn.clone()),
        (
            "original_title",
            stored.original_title.clone(),
            new.original_title.clone(),
        ),
        ("language", stored.language.clone(), new.language.clone()),
        ("rating", rating(stored), rating(new)),
        (
            "rating_count",
            stored.rating_count.to_string(),
            new.rating_count.to_string(),
        ),
        (
            "description",
            stored.description.clone(),
            new.description.clone(),
        ),
        ("publisher", stored.publisher.clone(), new.publisher.clone()),
        (
            "page_count",
            number(stored.page_count),
            number(new.page_count),
        ),
        ("series", stored.series.clone(), new.series.clone()),
        (
            "series_number",
            stored.series_number.clone(),
            new.series_number.clone(),
        ),
        ("image_url", stored.image_url.clone(), new.image_url.clone()),
        (
            "stock",
            stock.to_string(),
            on_hand.unwrap_or(stock).to_string(),
        ),
    ];
    pairs
        .into_iter()
        .filter(|(_, old, new)| old != new)
        .collect()
}

//! Import of books into the catalogue.

use std::collections::BTreeMap;

use crate::{
    Book, ImportCounts, ImportedBook, Inventory, InventoryError, StockLevel, store as rows,
};
use service::BookId;
use store::Transaction;

/// A book during an import: its stored state and the state that will be written.
#[derive(Debug)]
struct PendingBook {
    book: Book,
    on_hand: i32,
    /// The book and its copies as stored in the database; `None` for a new book.
    stored: Option<(Book, i32)>,
}

impl Inventory {
    /// Creates books, or replaces those with the same ids. Either all books are imported
    /// or, after an error, none.
    ///
    /// If an id occurs twice, the later book replaces the earlier one, as in two separate
    /// imports. Unchanged books are not written.
    ///
    /// # Errors
    /// [`InventoryError::StockBelowReserved`], or [`InventoryError::Store`] if the database
    /// failed.
    pub async fn import(&self, books: Vec<ImportedBook>) -> Result<ImportCounts, InventoryError> {
        self.import_at_once(&books).await
    }

    /// Imports several lists of books, one after the other. If one cannot be imported, the lists
    /// before it are.
    pub(crate) async fn import_lists(
        &self,
        lists: Vec<Vec<ImportedBook>>,
    ) -> Result<ImportCounts, InventoryError> {
        let lengths: Vec<_> = lists.iter().map(Vec::len).collect();
        let books: Vec<_> = lists.into_iter().flatten().collect();
        let all = self.import_at_once(&books).await;
        if !matches!(all, Err(InventoryError::StockBelowReserved { .. })) || lengths.len() == 1 {
            return all;
        }
        let mut counts = ImportCounts::default();
        let mut rest = books.as_slice();
        for length in lengths {
            let (list, others) = rest.split_at(length);
            counts += self.import_at_once(list).await?;
            rest = others;
        }
        Ok(counts)
    }

    async fn import_at_once(&self, books: &[ImportedBook]) -> Result<ImportCounts, InventoryError> {
        if books.is_empty() {
            return Ok(ImportCounts::default());
        }
        if books.iter().any(|imported| imported.on_hand.is_some()) {
            self.expire_due_reservations().await?;
        }
        let (counts, restocked) = store::write!(self.db(), transaction => {
            import_in_transaction(transaction, books).await
        })?;
        self.stock_changed(&restocked);
        Ok(counts)
    }
}

/// Returns the counts and the ids of the books whose stock was changed.
async fn import_in_transaction(
    transaction: &mut Transaction,
    books: &[ImportedBook],
) -> Result<(ImportCounts, Vec<BookId>), InventoryError> {
    // Only one import runs at a time, so that the counts are correct.
    rows::books::lock(transaction).await?;
    let mut pending_books = load_pending(transaction, books).await?;
    let counts = merge(&mut pending_books, books);

    let new_books: Vec<_> = pending_books
        .values()
        .filter(|pending| pending.stored.is_none())
        .collect();
    let changed: Vec<_> = pending_books
        .values()
        .filter(|pending| pending.book_differs())
        .collect();
    let written: Vec<&Book> = new_books
        .iter()
        .chain(&changed)
        .map(|pending| &pending.book)
        .collect();
    if !written.is_empty() {
        rows::books::upsert(transaction, &written).await?;
        rows::books::bump_revision(transaction).await?;
    }
    if !new_books.is_empty() {
        let levels: Vec<_> = new_books
            .iter()
            .map(|pending| (pending.book.book_id, pending.on_hand))
            .collect();
        rows::stock::insert(transaction, &levels).await?;
    }
    // In the order of the ids, like every change of several stock rows: avoids deadlocks.
    let mut restocked = Vec::new();
    let mut changed_availability = Vec::new();
    for pending in pending_books
        .values()
        .filter(|pending| pending.stock_differs())
    {
        let book_id = pending.book.book_id;
        let set = rows::stock::set(transaction, book_id, pending.on_hand, None).await?;
        let Some(changed) = set else {
            let level = rows::stock::level(transaction, book_id).await?;
            return Err(stock_not_set_error(level, book_id, pending.on_hand));
        };
        if changed.changes_availability {
            changed_availability.push(book_id.0.into());
        }
        restocked.push(book_id);
    }
    rows::stock::record_availability(transaction, &changed_availability).await?;
    Ok((counts, restocked))
}

/// The error if `rows::stock::set` changed no row: the book does not exist, or more copies
/// are reserved than the new stock.
pub(super) fn stock_not_set_error(
    level: Option<StockLevel>,
    book_id: BookId,
    on_hand: i32,
) -> InventoryError {
    match level {
        Some(level) => InventoryError::StockBelowReserved {
            book_id,
            reserved: level.reserved,
            on_hand,
        },
        None => InventoryError::BookNotFound(book_id),
    }
}

/// Loads those of the books that exist, with their stock.
async fn load_pending(
    transaction: &mut Transaction,
    books: &[ImportedBook],
) -> Result<BTreeMap<BookId, PendingBook>, InventoryError> {
    let ids: Vec<i64> = books
        .iter()
        .map(|imported| imported.book.book_id.0.into())
        .collect();
    let levels = rows::stock::levels(transaction, &ids).await?;
    let mut on_hand: BTreeMap<_, _> = levels
        .into_iter()
        .map(|level| (level.book_id, level.on_hand))
        .collect();
    let books = rows::books::by_ids(transaction, &ids).await?;
    let pending_books = books.into_iter().map(|book| {
        let book_id = book.book_id;
        let on_hand = on_hand
            .remove(&book_id)
            .ok_or_else(|| InventoryError::Corrupt(format!("no stock of book {book_id}")))?;
        let pending = PendingBook {
            book: book.clone(),
            on_hand,
            stored: Some((book, on_hand)),
        };
        Ok((book_id, pending))
    });
    pending_books.collect()
}

/// Applies the imported books in their order, and counts what changes.
fn merge(
    pending_books: &mut BTreeMap<BookId, PendingBook>,
    books: &[ImportedBook],
) -> ImportCounts {
    let mut counts = ImportCounts::default();
    for imported in books {
        let Some(pending) = pending_books.get_mut(&imported.book.book_id) else {
            let pending = PendingBook {
                book: imported.book.clone(),
                on_hand: imported.on_hand.unwrap_or(0),
                stored: None,
            };
            pending_books.insert(imported.book.book_id, pending);
            counts.created += 1;
            continue;
        };
        let on_hand = imported.on_hand.unwrap_or(pending.on_hand);
        if pending.book == imported.book && pending.on_hand == on_hand {
            counts.unchanged += 1;
            continue;
        }
        counts.updated += 1;
        pending.book.clone_from(&imported.book);
        pending.on_hand = on_hand;
    }
    counts
}

impl PendingBook {
    fn book_differs(&self) -> bool {
        self.stored
            .as_ref()
            .is_some_and(|(book, _)| *book != self.book)
    }

    fn stock_differs(&self) -> bool {
        self.stored
            .as_ref()
            .is_some_and(|(_, on_hand)| *on_hand != self.on_hand)
    }
}

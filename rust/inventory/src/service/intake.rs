//! Taking books into the catalogue.

use std::collections::BTreeMap;

use crate::{
    Book, BookId, ImportCounts, Inventory, InventoryError, Level, NewBook, catalogue, store as rows,
};
use store::Transaction;

/// What is known of a book while some are taken in.
#[derive(Debug)]
struct Known {
    book: Book,
    on_hand: i32,
    /// As it is in the database; `None` for a new book.
    stored: Option<(Book, i32)>,
}

impl Inventory {
    /// Adds books to the catalogue, or replaces those with the same numbers: all of them
    /// or, after an error, none.
    ///
    /// Of a book that comes twice the later one stays, as if each had come alone. Books
    /// that are as before are not written.
    ///
    /// # Errors
    /// [`InventoryError::StockBelowReserved`], or that the database failed.
    pub async fn import(&self, books: Vec<NewBook>) -> Result<ImportCounts, InventoryError> {
        let books: Vec<_> = books
            .into_iter()
            .map(|new| NewBook {
                book: new.book.without_nul(),
                ..new
            })
            .collect();
        if books.iter().any(|new| new.on_hand.is_some()) {
            self.free_due().await?;
        }
        let (counts, restocked) = store::write!(self.db(), transaction => {
            take_in(transaction, &books).await
        })?;
        self.inner.watchers.changed(&restocked);
        Ok(counts)
    }

    /// Loads the catalogue that ships with the product into an empty shop; one that has
    /// books is left alone, and that is `None`.
    ///
    /// # Errors
    /// That the database failed.
    pub async fn load_shipped_catalogue(&self) -> Result<Option<ImportCounts>, InventoryError> {
        let empty = store::read!(self.db(), connection => rows::books::is_empty(connection).await)?;
        if !empty {
            return Ok(None);
        }
        // In one piece: a shop that is not empty has all of it.
        self.import(catalogue::shipped()).await.map(Some)
    }
}

/// Gives also the books whose stock has changed.
async fn take_in(
    transaction: &mut Transaction,
    books: &[NewBook],
) -> Result<(ImportCounts, Vec<BookId>), InventoryError> {
    // One import at a time: the counts are right and nothing is written twice.
    rows::books::lock(transaction).await?;
    let mut known = stored(transaction, books).await?;
    let counts = merge(&mut known, books);

    let fresh: Vec<_> = known
        .values()
        .filter(|known| known.stored.is_none())
        .collect();
    let changed: Vec<_> = known
        .values()
        .filter(|known| known.book_differs())
        .collect();
    let written: Vec<&Book> = fresh
        .iter()
        .chain(&changed)
        .map(|known| &known.book)
        .collect();
    if !written.is_empty() {
        let changed: Vec<i64> = changed
            .iter()
            .map(|known| known.book.book_id.0.into())
            .collect();
        rows::books::put(transaction, &written).await?;
        rows::search::put(transaction, &changed, &written).await?;
        rows::books::bump_revision(transaction).await?;
    }
    if !fresh.is_empty() {
        let levels: Vec<_> = fresh
            .iter()
            .map(|known| (known.book.book_id, known.on_hand))
            .collect();
        rows::stock::add(transaction, &levels).await?;
    }
    // In the order of the numbers, as all who change more than one row of stock.
    let mut restocked = Vec::new();
    for known in known.values().filter(|known| known.stock_differs()) {
        let book_id = known.book.book_id;
        if rows::stock::set(transaction, book_id, known.on_hand)
            .await?
            .is_none()
        {
            let level = rows::stock::level(transaction, book_id).await?;
            return Err(below_reserved(level, book_id, known.on_hand));
        }
        restocked.push(book_id);
    }
    Ok((counts, restocked))
}

/// Why the stock of a book was not set.
pub(super) fn below_reserved(
    level: Option<Level>,
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

/// What the database knows of the books that come.
async fn stored(
    transaction: &mut Transaction,
    books: &[NewBook],
) -> Result<BTreeMap<BookId, Known>, InventoryError> {
    let numbers: Vec<i64> = books.iter().map(|new| new.book.book_id.0.into()).collect();
    let levels = rows::stock::levels(transaction, &numbers).await?;
    let mut on_hand: BTreeMap<_, _> = levels
        .into_iter()
        .map(|level| (level.book_id, level.on_hand))
        .collect();
    let books = rows::books::by_number(transaction, &numbers).await?;
    let known = books.into_iter().map(|book| {
        let book_id = book.book_id;
        let on_hand = on_hand
            .remove(&book_id)
            .ok_or_else(|| InventoryError::Corrupt(format!("no stock of book {book_id}")))?;
        let known = Known {
            book: book.clone(),
            on_hand,
            stored: Some((book, on_hand)),
        };
        Ok((book_id, known))
    });
    known.collect()
}

fn merge(known: &mut BTreeMap<BookId, Known>, books: &[NewBook]) -> ImportCounts {
    let mut counts = ImportCounts::default();
    for new in books {
        let Some(known) = known.get_mut(&new.book.book_id) else {
            let fresh = Known {
                book: new.book.clone(),
                on_hand: new.on_hand.unwrap_or(0),
                stored: None,
            };
            known.insert(new.book.book_id, fresh);
            counts.created += 1;
            continue;
        };
        let on_hand = new.on_hand.unwrap_or(known.on_hand);
        if known.book == new.book && known.on_hand == on_hand {
            counts.unchanged += 1;
            continue;
        }
        counts.updated += 1;
        known.book.clone_from(&new.book);
        known.on_hand = on_hand;
    }
    counts
}

impl Known {
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

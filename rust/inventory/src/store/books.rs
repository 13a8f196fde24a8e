//! Statements about books and the catalogue revision.

use serde::Serialize;
use service::{BookCategory, BookId, Money};
use store::{Cause, Connection, Row, RowRef, Sql, Transaction, query};
use uuid::Uuid;

use super::to_i32;
use crate::{
    Book, InventoryError,
    domain::{Catalogue, Change, IndexedBook},
};

/// Selects the columns of a book, and what follows them.
macro_rules! select_book {
    ($rest:literal) => {
        concat!(
            "SELECT book_id, title, authors, publication_year, category, currency_code,
                 amount_minor, isbn, original_title, language, rating_hundredths, rating_count,
                 description, publisher, page_count, series, series_number, image_url",
            $rest
        )
    };
}

store::statements! {
    const BY_IDS = Sql::per_engine(
        select_book!(" FROM books WHERE book_id IN (SELECT value FROM json_each($1))"),
        select_book!(" FROM books WHERE book_id = ANY($1)"),
    );

    const PAGE_OF_ALL = Sql::portable(
        select_book!(" FROM books WHERE (sort_title, book_id) > ($1, $2) ORDER BY sort_title, book_id LIMIT $3"),
    );

    const PAGE_OF_CATEGORY = Sql::portable(
        select_book!(" FROM books WHERE category = $4 AND (sort_title, book_id) > ($1, $2)
         ORDER BY sort_title, book_id LIMIT $3"),
    );

    const CHANGED_AFTER = Sql::portable(
        select_book!(",
             books.changed_revision AS revision, on_hand > reserved AS is_in_stock
         FROM books JOIN stock USING (book_id)
         WHERE (books.changed_revision, books.book_id) > ($1, $2)
         ORDER BY books.changed_revision, books.book_id LIMIT $3"),
    );

    const STOCK_CHANGED_AFTER = Sql::portable(
        select_book!(",
             stock.changed_revision AS revision, on_hand > reserved AS is_in_stock
         FROM stock JOIN books USING (book_id)
         WHERE (stock.changed_revision, stock.book_id) > ($1, $2)
         ORDER BY stock.changed_revision, stock.book_id LIMIT $3"),
    );

    const CATALOGUE = Sql::portable(
        "SELECT catalogue_id, catalogue_revision.revision, stock_revision.revision
         FROM catalogue_revision JOIN stock_revision USING (only_row) WHERE only_row = 1",
    );

    const COUNT_BY_CATEGORY = Sql::portable("SELECT category, COUNT(*) FROM books GROUP BY category ORDER BY category");

    const ANY = Sql::portable("SELECT book_id FROM books LIMIT 1");

    const REVISION = Sql::portable("SELECT revision FROM catalogue_revision WHERE only_row = 1");

    const LOCK = Sql::portable("UPDATE catalogue_revision SET revision = revision WHERE only_row = 1");

    const BUMP_REVISION = Sql::portable("UPDATE catalogue_revision SET revision = revision + 1 WHERE only_row = 1");

    const IDS_AFTER = Sql::portable("SELECT book_id FROM books WHERE book_id > $1 ORDER BY book_id LIMIT $2");

    const REMOVE = Sql::per_engine(
        "DELETE FROM books WHERE book_id IN (SELECT value FROM json_each($1))",
        "DELETE FROM books WHERE book_id = ANY($1)",
    );

    const REPLACE_CATALOGUE = Sql::portable(
        "UPDATE catalogue_revision SET revision = revision + 1, catalogue_id = $1 WHERE only_row = 1",
    );

    /// The books are one JSON array, because a statement for each book would spend most of its
    /// time on round trips. `jsonb_each` does not write each book as a text, which `json_each` would
    /// do for each of its columns. SQLite needs `WHERE true` to parse `ON CONFLICT` after a `SELECT`.
    /// The revision of a change is the one that `BUMP_REVISION` makes in the same transaction.
    const UPSERT = Sql::per_engine(
        "INSERT INTO books (book_id, title, authors, publication_year, category, currency_code,
             amount_minor, sort_title, isbn, original_title, language, rating_hundredths,
             rating_count, description, publisher, page_count, series, series_number, image_url,
             changed_revision)
         SELECT value ->> 'book_id', value ->> 'title', value ->> 'authors',
             value ->> 'publication_year', value ->> 'category', value ->> 'currency_code',
             value ->> 'amount_minor', value ->> 'sort_title', value ->> 'isbn',
             value ->> 'original_title', value ->> 'language', value ->> 'rating_hundredths',
             value ->> 'rating_count', value ->> 'description', value ->> 'publisher',
             value ->> 'page_count', value ->> 'series', value ->> 'series_number',
             value ->> 'image_url',
             (SELECT revision + 1 FROM catalogue_revision WHERE only_row = 1)
         FROM jsonb_each($1) WHERE true
         ON CONFLICT (book_id) DO UPDATE SET title = excluded.title, authors = excluded.authors,
             publication_year = excluded.publication_year, category = excluded.category,
             currency_code = excluded.currency_code, amount_minor = excluded.amount_minor,
             sort_title = excluded.sort_title, isbn = excluded.isbn,
             original_title = excluded.original_title, language = excluded.language,
             rating_hundredths = excluded.rating_hundredths,
             rating_count = excluded.rating_count, description = excluded.description,
             publisher = excluded.publisher, page_count = excluded.page_count,
             series = excluded.series, series_number = excluded.series_number,
             image_url = excluded.image_url, changed_revision = excluded.changed_revision",
        "INSERT INTO books (book_id, title, authors, publication_year, category, currency_code,
             amount_minor, sort_title, isbn, original_title, language, rating_hundredths,
             rating_count, description, publisher, page_count, series, series_number, image_url,
             changed_revision)
         SELECT book_id, title, authors, publication_year, category, currency_code,
             amount_minor, sort_title, isbn, original_title, language, rating_hundredths,
             rating_count, description, publisher, page_count, series, series_number, image_url,
             (SELECT revision + 1 FROM catalogue_revision WHERE only_row = 1)
         FROM json_to_recordset(CAST($1 AS json)) AS book (book_id BIGINT, title TEXT,
             authors TEXT, publication_year BIGINT, category BIGINT, currency_code TEXT,
             amount_minor BIGINT, sort_title TEXT, isbn TEXT, original_title TEXT,
             language TEXT, rating_hundredths BIGINT, rating_count BIGINT, description TEXT,
             publisher TEXT, page_count BIGINT, series TEXT, series_number TEXT, image_url TEXT)
         WHERE true
         ON CONFLICT (book_id) DO UPDATE SET title = excluded.title, authors = excluded.authors,
             publication_year = excluded.publication_year, category = excluded.category,
             currency_code = excluded.currency_code, amount_minor = excluded.amount_minor,
             sort_title = excluded.sort_title, isbn = excluded.isbn,
             original_title = excluded.original_title, language = excluded.language,
             rating_hundredths = excluded.rating_hundredths,
             rating_count = excluded.rating_count, description = excluded.description,
             publisher = excluded.publisher, page_count = excluded.page_count,
             series = excluded.series, series_number = excluded.series_number,
             image_url = excluded.image_url, changed_revision = excluded.changed_revision",
    );
}

store::row! {
    #[derive(Serialize)]
    pub(super) struct BookRow {
        book_id: i64,
        title: String,
        authors: String,
        publication_year: Option<i64>,
        category: i64,
        currency_code: String,
        amount_minor: i64,
        isbn: Option<String>,
        original_title: Option<String>,
        language: Option<String>,
        rating_hundredths: Option<i64>,
        rating_count: i64,
        description: Option<String>,
        publisher: Option<String>,
        page_count: Option<i64>,
        series: Option<String>,
        series_number: Option<String>,
        image_url: Option<String>,
    }
}

/// A book with its availability, and the revision of the change for which it is read.
struct ChangedRow {
    book: BookRow,
    is_in_stock: bool,
    revision: i64,
}

impl Row for ChangedRow {
    fn from_row(row: &RowRef<'_>) -> Result<Self, Cause> {
        Ok(Self {
            book: BookRow::from_row(row)?,
            is_in_stock: row.named("is_in_stock")?,
            revision: row.named("revision")?,
        })
    }
}

#[derive(Serialize)]
struct UpsertRow {
    #[serde(flatten)]
    row: BookRow,
    sort_title: String,
}

impl From<&Book> for BookRow {
    fn from(book: &Book) -> Self {
        Self {
            book_id: book.book_id.0.into(),
            title: book.title.clone(),
            authors: serde_json::Value::from(book.authors.as_slice()).to_string(),
            publication_year: book.publication_year.map(i64::from),
            category: book.category.number().into(),
            currency_code: book.price.currency_code.clone(),
            amount_minor: book.price.amount_minor,
            isbn: book.isbn.clone(),
            original_title: book.original_title.clone(),
            language: book.language.clone(),
            rating_hundredths: book.rating_hundredths.map(i64::from),
            rating_count: book.rating_count,
            description: book.description.clone(),
            publisher: book.publisher.clone(),
            page_count: book.page_count.map(i64::from),
            series: book.series.clone(),
            series_number: book.series_number.clone(),
            image_url: book.image_url.clone(),
        }
    }
}

impl TryFrom<BookRow> for Book {
    type Error = InventoryError;

    fn try_from(row: BookRow) -> Result<Self, InventoryError> {
        let authors = serde_json::from_str(&row.authors).map_err(|error| {
            InventoryError::Corrupt(format!(
                "the authors of book {} are not a list: {error}",
                row.book_id
            ))
        })?;
        Ok(Self {
            book_id: BookId(to_i32(row.book_id, "book id")?),
            title: row.title,
            authors,
            publication_year: row
                .publication_year
                .map(|year| to_i32(year, "year"))
                .transpose()?,
            category: category(row.category)?,
            price: Money {
                currency_code: row.currency_code,
                amount_minor: row.amount_minor,
            },
            isbn: row.isbn,
            original_title: row.original_title,
            language: row.language,
            rating_hundredths: row
                .rating_hundredths
                .map(|rating| to_i32(rating, "rating"))
                .transpose()?,
            rating_count: row.rating_count,
            description: row.description,
            publisher: row.publisher,
            page_count: row
                .page_count
                .map(|pages| to_i32(pages, "number of pages"))
                .transpose()?,
            series: row.series,
            series_number: row.series_number,
            image_url: row.image_url,
        })
    }
}

fn category(stored: i64) -> Result<BookCategory, InventoryError> {
    BookCategory::from_number(to_i32(stored, "category")?)
        .ok_or_else(|| InventoryError::Corrupt(format!("the category {stored}")))
}

pub(super) fn from_rows(rows: Vec<BookRow>) -> Result<Vec<Book>, InventoryError> {
    rows.into_iter().map(Book::try_from).collect()
}

/// The books that exist, in no particular order.
pub(crate) async fn by_ids(
    connection: &mut Connection,
    book_ids: &[i64],
) -> Result<Vec<Book>, InventoryError> {
    from_rows(query(BY_IDS).bind(book_ids).fetch_all(connection).await?)
}

/// The books after the sort key of a title and the id of the book, sorted by title.
pub(crate) async fn page(
    connection: &mut Connection,
    in_category: Option<BookCategory>,
    (sort_title, book_id): (&str, BookId),
    limit: i64,
) -> Result<Vec<Book>, InventoryError> {
    let statement = if in_category.is_some() {
        PAGE_OF_CATEGORY
    } else {
        PAGE_OF_ALL
    };
    let mut page = query(statement)
        .bind(sort_title)
        .bind(book_id.0)
        .bind(limit);
    if let Some(category) = in_category {
        page = page.bind(category.number());
    }
    from_rows(page.fetch_all(connection).await?)
}

/// The number of books of each category that has any, in the order of the categories.
pub(crate) async fn count_by_category(
    connection: &mut Connection,
) -> Result<Vec<(BookCategory, i32)>, InventoryError> {
    let rows: Vec<(i64, i64)> = query(COUNT_BY_CATEGORY)
        .long_running()
        .fetch_all(connection)
        .await?;
    rows.into_iter()
        .map(|(stored, count)| Ok((category(stored)?, to_i32(count, "number of books")?)))
        .collect()
}

/// Whether the catalogue has no books.
pub(crate) async fn is_empty(connection: &mut Connection) -> Result<bool, InventoryError> {
    Ok(query(ANY)
        .fetch_optional::<(i64,)>(connection)
        .await?
        .is_none())
}

/// The catalogue revision: the number of changes so far.
pub(crate) async fn revision(connection: &mut Connection) -> Result<i64, InventoryError> {
    let (revision,) = query(REVISION).fetch_one(connection).await?;
    Ok(revision)
}

/// The catalogue with its revisions.
pub(crate) async fn catalogue(connection: &mut Connection) -> Result<Catalogue, InventoryError> {
    let (id, revision, stock_revision) = query(CATALOGUE).fetch_one(connection).await?;
    Ok(Catalogue {
        id,
        revision,
        stock_revision,
    })
}

/// The first books that were changed after a change, in the order of their changes.
pub(crate) async fn changed_after(
    connection: &mut Connection,
    after: Change,
    limit: i64,
) -> Result<Vec<(IndexedBook, Change)>, InventoryError> {
    changes(connection, CHANGED_AFTER, after, limit).await
}

/// The first books that were sold out or had copies again after a change of the stock, in the
/// order of these changes.
pub(crate) async fn stock_changed_after(
    connection: &mut Connection,
    after: Change,
    limit: i64,
) -> Result<Vec<(IndexedBook, Change)>, InventoryError> {
    changes(connection, STOCK_CHANGED_AFTER, after, limit).await
}

async fn changes(
    connection: &mut Connection,
    statement: Sql,
    after: Change,
    limit: i64,
) -> Result<Vec<(IndexedBook, Change)>, InventoryError> {
    let rows: Vec<ChangedRow> = query(statement)
        .bind(after.revision)
        .bind(after.book_id)
        .bind(limit)
        .long_running()
        .fetch_all(connection)
        .await?;
    let changes = rows.into_iter().map(|row| {
        let book: Book = row.book.try_into()?;
        let change = Change {
            revision: row.revision,
            book_id: book.book_id.0,
        };
        let is_in_stock = row.is_in_stock;
        Ok((IndexedBook { book, is_in_stock }, change))
    });
    changes.collect()
}

/// Locks the catalogue, so that other imports wait until the transaction ends.
pub(crate) async fn lock(transaction: &mut Transaction) -> Result<(), InventoryError> {
    query(LOCK).execute(transaction).await?;
    Ok(())
}

/// Increases the catalogue revision by one.
pub(crate) async fn bump_revision(transaction: &mut Transaction) -> Result<(), InventoryError> {
    query(BUMP_REVISION).execute(transaction).await?;
    Ok(())
}

/// The ids of the books with larger ids, in their order.
pub(crate) async fn ids_after(
    connection: &mut Connection,
    book_id: i32,
    limit: i64,
) -> Result<Vec<BookId>, InventoryError> {
    let ids = query(IDS_AFTER).bind(book_id).bind(limit);
    let ids: Vec<(i64,)> = ids.fetch_all(connection).await?;
    ids.into_iter()
        .map(|(id,)| Ok(BookId(to_i32(id, "book id")?)))
        .collect()
}

/// Removes books, whose stock must be removed already.
pub(crate) async fn remove(
    transaction: &mut Transaction,
    book_ids: &[i64],
) -> Result<(), InventoryError> {
    let remove = query(REMOVE).bind(book_ids).long_running();
    remove.execute(transaction).await?;
    Ok(())
}

/// Increases the revision, and gives the catalogue a new id: indexes follow only the books that
/// are there, so they are made again when books are removed.
pub(crate) async fn replace_catalogue(transaction: &mut Transaction) -> Result<(), InventoryError> {
    let catalogue_id = Uuid::new_v4().simple().to_string();
    let replace = query(REPLACE_CATALOGUE).bind(catalogue_id);
    replace.execute(transaction).await?;
    Ok(())
}

/// Creates books, or replaces those with the same ids. No id may occur twice.
pub(crate) async fn upsert(
    transaction: &mut Transaction,
    books: &[&Book],
) -> Result<(), InventoryError> {
    let rows = books.iter().map(|book| UpsertRow {
        row: BookRow::from(*book),
        sort_title: text_normalization::sort_key(&book.title),
    });
    query(UPSERT)
        .bind(json_array(rows)?)
        .long_running()
        .execute(transaction)
        .await?;
    Ok(())
}

/// Encodes rows as one JSON array.
pub(super) fn json_array<R: Serialize>(
    rows: impl Iterator<Item = R>,
) -> Result<String, InventoryError> {
    serde_json::to_string(&rows.collect::<Vec<_>>()).map_err(|error| {
        InventoryError::Corrupt(format!("a row cannot be encoded as JSON: {error}"))
    })
}

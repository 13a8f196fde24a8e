//! Statements about books and the catalogue revision.

use serde::Serialize;
use service::{BookCategory, BookId, Money};
use store::{Connection, Sql, Transaction, query};

use super::to_i32;
use crate::{Book, InventoryError, text_normalization};

store::statements! {
    const BY_IDS = Sql::per_engine(
        "SELECT book_id, title, authors, publication_year, category, currency_code, amount_minor
         FROM books WHERE book_id IN (SELECT value FROM json_each($1))",
        "SELECT book_id, title, authors, publication_year, category, currency_code, amount_minor
         FROM books WHERE book_id = ANY($1)",
    );

    const PAGE_OF_ALL = Sql::portable(
        "SELECT book_id, title, authors, publication_year, category, currency_code, amount_minor
         FROM books WHERE (sort_title, book_id) > ($1, $2) ORDER BY sort_title, book_id LIMIT $3",
    );

    const PAGE_OF_CATEGORY = Sql::portable(
        "SELECT book_id, title, authors, publication_year, category, currency_code, amount_minor
         FROM books WHERE category = $4 AND (sort_title, book_id) > ($1, $2)
         ORDER BY sort_title, book_id LIMIT $3",
    );

    const COUNT_BY_CATEGORY = Sql::portable("SELECT category, COUNT(*) FROM books GROUP BY category ORDER BY category");

    const ANY = Sql::portable("SELECT book_id FROM books LIMIT 1");

    const REVISION = Sql::portable("SELECT revision FROM catalogue_revision WHERE only_row = 1");

    const LOCK = Sql::portable("UPDATE catalogue_revision SET revision = revision WHERE only_row = 1");

    const BUMP_REVISION = Sql::portable("UPDATE catalogue_revision SET revision = revision + 1 WHERE only_row = 1");

    /// The books are one JSON array, because a statement for each book would spend most of its
    /// time on round trips. SQLite needs `WHERE true` to parse `ON CONFLICT` after a `SELECT`.
    const UPSERT = Sql::per_engine(
        "INSERT INTO books (book_id, title, authors, publication_year, category, currency_code,
             amount_minor, sort_title)
         SELECT value ->> 'book_id', value ->> 'title', value ->> 'authors',
             value ->> 'publication_year', value ->> 'category', value ->> 'currency_code',
             value ->> 'amount_minor', value ->> 'sort_title'
         FROM json_each($1) WHERE true
         ON CONFLICT (book_id) DO UPDATE SET title = excluded.title, authors = excluded.authors,
             publication_year = excluded.publication_year, category = excluded.category,
             currency_code = excluded.currency_code, amount_minor = excluded.amount_minor,
             sort_title = excluded.sort_title",
        "INSERT INTO books (book_id, title, authors, publication_year, category, currency_code,
             amount_minor, sort_title)
         SELECT book_id, title, authors, publication_year, category, currency_code, amount_minor,
             sort_title
         FROM json_to_recordset(CAST($1 AS json)) AS book (book_id BIGINT, title TEXT,
             authors TEXT, publication_year BIGINT, category BIGINT, currency_code TEXT,
             amount_minor BIGINT, sort_title TEXT)
         ON CONFLICT (book_id) DO UPDATE SET title = excluded.title, authors = excluded.authors,
             publication_year = excluded.publication_year, category = excluded.category,
             currency_code = excluded.currency_code, amount_minor = excluded.amount_minor,
             sort_title = excluded.sort_title",
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

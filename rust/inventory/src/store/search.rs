//! Full text search. The words come folded from the module `words`: nothing but letters
//! and digits, so that neither engine sees syntax in them.

use contract::bookstore::inventory::v1::BookCategory;
use serde::Serialize;
use store::{Connection, Engine, Sql, Transaction, query};

use super::books::{BookRow, books, json};
use crate::{Book, InventoryError, words};

/// The statements of this module.
#[cfg(test)]
pub(crate) const STATEMENTS: &[(&str, Sql)] = &[
    ("search::FIND", FIND),
    ("search::REMOVE", REMOVE),
    ("search::ADD", ADD),
];

/// A book whose title is the query comes first, then those whose title begins with it,
/// each of them as the engine ranks it: words of the title count more than those of the
/// authors, in a short text more than in a long one.
const FIND: Sql = Sql::each(
    "SELECT b.book_id, b.title, b.authors, b.publication_year, b.category, b.currency_code,
         b.amount_minor
     FROM book_search JOIN books AS b ON b.book_id = book_search.rowid
     WHERE book_search MATCH $1 AND ($2 = 0 OR b.category = $2)
     ORDER BY b.sort_title = $3 DESC, substr(b.sort_title, 1, length($3)) = $3 DESC,
         bm25(book_search, 4.0, 1.0), b.book_id
     LIMIT $4 OFFSET $5",
    "SELECT b.book_id, b.title, b.authors, b.publication_year, b.category, b.currency_code,
         b.amount_minor
     FROM book_search AS s JOIN books AS b ON b.book_id = s.book_id
     WHERE s.words @@ CAST($1 AS tsquery) AND ($2 = CAST(0 AS BIGINT) OR b.category = $2)
     ORDER BY b.sort_title = $3 DESC, substr(b.sort_title, 1, length($3)) = $3 DESC,
         ts_rank('{0, 0, 0.25, 1}', s.words, CAST($1 AS tsquery), 1) DESC, b.book_id
     LIMIT $4 OFFSET $5",
);

const REMOVE: Sql = Sql::each(
    "DELETE FROM book_search WHERE rowid IN (SELECT value FROM json_each($1))",
    "DELETE FROM book_search WHERE book_id = ANY($1)",
);

const ADD: Sql = Sql::each(
    "INSERT INTO book_search (rowid, title, authors)
     SELECT value ->> 'book_id', value ->> 'title', value ->> 'authors' FROM json_each($1)",
    "INSERT INTO book_search (book_id, words)
     SELECT book_id, CAST(title || ' ' || authors AS tsvector)
     FROM json_to_recordset(CAST($1 AS json)) AS book (book_id BIGINT, title TEXT, authors TEXT)",
);

#[derive(Serialize)]
struct WordsRow {
    book_id: i32,
    title: String,
    authors: String,
}

/// The books that hold all words, the last of them perhaps only begun, best first.
pub(crate) async fn find(
    connection: &mut Connection,
    query_words: &[String],
    in_category: Option<BookCategory>,
    limit: i64,
    offset: i64,
) -> Result<Vec<Book>, InventoryError> {
    if query_words.is_empty() {
        return Ok(Vec::new());
    }
    let found: Vec<BookRow> = query(FIND)
        .bind(expression(query_words, connection.engine()))
        .bind(in_category.map_or(0, |category| category as i32))
        .bind(query_words.join(" "))
        .bind(limit)
        .bind(offset)
        .fetch_all(connection)
        .await?;
    books(found)
}

/// Makes books be found by their words. Of those that were in the catalogue before,
/// `changed`, the former words are forgotten.
pub(crate) async fn put(
    transaction: &mut Transaction,
    changed: &[i64],
    books: &[&Book],
) -> Result<(), InventoryError> {
    if !changed.is_empty() {
        query(REMOVE).bind(changed).execute(transaction).await?;
    }
    let engine = transaction.engine();
    let rows = json(books.iter().map(|book| words_row(book, engine)))?;
    query(ADD).bind(rows).execute(transaction).await?;
    Ok(())
}

fn expression(query_words: &[String], engine: Engine) -> String {
    match engine {
        Engine::Sqlite => format!("\"{}\" *", query_words.join("\" AND \"")),
        Engine::Postgres => format!("'{}':*", query_words.join("' & '")),
    }
}

fn words_row(book: &Book, engine: Engine) -> WordsRow {
    let title = words::of_text(&book.title);
    let authors = words::of_text(&book.authors.join(" \n "));
    let (title, authors) = match engine {
        Engine::Sqlite => (title.join(" "), authors.join(" ")),
        Engine::Postgres => (
            vector(&title, 'A', 1),
            vector(&authors, 'B', 1 + title.len()),
        ),
    };
    WordsRow {
        book_id: book.book_id.0,
        title,
        authors,
    }
}

/// The text form of a `tsvector`: each word with its position and weight. Positions
/// matter only for their number.
fn vector(words: &[String], weight: char, first: usize) -> String {
    let lexemes = words.iter().zip(first..);
    lexemes
        .map(|(word, position)| format!("'{word}':{position}{weight} "))
        .collect()
}

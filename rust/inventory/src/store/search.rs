//! Statements of the full-text search. The words are normalized by `text_normalization` to
//! letters and digits, so that no engine can interpret them as query syntax.

use serde::Serialize;
use service::BookCategory;
use store::{Connection, Engine, Sql, Transaction, query};

use super::books::{BookRow, from_rows, json_array};
use crate::{Book, InventoryError, text_normalization};

store::statements! {
    /// Books whose title equals the query come first, then those whose title begins with it.
    /// Within these groups the engine ranks: a word of the title counts more than one of the
    /// authors, and a word of a short text more than one of a long text.
    const FIND = Sql::per_engine(
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

    const DELETE = Sql::per_engine(
        "DELETE FROM book_search WHERE rowid IN (SELECT value FROM json_each($1))",
        "DELETE FROM book_search WHERE book_id = ANY($1)",
    );

    const INSERT = Sql::per_engine(
        "INSERT INTO book_search (rowid, title, authors)
         SELECT value ->> 'book_id', value ->> 'title', value ->> 'authors' FROM json_each($1)",
        "INSERT INTO book_search (book_id, words)
         SELECT book_id, CAST(title || ' ' || authors AS tsvector)
         FROM json_to_recordset(CAST($1 AS json)) AS book (book_id BIGINT, title TEXT, authors TEXT)",
    );
}

#[derive(Serialize)]
struct SearchRow {
    book_id: i32,
    title: String,
    authors: String,
}

/// The books that contain all words, best match first. The last word may be a prefix.
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
        .bind(match_expression(query_words, connection.engine()))
        .bind(in_category.map_or(0, BookCategory::number))
        .bind(query_words.join(" "))
        .bind(limit)
        .bind(offset)
        .long_running()
        .fetch_all(connection)
        .await?;
    from_rows(found)
}

/// Indexes the words of books. `changed` are the ids of those books that existed before;
/// their old index entries are deleted.
pub(crate) async fn index(
    transaction: &mut Transaction,
    changed: &[i64],
    books: &[&Book],
) -> Result<(), InventoryError> {
    if !changed.is_empty() {
        query(DELETE)
            .bind(changed)
            .long_running()
            .execute(transaction)
            .await?;
    }
    let engine = transaction.engine();
    let rows = json_array(books.iter().map(|book| search_row(book, engine)))?;
    query(INSERT)
        .bind(rows)
        .long_running()
        .execute(transaction)
        .await?;
    Ok(())
}

fn match_expression(query_words: &[String], engine: Engine) -> String {
    match engine {
        Engine::Sqlite => format!("\"{}\" *", query_words.join("\" AND \"")),
        Engine::Postgres => format!("'{}':*", query_words.join("' & '")),
    }
}

fn search_row(book: &Book, engine: Engine) -> SearchRow {
    let title = text_normalization::index_words(&book.title);
    let authors = text_normalization::index_words(&book.authors.join(" \n "));
    let (title, authors) = match engine {
        Engine::Sqlite => (title.join(" "), authors.join(" ")),
        Engine::Postgres => (
            tsvector_text(&title, 'A', 1),
            tsvector_text(&authors, 'B', 1 + title.len()),
        ),
    };
    SearchRow {
        book_id: book.book_id.0,
        title,
        authors,
    }
}

/// The text form of a `tsvector`: each word with its position and weight. The ranking uses
/// only the number of positions.
fn tsvector_text(words: &[String], weight: char, first: usize) -> String {
    let lexemes = words.iter().zip(first..);
    lexemes
        .map(|(word, position)| format!("'{word}':{position}{weight} "))
        .collect()
}

//! Statements about stock levels. Each condition is in the statement that changes the row.

use serde::Serialize;
use service::BookId;
use store::{Connection, Sql, Transaction, query};

use super::{books::json_array, to_i32};
use crate::{InventoryError, StockLevel};

store::statements! {
    const LEVELS = Sql::per_engine(
        "SELECT book_id, on_hand, reserved FROM stock
         WHERE book_id IN (SELECT value FROM json_each($1))",
        "SELECT book_id, on_hand, reserved FROM stock WHERE book_id = ANY($1)",
    );

    const INSERT = Sql::per_engine(
        "INSERT INTO stock (book_id, on_hand, reserved)
         SELECT value ->> 'book_id', value ->> 'on_hand', 0 FROM json_each($1)",
        "INSERT INTO stock (book_id, on_hand, reserved)
         SELECT book_id, on_hand, 0
         FROM json_to_recordset(CAST($1 AS json)) AS level (book_id BIGINT, on_hand BIGINT)",
    );

    const SET = Sql::portable(
        "UPDATE stock SET on_hand = $2 WHERE book_id = $1 AND reserved <= $2
             AND on_hand IN ($2, COALESCE($3, on_hand))
         RETURNING book_id, on_hand, reserved",
    );

    const RESERVE = Sql::portable(
        "UPDATE stock SET reserved = reserved + $2
         WHERE book_id = $1 AND on_hand - reserved >= $2",
    );

    const RELEASE_RESERVED = Sql::portable("UPDATE stock SET reserved = reserved - $2 WHERE book_id = $1");

    const COMMIT_RESERVED = Sql::portable(
        "UPDATE stock SET on_hand = on_hand - $2, reserved = reserved - $2 WHERE book_id = $1",
    );
}

store::row! {
    struct LevelRow {
        book_id: i64,
        on_hand: i64,
        reserved: i64,
    }
}

#[derive(Serialize)]
struct InsertRow {
    book_id: i32,
    on_hand: i32,
}

impl TryFrom<LevelRow> for StockLevel {
    type Error = InventoryError;

    fn try_from(row: LevelRow) -> Result<Self, InventoryError> {
        Ok(Self {
            book_id: BookId(to_i32(row.book_id, "book id")?),
            on_hand: to_i32(row.on_hand, "stock")?,
            reserved: to_i32(row.reserved, "number of reserved copies")?,
        })
    }
}

/// The levels of the books that exist, in no particular order.
pub(crate) async fn levels(
    connection: &mut Connection,
    book_ids: &[i64],
) -> Result<Vec<StockLevel>, InventoryError> {
    let rows: Vec<LevelRow> = query(LEVELS).bind(book_ids).fetch_all(connection).await?;
    rows.into_iter().map(StockLevel::try_from).collect()
}

/// The level of one book; `None` if the book does not exist.
pub(crate) async fn level(
    connection: &mut Connection,
    book_id: BookId,
) -> Result<Option<StockLevel>, InventoryError> {
    Ok(levels(connection, &[book_id.0.into()]).await?.pop())
}

/// Inserts the levels of new books.
pub(crate) async fn insert(
    transaction: &mut Transaction,
    levels: &[(BookId, i32)],
) -> Result<(), InventoryError> {
    let rows = levels.iter().map(|(book_id, on_hand)| InsertRow {
        book_id: book_id.0,
        on_hand: *on_hand,
    });
    query(INSERT)
        .bind(json_array(rows)?)
        .long_running()
        .execute(transaction)
        .await?;
    Ok(())
}

/// Sets the number of copies in the warehouse. `None` if the book does not exist, more copies are
/// reserved, or there are neither the expected number of copies nor the new one.
pub(crate) async fn set(
    transaction: &mut Transaction,
    book_id: BookId,
    on_hand: i32,
    expected: Option<i32>,
) -> Result<Option<StockLevel>, InventoryError> {
    let set = query(SET).bind(book_id.0).bind(on_hand).bind(expected);
    let row: Option<LevelRow> = set.fetch_optional(transaction).await?;
    row.map(StockLevel::try_from).transpose()
}

/// Reserves copies; `false` if the book does not exist or fewer copies are available.
pub(crate) async fn reserve(
    transaction: &mut Transaction,
    book_id: BookId,
    quantity: i64,
) -> Result<bool, InventoryError> {
    let changed = query(RESERVE)
        .bind(book_id.0)
        .bind(quantity)
        .execute(transaction)
        .await?;
    Ok(changed == 1)
}

/// Makes reserved copies available again.
pub(crate) async fn release_reserved(
    transaction: &mut Transaction,
    book_id: BookId,
    quantity: i64,
) -> Result<(), InventoryError> {
    query(RELEASE_RESERVED)
        .bind(book_id.0)
        .bind(quantity)
        .execute(transaction)
        .await?;
    Ok(())
}

/// Removes reserved copies from the warehouse, because they are sold.
pub(crate) async fn commit_reserved(
    transaction: &mut Transaction,
    book_id: BookId,
    quantity: i64,
) -> Result<(), InventoryError> {
    query(COMMIT_RESERVED)
        .bind(book_id.0)
        .bind(quantity)
        .execute(transaction)
        .await?;
    Ok(())
}

//! Stock levels. Each condition stands in the statement that changes the row.

use serde::Serialize;
use store::{Connection, Sql, Transaction, query};

use super::{books::json, number};
use crate::{BookId, InventoryError, Level};

/// The statements of this module.
#[cfg(test)]
pub(crate) const STATEMENTS: &[(&str, Sql)] = &[
    ("stock::LEVELS", LEVELS),
    ("stock::ADD", ADD),
    ("stock::SET", SET),
    ("stock::RESERVE", RESERVE),
    ("stock::GIVE_BACK", GIVE_BACK),
    ("stock::TAKE_OUT", TAKE_OUT),
];

const LEVELS: Sql = Sql::each(
    "SELECT book_id, on_hand, reserved FROM stock
     WHERE book_id IN (SELECT value FROM json_each($1))",
    "SELECT book_id, on_hand, reserved FROM stock WHERE book_id = ANY($1)",
);

const ADD: Sql = Sql::each(
    "INSERT INTO stock (book_id, on_hand, reserved)
     SELECT value ->> 'book_id', value ->> 'on_hand', 0 FROM json_each($1)",
    "INSERT INTO stock (book_id, on_hand, reserved)
     SELECT book_id, on_hand, 0
     FROM json_to_recordset(CAST($1 AS json)) AS level (book_id BIGINT, on_hand BIGINT)",
);

const SET: Sql = Sql::same(
    "UPDATE stock SET on_hand = $2 WHERE book_id = $1 AND reserved <= $2
     RETURNING book_id, on_hand, reserved",
);

const RESERVE: Sql = Sql::same(
    "UPDATE stock SET reserved = reserved + $2
     WHERE book_id = $1 AND on_hand - reserved >= $2",
);

const GIVE_BACK: Sql = Sql::same("UPDATE stock SET reserved = reserved - $2 WHERE book_id = $1");

const TAKE_OUT: Sql = Sql::same(
    "UPDATE stock SET on_hand = on_hand - $2, reserved = reserved - $2 WHERE book_id = $1",
);

#[derive(sqlx::FromRow)]
struct LevelRow {
    book_id: i64,
    on_hand: i64,
    reserved: i64,
}

#[derive(Serialize)]
struct NewRow {
    book_id: i32,
    on_hand: i32,
}

impl TryFrom<LevelRow> for Level {
    type Error = InventoryError;

    fn try_from(row: LevelRow) -> Result<Self, InventoryError> {
        Ok(Self {
            book_id: BookId(number(row.book_id, "book number")?),
            on_hand: number(row.on_hand, "stock")?,
            reserved: number(row.reserved, "number of reserved copies")?,
        })
    }
}

/// The levels of those of the books that exist, in no order.
pub(crate) async fn levels(
    connection: &mut Connection,
    book_ids: &[i64],
) -> Result<Vec<Level>, InventoryError> {
    let rows: Vec<LevelRow> = query(LEVELS).bind(book_ids).fetch_all(connection).await?;
    rows.into_iter().map(Level::try_from).collect()
}

/// The level of one book, if it exists.
pub(crate) async fn level(
    connection: &mut Connection,
    book_id: BookId,
) -> Result<Option<Level>, InventoryError> {
    Ok(levels(connection, &[book_id.0.into()]).await?.pop())
}

/// The first levels of new books.
pub(crate) async fn add(
    transaction: &mut Transaction,
    levels: &[(BookId, i32)],
) -> Result<(), InventoryError> {
    let rows = levels.iter().map(|(book_id, on_hand)| NewRow {
        book_id: book_id.0,
        on_hand: *on_hand,
    });
    query(ADD).bind(json(rows)?).execute(transaction).await?;
    Ok(())
}

/// Sets the copies in the warehouse; `None` if there is no such book or more copies of
/// it are reserved.
pub(crate) async fn set(
    transaction: &mut Transaction,
    book_id: BookId,
    on_hand: i32,
) -> Result<Option<Level>, InventoryError> {
    let set = query(SET).bind(book_id.0).bind(on_hand);
    let row: Option<LevelRow> = set.fetch_optional(transaction).await?;
    row.map(Level::try_from).transpose()
}

/// Holds copies; `false` if there is no such book or fewer copies of it are available.
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

/// Puts held copies back on sale.
pub(crate) async fn give_back(
    transaction: &mut Transaction,
    book_id: BookId,
    quantity: i64,
) -> Result<(), InventoryError> {
    query(GIVE_BACK)
        .bind(book_id.0)
        .bind(quantity)
        .execute(transaction)
        .await?;
    Ok(())
}

/// Takes held copies out of the warehouse.
pub(crate) async fn take_out(
    transaction: &mut Transaction,
    book_id: BookId,
    quantity: i64,
) -> Result<(), InventoryError> {
    query(TAKE_OUT)
        .bind(book_id.0)
        .bind(quantity)
        .execute(transaction)
        .await?;
    Ok(())
}

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
        "INSERT INTO stock (book_id, on_hand, reserved, is_available)
         SELECT value ->> 'book_id', value ->> 'on_hand', 0, (value ->> 'on_hand') > 0
         FROM jsonb_each($1)",
        "INSERT INTO stock (book_id, on_hand, reserved, is_available)
         SELECT book_id, on_hand, 0, on_hand > 0
         FROM json_to_recordset(CAST($1 AS json)) AS level (book_id BIGINT, on_hand BIGINT)",
    );

    const SET = Sql::portable(
        "UPDATE stock SET on_hand = $2 WHERE book_id = $1 AND reserved <= $2
             AND on_hand IN ($2, COALESCE($3, on_hand))
         RETURNING on_hand, reserved, is_available",
    );

    const SELL_OUT = Sql::per_engine(
        "UPDATE stock SET on_hand = reserved WHERE book_id IN (SELECT value FROM json_each($1))",
        "UPDATE stock SET on_hand = reserved WHERE book_id = ANY($1)",
    );

    const REMOVE = Sql::per_engine(
        "DELETE FROM stock WHERE book_id IN (SELECT value FROM json_each($1))",
        "DELETE FROM stock WHERE book_id = ANY($1)",
    );

    const RESERVE = Sql::portable(
        "UPDATE stock SET reserved = reserved + $2
         WHERE book_id = $1 AND on_hand - reserved >= $2
         RETURNING on_hand, reserved, is_available",
    );

    const RELEASE_RESERVED = Sql::portable(
        "UPDATE stock SET reserved = reserved - $2 WHERE book_id = $1
         RETURNING on_hand, reserved, is_available",
    );

    const COMMIT_RESERVED = Sql::portable(
        "UPDATE stock SET on_hand = on_hand - $2, reserved = reserved - $2 WHERE book_id = $1",
    );

    const BUMP_REVISION = Sql::portable("UPDATE stock_revision SET revision = revision + 1 WHERE only_row = 1");

    /// The revision is the one that `BUMP_REVISION` makes in the same transaction.
    const RECORD_AVAILABILITY = Sql::per_engine(
        "UPDATE stock SET is_available = (on_hand > reserved),
             changed_revision = (SELECT revision FROM stock_revision WHERE only_row = 1)
         WHERE book_id IN (SELECT value FROM json_each($1))",
        "UPDATE stock SET is_available = (on_hand > reserved),
             changed_revision = (SELECT revision FROM stock_revision WHERE only_row = 1)
         WHERE book_id = ANY($1)",
    );
}

store::row! {
    struct LevelRow {
        book_id: i64,
        on_hand: i64,
        reserved: i64,
    }
}

store::row! {
    struct ChangedRow {
        on_hand: i64,
        reserved: i64,
        is_available: bool,
    }
}

/// A level after its change, and whether the book was sold out by it or has copies again.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ChangedLevel {
    pub(crate) level: StockLevel,
    pub(crate) changes_availability: bool,
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
) -> Result<Option<ChangedLevel>, InventoryError> {
    let set = query(SET).bind(book_id.0).bind(on_hand).bind(expected);
    changed_level(book_id, set.fetch_optional(transaction).await?)
}

fn changed_level(
    book_id: BookId,
    row: Option<ChangedRow>,
) -> Result<Option<ChangedLevel>, InventoryError> {
    let Some(row) = row else {
        return Ok(None);
    };
    let level = StockLevel {
        book_id,
        on_hand: to_i32(row.on_hand, "stock")?,
        reserved: to_i32(row.reserved, "number of reserved copies")?,
    };
    Ok(Some(ChangedLevel {
        level,
        changes_availability: (level.available() > 0) != row.is_available,
    }))
}

/// Records that books were sold out or have copies again, so that search indexes follow. It must
/// be the last change of a transaction: it locks a row for which all such transactions wait, so
/// that they commit in the order of the revisions.
pub(crate) async fn record_availability(
    transaction: &mut Transaction,
    book_ids: &[i64],
) -> Result<(), InventoryError> {
    if book_ids.is_empty() {
        return Ok(());
    }
    query(BUMP_REVISION).execute(transaction).await?;
    let record = query(RECORD_AVAILABILITY).bind(book_ids).long_running();
    record.execute(transaction).await?;
    Ok(())
}

/// Leaves only the reserved copies of books.
pub(crate) async fn sell_out(
    transaction: &mut Transaction,
    book_ids: &[i64],
) -> Result<(), InventoryError> {
    let sell_out = query(SELL_OUT).bind(book_ids).long_running();
    sell_out.execute(transaction).await?;
    Ok(())
}

/// Removes the levels of books.
pub(crate) async fn remove(
    transaction: &mut Transaction,
    book_ids: &[i64],
) -> Result<(), InventoryError> {
    let remove = query(REMOVE).bind(book_ids).long_running();
    remove.execute(transaction).await?;
    Ok(())
}

/// Reserves copies; `None` if the book does not exist or fewer copies are available.
pub(crate) async fn reserve(
    transaction: &mut Transaction,
    book_id: BookId,
    quantity: i64,
) -> Result<Option<ChangedLevel>, InventoryError> {
    let reserve = query(RESERVE).bind(book_id.0).bind(quantity);
    changed_level(book_id, reserve.fetch_optional(transaction).await?)
}

/// Makes the reserved copies of books available again, in the order of the list.
pub(crate) async fn release_reserved(
    transaction: &mut Transaction,
    quantities: &[(BookId, i64)],
) -> Result<(), InventoryError> {
    let mut available_again = Vec::new();
    for (book_id, quantity) in quantities {
        let release = query(RELEASE_RESERVED).bind(book_id.0).bind(*quantity);
        let changed = changed_level(*book_id, release.fetch_optional(transaction).await?)?;
        if changed.is_some_and(|changed| changed.changes_availability) {
            available_again.push(book_id.0.into());
        }
    }
    record_availability(transaction, &available_again).await
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

//! Reservations and their lines. State 1 is held: the index of held reservations needs
//! it in the text of a statement.

use contract::bookstore::inventory::v1::ReservationState;
use jiff::Timestamp;
use serde::Serialize;
use store::{Connection, Sql, Transaction, query};
use uuid::Uuid;

use super::{books::json, number};
use crate::{BookId, InventoryError, Line, Reservation, ReservationId};

/// The statements of this module.
#[cfg(test)]
pub(crate) const STATEMENTS: &[(&str, Sql)] = &[
    ("reservations::ADD", ADD),
    ("reservations::ADD_LINES", ADD_LINES),
    ("reservations::GET", GET),
    ("reservations::LINES", LINES),
    ("reservations::END", END),
    ("reservations::FIRST_DUE", FIRST_DUE),
    ("reservations::EXPIRE_DUE", EXPIRE_DUE),
    ("reservations::QUANTITIES", QUANTITIES),
];

const ADD: Sql = Sql::same(
    "INSERT INTO reservations (reservation_id, state, expire_at, created_at)
     VALUES ($1, 1, $2, $3)",
);

const ADD_LINES: Sql = Sql::each(
    "INSERT INTO reservation_lines (reservation_id, position, book_id, quantity)
     SELECT $1, value ->> 'position', value ->> 'book_id', value ->> 'quantity'
     FROM json_each($2)",
    "INSERT INTO reservation_lines (reservation_id, position, book_id, quantity)
     SELECT $1, position, book_id, quantity
     FROM json_to_recordset(CAST($2 AS json))
         AS line (position BIGINT, book_id BIGINT, quantity BIGINT)",
);

const GET: Sql = Sql::same("SELECT state, expire_at FROM reservations WHERE reservation_id = $1");

const LINES: Sql = Sql::same(
    "SELECT book_id, quantity FROM reservation_lines WHERE reservation_id = $1
     ORDER BY position",
);

const END: Sql = Sql::same(
    "UPDATE reservations SET state = $2
     WHERE reservation_id = $1 AND state = 1 AND expire_at > $3",
);

const FIRST_DUE: Sql = Sql::same(
    "SELECT expire_at FROM reservations WHERE state = 1 AND expire_at <= $1
     ORDER BY expire_at LIMIT 1",
);

/// Some of what is due. On PostgreSQL, what another transaction is about to end is left
/// to it; the `ARRAY` makes sure that the rows are chosen once.
const EXPIRE_DUE: Sql = Sql::each(
    "UPDATE reservations SET state = 4 WHERE reservation_id IN (
         SELECT reservation_id FROM reservations WHERE state = 1 AND expire_at <= $1
         ORDER BY expire_at LIMIT 100)
     RETURNING reservation_id",
    "UPDATE reservations SET state = 4 WHERE reservation_id = ANY(ARRAY(
         SELECT reservation_id FROM reservations WHERE state = 1 AND expire_at <= $1
         ORDER BY expire_at LIMIT 100 FOR UPDATE SKIP LOCKED))
     RETURNING reservation_id",
);

const QUANTITIES: Sql = Sql::each(
    "SELECT book_id, SUM(quantity) FROM reservation_lines
     WHERE reservation_id IN (SELECT value FROM json_each($1))
     GROUP BY book_id ORDER BY book_id",
    "SELECT book_id, CAST(SUM(quantity) AS BIGINT) FROM reservation_lines
     WHERE reservation_id = ANY($1) GROUP BY book_id ORDER BY book_id",
);

#[derive(Serialize)]
struct NewLineRow {
    position: usize,
    book_id: i32,
    quantity: i32,
}

/// Keeps a new reservation, which is held.
pub(crate) async fn add(
    transaction: &mut Transaction,
    reservation: &Reservation,
    now: Timestamp,
) -> Result<(), InventoryError> {
    let reservation_id = reservation.reservation_id.to_string();
    query(ADD)
        .bind(&reservation_id)
        .bind(reservation.expire_time.as_microsecond())
        .bind(now.as_microsecond())
        .execute(transaction)
        .await?;
    let lines = reservation
        .lines
        .iter()
        .enumerate()
        .map(|(position, line)| NewLineRow {
            position,
            book_id: line.book_id.0,
            quantity: line.quantity,
        });
    query(ADD_LINES)
        .bind(&reservation_id)
        .bind(json(lines)?)
        .execute(transaction)
        .await?;
    Ok(())
}

/// A reservation as it is stored, if there is one of this id.
pub(crate) async fn get(
    connection: &mut Connection,
    reservation_id: ReservationId,
) -> Result<Option<Reservation>, InventoryError> {
    let id = reservation_id.to_string();
    let head: Option<(i64, i64)> = query(GET).bind(&id).fetch_optional(connection).await?;
    let Some((state, expire_at)) = head else {
        return Ok(None);
    };
    let rows: Vec<(i64, i64)> = query(LINES).bind(&id).fetch_all(connection).await?;
    let lines = rows.into_iter().map(|(book_id, quantity)| {
        Ok(Line {
            book_id: BookId(number(book_id, "book number")?),
            quantity: number(quantity, "quantity")?,
        })
    });
    Ok(Some(Reservation {
        reservation_id,
        lines: lines.collect::<Result<_, InventoryError>>()?,
        state: ReservationState::try_from(number(state, "state")?)
            .map_err(|_| InventoryError::Corrupt(format!("the reservation state {state}")))?,
        expire_time: Timestamp::from_microsecond(expire_at)
            .map_err(|_| InventoryError::Corrupt(format!("the time {expire_at}")))?,
    }))
}

/// Ends a reservation that is held and not due; `false` if it is neither.
pub(crate) async fn end(
    transaction: &mut Transaction,
    reservation_id: ReservationId,
    state: ReservationState,
    now: Timestamp,
) -> Result<bool, InventoryError> {
    let changed = query(END)
        .bind(reservation_id.to_string())
        .bind(state as i32)
        .bind(now.as_microsecond())
        .execute(transaction)
        .await?;
    Ok(changed == 1)
}

/// Whether a held reservation is due.
pub(crate) async fn any_due(
    connection: &mut Connection,
    now: Timestamp,
) -> Result<bool, InventoryError> {
    let first = query(FIRST_DUE).bind(now.as_microsecond());
    Ok(first.fetch_optional::<(i64,)>(connection).await?.is_some())
}

/// Ends some of the reservations that are due; whoever calls gives back their copies.
pub(crate) async fn expire_due(
    transaction: &mut Transaction,
    now: Timestamp,
) -> Result<Vec<ReservationId>, InventoryError> {
    let due = query(EXPIRE_DUE).bind(now.as_microsecond());
    let rows: Vec<(String,)> = due.fetch_all(transaction).await?;
    rows.into_iter()
        .map(|(id,)| match Uuid::parse_str(&id) {
            Ok(id) => Ok(ReservationId(id)),
            Err(_) => Err(InventoryError::Corrupt(format!(
                "the reservation id {id:?}"
            ))),
        })
        .collect()
}

/// How many copies of each book some reservations hold together, by the book's number:
/// the order in which rows of stock are changed.
pub(crate) async fn quantities(
    connection: &mut Connection,
    reservation_ids: &[ReservationId],
) -> Result<Vec<(BookId, i64)>, InventoryError> {
    let ids: Vec<String> = reservation_ids.iter().map(ToString::to_string).collect();
    let rows: Vec<(i64, i64)> = query(QUANTITIES).bind(ids).fetch_all(connection).await?;
    rows.into_iter()
        .map(|(book_id, quantity)| Ok((BookId(number(book_id, "book number")?), quantity)))
        .collect()
}

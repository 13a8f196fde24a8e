//! Statements about reservations and their lines.

use std::collections::{HashMap, HashSet};

use jiff::Timestamp;
use serde::Serialize;
use service::BookId;
use store::{Connection, Sql, Transaction, query};
use uuid::Uuid;

use super::{books::json_array, to_i32};
use crate::{InventoryError, Reservation, ReservationId, ReservationLine, ReservationState};

/// The number of a `ReservationState` as text. It is a part of the statements and not a
/// parameter, so that the partial index of held reservations is used.
macro_rules! state {
    (HELD) => {
        "1"
    };
    (EXPIRED) => {
        "4"
    };
}

store::statements! {
    const RESERVED_BOOKS = Sql::per_engine(
        "SELECT DISTINCT book_id FROM reservation_lines
         WHERE book_id IN (SELECT value FROM json_each($1))",
        "SELECT DISTINCT book_id FROM reservation_lines WHERE book_id = ANY($1)",
    );

    const INSERT = Sql::portable(
        concat!("INSERT INTO reservations (reservation_id, state, expire_at, created_at)
         VALUES ($1, ", state!(HELD), ", $2, $3)"),
    );

    const INSERT_LINES = Sql::per_engine(
        "INSERT INTO reservation_lines (reservation_id, position, book_id, quantity)
         SELECT $1, value ->> 'position', value ->> 'book_id', value ->> 'quantity'
         FROM json_each($2)",
        "INSERT INTO reservation_lines (reservation_id, position, book_id, quantity)
         SELECT $1, position, book_id, quantity
         FROM json_to_recordset(CAST($2 AS json))
             AS line (position BIGINT, book_id BIGINT, quantity BIGINT)",
    );

    const GET = Sql::portable("SELECT state, expire_at FROM reservations WHERE reservation_id = $1");

    const LINES = Sql::portable(
        "SELECT book_id, quantity FROM reservation_lines WHERE reservation_id = $1
         ORDER BY position",
    );

    const LIST = Sql::portable(
        "SELECT reservation_id, state, expire_at FROM reservations WHERE reservation_id < $1
         ORDER BY reservation_id DESC LIMIT $2",
    );

    const LINES_OF_SEVERAL = Sql::per_engine(
        "SELECT reservation_id, book_id, quantity FROM reservation_lines
         WHERE reservation_id IN (SELECT value FROM json_each($1))
         ORDER BY reservation_id, position",
        "SELECT reservation_id, book_id, quantity FROM reservation_lines
         WHERE reservation_id = ANY($1) ORDER BY reservation_id, position",
    );

    const FINISH = Sql::portable(
        concat!("UPDATE reservations SET state = $2
         WHERE reservation_id = $1 AND state = ", state!(HELD), " AND expire_at > $3"),
    );

    const FIRST_DUE = Sql::portable(
        concat!("SELECT expire_at FROM reservations WHERE state = ", state!(HELD), " AND expire_at <= $1
         ORDER BY expire_at LIMIT 1"),
    );

    /// Expires up to 100 due reservations. On PostgreSQL it skips the ones that another
    /// transaction is changing; the `ARRAY` makes the subquery run only once.
    const EXPIRE_DUE = Sql::per_engine(
        concat!("UPDATE reservations SET state = ", state!(EXPIRED), " WHERE reservation_id IN (
             SELECT reservation_id FROM reservations WHERE state = ", state!(HELD), " AND expire_at <= $1
             ORDER BY expire_at LIMIT 100)
         RETURNING reservation_id"),
        concat!("UPDATE reservations SET state = ", state!(EXPIRED), " WHERE reservation_id = ANY(ARRAY(
             SELECT reservation_id FROM reservations WHERE state = ", state!(HELD), " AND expire_at <= $1
             ORDER BY expire_at LIMIT 100 FOR UPDATE SKIP LOCKED))
         RETURNING reservation_id"),
    );

    const ANY_BEYOND = Sql::portable(
        concat!("SELECT expire_at FROM reservations WHERE state = ", state!(HELD), " AND expire_at > $1
         LIMIT 1"),
    );

    const SHORTEN = Sql::portable(
        concat!("UPDATE reservations SET expire_at = $2
         WHERE state = ", state!(HELD), " AND expire_at > $1"),
    );

    const QUANTITIES = Sql::per_engine(
        "SELECT book_id, SUM(quantity) FROM reservation_lines
         WHERE reservation_id IN (SELECT value FROM json_each($1))
         GROUP BY book_id ORDER BY book_id",
        "SELECT book_id, CAST(SUM(quantity) AS BIGINT) FROM reservation_lines
         WHERE reservation_id = ANY($1) GROUP BY book_id ORDER BY book_id",
    );
}

#[derive(Serialize)]
struct InsertLineRow {
    position: usize,
    book_id: i32,
    quantity: i32,
}

/// Inserts a new reservation in the state held.
pub(crate) async fn insert(
    transaction: &mut Transaction,
    reservation: &Reservation,
    now: Timestamp,
) -> Result<(), InventoryError> {
    let reservation_id = reservation.reservation_id.to_string();
    query(INSERT)
        .bind(&reservation_id)
        .bind(reservation.expire_time.as_microsecond())
        .bind(now.as_microsecond())
        .execute(transaction)
        .await?;
    let lines = reservation
        .lines
        .iter()
        .enumerate()
        .map(|(position, line)| InsertLineRow {
            position,
            book_id: line.book_id.0,
            quantity: line.quantity,
        });
    query(INSERT_LINES)
        .bind(&reservation_id)
        .bind(json_array(lines)?)
        .execute(transaction)
        .await?;
    Ok(())
}

/// A reservation with its stored state; `None` if it does not exist.
pub(crate) async fn get(
    connection: &mut Connection,
    reservation_id: ReservationId,
) -> Result<Option<Reservation>, InventoryError> {
    let id = reservation_id.to_string();
    let header: Option<(i64, i64)> = query(GET).bind(&id).fetch_optional(connection).await?;
    let Some((state, expire_at)) = header else {
        return Ok(None);
    };
    let rows: Vec<(i64, i64)> = query(LINES).bind(&id).fetch_all(connection).await?;
    let lines: Result<_, _> = rows.into_iter().map(to_line).collect();
    to_reservation(reservation_id, lines?, state, expire_at).map(Some)
}

/// The reservations before `before`, newest first, with their stored states.
pub(crate) async fn list(
    connection: &mut Connection,
    before: ReservationId,
    limit: i64,
) -> Result<Vec<Reservation>, InventoryError> {
    let headers: Vec<(String, i64, i64)> = query(LIST)
        .bind(before.to_string())
        .bind(limit)
        .fetch_all(connection)
        .await?;
    let ids: Vec<String> = headers.iter().map(|(id, ..)| id.clone()).collect();
    let rows: Vec<(String, i64, i64)> = query(LINES_OF_SEVERAL)
        .bind(ids)
        .fetch_all(connection)
        .await?;
    let mut lines: HashMap<String, Vec<ReservationLine>> = HashMap::new();
    for (id, book_id, quantity) in rows {
        let line = to_line((book_id, quantity))?;
        lines.entry(id).or_default().push(line);
    }
    let reservations = headers.into_iter().map(|(id, state, expire_at)| {
        let lines = lines.remove(&id).unwrap_or_default();
        to_reservation(to_id(&id)?, lines, state, expire_at)
    });
    reservations.collect()
}

fn to_id(text: &str) -> Result<ReservationId, InventoryError> {
    match Uuid::parse_str(text) {
        Ok(id) => Ok(ReservationId(id)),
        Err(_) => Err(InventoryError::Corrupt(format!(
            "the reservation id {text:?}"
        ))),
    }
}

fn to_line((book_id, quantity): (i64, i64)) -> Result<ReservationLine, InventoryError> {
    Ok(ReservationLine {
        book_id: BookId(to_i32(book_id, "book id")?),
        quantity: to_i32(quantity, "quantity")?,
    })
}

fn to_reservation(
    reservation_id: ReservationId,
    lines: Vec<ReservationLine>,
    state: i64,
    expire_at: i64,
) -> Result<Reservation, InventoryError> {
    Ok(Reservation {
        reservation_id,
        lines,
        state: ReservationState::from_number(to_i32(state, "state")?)
            .ok_or_else(|| InventoryError::Corrupt(format!("the reservation state {state}")))?,
        expire_time: Timestamp::from_microsecond(expire_at)
            .map_err(|_| InventoryError::Corrupt(format!("the time {expire_at}")))?,
    })
}

/// Changes the state of a reservation that is held and not due; `false` if it is not.
pub(crate) async fn finish(
    transaction: &mut Transaction,
    reservation_id: ReservationId,
    state: ReservationState,
    now: Timestamp,
) -> Result<bool, InventoryError> {
    let changed = query(FINISH)
        .bind(reservation_id.to_string())
        .bind(state.number())
        .bind(now.as_microsecond())
        .execute(transaction)
        .await?;
    Ok(changed == 1)
}

/// Whether any held reservation is due.
pub(crate) async fn any_due(
    connection: &mut Connection,
    now: Timestamp,
) -> Result<bool, InventoryError> {
    let first = query(FIRST_DUE).bind(now.as_microsecond());
    Ok(first.fetch_optional::<(i64,)>(connection).await?.is_some())
}

/// Expires some of the due reservations. The caller must release their copies.
pub(crate) async fn expire_due(
    transaction: &mut Transaction,
    now: Timestamp,
) -> Result<Vec<ReservationId>, InventoryError> {
    let due = query(EXPIRE_DUE).bind(now.as_microsecond());
    let rows: Vec<(String,)> = due.fetch_all(transaction).await?;
    rows.iter().map(|(id,)| to_id(id)).collect()
}

/// Whether any held reservation expires after `limit`.
pub(crate) async fn any_beyond(
    connection: &mut Connection,
    limit: Timestamp,
) -> Result<bool, InventoryError> {
    let first = query(ANY_BEYOND).bind(limit.as_microsecond());
    Ok(first.fetch_optional::<(i64,)>(connection).await?.is_some())
}

/// Makes the held reservations that expire after `limit` expire at `expire_time`, and returns
/// their number.
pub(crate) async fn shorten(
    transaction: &mut Transaction,
    limit: Timestamp,
    expire_time: Timestamp,
) -> Result<u64, InventoryError> {
    let shortened = query(SHORTEN)
        .bind(limit.as_microsecond())
        .bind(expire_time.as_microsecond())
        .execute(transaction)
        .await?;
    Ok(shortened)
}

/// The number of copies of each book that some reservations hold together. It is sorted by
/// book id, the order in which stock rows are changed.
pub(crate) async fn quantities(
    connection: &mut Connection,
    reservation_ids: &[ReservationId],
) -> Result<Vec<(BookId, i64)>, InventoryError> {
    let ids: Vec<String> = reservation_ids.iter().map(ToString::to_string).collect();
    let rows: Vec<(i64, i64)> = query(QUANTITIES).bind(ids).fetch_all(connection).await?;
    rows.into_iter()
        .map(|(book_id, quantity)| Ok((BookId(to_i32(book_id, "book id")?), quantity)))
        .collect()
}

/// Those of the books to which a reservation refers, in any state.
pub(crate) async fn reserved_books(
    transaction: &mut Transaction,
    book_ids: &[i64],
) -> Result<HashSet<i64>, InventoryError> {
    let reserved = query(RESERVED_BOOKS).bind(book_ids).long_running();
    let rows: Vec<(i64,)> = reserved.fetch_all(transaction).await?;
    Ok(rows.into_iter().map(|(book_id,)| book_id).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_in_statements_are_those_of_the_states() {
        for (number, state) in [
            (state!(HELD), ReservationState::Held),
            (state!(EXPIRED), ReservationState::Expired),
        ] {
            assert_eq!(number, state.number().to_string());
        }
    }
}

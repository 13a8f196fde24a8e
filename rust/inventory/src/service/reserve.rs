//! Reservations: held, then committed, released or expired.

use std::collections::BTreeMap;

use contract::bookstore::inventory::v1::ReservationState;
use jiff::{SignedDuration, Timestamp};
use store::{
    Transaction,
    replay::{self, Replay},
};
use uuid::Uuid;

use crate::{
    BookId, Hold, Inventory, InventoryError, Line, Reservation, ReservationId, store as rows,
};

/// The name under which request ids are claimed.
const METHOD: &str = "ReserveStock";

impl Inventory {
    /// Holds copies: all lines or none.
    pub(crate) async fn reserve(&self, hold: &Hold) -> Result<Reservation, InventoryError> {
        self.free_due().await?;
        let body = hold.body();
        let now = self.now();
        let reservation = store::write!(self.db(), transaction => {
            hold_once(transaction, hold, &body, now).await
        })?;
        self.tell(&reservation.lines);
        Ok(reservation)
    }

    pub(crate) async fn reservation(
        &self,
        reservation_id: ReservationId,
    ) -> Result<Reservation, InventoryError> {
        let found = store::read!(self.db(), connection => {
            rows::reservations::get(connection, reservation_id).await
        })?;
        match found {
            Some(reservation) => Ok(reservation.at(self.now())),
            None => Err(InventoryError::ReservationNotFound(reservation_id)),
        }
    }

    /// Takes the held copies out of the warehouse. What is committed stays so.
    pub(crate) async fn commit(
        &self,
        reservation_id: ReservationId,
    ) -> Result<Reservation, InventoryError> {
        self.end(
            reservation_id,
            ReservationState::Committed,
            &[ReservationState::Committed],
        )
        .await
    }

    /// Puts the held copies back on sale. What is released or expired stays so.
    pub(crate) async fn release(
        &self,
        reservation_id: ReservationId,
    ) -> Result<Reservation, InventoryError> {
        let fine = [ReservationState::Released, ReservationState::Expired];
        self.end(reservation_id, ReservationState::Released, &fine)
            .await
    }

    /// Ends a held reservation. One that is in a state of `fine` already is left as it
    /// is; any other state is an error.
    async fn end(
        &self,
        reservation_id: ReservationId,
        state: ReservationState,
        fine: &[ReservationState],
    ) -> Result<Reservation, InventoryError> {
        let now = self.now();
        let (reservation, ended) = store::write!(self.db(), transaction => {
            let ended = rows::reservations::end(transaction, reservation_id, state, now).await?;
            if ended {
                move_copies(transaction, reservation_id, state).await?;
            }
            match rows::reservations::get(transaction, reservation_id).await? {
                Some(reservation) => Ok((reservation.at(now), ended)),
                None => Err(InventoryError::ReservationNotFound(reservation_id)),
            }
        })?;
        if ended {
            self.tell(&reservation.lines);
        } else if !fine.contains(&reservation.state) {
            return Err(InventoryError::ReservationNotHeld {
                reservation_id,
                state: reservation.state,
            });
        }
        Ok(reservation)
    }

    fn tell(&self, lines: &[Line]) {
        let book_ids: Vec<_> = lines.iter().map(|line| line.book_id).collect();
        self.inner.watchers.changed(&book_ids);
    }
}

/// Holds copies, or answers what it answered when the request id came first.
async fn hold_once(
    transaction: &mut Transaction,
    hold: &Hold,
    body: &[u8],
    now: Timestamp,
) -> Result<Reservation, InventoryError> {
    let request_id = hold.request_id.to_string();
    let micros = now.as_microsecond();
    match replay::check(transaction, &request_id, METHOD, body, micros).await? {
        Replay::Fresh => {}
        Replay::Reused => return Err(InventoryError::RequestIdReused(hold.request_id)),
        Replay::Replayed(response) => return first_answer(transaction, &response).await,
    }
    for (book_id, wanted) in sum_up(&hold.lines) {
        if !rows::stock::reserve(transaction, book_id, wanted).await? {
            return Err(match rows::stock::level(transaction, book_id).await? {
                Some(level) => InventoryError::OutOfStock {
                    book_id,
                    available: level.available(),
                    wanted,
                },
                None => InventoryError::BookNotFound(book_id),
            });
        }
    }
    let reservation_id = ReservationId(Uuid::now_v7());
    let reservation = Reservation {
        reservation_id,
        lines: hold.lines.clone(),
        state: ReservationState::Held,
        expire_time: expire_time(now, hold)?,
    };
    rows::reservations::add(transaction, &reservation, now).await?;
    replay::keep(transaction, &request_id, reservation_id.0.as_bytes()).await?;
    Ok(reservation)
}

/// The reservation as it was when it was made. The kept response is its id: nothing of a
/// reservation changes but its state, and that was held.
async fn first_answer(
    transaction: &mut Transaction,
    response: &[u8],
) -> Result<Reservation, InventoryError> {
    let unknown = || InventoryError::Corrupt("an answer without its reservation".to_owned());
    let reservation_id = ReservationId(Uuid::from_slice(response).map_err(|_| unknown())?);
    let reservation = rows::reservations::get(transaction, reservation_id).await?;
    Ok(Reservation {
        state: ReservationState::Held,
        ..reservation.ok_or_else(unknown)?
    })
}

/// The database keeps microseconds, so the answer has no finer time either.
fn expire_time(now: Timestamp, hold: &Hold) -> Result<Timestamp, InventoryError> {
    let duration = hold.duration.unwrap_or(Hold::DEFAULT_DURATION);
    SignedDuration::try_from(duration)
        .and_then(|duration| now.checked_add(duration))
        .and_then(|time| Timestamp::from_microsecond(time.as_microsecond()))
        .map_err(|error| InventoryError::Corrupt(format!("a clock beyond all times: {error}")))
}

/// The lines of the same book add up. In the order of the numbers: all who change
/// several rows of stock do it in this order, and so never wait in a circle.
fn sum_up(lines: &[Line]) -> BTreeMap<BookId, i64> {
    let mut sums = BTreeMap::new();
    for line in lines {
        *sums.entry(line.book_id).or_default() += i64::from(line.quantity);
    }
    sums
}

async fn move_copies(
    transaction: &mut Transaction,
    reservation_id: ReservationId,
    state: ReservationState,
) -> Result<(), InventoryError> {
    for (book_id, quantity) in
        rows::reservations::quantities(transaction, &[reservation_id]).await?
    {
        if state == ReservationState::Committed {
            rows::stock::take_out(transaction, book_id, quantity).await?;
        } else {
            rows::stock::give_back(transaction, book_id, quantity).await?;
        }
    }
    Ok(())
}

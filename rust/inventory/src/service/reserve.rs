//! Reservations: first held, then committed, released or expired.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use service::{BookId, IdSource, Page, PageScope};
use store::{
    Transaction,
    idempotency::{self, RequestState},
};
use uuid::Uuid;

use crate::{
    Inventory, InventoryError, Reservation, ReservationId, ReservationLine, ReservationRequest,
    ReservationState, store as rows,
};

/// The version of the page tokens. Must be changed together with the sort order of the list or
/// the type of its position.
const TOKEN_VERSION: u8 = 1;

/// The method name that is stored with the request id.
const METHOD: &str = "ReserveStock";

impl Inventory {
    /// Reserves copies: all lines or none.
    pub(crate) async fn reserve(
        &self,
        request: &ReservationRequest,
    ) -> Result<Reservation, InventoryError> {
        self.expire_due_reservations().await?;
        let body = request.idempotency_body();
        let now = self.now();
        let ids = self.inner.options.ids.as_ref();
        service::crash_point!();
        let reservation = store::write!(self.db(), transaction => {
            reserve_once(transaction, request, &body, now, ids).await
        })?;
        service::crash_point!();
        self.notify_watchers(&reservation.lines);
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
            Some(reservation) => Ok(reservation.seen_at(self.now())),
            None => Err(InventoryError::ReservationNotFound(reservation_id)),
        }
    }

    /// A page of all reservations, newest first.
    pub(crate) async fn reservations(
        &self,
        page_size: u32,
        page_token: &str,
    ) -> Result<Page<Reservation>, InventoryError> {
        let scope = PageScope::new(TOKEN_VERSION, "ListReservations");
        let before = ReservationId(scope.decode_id(page_token)?);
        let limit = i64::from(page_size) + 1;
        let reservations = store::read!(self.db(), connection => {
            rows::reservations::list(connection, before, limit).await
        })?;
        let now = self.now();
        let seen = reservations.into_iter().map(|found| found.seen_at(now));
        Page::from_items(seen.collect(), page_size, |last| {
            Ok(scope.encode_id(last.reservation_id.0)?)
        })
    }

    /// Commits a reservation: removes its copies from the stock. A committed reservation
    /// stays unchanged.
    pub(crate) async fn commit(
        &self,
        reservation_id: ReservationId,
    ) -> Result<Reservation, InventoryError> {
        self.finish(
            reservation_id,
            ReservationState::Committed,
            &[ReservationState::Committed],
        )
        .await
    }

    /// Releases a reservation: its copies become available. A released or expired
    /// reservation stays unchanged.
    pub(crate) async fn release(
        &self,
        reservation_id: ReservationId,
    ) -> Result<Reservation, InventoryError> {
        let accepted_states = [ReservationState::Released, ReservationState::Expired];
        self.finish(reservation_id, ReservationState::Released, &accepted_states)
            .await
    }

    /// Changes a held reservation to `state`. A reservation that is already in one of the
    /// `accepted_states` stays unchanged; any other state is an error.
    async fn finish(
        &self,
        reservation_id: ReservationId,
        state: ReservationState,
        accepted_states: &[ReservationState],
    ) -> Result<Reservation, InventoryError> {
        let now = self.now();
        service::crash_point!();
        let (reservation, ended) = store::write!(self.db(), transaction => {
            let ended = rows::reservations::finish(transaction, reservation_id, state, now).await?;
            if ended {
                update_stock(transaction, reservation_id, state).await?;
            }
            match rows::reservations::get(transaction, reservation_id).await? {
                Some(reservation) => Ok((reservation.seen_at(now), ended)),
                None => Err(InventoryError::ReservationNotFound(reservation_id)),
            }
        })?;
        service::crash_point!();
        if ended {
            self.notify_watchers(&reservation.lines);
        } else if !accepted_states.contains(&reservation.state) {
            return Err(InventoryError::ReservationNotHeld {
                reservation_id,
                state: reservation.state,
            });
        }
        Ok(reservation)
    }

    fn notify_watchers(&self, lines: &[ReservationLine]) {
        let book_ids: Vec<_> = lines.iter().map(|line| line.book_id).collect();
        self.stock_changed(&book_ids);
    }
}

/// Reserves copies, or returns the original response if the request id was used before.
async fn reserve_once(
    transaction: &mut Transaction,
    request: &ReservationRequest,
    body: &[u8],
    now: Timestamp,
    ids: &dyn IdSource,
) -> Result<Reservation, InventoryError> {
    let request_id = request.request_id.to_string();
    let micros = now.as_microsecond();
    match idempotency::claim(transaction, &request_id, METHOD, body, micros).await? {
        RequestState::New => {}
        RequestState::Conflict => return Err(InventoryError::RequestIdReused(request.request_id)),
        RequestState::Completed(response) => {
            return original_response(transaction, &response).await;
        }
    }
    let mut sold_out = Vec::new();
    for (book_id, requested) in sum_by_book(&request.lines) {
        let Some(changed) = rows::stock::reserve(transaction, book_id, requested).await? else {
            return Err(match rows::stock::level(transaction, book_id).await? {
                Some(level) => InventoryError::OutOfStock {
                    book_id,
                    available: level.available(),
                    requested,
                },
                None => InventoryError::BookNotFound(book_id),
            });
        };
        if changed.changes_availability {
            sold_out.push(book_id.0.into());
        }
    }
    let reservation_id = ReservationId(ids.next_id());
    let reservation = Reservation {
        reservation_id,
        lines: request.lines.clone(),
        state: ReservationState::Held,
        expire_time: expire_time(now, request)?,
    };
    rows::reservations::insert(transaction, &reservation, now).await?;
    idempotency::save_response(transaction, &request_id, reservation_id.0.as_bytes()).await?;
    rows::stock::record_availability(transaction, &sold_out).await?;
    Ok(reservation)
}

/// The reservation as the first response showed it. The saved response is only its id,
/// because nothing but the state of a reservation changes, and the first state is held.
async fn original_response(
    transaction: &mut Transaction,
    response: &[u8],
) -> Result<Reservation, InventoryError> {
    let unknown = || InventoryError::Corrupt("a saved response without its reservation".to_owned());
    let reservation_id = ReservationId(Uuid::from_slice(response).map_err(|_| unknown())?);
    let reservation = rows::reservations::get(transaction, reservation_id).await?;
    Ok(Reservation {
        state: ReservationState::Held,
        ..reservation.ok_or_else(unknown)?
    })
}

/// When the reservation expires, rounded to microseconds like the times in the database.
fn expire_time(now: Timestamp, request: &ReservationRequest) -> Result<Timestamp, InventoryError> {
    let duration = request
        .duration
        .unwrap_or(ReservationRequest::DEFAULT_DURATION);
    SignedDuration::try_from(duration)
        .and_then(|duration| now.checked_add(duration))
        .and_then(|time| Timestamp::from_microsecond(time.as_microsecond()))
        .map_err(|error| {
            InventoryError::Corrupt(format!("the expiry time is out of range: {error}"))
        })
}

/// Adds up the lines of the same book, in the order of the ids. Every transaction that
/// changes several stock rows uses this order, which avoids deadlocks.
fn sum_by_book(lines: &[ReservationLine]) -> BTreeMap<BookId, i64> {
    let mut sums = BTreeMap::new();
    for line in lines {
        *sums.entry(line.book_id).or_default() += i64::from(line.quantity);
    }
    sums
}

/// Moves the copies of a reservation that was committed or released.
async fn update_stock(
    transaction: &mut Transaction,
    reservation_id: ReservationId,
    state: ReservationState,
) -> Result<(), InventoryError> {
    let quantities = rows::reservations::quantities(transaction, &[reservation_id]).await?;
    if state != ReservationState::Committed {
        return rows::stock::release_reserved(transaction, &quantities).await;
    }
    for (book_id, quantity) in quantities {
        rows::stock::commit_reserved(transaction, book_id, quantity).await?;
    }
    Ok(())
}

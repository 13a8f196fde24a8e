//! Stock and reservations.

use contract::{
    bookstore::inventory::v1::{
        Reservation, ReservationLine, ReservationState, ReserveStockRequest,
    },
    errors::inventory as errors,
};
use prost_types::Timestamp;
use rpc::failure;
use tonic::Status;
use uuid::Uuid;

use super::catalogue::State;

/// Sets the number of copies on hand, if it is the expected one or already the new one.
pub(super) fn set(
    state: &mut State,
    number: i32,
    on_hand: i32,
    expected: Option<i32>,
) -> Result<(), Status> {
    let before = state.level(number);
    let reserved = before.reserved;
    if before.on_hand != on_hand && expected.is_some_and(|it| it != before.on_hand) {
        let message = format!("book {number} has {} copies", before.on_hand);
        return Err(failure(errors::STOCK_CHANGED, message).into_status());
    }
    if on_hand < reserved {
        let message = format!("{reserved} copies of book {number} are reserved");
        return Err(failure(errors::STOCK_BELOW_RESERVED, message).into_status());
    }
    state.set_stock(number, on_hand);
    Ok(())
}

/// Reserves all lines or none. Reservations do not expire here.
#[expect(
    clippy::disallowed_methods,
    reason = "the expire time only has to be valid; no test depends on it"
)]
pub(super) fn reserve(
    state: &mut State,
    request: ReserveStockRequest,
) -> Result<Reservation, Status> {
    let key = request.request_id.to_ascii_lowercase();
    let request = ReserveStockRequest {
        request_id: key.clone(),
        ..request
    };
    if let Some((first, id)) = state.requests.get(&key) {
        if *first != request {
            let message = "the request id was used with another body";
            return Err(failure(errors::REQUEST_ID_REUSED, message).into_status());
        }
        return reservation(state, id);
    }
    for line in &request.lines {
        state.book(line.book_id)?;
        let of_book = |other: &&ReservationLine| other.book_id == line.book_id;
        let wanted: i32 = request
            .lines
            .iter()
            .filter(of_book)
            .map(|it| it.quantity)
            .sum();
        let available = state.level(line.book_id).available;
        if wanted > available {
            let message = format!("{available} copies of book {} are left", line.book_id);
            return Err(failure(errors::OUT_OF_STOCK, message)
                .with("book_id", line.book_id)
                .with("available", available)
                .into_status());
        }
    }
    for line in &request.lines {
        state.add_reserved(line.book_id, line.quantity);
    }
    let id = Uuid::now_v7().to_string();
    let seconds = request.hold.map_or(900, |hold| hold.seconds);
    let now = std::time::SystemTime::now();
    let reservation = Reservation {
        reservation_id: id.clone(),
        lines: request.lines.clone(),
        state: ReservationState::Held.into(),
        expire_time: Some(Timestamp {
            seconds: Timestamp::from(now).seconds + seconds,
            nanos: 0,
        }),
    };
    state.reservations.insert(id.clone(), reservation.clone());
    state.requests.insert(key, (request, id));
    Ok(reservation)
}

/// The reservation with this id, compared without case.
pub(super) fn reservation(state: &State, id: &str) -> Result<Reservation, Status> {
    let found = state.reservations.get(&id.to_ascii_lowercase()).cloned();
    found.ok_or_else(|| {
        let message = format!("no reservation has the id {id}");
        failure(errors::RESERVATION_NOT_FOUND, message).into_status()
    })
}

/// Commits or releases a reservation. Repeating it changes nothing.
pub(super) fn finish(
    state: &mut State,
    id: &str,
    new_state: ReservationState,
) -> Result<Reservation, Status> {
    let mut reservation = reservation(state, id)?;
    if reservation.state() == new_state {
        return Ok(reservation);
    }
    if reservation.state() != ReservationState::Held {
        let message = format!("the reservation is {}", reservation.state().as_str_name());
        return Err(failure(errors::RESERVATION_NOT_HELD, message).into_status());
    }
    reservation.state = new_state.into();
    for line in &reservation.lines {
        state.add_reserved(line.book_id, -line.quantity);
        if new_state == ReservationState::Committed {
            let on_hand = state.level(line.book_id).on_hand - line.quantity;
            state.set_stock(line.book_id, on_hand);
        }
    }
    let id = reservation.reservation_id.clone();
    state.reservations.insert(id, reservation.clone());
    Ok(reservation)
}

/// A page of the reservations, in the reverse order of their ids. A token is `before-` and the
/// id of the last reservation of the page before it.
pub(super) fn page(
    state: &State,
    size: i32,
    token: &str,
) -> Result<(Vec<Reservation>, String), Status> {
    let before = match token.strip_prefix("before-") {
        None if token.is_empty() => None,
        Some(id) if state.reservations.contains_key(id) => Some(id),
        _ => {
            let message = "the page token is not one that this method gave";
            return Err(failure(errors::PAGE_TOKEN_INVALID, message).into_status());
        }
    };
    let size = match usize::try_from(size) {
        Ok(0) | Err(_) => 20,
        Ok(size) => size,
    };
    let ids = state.reservations.keys().map(String::as_str);
    let mut ids: Vec<&str> = ids
        .filter(|id| before.is_none_or(|before| *id < before))
        .collect();
    ids.sort_unstable_by(|left, right| right.cmp(left));
    let next = match ids.get(size - 1) {
        Some(last) if ids.len() > size => format!("before-{last}"),
        _ => String::new(),
    };
    let page = ids
        .iter()
        .take(size)
        .map(|id| state.reservations[*id].clone());
    Ok((page.collect(), next))
}

//! The stock of the fake Inventory, and its reservations.

use std::collections::HashMap;

use contract::{
    bookstore::inventory::v1::{
        Reservation, ReservationLine, ReservationState, ReserveStockRequest, ReserveStockResponse,
        StockLevel,
    },
    errors::inventory as errors,
};
use tonic::Status;

/// Copies and reservations. The time is in seconds since 1970 and changes only by
/// [`Stock::set_time`].
#[derive(Debug, Default)]
pub(crate) struct Stock {
    /// The copies of books whose number is not the one that follows from their id.
    on_hand: HashMap<i32, i32>,
    reservations: Vec<Reservation>,
    /// The position of the reservation that a request made.
    by_request: HashMap<String, (ReserveStockRequest, usize)>,
    now: i64,
}

impl Stock {
    pub(crate) fn set_on_hand(&mut self, book_id: i32, on_hand: i32) {
        self.on_hand.insert(book_id, on_hand);
    }

    /// Changes the time, and expires reservations.
    pub(crate) fn set_time(&mut self, now: i64) {
        self.now = now;
        for reservation in &mut self.reservations {
            let expires = reservation.expire_time.map_or(0, |time| time.seconds);
            if reservation.state() == ReservationState::Held && expires <= now {
                reservation.set_state(ReservationState::Expired);
            }
        }
    }

    /// The last digit of the book id, or 40 if that is above 5, unless it was set.
    pub(crate) fn level(&self, book_id: i32) -> StockLevel {
        let last = book_id % 10;
        let default = if last > 5 { 40 } else { last };
        let on_hand = self.on_hand.get(&book_id).copied().unwrap_or(default);
        let held = self.reservations.iter();
        let held = held.filter(|reservation| reservation.state() == ReservationState::Held);
        let lines = held.flat_map(|reservation| &reservation.lines);
        let reserved = lines
            .filter(|line| line.book_id == book_id)
            .map(|line| line.quantity)
            .sum();
        StockLevel {
            book_id,
            on_hand,
            reserved,
            available: on_hand - reserved,
        }
    }

    pub(crate) fn reserve(
        &mut self,
        request: ReserveStockRequest,
    ) -> Result<ReserveStockResponse, Status> {
        if let Some((earlier, position)) = self.by_request.get(&request.request_id) {
            if *earlier != request {
                return Err(rpc::request_id_reused(&request.request_id).into_status());
            }
            let mut reservation = self.reservations[*position].clone();
            reservation.set_state(ReservationState::Held);
            return Ok(ReserveStockResponse {
                reservation: Some(reservation),
            });
        }
        for line in &request.lines {
            let available = self.level(line.book_id).available;
            if available < line.quantity {
                return Err(rpc::failure(errors::OUT_OF_STOCK, "too few copies")
                    .with("book_id", line.book_id)
                    .with("available", available)
                    .into_status());
            }
        }
        let position = self.reservations.len();
        let seconds = self.now + request.hold.map_or(900, |hold| hold.seconds);
        let reservation = Reservation {
            // Unique, also among the fakes of one test.
            reservation_id: request.request_id.clone(),
            lines: request.lines.clone(),
            state: ReservationState::Held.into(),
            expire_time: Some(prost_types::Timestamp { seconds, nanos: 0 }),
        };
        self.reservations.push(reservation.clone());
        self.by_request
            .insert(request.request_id.clone(), (request, position));
        Ok(ReserveStockResponse {
            reservation: Some(reservation),
        })
    }

    pub(crate) fn commit(&mut self, reservation_id: &str) -> Result<Reservation, Status> {
        let committed = self.finish(reservation_id, ReservationState::Committed)?;
        if let Some(lines) = committed.1 {
            for line in lines {
                let on_hand = self.level(line.book_id).on_hand;
                self.on_hand.insert(line.book_id, on_hand - line.quantity);
            }
        }
        Ok(committed.0)
    }

    pub(crate) fn release(&mut self, reservation_id: &str) -> Result<Reservation, Status> {
        Ok(self.finish(reservation_id, ReservationState::Released)?.0)
    }

    /// Ends a held reservation; then its lines are returned, too.
    fn finish(
        &mut self,
        reservation_id: &str,
        state: ReservationState,
    ) -> Result<(Reservation, Option<Vec<ReservationLine>>), Status> {
        let mut reservations = self.reservations.iter_mut();
        let found = reservations.find(|found| found.reservation_id == reservation_id);
        let Some(reservation) = found else {
            let message = "no such reservation";
            return Err(rpc::failure(errors::RESERVATION_NOT_FOUND, message).into_status());
        };
        let released = [ReservationState::Released, ReservationState::Expired];
        match (reservation.state(), state) {
            (ReservationState::Held, _) => {
                reservation.set_state(state);
                Ok((reservation.clone(), Some(reservation.lines.clone())))
            }
            (now, wanted) if now == wanted => Ok((reservation.clone(), None)),
            (now, ReservationState::Released) if released.contains(&now) => {
                Ok((reservation.clone(), None))
            }
            (now, _) => Err(rpc::failure(errors::RESERVATION_NOT_HELD, "it has ended")
                .with("state", now.as_str_name())
                .into_status()),
        }
    }
}

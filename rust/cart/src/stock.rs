//! The client of Inventory: reservations.

use std::time::Duration;

use contract::bookstore::inventory::v1::{
    CommitReservationRequest, ReleaseReservationRequest, ReservationLine, ReserveStockRequest,
    inventory_service_client::InventoryServiceClient,
};
use jiff::Timestamp;
use rpc::Channel;
use service::{BookId, convert};
use tonic::Status;
use uuid::Uuid;

use crate::{CartError, CartItem, remote_error::RemoteError};

/// Copies that are held for an order.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Reservation {
    pub(crate) reservation_id: Uuid,
    pub(crate) expires_at: Timestamp,
}

/// What Inventory answers about the end of a reservation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum HoldAnswer {
    /// It is as requested.
    Done,
    /// It has ended in another way: it can no longer be committed, or released.
    Ended,
    /// Nobody knows.
    Unknown(String),
}

/// The client.
#[derive(Debug, Clone)]
pub(crate) struct Stock(InventoryServiceClient<Channel>);

impl Stock {
    pub(crate) fn new(inventory: Channel) -> Self {
        Self(InventoryServiceClient::new(inventory))
    }

    /// Holds copies. The same key with the same items gets the same reservation, as it was when
    /// it was made.
    pub(crate) async fn reserve(
        &self,
        key: Uuid,
        items: &[CartItem],
        hold: Duration,
    ) -> Result<Reservation, CartError> {
        let mut lines: Vec<_> = items
            .iter()
            .map(|item| ReservationLine {
                book_id: item.book_id.0,
                quantity: item.quantity,
            })
            .collect();
        // Equal carts make equal requests.
        lines.sort_by_key(|line| line.book_id);
        let request = ReserveStockRequest {
            request_id: key.to_string(),
            lines,
            hold: prost_types::Duration::try_from(hold).ok(),
        };
        let response = self.0.clone().reserve_stock(request).await;
        let response = response.map_err(|status| refused(&status))?.into_inner();
        let reservation = convert::required("reservation", response.reservation)?;
        let expires_at = convert::required("reservation.expire_time", reservation.expire_time)?;
        Ok(Reservation {
            reservation_id: convert::uuid("reservation_id", &reservation.reservation_id)?,
            expires_at: convert::timestamp("reservation.expire_time", expires_at)?,
        })
    }

    pub(crate) async fn commit(&self, reservation_id: Uuid) -> HoldAnswer {
        let request = CommitReservationRequest {
            reservation_id: reservation_id.to_string(),
        };
        let response = self.0.clone().commit_reservation(request).await;
        answer(response.err())
    }

    pub(crate) async fn release(&self, reservation_id: Uuid) -> HoldAnswer {
        let request = ReleaseReservationRequest {
            reservation_id: reservation_id.to_string(),
        };
        let response = self.0.clone().release_reservation(request).await;
        answer(response.err())
    }
}

fn answer(error: Option<Status>) -> HoldAnswer {
    let Some(status) = error else {
        return HoldAnswer::Done;
    };
    match RemoteError::from(&status).reason.as_str() {
        "RESERVATION_NOT_HELD" | "RESERVATION_NOT_FOUND" => HoldAnswer::Ended,
        _ => HoldAnswer::Unknown(status.to_string()),
    }
}

/// Why copies could not be held.
fn refused(status: &Status) -> CartError {
    let error = RemoteError::from(status);
    let number = |key| error.value(key).parse().ok();
    match (
        error.reason.as_str(),
        number("book_id"),
        number("available"),
    ) {
        ("OUT_OF_STOCK", Some(book_id), Some(available)) => CartError::OutOfStock {
            book_id: BookId(book_id),
            available,
        },
        // It has left the catalogue since the cart was priced.
        ("BOOK_NOT_FOUND", ..) => CartError::CartChanged,
        _ => {
            tracing::warn!(%status, "Inventory does not reserve copies");
            CartError::CatalogueUnavailable
        }
    }
}

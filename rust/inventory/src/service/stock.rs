//! Stock levels, and the expiry of reservations.

use std::{collections::HashMap, time::Duration};

use jiff::Timestamp;
use service::BookId;

use super::{ids_to_i64, import::stock_not_set_error};
use crate::{Inventory, InventoryError, ReservationRequest, StockLevel, store as rows};

/// How far the clocks of the machines that share a database may differ.
const CLOCK_TOLERANCE: Duration = Duration::from_secs(60);

impl Inventory {
    /// The levels of the books that exist, in the order of `book_ids`.
    pub(crate) async fn levels(
        &self,
        book_ids: &[BookId],
    ) -> Result<Vec<StockLevel>, InventoryError> {
        self.expire_due_reservations().await?;
        let ids = ids_to_i64(book_ids);
        let levels = store::read!(self.db(), connection => {
            rows::stock::levels(connection, &ids).await
        })?;
        let by_id: HashMap<_, _> = levels
            .into_iter()
            .map(|level| (level.book_id, level))
            .collect();
        Ok(book_ids
            .iter()
            .filter_map(|book_id| by_id.get(book_id).copied())
            .collect())
    }

    /// Sets how many copies of a book are in the warehouse, if there are `expected` copies, or
    /// already the new number.
    pub(crate) async fn set_stock(
        &self,
        book_id: BookId,
        on_hand: i32,
        expected: Option<i32>,
    ) -> Result<StockLevel, InventoryError> {
        self.expire_due_reservations().await?;
        let level = store::write!(self.db(), transaction => {
            if let Some(changed) = rows::stock::set(transaction, book_id, on_hand, expected).await? {
                if changed.changes_availability {
                    rows::stock::record_availability(transaction, &[book_id.0.into()]).await?;
                }
                return Ok(changed.level);
            }
            let level = rows::stock::level(transaction, book_id).await?;
            let is_expected = |level: &StockLevel| expected.is_none_or(|it| it == level.on_hand);
            if let Some(changed) = level.filter(|level| !is_expected(level)) {
                return Err(InventoryError::StockChanged {
                    book_id,
                    on_hand: changed.on_hand,
                });
            }
            Err(stock_not_set_error(level, book_id, on_hand))
        })?;
        self.stock_changed(&[book_id]);
        Ok(level)
    }

    /// Shortens the reservations that expire later than any new one could. They were made while
    /// the clock was ahead, and would hold their copies until it gets there.
    pub(super) async fn shorten_reservations_of_the_future(&self) -> Result<(), InventoryError> {
        let later = |time: Timestamp, by| time.saturating_add(by).unwrap_or(Timestamp::MAX);
        let latest = later(self.now(), ReservationRequest::MAX_DURATION);
        let limit = later(latest, CLOCK_TOLERANCE);
        let any = store::read!(self.db(), connection => {
            rows::reservations::any_beyond(connection, limit).await
        })?;
        if any {
            let shortened = store::write!(self.db(), transaction => {
                rows::reservations::shorten(transaction, limit, latest).await
            })?;
            tracing::warn!(
                shortened,
                "the clock was set back: held reservations now expire within an hour"
            );
        }
        Ok(())
    }

    /// Expires all reservations whose time is over and releases their copies.
    ///
    /// It runs before every read or change of stock, in its own transactions: it changes
    /// rows of other books, whose locks should not be held by the caller's transaction. If
    /// nothing is due, which is the usual case, it costs one index lookup.
    pub(super) async fn expire_due_reservations(&self) -> Result<(), InventoryError> {
        let now = self.now();
        loop {
            let due = store::read!(self.db(), connection => {
                rows::reservations::any_due(connection, now).await
            })?;
            if !due {
                return Ok(());
            }
            let released = store::write!(self.db(), transaction => {
                let expired = rows::reservations::expire_due(transaction, now).await?;
                let quantities = rows::reservations::quantities(transaction, &expired).await?;
                rows::stock::release_reserved(transaction, &quantities).await?;
                Ok::<_, InventoryError>(quantities)
            })?;
            if released.is_empty() {
                // Another transaction is expiring the rest.
                return Ok(());
            }
            let book_ids: Vec<_> = released.into_iter().map(|(book_id, _)| book_id).collect();
            self.stock_changed(&book_ids);
        }
    }
}

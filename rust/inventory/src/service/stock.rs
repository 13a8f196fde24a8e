//! Stock levels, and reservations whose time is over.

use std::collections::HashMap;

use super::{intake::below_reserved, numbers};
use crate::{BookId, Inventory, InventoryError, Level, store as rows};

impl Inventory {
    /// The levels of those of the books that exist, in the order of the numbers.
    pub(crate) async fn levels(&self, book_ids: &[BookId]) -> Result<Vec<Level>, InventoryError> {
        self.free_due().await?;
        let numbers = numbers(book_ids);
        let levels = store::read!(self.db(), connection => {
            rows::stock::levels(connection, &numbers).await
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

    /// Sets how many copies of a book are in the warehouse.
    pub(crate) async fn set_stock(
        &self,
        book_id: BookId,
        on_hand: i32,
    ) -> Result<Level, InventoryError> {
        self.free_due().await?;
        let level = store::write!(self.db(), transaction => {
            match rows::stock::set(transaction, book_id, on_hand).await? {
                Some(level) => Ok(level),
                None => {
                    let level = rows::stock::level(transaction, book_id).await?;
                    Err(below_reserved(level, book_id, on_hand))
                }
            }
        })?;
        self.inner.watchers.changed(&[book_id]);
        Ok(level)
    }

    /// Puts the copies of all reservations back on sale whose time is over.
    ///
    /// Before every decision about stock, in transactions of its own: it changes rows of
    /// books that the decision is not about, and so would get in the way of others. It
    /// costs one look at an index where nothing is due, which is nearly always.
    pub(super) async fn free_due(&self) -> Result<(), InventoryError> {
        let now = self.now();
        loop {
            let due = store::read!(self.db(), connection => {
                rows::reservations::any_due(connection, now).await
            })?;
            if !due {
                return Ok(());
            }
            let freed = store::write!(self.db(), transaction => {
                let expired = rows::reservations::expire_due(transaction, now).await?;
                let quantities = rows::reservations::quantities(transaction, &expired).await?;
                for (book_id, quantity) in &quantities {
                    rows::stock::give_back(transaction, *book_id, *quantity).await?;
                }
                Ok::<_, InventoryError>(quantities)
            })?;
            if freed.is_empty() {
                // Another task is about to free the rest.
                return Ok(());
            }
            let book_ids: Vec<_> = freed.into_iter().map(|(book_id, _)| book_id).collect();
            self.inner.watchers.changed(&book_ids);
        }
    }
}

//! Removal of books from the catalogue, when another one replaces it.

use std::collections::HashSet;

use service::BookId;
use store::Transaction;

use super::ids_to_i64;
use crate::{Inventory, InventoryError, store as rows};

/// How many books one transaction looks at.
const BATCH_BOOKS: i64 = 500;

/// What a removal has done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Removal {
    /// Books that are gone.
    pub removed: u64,
    /// Books that stay without copies, because reservations of orders refer to them.
    pub ordered: u64,
}

impl Inventory {
    /// Removes all books but those with the given ids. A book to which a reservation refers stays,
    /// so that orders keep their meaning, and has no available copies any more.
    ///
    /// Each batch is one transaction: after an error some books are removed, and the call can be
    /// repeated. The search index is made again.
    ///
    /// # Errors
    /// [`InventoryError::Store`] if the database failed.
    pub async fn remove_all_but(&self, kept: &HashSet<i32>) -> Result<Removal, InventoryError> {
        let mut removal = Removal::default();
        let mut after = 0;
        loop {
            let ids = store::read!(self.db(), connection => {
                rows::books::ids_after(connection, after, BATCH_BOOKS).await
            })?;
            let Some(last) = ids.last() else {
                if removal.removed > 0 {
                    self.index_own_changes().await;
                }
                return Ok(removal);
            };
            after = last.0;
            let unwanted: Vec<_> = ids.into_iter().filter(|id| !kept.contains(&id.0)).collect();
            if unwanted.is_empty() {
                continue;
            }
            let ordered = store::write!(self.db(), transaction => {
                remove(transaction, &unwanted).await
            })?;
            removal.removed += (unwanted.len() - ordered) as u64;
            removal.ordered += ordered as u64;
            self.stock_changed(&unwanted);
        }
    }
}

/// Removes books, and returns how many of them stay.
async fn remove(
    transaction: &mut Transaction,
    book_ids: &[BookId],
) -> Result<usize, InventoryError> {
    rows::books::lock(transaction).await?;
    let ids = ids_to_i64(book_ids);
    // It also locks the rows, so that no reservation is made meanwhile.
    rows::stock::sell_out(transaction, &ids).await?;
    let ordered = rows::reservations::reserved_books(transaction, &ids).await?;
    let (ordered, removed): (Vec<i64>, Vec<i64>) =
        ids.into_iter().partition(|id| ordered.contains(id));
    if !removed.is_empty() {
        rows::stock::remove(transaction, &removed).await?;
        rows::books::remove(transaction, &removed).await?;
        rows::books::replace_catalogue(transaction).await?;
    }
    rows::stock::record_availability(transaction, &ordered).await?;
    Ok(ordered.len())
}

//! What the operator sees: the payments of all accounts, decided or not.

use std::collections::HashMap;

use service::{Page, PageScope};

use super::{TOKEN_VERSION, add_refunds};
use crate::{Payment, TransactionId, Transactions, TransactionsError, store as rows};

impl Transactions {
    /// A page of the payments of all accounts, newest first.
    ///
    /// # Errors
    /// [`TransactionsError::InvalidPageToken`], or an error of the database.
    pub async fn payments(
        &self,
        page_size: u32,
        page_token: &str,
    ) -> Result<Page<Payment>, TransactionsError> {
        let scope = PageScope::new(TOKEN_VERSION, "ListPayments");
        let before = TransactionId(scope.decode_id(page_token)?);
        let limit = i64::from(page_size) + 1;
        let payments = store::read!(self.db(), connection => {
            let mut charges = rows::charges::list_all(connection, before, limit).await?;
            let ids = charges.iter().map(|charge| charge.transaction_id.to_string());
            let parked = rows::refunds::parked(connection, ids.collect()).await?;
            let mut parked: HashMap<_, _> = parked.into_iter().collect();
            let decided = charges.iter_mut().filter_map(|charge| charge.decided.take());
            let mut decided: Vec<_> = decided.collect();
            add_refunds(connection, &mut decided).await?;
            let decided = decided.into_iter().map(|found| (found.transaction_id, found));
            let mut decided: HashMap<_, _> = decided.collect();
            let payments = charges.into_iter().map(|charge| {
                let id = charge.transaction_id;
                Payment {
                    transaction_id: id,
                    reference: charge.reference,
                    amount: charge.amount,
                    transaction: decided.remove(&id),
                    parked_reason: charge.parked_reason.or_else(|| parked.remove(&id)),
                }
            });
            Ok::<_, TransactionsError>(payments.collect::<Vec<_>>())
        })?;
        Page::from_items(payments, page_size, |last| {
            Ok(scope.encode_id(last.transaction_id.0)?)
        })
    }
}

//! What the operator sees: the payments of all accounts, decided or not.

use std::collections::HashMap;

use service::{Page, PageScope};

use super::{TOKEN_VERSION, add_refunds};
use crate::{
    Payment, TransactionId, Transactions, TransactionsError, store as rows,
    store::charges::StoredCharge,
};

/// How many decisions about one payment are shown.
const MAX_RESOLUTIONS: i64 = 20;

impl Transactions {
    /// A payment of any account.
    ///
    /// # Errors
    /// [`TransactionsError::NotFound`], or an error of the database.
    pub async fn payment(
        &self,
        transaction_id: TransactionId,
    ) -> Result<Payment, TransactionsError> {
        store::read!(self.db(), connection => {
            let charge = rows::charges::get(connection, transaction_id).await?;
            let charge = charge.ok_or(TransactionsError::NotFound(transaction_id))?;
            let mut payments = with_details(connection, vec![charge]).await?;
            payments.pop().ok_or(TransactionsError::NotFound(transaction_id))
        })
    }

    /// A page of the payments of all accounts, newest first.
    ///
    /// # Errors
    /// [`TransactionsError::InvalidPageToken`], or an error of the database.
    pub async fn payments(
        &self,
        parked_only: bool,
        page_size: u32,
        page_token: &str,
    ) -> Result<Page<Payment>, TransactionsError> {
        let scope = PageScope::new(TOKEN_VERSION, "ListPayments").with([u8::from(parked_only)]);
        let before = TransactionId(scope.decode_id(page_token)?);
        let limit = i64::from(page_size) + 1;
        let payments = store::read!(self.db(), connection => {
            let charges = rows::charges::list_all(connection, parked_only, before, limit).await?;
            with_details(connection, charges).await
        })?;
        Page::from_items(payments, page_size, |last| {
            Ok(scope.encode_id(last.transaction_id.0)?)
        })
    }
}

/// Adds what belongs to charges: refunds, what is parked, and decisions.
async fn with_details(
    connection: &mut store::Connection,
    mut charges: Vec<StoredCharge>,
) -> Result<Vec<Payment>, TransactionsError> {
    let ids = charges
        .iter()
        .map(|charge| charge.transaction_id.to_string());
    let ids: Vec<_> = ids.collect();
    let mut parked = HashMap::new();
    for (id, refund) in rows::refunds::parked(connection, ids.clone()).await? {
        parked.entry(id).or_insert(refund);
    }
    let mut resolutions =
        rows::resolutions::of_transactions(connection, ids, MAX_RESOLUTIONS).await?;
    let decided = charges
        .iter_mut()
        .filter_map(|charge| charge.decided.take());
    let mut decided: Vec<_> = decided.collect();
    add_refunds(connection, &mut decided).await?;
    let decided = decided
        .into_iter()
        .map(|found| (found.transaction_id, found));
    let mut decided: HashMap<_, _> = decided.collect();
    let payments = charges.into_iter().map(|charge| {
        let id = charge.transaction_id;
        let parked_refund = parked
            .remove(&id)
            .filter(|_| charge.parked_reason.is_none());
        let of_refund = parked_refund
            .as_ref()
            .map(|refund| refund.parked_reason.clone());
        Payment {
            transaction_id: id,
            reference: charge.reference,
            amount: charge.amount,
            transaction: decided.remove(&id),
            parked_reason: charge.parked_reason.or(of_refund),
            parked_refund,
            resolutions: resolutions.remove(&id).unwrap_or_default(),
        }
    });
    Ok(payments.collect())
}

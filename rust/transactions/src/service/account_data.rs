//! What is kept about an account, for the export of its data.

use std::collections::HashMap;

use service::{AccountId, Page, PageScope, page_size_within};

use super::{TOKEN_VERSION, add_refunds};
use crate::{AccountPayment, TransactionId, Transactions, TransactionsError, store as rows};

/// The most refunds that the payments of one page have together. A refund is at most 1 kB long in
/// a message, so a page is shorter than 2 MB.
pub(crate) const MAX_REFUNDS_ON_A_PAGE: usize = 1000;

impl Transactions {
    /// A page of the payments of an account, decided or not, newest first.
    ///
    /// # Errors
    /// [`TransactionsError::InvalidPageToken`], or an error of the database.
    pub async fn account_data(
        &self,
        account_id: AccountId,
        page_size: u32,
        page_token: &str,
    ) -> Result<Page<AccountPayment>, TransactionsError> {
        let scope = PageScope::new(TOKEN_VERSION, "ExportAccountData").with(account_id.0);
        let before = TransactionId(scope.decode_id(page_token)?);
        let limit = i64::from(page_size) + 1;
        let payments = store::read!(self.db(), connection => {
            let mut charges =
                rows::charges::list_of_account(connection, account_id, before, limit).await?;
            let ids = charges.iter().map(|charge| charge.transaction_id.to_string());
            let mut resent: HashMap<_, Vec<_>> = HashMap::new();
            for (id, time) in rows::receipts::last(connection, ids.collect()).await? {
                resent.entry(id).or_default().push(time);
            }
            let decided = charges.iter_mut().filter_map(|charge| charge.decided.take());
            let mut decided: Vec<_> = decided.collect();
            add_refunds(connection, &mut decided).await?;
            let decided = decided.into_iter().map(|found| (found.transaction_id, found));
            let mut decided: HashMap<_, _> = decided.collect();
            let payments = charges.into_iter().map(|charge| AccountPayment {
                transaction: decided.remove(&charge.transaction_id),
                resent_at: resent.remove(&charge.transaction_id).unwrap_or_default(),
                transaction_id: charge.transaction_id,
                reference: charge.reference,
                amount: charge.amount,
                requested_at: charge.requested_at,
                receipt_email: charge.receipt_email,
            });
            Ok::<_, TransactionsError>(payments.collect::<Vec<_>>())
        })?;
        let refunds = payments.iter().map(AccountPayment::refund_count);
        let size = page_size_within(page_size, refunds, MAX_REFUNDS_ON_A_PAGE);
        Page::from_items(payments, size, |last| {
            Ok(scope.encode_id(last.transaction_id.0)?)
        })
    }
}

//! The use cases of Transactions: charging, paying back and reading.

mod account_data;
mod audit;
mod background;
mod charge;
mod receipt;
mod receipt_mail;
mod refund;
mod resolve;
mod webhook;

use std::{collections::HashMap, sync::Arc, time::Duration};

#[cfg(test)]
pub(crate) use account_data::MAX_REFUNDS_ON_A_PAGE;
#[cfg(test)]
pub(crate) use receipt::RECEIPTS;

pub(crate) use webhook::WebhookError;

use jiff::{SignedDuration, Timestamp};
use mail::Mailer;
use service::{AccountId, Clock, IdSource, Page, PageScope, SystemClock, UuidV7Ids};
use store::{
    Db,
    idempotency::{self, RequestState},
};
use uuid::Uuid;

use crate::{
    LedgerBalance, PaymentProvider, Transaction, TransactionId, TransactionsError, store as rows,
};

/// The version of the page tokens. Must be changed together with the sort order of a list or
/// the type of its position.
const TOKEN_VERSION: u8 = 1;

/// The largest number of refunds of one charge that do not pay back everything that is left.
pub const MAX_PARTIAL_REFUNDS: i64 = 99;

/// How long a charge or a refund may wait for the provider: 12 hours. Then it is parked, because
/// the provider may have forgotten the idempotency key and would move the money a second time.
pub const MAX_PENDING: Duration = Duration::from_secs(12 * 60 * 60);

/// The options of the service.
#[derive(Debug, Clone)]
pub struct Options {
    /// The source of time.
    pub clock: Arc<dyn Clock>,
    /// The source of the ids of transactions and refunds.
    pub ids: Arc<dyn IdSource>,
    /// When the background task takes over a charge or refund that its call did not finish,
    /// because the provider did not answer or the process crashed. Longer than a request to the
    /// provider takes.
    pub resume_after: Duration,
    #[cfg(test)]
    pub(crate) crash_points: Arc<service::CrashPoints>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            clock: Arc::new(SystemClock),
            ids: Arc::new(UuidV7Ids),
            resume_after: Duration::from_secs(15),
            #[cfg(test)]
            crash_points: Arc::default(),
        }
    }
}

/// The service. Clones share the same state.
#[derive(Debug, Clone)]
pub struct Transactions {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    db: Db,
    provider: Arc<dyn PaymentProvider>,
    mailer: Mailer,
    options: Options,
}

impl Transactions {
    /// Creates the service with its database, which was opened with
    /// [`SCHEMA`](crate::SCHEMA).
    pub fn new(
        db: Db,
        provider: Arc<dyn PaymentProvider>,
        mailer: Mailer,
        options: Options,
    ) -> Self {
        Self {
            inner: Arc::new(Inner {
                db,
                provider,
                mailer,
                options,
            }),
        }
    }

    /// The database of the service, for health checks and for closing it.
    pub fn db(&self) -> &Db {
        &self.inner.db
    }

    fn now(&self) -> Timestamp {
        self.inner.options.clock.now()
    }

    /// Whether the provider may have forgotten the idempotency key of a request.
    fn is_too_old(&self, requested_at: Timestamp) -> bool {
        let limit = SignedDuration::try_from(MAX_PENDING).unwrap_or(SignedDuration::MAX);
        self.now().duration_since(requested_at) > limit
    }

    /// When the background task takes over what is enqueued now, in microseconds since 1970.
    fn resume_at(&self) -> i64 {
        let delay = self.inner.options.resume_after.as_micros();
        let now = self.now().as_microsecond();
        now.saturating_add(i64::try_from(delay).unwrap_or(i64::MAX))
    }

    /// A transaction with its refunds. `account_id` is the account that may read it; `None`
    /// reads every transaction. A charge that the provider has not decided is not found.
    ///
    /// # Errors
    /// [`TransactionsError::NotFound`], or an error of the database.
    pub async fn transaction(
        &self,
        transaction_id: TransactionId,
        account_id: Option<AccountId>,
    ) -> Result<Transaction, TransactionsError> {
        let found = store::read!(self.db(), connection => {
            let charge = rows::charges::get(connection, transaction_id).await?;
            let Some(transaction) = charge.and_then(|charge| charge.decided) else {
                return Ok(None);
            };
            let mut transactions = vec![transaction];
            add_refunds(connection, &mut transactions).await?;
            Ok::<_, TransactionsError>(transactions.pop())
        })?;
        found
            .filter(|found| account_id.is_none() || found.account_id == account_id)
            .ok_or(TransactionsError::NotFound(transaction_id))
    }

    /// A page of the transactions of an account, newest first.
    ///
    /// # Errors
    /// [`TransactionsError::InvalidPageToken`], or an error of the database.
    pub async fn list(
        &self,
        account_id: AccountId,
        page_size: u32,
        page_token: &str,
    ) -> Result<Page<Transaction>, TransactionsError> {
        let scope = PageScope::new(TOKEN_VERSION, "ListTransactions").with(account_id.0);
        let before = TransactionId(scope.decode_id(page_token)?);
        let limit = i64::from(page_size) + 1;
        let transactions = store::read!(self.db(), connection => {
            let mut transactions =
                rows::charges::list(connection, account_id, before, limit).await?;
            add_refunds(connection, &mut transactions).await?;
            Ok::<_, TransactionsError>(transactions)
        })?;
        Page::from_items(transactions, page_size, |last| {
            Ok(scope.encode_id(last.transaction_id.0)?)
        })
    }

    /// The sums of the ledger, one for each currency.
    ///
    /// # Errors
    /// An error of the database.
    pub async fn ledger_balances(&self) -> Result<Vec<LedgerBalance>, TransactionsError> {
        store::read!(self.db(), connection => rows::ledger::balances(connection).await)
    }

    /// The names of the postings of the ledger whose entries do not add up to zero, at most
    /// 100. There are none unless somebody changed the database.
    ///
    /// # Errors
    /// An error of the database.
    pub async fn unbalanced_postings(&self) -> Result<Vec<String>, TransactionsError> {
        store::read!(self.db(), connection => rows::ledger::unbalanced(connection).await)
    }
}

/// Reads the refunds of transactions.
async fn add_refunds(
    connection: &mut store::Connection,
    transactions: &mut [Transaction],
) -> Result<(), TransactionsError> {
    let ids = transactions
        .iter()
        .map(|transaction| transaction.transaction_id.to_string());
    let mut refunds: HashMap<_, Vec<_>> = HashMap::new();
    for (transaction_id, refund) in rows::refunds::paid(connection, ids.collect()).await? {
        refunds.entry(transaction_id).or_default().push(refund);
    }
    for transaction in transactions {
        transaction.refunds = refunds
            .remove(&transaction.transaction_id)
            .unwrap_or_default();
    }
    Ok(())
}

/// Claims a request id, so that the caller does the work of the request. If an earlier call with
/// the same request has done it, returns the response that it saved.
///
/// # Errors
/// [`TransactionsError::RequestIdReused`] if the earlier request was another one.
async fn claim_request(
    transaction: &mut store::Transaction,
    request_id: Uuid,
    method: &str,
    body: &[u8],
    now: Timestamp,
) -> Result<Option<Vec<u8>>, TransactionsError> {
    let key = request_id.to_string();
    match idempotency::claim(transaction, &key, method, body, now.as_microsecond()).await? {
        RequestState::New => Ok(None),
        RequestState::Completed(response) => Ok(Some(response)),
        RequestState::Conflict => Err(TransactionsError::RequestIdReused(request_id)),
    }
}

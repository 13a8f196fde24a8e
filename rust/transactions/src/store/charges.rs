//! Statements about charges.

use jiff::Timestamp;
use service::{AccountId, Money};
use store::{Connection, Sql, query};
use uuid::Uuid;

use super::{to_time, to_uuid, without_nul};
use crate::{
    ChargeOutcome, ChargeRequest, DeclineReason, Transaction, TransactionId, TransactionsError,
};

/// The number of a state as text. It is a part of the statements and not a parameter.
macro_rules! state {
    (PENDING) => {
        "1"
    };
    (CHARGED) => {
        "2"
    };
    (DECLINED) => {
        "3"
    };
}

macro_rules! columns {
    () => {
        "transaction_id, account_id, reference, token, currency_code, amount_minor,
             receipt_email, decline_reason, provider_charge_id, method_label, refund_minor,
             refund_count, parked_reason, requested_at, decided_at"
    };
}

store::statements! {
    const INSERT = Sql::portable(
        concat!("INSERT INTO transactions (transaction_id, account_id, reference, token,
             currency_code, amount_minor, receipt_email, state, refund_minor, refund_count,
             requested_at, request_id)
         VALUES ($1, $2, $3, $4, $5, $6, $7, ", state!(PENDING), ", 0, 0, $8, $9)"),
    );

    const WITH_REQUEST_ID = Sql::portable(
        concat!("SELECT ", columns!(), " FROM transactions WHERE request_id = $1"),
    );

    const GET = Sql::portable(
        concat!("SELECT ", columns!(), " FROM transactions WHERE transaction_id = $1"),
    );

    const LIST = Sql::portable(
        concat!("SELECT ", columns!(), " FROM transactions
         WHERE account_id = $1 AND transaction_id < $2 AND state <> ", state!(PENDING), "
         ORDER BY transaction_id DESC LIMIT $3"),
    );

    const LIST_OF_ACCOUNT = Sql::portable(
        concat!("SELECT ", columns!(), " FROM transactions
         WHERE account_id = $1 AND transaction_id < $2
         ORDER BY transaction_id DESC LIMIT $3"),
    );

    const LIST_ALL = Sql::portable(
        concat!("SELECT ", columns!(), " FROM transactions WHERE transaction_id < $1
         ORDER BY transaction_id DESC LIMIT $2"),
    );

    const LIST_PARKED = Sql::portable(
        concat!("SELECT ", columns!(), " FROM transactions WHERE transaction_id < $1
             AND (parked_reason IS NOT NULL OR transaction_id IN (
                 SELECT transaction_id FROM refunds WHERE parked_reason IS NOT NULL))
         ORDER BY transaction_id DESC LIMIT $2"),
    );

    const MARK_CHARGED = Sql::portable(
        concat!("UPDATE transactions SET state = ", state!(CHARGED), ", provider_charge_id = $2,
             method_label = $3, decided_at = $4
         WHERE transaction_id = $1 AND state = ", state!(PENDING)),
    );

    const MARK_DECLINED = Sql::portable(
        concat!("UPDATE transactions SET state = ", state!(DECLINED), ", decline_reason = $2,
             method_label = $3, decided_at = $4
         WHERE transaction_id = $1 AND state = ", state!(PENDING)),
    );

    const PARK = Sql::portable(
        "UPDATE transactions SET parked_reason = $2
         WHERE transaction_id = $1 AND parked_reason IS NULL",
    );

    /// Also locks the row, so that the refunds of one charge exclude each other.
    const RESERVE_REFUND = Sql::portable(
        concat!("UPDATE transactions SET refund_minor = refund_minor + $2,
             refund_count = refund_count + 1
         WHERE transaction_id = $1 AND state = ", state!(CHARGED), "
             AND refund_minor + $2 <= amount_minor"),
    );

    const LOCK = Sql::portable(
        "UPDATE transactions SET refund_count = refund_count WHERE transaction_id = $1",
    );
}

store::row! {
    struct ChargeRow {
        transaction_id: String,
        account_id: Option<String>,
        reference: String,
        token: String,
        currency_code: String,
        amount_minor: i64,
        receipt_email: Option<String>,
        decline_reason: Option<i64>,
        provider_charge_id: Option<String>,
        method_label: Option<String>,
        refund_minor: i64,
        refund_count: i64,
        parked_reason: Option<String>,
        requested_at: i64,
        decided_at: Option<i64>,
    }
}

/// A charge as stored, decided or not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct StoredCharge {
    pub(crate) transaction_id: TransactionId,
    pub(crate) amount: Money,
    pub(crate) reference: String,
    pub(crate) token: String,
    pub(crate) receipt_email: Option<String>,
    pub(crate) requested_at: Timestamp,
    pub(crate) parked_reason: Option<String>,
    /// The id of the charge at the provider, if it was charged.
    pub(crate) provider_charge_id: Option<String>,
    /// The sum and the number of the refunds, also of those that are not paid back yet.
    pub(crate) refund_minor: i64,
    pub(crate) refund_count: i64,
    /// The transaction without its refunds; `None` while the charge is pending.
    pub(crate) decided: Option<Transaction>,
}

impl ChargeRow {
    fn into_charge(self) -> Result<StoredCharge, TransactionsError> {
        let transaction_id = TransactionId(to_uuid(&self.transaction_id)?);
        let amount = Money {
            currency_code: self.currency_code,
            amount_minor: self.amount_minor,
        };
        let decided = match self.decided_at {
            None => None,
            Some(decided_at) => Some(Transaction {
                transaction_id,
                account_id: match &self.account_id {
                    Some(account_id) => Some(AccountId(to_uuid(account_id)?)),
                    None => None,
                },
                reference: self.reference.clone(),
                amount: amount.clone(),
                decline_reason: self.decline_reason.map(to_decline_reason).transpose()?,
                method_label: self.method_label.unwrap_or_default(),
                receipt_email: self.receipt_email.clone(),
                refunds: Vec::new(),
                create_time: to_time(decided_at)?,
            }),
        };
        Ok(StoredCharge {
            transaction_id,
            amount,
            reference: self.reference,
            token: self.token,
            receipt_email: self.receipt_email,
            requested_at: to_time(self.requested_at)?,
            parked_reason: self.parked_reason,
            provider_charge_id: self.provider_charge_id,
            refund_minor: self.refund_minor,
            refund_count: self.refund_count,
            decided,
        })
    }
}

fn to_decline_reason(number: i64) -> Result<DeclineReason, TransactionsError> {
    DeclineReason::from_number(number)
        .ok_or_else(|| TransactionsError::Corrupt(format!("the decline reason {number}")))
}

/// Inserts a pending charge.
pub(crate) async fn insert(
    transaction: &mut store::Transaction,
    transaction_id: TransactionId,
    request: &ChargeRequest,
    now: Timestamp,
) -> Result<(), TransactionsError> {
    query(INSERT)
        .bind(transaction_id.to_string())
        .bind(request.account_id.map(|account_id| account_id.to_string()))
        .bind(without_nul(&request.reference))
        .bind(&request.token)
        .bind(&request.amount.currency_code)
        .bind(request.amount.amount_minor)
        .bind(request.receipt_email.as_deref())
        .bind(now.as_microsecond())
        .bind(request.request_id.to_string())
        .execute(transaction)
        .await?;
    Ok(())
}

/// The charge that a request has made, however long ago; `None` if it has made none.
pub(crate) async fn with_request_id(
    connection: &mut Connection,
    request_id: Uuid,
) -> Result<Option<StoredCharge>, TransactionsError> {
    let row: Option<ChargeRow> = query(WITH_REQUEST_ID)
        .bind(request_id.to_string())
        .fetch_optional(connection)
        .await?;
    row.map(ChargeRow::into_charge).transpose()
}

/// A charge, decided or not; `None` if it does not exist.
pub(crate) async fn get(
    connection: &mut Connection,
    transaction_id: TransactionId,
) -> Result<Option<StoredCharge>, TransactionsError> {
    let row: Option<ChargeRow> = query(GET)
        .bind(transaction_id.to_string())
        .fetch_optional(connection)
        .await?;
    row.map(ChargeRow::into_charge).transpose()
}

/// The decided transactions of an account before `before`, newest first, without refunds.
pub(crate) async fn list(
    connection: &mut Connection,
    account_id: AccountId,
    before: TransactionId,
    limit: i64,
) -> Result<Vec<Transaction>, TransactionsError> {
    let rows: Vec<ChargeRow> = query(LIST)
        .bind(account_id.to_string())
        .bind(before.to_string())
        .bind(limit)
        .fetch_all(connection)
        .await?;
    let mut transactions = Vec::with_capacity(rows.len());
    for row in rows {
        transactions.extend(row.into_charge()?.decided);
    }
    Ok(transactions)
}

/// The charges of an account before `before`, decided or not, newest first.
pub(crate) async fn list_of_account(
    connection: &mut Connection,
    account_id: AccountId,
    before: TransactionId,
    limit: i64,
) -> Result<Vec<StoredCharge>, TransactionsError> {
    let rows: Vec<ChargeRow> = query(LIST_OF_ACCOUNT)
        .bind(account_id.to_string())
        .bind(before.to_string())
        .bind(limit)
        .long_running()
        .fetch_all(connection)
        .await?;
    rows.into_iter().map(ChargeRow::into_charge).collect()
}

/// The charges of all accounts before `before`, newest first; with `parked_only`, only those that
/// wait for the operator, or have a refund that does.
pub(crate) async fn list_all(
    connection: &mut Connection,
    parked_only: bool,
    before: TransactionId,
    limit: i64,
) -> Result<Vec<StoredCharge>, TransactionsError> {
    let list = if parked_only { LIST_PARKED } else { LIST_ALL };
    let rows: Vec<ChargeRow> = query(list)
        .bind(before.to_string())
        .bind(limit)
        .fetch_all(connection)
        .await?;
    rows.into_iter().map(ChargeRow::into_charge).collect()
}

/// Stores the decision of the provider; `false` if the charge is not pending any more.
pub(crate) async fn decide(
    transaction: &mut store::Transaction,
    transaction_id: TransactionId,
    outcome: &ChargeOutcome,
    now: Timestamp,
) -> Result<bool, TransactionsError> {
    let decide = match outcome {
        ChargeOutcome::Charged {
            provider_charge_id,
            method_label,
            ..
        } => query(MARK_CHARGED)
            .bind(transaction_id.to_string())
            .bind(without_nul(provider_charge_id))
            .bind(without_nul(method_label)),
        ChargeOutcome::Declined {
            reason,
            method_label,
        } => query(MARK_DECLINED)
            .bind(transaction_id.to_string())
            .bind(*reason as i64)
            .bind(without_nul(method_label)),
    };
    let decided = decide
        .bind(now.as_microsecond())
        .execute(transaction)
        .await?;
    Ok(decided == 1)
}

/// Leaves a charge to the operator. The first reason stays.
pub(crate) async fn park(
    transaction: &mut store::Transaction,
    transaction_id: TransactionId,
    reason: &str,
) -> Result<(), TransactionsError> {
    query(PARK)
        .bind(transaction_id.to_string())
        .bind(without_nul(reason))
        .execute(transaction)
        .await?;
    Ok(())
}

/// Locks a charge until the end of the transaction.
pub(crate) async fn lock(
    transaction: &mut store::Transaction,
    transaction_id: TransactionId,
) -> Result<(), TransactionsError> {
    let lock = query(LOCK).bind(transaction_id.to_string());
    lock.execute(transaction).await?;
    Ok(())
}

/// Sets a part of a charge aside for a refund; `false` if it was not charged or too little is
/// left.
pub(crate) async fn reserve_refund(
    transaction: &mut store::Transaction,
    transaction_id: TransactionId,
    amount_minor: i64,
) -> Result<bool, TransactionsError> {
    let reserved = query(RESERVE_REFUND)
        .bind(transaction_id.to_string())
        .bind(amount_minor)
        .execute(transaction)
        .await?;
    Ok(reserved == 1)
}

//! Statements about refunds.

use jiff::Timestamp;
use store::{Connection, Sql, query};

use super::{to_time, to_uuid, without_nul};
use crate::{ParkedRefund, Refund, RefundId, TransactionId, TransactionsError};

store::statements! {
    const INSERT = Sql::portable(
        "INSERT INTO refunds (refund_id, transaction_id, amount_minor, reason, requested_at)
         VALUES ($1, $2, $3, $4, $5)",
    );

    const GET = Sql::portable(
        "SELECT transaction_id, amount_minor, parked_reason, requested_at, position, failed_at,
             replaced_by
         FROM refunds WHERE refund_id = $1",
    );

    const MARK_PAID = Sql::portable(
        "UPDATE refunds SET paid_at = $3, position = 1 + (
             SELECT COUNT(*) FROM refunds AS earlier
             WHERE earlier.transaction_id = $2 AND earlier.position IS NOT NULL)
         WHERE refund_id = $1 AND position IS NULL",
    );

    const PARK = Sql::portable(
        "UPDATE refunds SET parked_reason = $2 WHERE refund_id = $1 AND parked_reason IS NULL",
    );

    const PARKED_OF_TRANSACTIONS = Sql::per_engine(
        "SELECT transaction_id, refund_id, amount_minor, requested_at, parked_reason FROM refunds
         WHERE transaction_id IN (SELECT value FROM json_each($1)) AND parked_reason IS NOT NULL
         ORDER BY refund_id",
        "SELECT transaction_id, refund_id, amount_minor, requested_at, parked_reason FROM refunds
         WHERE transaction_id = ANY($1) AND parked_reason IS NOT NULL
         ORDER BY refund_id",
    );

    const PAID_OF_TRANSACTIONS = Sql::per_engine(
        "SELECT transaction_id, refund_id, amount_minor, reason, paid_at, position FROM refunds
         WHERE transaction_id IN (SELECT value FROM json_each($1)) AND position IS NOT NULL
         ORDER BY transaction_id, position",
        "SELECT transaction_id, refund_id, amount_minor, reason, paid_at, position FROM refunds
         WHERE transaction_id = ANY($1) AND position IS NOT NULL
         ORDER BY transaction_id, position",
    );
}

store::row! {
    struct RefundRow {
        transaction_id: String,
        amount_minor: i64,
        parked_reason: Option<String>,
        requested_at: i64,
        position: Option<i64>,
        failed_at: Option<i64>,
        replaced_by: Option<String>,
    }
}

/// A refund as stored, paid back or not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct StoredRefund {
    pub(crate) transaction_id: TransactionId,
    pub(crate) amount_minor: i64,
    /// Why it waits for the operator.
    pub(crate) parked_reason: Option<String>,
    pub(crate) requested_at: Timestamp,
    /// Its place among the paid refunds of the charge, from 1; `None` while it is pending.
    pub(crate) position: Option<usize>,
    /// Whether the operator has found out that it was not paid back.
    pub(crate) has_failed: bool,
    /// The refund that was made in its place, if it has failed.
    pub(crate) replaced_by: Option<RefundId>,
}

/// Inserts a pending refund.
pub(crate) async fn insert(
    transaction: &mut store::Transaction,
    refund_id: RefundId,
    transaction_id: TransactionId,
    amount_minor: i64,
    reason: &str,
    now: Timestamp,
) -> Result<(), TransactionsError> {
    query(INSERT)
        .bind(refund_id.to_string())
        .bind(transaction_id.to_string())
        .bind(amount_minor)
        .bind(without_nul(reason))
        .bind(now.as_microsecond())
        .execute(transaction)
        .await?;
    Ok(())
}

/// A refund; `None` if it does not exist.
pub(crate) async fn get(
    connection: &mut Connection,
    refund_id: RefundId,
) -> Result<Option<StoredRefund>, TransactionsError> {
    let row: Option<RefundRow> = query(GET)
        .bind(refund_id.to_string())
        .fetch_optional(connection)
        .await?;
    let Some(row) = row else {
        return Ok(None);
    };
    Ok(Some(StoredRefund {
        transaction_id: TransactionId(to_uuid(&row.transaction_id)?),
        amount_minor: row.amount_minor,
        parked_reason: row.parked_reason,
        requested_at: to_time(row.requested_at)?,
        position: row
            .position
            .and_then(|position| usize::try_from(position).ok()),
        has_failed: row.failed_at.is_some(),
        replaced_by: row
            .replaced_by
            .as_deref()
            .map(to_uuid)
            .transpose()?
            .map(RefundId),
    }))
}

/// Stores that a refund was paid back; `false` if that is stored already. The caller has locked
/// the charge, so that no two refunds get the same position.
pub(crate) async fn mark_paid(
    transaction: &mut store::Transaction,
    refund_id: RefundId,
    transaction_id: TransactionId,
    now: Timestamp,
) -> Result<bool, TransactionsError> {
    let paid = query(MARK_PAID)
        .bind(refund_id.to_string())
        .bind(transaction_id.to_string())
        .bind(now.as_microsecond())
        .execute(transaction)
        .await?;
    Ok(paid == 1)
}

/// Leaves a refund to the operator. The first reason stays.
pub(crate) async fn park(
    transaction: &mut store::Transaction,
    refund_id: RefundId,
    reason: &str,
) -> Result<(), TransactionsError> {
    query(PARK)
        .bind(refund_id.to_string())
        .bind(without_nul(reason))
        .execute(transaction)
        .await?;
    Ok(())
}

/// The paid refunds of some transactions, oldest first.
pub(crate) async fn paid(
    connection: &mut Connection,
    transaction_ids: Vec<String>,
) -> Result<Vec<(TransactionId, Refund)>, TransactionsError> {
    let rows: Vec<(String, String, i64, String, i64, i64)> = query(PAID_OF_TRANSACTIONS)
        .bind(transaction_ids)
        .fetch_all(connection)
        .await?;
    let refunds = rows.into_iter().map(
        |(transaction_id, refund_id, amount_minor, reason, paid_at, _position)| {
            let refund = Refund {
                refund_id: RefundId(to_uuid(&refund_id)?),
                amount_minor,
                reason,
                create_time: to_time(paid_at)?,
            };
            Ok((TransactionId(to_uuid(&transaction_id)?), refund))
        },
    );
    refunds.collect()
}

/// The refunds of some charges that are parked, oldest first.
pub(crate) async fn parked(
    connection: &mut Connection,
    transaction_ids: Vec<String>,
) -> Result<Vec<(TransactionId, ParkedRefund)>, TransactionsError> {
    let rows: Vec<(String, String, i64, i64, String)> = query(PARKED_OF_TRANSACTIONS)
        .bind(transaction_ids)
        .fetch_all(connection)
        .await?;
    let parked = rows.into_iter().map(
        |(id, refund_id, amount_minor, requested_at, parked_reason)| {
            let refund = ParkedRefund {
                refund_id: RefundId(to_uuid(&refund_id)?),
                amount_minor,
                requested_at: to_time(requested_at)?,
                parked_reason,
            };
            Ok((TransactionId(to_uuid(&id)?), refund))
        },
    );
    parked.collect()
}

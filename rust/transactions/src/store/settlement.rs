//! Statements by which a parked charge or refund becomes what the operator says.

use jiff::Timestamp;
use store::{Sql, query};

use super::without_nul;
use crate::{DeclineReason, RefundId, TransactionId, TransactionsError};

/// The label of the payment method of a charge that the provider has not described.
const METHOD_UNKNOWN: &str = "Payment method unknown";

store::statements! {
    const UNPARK_CHARGE = Sql::portable(
        "UPDATE transactions SET parked_reason = NULL WHERE transaction_id = $1",
    );

    /// The state is charged.
    const SETTLE_AS_CHARGED = Sql::portable(
        "UPDATE transactions SET state = 2, decline_reason = NULL, provider_charge_id = $2,
             method_label = COALESCE(method_label, $3), decided_at = COALESCE(decided_at, $4),
             parked_reason = NULL
         WHERE transaction_id = $1 AND refund_minor = 0",
    );

    /// The state is declined.
    const SETTLE_AS_DECLINED = Sql::portable(
        "UPDATE transactions SET state = 3, decline_reason = $2, provider_charge_id = NULL,
             method_label = COALESCE(method_label, $3), decided_at = COALESCE(decided_at, $4),
             parked_reason = NULL
         WHERE transaction_id = $1 AND refund_minor = 0",
    );

    const UNPARK_REFUND = Sql::portable(
        "UPDATE refunds SET parked_reason = NULL WHERE refund_id = $1",
    );

    const FAIL_REFUND = Sql::portable(
        "UPDATE refunds SET parked_reason = NULL, failed_at = $2
         WHERE refund_id = $1 AND position IS NULL",
    );

    const RELEASE_REFUND = Sql::portable(
        "UPDATE transactions SET refund_minor = refund_minor - $2, refund_count = refund_count - 1
         WHERE transaction_id = $1",
    );

    const REPLACE_REFUND = Sql::portable(
        "UPDATE refunds SET replaced_by = $2 WHERE refund_id = $1 AND replaced_by IS NULL",
    );
}

/// Lets a charge be as it is stored.
pub(crate) async fn unpark_charge(
    transaction: &mut store::Transaction,
    transaction_id: TransactionId,
) -> Result<(), TransactionsError> {
    let unpark = query(UNPARK_CHARGE).bind(transaction_id.to_string());
    unpark.execute(transaction).await?;
    Ok(())
}

/// Stores that a charge without refunds was successful.
pub(crate) async fn settle_as_charged(
    transaction: &mut store::Transaction,
    transaction_id: TransactionId,
    provider_charge_id: &str,
    now: Timestamp,
) -> Result<(), TransactionsError> {
    let settle = query(SETTLE_AS_CHARGED)
        .bind(transaction_id.to_string())
        .bind(without_nul(provider_charge_id))
        .bind(METHOD_UNKNOWN)
        .bind(now.as_microsecond());
    only_one(settle.execute(transaction).await?, transaction_id)
}

/// Stores that a charge without refunds was declined.
pub(crate) async fn settle_as_declined(
    transaction: &mut store::Transaction,
    transaction_id: TransactionId,
    now: Timestamp,
) -> Result<(), TransactionsError> {
    let settle = query(SETTLE_AS_DECLINED)
        .bind(transaction_id.to_string())
        .bind(DeclineReason::Refused as i64)
        .bind(METHOD_UNKNOWN)
        .bind(now.as_microsecond());
    only_one(settle.execute(transaction).await?, transaction_id)
}

/// Lets a refund be as it is stored.
pub(crate) async fn unpark_refund(
    transaction: &mut store::Transaction,
    refund_id: RefundId,
) -> Result<(), TransactionsError> {
    let unpark = query(UNPARK_REFUND).bind(refund_id.to_string());
    unpark.execute(transaction).await?;
    Ok(())
}

/// Stores that a refund was not paid back, so that its amount can be refunded again.
pub(crate) async fn fail_refund(
    transaction: &mut store::Transaction,
    refund_id: RefundId,
    transaction_id: TransactionId,
    amount_minor: i64,
    now: Timestamp,
) -> Result<(), TransactionsError> {
    let fail = query(FAIL_REFUND)
        .bind(refund_id.to_string())
        .bind(now.as_microsecond());
    only_one(fail.execute(transaction).await?, transaction_id)?;
    let release = query(RELEASE_REFUND)
        .bind(transaction_id.to_string())
        .bind(amount_minor);
    only_one(release.execute(transaction).await?, transaction_id)
}

/// Stores which refund was made in place of one that has failed.
pub(crate) async fn replace_refund(
    transaction: &mut store::Transaction,
    failed: RefundId,
    by: RefundId,
) -> Result<(), TransactionsError> {
    let replace = query(REPLACE_REFUND)
        .bind(failed.to_string())
        .bind(by.to_string());
    replace.execute(transaction).await?;
    Ok(())
}

/// The caller has locked the charge and has seen that it can become this.
fn only_one(changed: u64, transaction_id: TransactionId) -> Result<(), TransactionsError> {
    if changed == 1 {
        return Ok(());
    }
    let what = format!("the parked payment {transaction_id}");
    Err(TransactionsError::Corrupt(what))
}

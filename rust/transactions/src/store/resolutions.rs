//! Statements about the decisions of operators.

use std::collections::HashMap;

use store::{Connection, Sql, query};
use uuid::Uuid;

use super::{to_time, to_uuid};
use crate::{PaymentAction, PaymentResolution, RefundId, TransactionId, TransactionsError};

macro_rules! columns {
    () => {
        "resolution_id, transaction_id, refund_id, action, operator_name, note, parked_reason,
             resolved_at"
    };
}

store::statements! {
    const INSERT = Sql::portable(
        concat!("INSERT INTO payment_resolutions (", columns!(), ")
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8)"),
    );

    const GET = Sql::portable(
        concat!("SELECT ", columns!(), " FROM payment_resolutions WHERE resolution_id = $1"),
    );

    const OF_TRANSACTIONS = Sql::per_engine(
        concat!("SELECT ", columns!(), " FROM (
             SELECT *, ROW_NUMBER() OVER (
                 PARTITION BY transaction_id ORDER BY resolution_id DESC) AS recency
             FROM payment_resolutions
             WHERE transaction_id IN (SELECT value FROM json_each($1))) AS newest
         WHERE recency <= $2 ORDER BY resolution_id"),
        concat!("SELECT ", columns!(), " FROM (
             SELECT *, ROW_NUMBER() OVER (
                 PARTITION BY transaction_id ORDER BY resolution_id DESC) AS recency
             FROM payment_resolutions WHERE transaction_id = ANY($1)) AS newest
         WHERE recency <= $2 ORDER BY resolution_id"),
    );
}

store::row! {
    struct ResolutionRow {
        resolution_id: String,
        transaction_id: String,
        refund_id: Option<String>,
        action: i64,
        operator_name: String,
        note: String,
        parked_reason: String,
        resolved_at: i64,
    }
}

impl ResolutionRow {
    fn into_resolution(self) -> Result<PaymentResolution, TransactionsError> {
        let refund_id = self.refund_id.as_deref().map(to_uuid).transpose()?;
        let unknown =
            || TransactionsError::Corrupt(format!("the number {} of an action", self.action));
        Ok(PaymentResolution {
            resolution_id: to_uuid(&self.resolution_id)?,
            transaction_id: TransactionId(to_uuid(&self.transaction_id)?),
            refund_id: refund_id.map(RefundId),
            action: PaymentAction::from_number(self.action).ok_or_else(unknown)?,
            operator_name: self.operator_name,
            note: self.note,
            parked_reason: self.parked_reason,
            resolved_at: to_time(self.resolved_at)?,
        })
    }
}

/// Records a decision.
pub(crate) async fn insert(
    transaction: &mut store::Transaction,
    decision: &PaymentResolution,
) -> Result<(), TransactionsError> {
    query(INSERT)
        .bind(decision.resolution_id.to_string())
        .bind(decision.transaction_id.to_string())
        .bind(decision.refund_id.map(|id| id.to_string()))
        .bind(decision.action.number())
        .bind(&decision.operator_name)
        .bind(&decision.note)
        .bind(&decision.parked_reason)
        .bind(decision.resolved_at.as_microsecond())
        .execute(transaction)
        .await?;
    Ok(())
}

/// A decision; `None` if it does not exist.
pub(crate) async fn get(
    connection: &mut Connection,
    resolution_id: Uuid,
) -> Result<Option<PaymentResolution>, TransactionsError> {
    let get = query(GET).bind(resolution_id.to_string());
    let row: Option<ResolutionRow> = get.fetch_optional(connection).await?;
    row.map(ResolutionRow::into_resolution).transpose()
}

/// The last decisions about each of some transactions, at most `limit` for each, oldest first.
pub(crate) async fn of_transactions(
    connection: &mut Connection,
    transaction_ids: Vec<String>,
    limit: i64,
) -> Result<HashMap<TransactionId, Vec<PaymentResolution>>, TransactionsError> {
    let rows: Vec<ResolutionRow> = query(OF_TRANSACTIONS)
        .bind(transaction_ids)
        .bind(limit)
        .fetch_all(connection)
        .await?;
    let mut of_transactions: HashMap<_, Vec<_>> = HashMap::new();
    for row in rows {
        let decision = row.into_resolution()?;
        let decisions = of_transactions.entry(decision.transaction_id).or_default();
        decisions.push(decision);
    }
    Ok(of_transactions)
}

//! Statements about mails of receipts that were requested again.

use jiff::Timestamp;
use store::{Connection, Sql, query};
use uuid::Uuid;

use super::{to_time, to_uuid};
use crate::{TransactionId, TransactionsError};

store::statements! {
    const INSERT = Sql::portable(
        "INSERT INTO receipt_mails (request_id, transaction_id, requested_at)
         VALUES ($1, $2, $3)",
    );

    const SINCE = Sql::portable(
        "SELECT requested_at FROM receipt_mails WHERE transaction_id = $1 AND requested_at > $2
         ORDER BY requested_at LIMIT 100",
    );

    const LAST_OF_TRANSACTIONS = Sql::per_engine(
        "SELECT transaction_id, requested_at FROM (
             SELECT transaction_id, requested_at, ROW_NUMBER() OVER (
                 PARTITION BY transaction_id ORDER BY requested_at DESC) AS age
             FROM receipt_mails
             WHERE transaction_id IN (SELECT value FROM json_each($1))) AS mails
         WHERE age <= 20 ORDER BY requested_at",
        "SELECT transaction_id, requested_at FROM (
             SELECT transaction_id, requested_at, ROW_NUMBER() OVER (
                 PARTITION BY transaction_id ORDER BY requested_at DESC) AS age
             FROM receipt_mails WHERE transaction_id = ANY($1)) AS mails
         WHERE age <= 20 ORDER BY requested_at",
    );
}

/// Records that a mail was requested.
pub(crate) async fn insert(
    transaction: &mut store::Transaction,
    request_id: Uuid,
    transaction_id: TransactionId,
    now: Timestamp,
) -> Result<(), TransactionsError> {
    query(INSERT)
        .bind(request_id.to_string())
        .bind(transaction_id.to_string())
        .bind(now.as_microsecond())
        .execute(transaction)
        .await?;
    Ok(())
}

/// When mails of a receipt were requested after a time, oldest first, at most 100.
pub(crate) async fn since(
    connection: &mut Connection,
    transaction_id: TransactionId,
    time: Timestamp,
) -> Result<Vec<Timestamp>, TransactionsError> {
    let rows: Vec<(i64,)> = query(SINCE)
        .bind(transaction_id.to_string())
        .bind(time.as_microsecond())
        .fetch_all(connection)
        .await?;
    rows.into_iter().map(|(micros,)| to_time(micros)).collect()
}

/// When the receipts of some transactions were last requested again, oldest first, at most 20
/// times for each.
pub(crate) async fn last(
    connection: &mut Connection,
    transaction_ids: Vec<String>,
) -> Result<Vec<(TransactionId, Timestamp)>, TransactionsError> {
    let rows: Vec<(String, i64)> = query(LAST_OF_TRANSACTIONS)
        .bind(transaction_ids)
        .fetch_all(connection)
        .await?;
    rows.into_iter()
        .map(|(id, micros)| Ok((TransactionId(to_uuid(&id)?), to_time(micros)?)))
        .collect()
}

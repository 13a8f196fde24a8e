//! Statements about the decisions of operators.

use std::collections::HashMap;

use store::{Connection, Sql, Transaction, query};
use uuid::Uuid;

use super::{to_time, to_uuid};
use crate::{CartError, OrderId, OrderResolution, Resolution};

macro_rules! columns {
    () => {
        "resolution_id, order_id, action, transaction_id, operator_name, note, parked_reason,
             resolved_at"
    };
}

store::statements! {
    const INSERT = Sql::portable(
        concat!("INSERT INTO order_resolutions (", columns!(), ")
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8)"),
    );

    const GET = Sql::portable(
        concat!("SELECT ", columns!(), " FROM order_resolutions WHERE resolution_id = $1"),
    );

    const OF_ORDERS = Sql::per_engine(
        concat!("SELECT ", columns!(), " FROM (
             SELECT *, ROW_NUMBER() OVER (PARTITION BY order_id ORDER BY resolution_id DESC) AS recency
             FROM order_resolutions WHERE order_id IN (SELECT value FROM json_each($1))) AS newest
         WHERE recency <= $2 ORDER BY resolution_id"),
        concat!("SELECT ", columns!(), " FROM (
             SELECT *, ROW_NUMBER() OVER (PARTITION BY order_id ORDER BY resolution_id DESC) AS recency
             FROM order_resolutions WHERE order_id = ANY($1)) AS newest
         WHERE recency <= $2 ORDER BY resolution_id"),
    );
}

store::row! {
    struct ResolutionRow {
        resolution_id: String,
        order_id: String,
        action: i64,
        transaction_id: Option<String>,
        operator_name: String,
        note: String,
        parked_reason: String,
        resolved_at: i64,
    }
}

impl ResolutionRow {
    fn into_resolution(self) -> Result<OrderResolution, CartError> {
        let charge = self.transaction_id.as_deref().map(to_uuid).transpose()?;
        let unknown = || CartError::Corrupt(format!("the number {} of an action", self.action));
        Ok(OrderResolution {
            resolution_id: to_uuid(&self.resolution_id)?,
            order_id: OrderId(to_uuid(&self.order_id)?),
            resolution: Resolution::from_parts(self.action, charge).ok_or_else(unknown)?,
            operator_name: self.operator_name,
            note: self.note,
            parked_reason: self.parked_reason,
            resolved_at: to_time(self.resolved_at)?,
        })
    }
}

/// Records a decision.
pub(crate) async fn insert(
    transaction: &mut Transaction,
    decision: &OrderResolution,
) -> Result<(), CartError> {
    let charge = decision.resolution.transaction_id();
    query(INSERT)
        .bind(decision.resolution_id.to_string())
        .bind(decision.order_id.to_string())
        .bind(decision.resolution.number())
        .bind(charge.map(|id| id.to_string()))
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
) -> Result<Option<OrderResolution>, CartError> {
    let get = query(GET).bind(resolution_id.to_string());
    let row: Option<ResolutionRow> = get.fetch_optional(connection).await?;
    row.map(ResolutionRow::into_resolution).transpose()
}

/// The last decisions about each of some orders, at most `limit` for each, oldest first.
pub(crate) async fn of_orders(
    connection: &mut Connection,
    order_ids: impl Iterator<Item = OrderId>,
    limit: i64,
) -> Result<HashMap<OrderId, Vec<OrderResolution>>, CartError> {
    let order_ids: Vec<String> = order_ids.map(|order_id| order_id.to_string()).collect();
    let rows: Vec<ResolutionRow> = query(OF_ORDERS)
        .bind(&order_ids[..])
        .bind(limit)
        .fetch_all(connection)
        .await?;
    let mut of_orders: HashMap<_, Vec<_>> = HashMap::new();
    for row in rows {
        let decision = row.into_resolution()?;
        of_orders
            .entry(decision.order_id)
            .or_default()
            .push(decision);
    }
    Ok(of_orders)
}

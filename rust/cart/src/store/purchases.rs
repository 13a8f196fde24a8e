//! Statements about what accounts have bought.

use service::{AccountId, BookId};
use store::{Connection, Sql, query};

use super::{
    orders::{LineJson, from_json},
    to_uuid,
};
use crate::{CartError, OrderId, OrderState, Purchase};

store::statements! {
    /// The states are paid and shipped.
    const BOUGHT = Sql::per_engine(
        "SELECT DISTINCT CAST(line.value ->> 'book_id' AS BIGINT)
         FROM orders, json_each(orders.lines) AS line
         WHERE account_id = $1 AND state IN (2, 3)
             AND line.value ->> 'book_id' IN (SELECT value FROM json_each($2))",
        "SELECT DISTINCT CAST(line ->> 'book_id' AS BIGINT)
         FROM orders, json_array_elements(CAST(orders.lines AS json)) AS line
         WHERE account_id = $1 AND state IN (2, 3)
             AND CAST(line ->> 'book_id' AS BIGINT) = ANY($2)",
    );

    /// The states are placed, paid and shipped.
    const LIST = Sql::portable(
        "SELECT order_id, account_id, lines, state FROM orders
         WHERE order_id < $1 AND state IN (1, 2, 3)
         ORDER BY order_id DESC LIMIT $2",
    );

    const LIST_OF_ACCOUNT = Sql::portable(
        "SELECT order_id, account_id, lines, state FROM orders
         WHERE account_id = $3 AND order_id < $1 AND state IN (1, 2, 3)
         ORDER BY order_id DESC LIMIT $2",
    );
}

store::row! {
    struct PurchaseRow {
        order_id: String,
        account_id: String,
        lines: String,
        state: i64,
    }
}

impl PurchaseRow {
    fn into_purchase(self) -> Result<Purchase, CartError> {
        let lines: Vec<LineJson> = from_json(&self.lines)?;
        Ok(Purchase {
            order_id: OrderId(to_uuid(&self.order_id)?),
            account_id: AccountId(to_uuid(&self.account_id)?),
            book_ids: lines.iter().map(|line| BookId(line.book_id)).collect(),
            paid: self.state != OrderState::Placed as i64,
        })
    }
}

/// Which of the books the account has bought, in no particular order.
pub(crate) async fn bought(
    connection: &mut Connection,
    account_id: AccountId,
    book_ids: &[i64],
) -> Result<Vec<i64>, CartError> {
    let rows: Vec<(i64,)> = query(BOUGHT)
        .bind(account_id.to_string())
        .bind(book_ids)
        .long_running()
        .fetch_all(connection)
        .await?;
    Ok(rows.into_iter().map(|(book_id,)| book_id).collect())
}

/// The purchases of one account or of all, from orders that are older than `before`, newest
/// first.
pub(crate) async fn list(
    connection: &mut Connection,
    account_id: Option<AccountId>,
    before: OrderId,
    limit: i64,
) -> Result<Vec<Purchase>, CartError> {
    let list = |sql: Sql| query(sql).bind(before.to_string()).bind(limit);
    let list = match account_id {
        None => list(LIST),
        Some(account_id) => list(LIST_OF_ACCOUNT).bind(account_id.to_string()),
    };
    let rows: Vec<PurchaseRow> = list.long_running().fetch_all(connection).await?;
    rows.into_iter().map(PurchaseRow::into_purchase).collect()
}

//! Statements about orders.

use serde::{Deserialize, Serialize};
use service::{AccountId, BookId, Money};
use store::{Connection, Sql, Transaction, query};

use super::{to_time, to_uuid};
use crate::{
    CartError, CartItem, ChargeState, DeclineReason, HoldState, Order, OrderFailure, OrderFilter,
    OrderId, OrderLine, OrderState,
};

macro_rules! columns {
    () => {
        "order_id, account_id, lines, currency_code, total_minor, address, payment_token, receipt_email,
             state, failure, decline_reason, reservation_id, hold_until, hold, charge, transaction_id,
             refunded_minor, parked_reason, created_at, updated_at, waiting_since, tracking_number"
    };
}

store::statements! {
    const INSERT = Sql::portable(
        concat!("INSERT INTO orders (", columns!(), ")
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18,
             $19, $20, $21, $22)"),
    );

    const GET = Sql::portable(concat!("SELECT ", columns!(), " FROM orders WHERE order_id = $1"));

    const LOCK = Sql::portable(
        concat!("UPDATE orders SET state = state WHERE order_id = $1 RETURNING ", columns!()),
    );

    const SAVE = Sql::portable(
        "UPDATE orders SET state = $2, failure = $3, decline_reason = $4, hold = $5, charge = $6,
             transaction_id = $7, refunded_minor = $8, parked_reason = $9, updated_at = $10,
             waiting_since = $11, tracking_number = $12
         WHERE order_id = $1",
    );

    const LIST = Sql::portable(
        concat!("SELECT ", columns!(), " FROM orders WHERE account_id = $1 AND order_id < $2
         ORDER BY order_id DESC LIMIT $3"),
    );

    /// The state 0 selects all.
    const LIST_ALL = Sql::portable(
        concat!("SELECT ", columns!(), " FROM orders
         WHERE order_id < $1 AND ($2 = 0 OR state = $2)
         ORDER BY order_id DESC LIMIT $3"),
    );

    /// The state 0 selects all.
    const LIST_PARKED = Sql::portable(
        concat!("SELECT ", columns!(), " FROM orders
         WHERE order_id < $1 AND ($2 = 0 OR state = $2) AND parked_reason IS NOT NULL
         ORDER BY order_id DESC LIMIT $3"),
    );

    /// An order has a next step while the outbox has a message for it. It reads these messages
    /// only, and not all orders.
    const COUNT_IN_PROGRESS = Sql::portable(
        "SELECT orders.state, COUNT(DISTINCT orders.order_id)
         FROM outbox JOIN orders ON orders.order_id = outbox.message_key
         WHERE outbox.topic = $1 GROUP BY orders.state",
    );

    const COUNT_PARKED = Sql::portable(
        "SELECT COUNT(*) FROM orders WHERE parked_reason IS NOT NULL",
    );
}

store::row! {
    struct OrderRow {
        order_id: String,
        account_id: String,
        lines: String,
        currency_code: String,
        total_minor: i64,
        address: String,
        payment_token: String,
        receipt_email: String,
        state: i64,
        failure: Option<i64>,
        decline_reason: Option<i64>,
        reservation_id: String,
        hold_until: i64,
        hold: i64,
        charge: i64,
        transaction_id: Option<String>,
        refunded_minor: Option<i64>,
        parked_reason: Option<String>,
        created_at: i64,
        updated_at: i64,
        waiting_since: i64,
        tracking_number: Option<String>,
    }
}

#[derive(Serialize, Deserialize)]
pub(super) struct LineJson {
    pub(super) book_id: i32,
    quantity: i32,
    title: String,
    amount_minor: i64,
}

impl OrderRow {
    fn into_order(self) -> Result<Order, CartError> {
        let lines: Vec<LineJson> = from_json(&self.lines)?;
        let lines = lines.into_iter().map(|line| OrderLine {
            item: CartItem {
                book_id: BookId(line.book_id),
                quantity: line.quantity,
            },
            title: line.title,
            unit_price: Money {
                currency_code: self.currency_code.clone(),
                amount_minor: line.amount_minor,
            },
        });
        let transaction_id = self.transaction_id.as_deref().map(to_uuid);
        Ok(Order {
            order_id: OrderId(to_uuid(&self.order_id)?),
            account_id: AccountId(to_uuid(&self.account_id)?),
            lines: lines.collect(),
            total: Money {
                currency_code: self.currency_code.clone(),
                amount_minor: self.total_minor,
            },
            address: from_json(&self.address)?,
            payment_token: self.payment_token,
            receipt_email: self.receipt_email,
            state: known(OrderState::from_number, self.state)?,
            failure: optional(OrderFailure::from_number, self.failure)?,
            decline_reason: optional(DeclineReason::from_number, self.decline_reason)?,
            reservation_id: to_uuid(&self.reservation_id)?,
            hold_until: to_time(self.hold_until)?,
            hold: known(HoldState::from_number, self.hold)?,
            charge: known(ChargeState::from_number, self.charge)?,
            transaction_id: transaction_id.transpose()?,
            refunded_minor: self.refunded_minor,
            parked_reason: self.parked_reason,
            created_at: to_time(self.created_at)?,
            updated_at: to_time(self.updated_at)?,
            waiting_since: to_time(self.waiting_since)?,
            tracking_number: self.tracking_number,
        })
    }
}

/// Inserts a new order.
pub(crate) async fn insert(transaction: &mut Transaction, order: &Order) -> Result<(), CartError> {
    let lines = order.lines.iter().map(|line| LineJson {
        book_id: line.item.book_id.0,
        quantity: line.item.quantity,
        title: line.title.clone(),
        amount_minor: line.unit_price.amount_minor,
    });
    query(INSERT)
        .bind(order.order_id.to_string())
        .bind(order.account_id.to_string())
        .bind(to_json(&lines.collect::<Vec<_>>())?)
        .bind(&order.total.currency_code)
        .bind(order.total.amount_minor)
        .bind(to_json(&order.address)?)
        .bind(&order.payment_token)
        .bind(&order.receipt_email)
        .bind(order.state as i64)
        .bind(order.failure.map(|failure| failure as i64))
        .bind(order.decline_reason.map(|reason| reason as i64))
        .bind(order.reservation_id.to_string())
        .bind(order.hold_until.as_microsecond())
        .bind(order.hold as i64)
        .bind(order.charge as i64)
        .bind(order.transaction_id.map(|id| id.to_string()))
        .bind(order.refunded_minor)
        .bind(order.parked_reason.as_deref())
        .bind(order.created_at.as_microsecond())
        .bind(order.updated_at.as_microsecond())
        .bind(order.waiting_since.as_microsecond())
        .bind(order.tracking_number.as_deref())
        .execute(transaction)
        .await?;
    Ok(())
}

/// An order; `None` if it does not exist.
pub(crate) async fn get(
    connection: &mut Connection,
    order_id: OrderId,
) -> Result<Option<Order>, CartError> {
    let get = query(GET).bind(order_id.to_string());
    let row: Option<OrderRow> = get.fetch_optional(connection).await?;
    row.map(OrderRow::into_order).transpose()
}

/// An order, which is locked until the end of the transaction; `None` if it does not exist.
pub(crate) async fn lock(
    transaction: &mut Transaction,
    order_id: OrderId,
) -> Result<Option<Order>, CartError> {
    let lock = query(LOCK).bind(order_id.to_string());
    let row: Option<OrderRow> = lock.fetch_optional(transaction).await?;
    row.map(OrderRow::into_order).transpose()
}

/// Saves the progress of a locked order.
pub(crate) async fn save(transaction: &mut Transaction, order: &Order) -> Result<(), CartError> {
    query(SAVE)
        .bind(order.order_id.to_string())
        .bind(order.state as i64)
        .bind(order.failure.map(|failure| failure as i64))
        .bind(order.decline_reason.map(|reason| reason as i64))
        .bind(order.hold as i64)
        .bind(order.charge as i64)
        .bind(order.transaction_id.map(|id| id.to_string()))
        .bind(order.refunded_minor)
        // PostgreSQL cannot store U+0000.
        .bind(
            order
                .parked_reason
                .as_deref()
                .map(|reason| reason.replace('\0', "\u{fffd}")),
        )
        .bind(order.updated_at.as_microsecond())
        .bind(order.waiting_since.as_microsecond())
        .bind(order.tracking_number.as_deref())
        .execute(transaction)
        .await?;
    Ok(())
}

/// The orders of an account that are older than `before`, newest first.
pub(crate) async fn list(
    connection: &mut Connection,
    account_id: AccountId,
    before: OrderId,
    limit: i64,
) -> Result<Vec<Order>, CartError> {
    let rows: Vec<OrderRow> = query(LIST)
        .bind(account_id.to_string())
        .bind(before.to_string())
        .bind(limit)
        .long_running()
        .fetch_all(connection)
        .await?;
    rows.into_iter().map(OrderRow::into_order).collect()
}

/// The orders of all accounts before `before`, newest first, that pass the filter.
pub(crate) async fn list_all(
    connection: &mut Connection,
    filter: OrderFilter,
    before: OrderId,
    limit: i64,
) -> Result<Vec<Order>, CartError> {
    let list = if filter.parked_only {
        LIST_PARKED
    } else {
        LIST_ALL
    };
    let rows: Vec<OrderRow> = query(list)
        .bind(before.to_string())
        .bind(filter.state.map_or(0, |state| state as i64))
        .bind(limit)
        .long_running()
        .fetch_all(connection)
        .await?;
    rows.into_iter().map(OrderRow::into_order).collect()
}

/// The number of orders in each state that have a message of the topic in the outbox.
pub(crate) async fn count_in_progress(
    connection: &mut Connection,
    topic: &str,
) -> Result<Vec<(OrderState, i64)>, CartError> {
    let count = query(COUNT_IN_PROGRESS).bind(topic).long_running();
    let rows: Vec<(i64, i64)> = count.fetch_all(connection).await?;
    let counts = rows
        .into_iter()
        .map(|(state, orders)| Ok((known(OrderState::from_number, state)?, orders)));
    counts.collect()
}

/// The number of orders that wait for the operator.
pub(crate) async fn count_parked(connection: &mut Connection) -> Result<i64, CartError> {
    let (orders,) = query(COUNT_PARKED).fetch_one(connection).await?;
    Ok(orders)
}

fn to_json(value: &impl Serialize) -> Result<String, CartError> {
    serde_json::to_string(value).map_err(|error| CartError::Corrupt(format!("an order: {error}")))
}

pub(super) fn from_json<'j, T: Deserialize<'j>>(json: &'j str) -> Result<T, CartError> {
    serde_json::from_str(json).map_err(|error| CartError::Corrupt(format!("{json:?}: {error}")))
}

fn known<T>(from_number: fn(i64) -> Option<T>, number: i64) -> Result<T, CartError> {
    let corrupt = || CartError::Corrupt(format!("the number {number} of a state or reason"));
    from_number(number).ok_or_else(corrupt)
}

fn optional<T>(
    from_number: fn(i64) -> Option<T>,
    number: Option<i64>,
) -> Result<Option<T>, CartError> {
    number.map(|number| known(from_number, number)).transpose()
}

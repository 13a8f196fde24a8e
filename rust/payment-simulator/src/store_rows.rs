//! SQL statements of the simulator.

use service::Clock;
use sqlx::migrate::Migrator;
use store::{Connection, Error, Sql, Transaction, query};

static SQLITE: Migrator = sqlx::migrate!("migrations/sqlite");
static POSTGRES: Migrator = sqlx::migrate!("migrations/postgres");

/// The SQLite file `payment_simulator.db` or the PostgreSQL schema `payment_simulator`.
pub static SCHEMA: store::Schema = store::Schema {
    name: "payment_simulator",
    sqlite: &SQLITE,
    postgres: &POSTGRES,
};

store::statements! {
    const INSERT_CHARGE = Sql::portable(
        "INSERT INTO charges (charge_id, reference, currency_code, amount_minor, refunded_minor,
             created_at, held_event)
         VALUES ($1, $2, $3, $4, 0, $5, $6)",
    );

    const REFUND_CHARGE = Sql::portable(
        "UPDATE charges SET refunded_minor = refunded_minor + $2
         WHERE charge_id = $1 AND refunded_minor + $2 <= amount_minor",
    );

    const CHARGE_EXISTS = Sql::portable("SELECT amount_minor FROM charges WHERE charge_id = $1");

    const HELD_EVENT = Sql::portable("SELECT held_event FROM charges WHERE charge_id = $1");

    const CLEAR_HELD_EVENT =
        Sql::portable("UPDATE charges SET held_event = NULL WHERE charge_id = $1");

    const INSERT_REFUND = Sql::portable(
        "INSERT INTO refunds (refund_id, charge_id, amount_minor, created_at)
         VALUES ($1, $2, $3, $4)",
    );

    const FAIL_ONCE = Sql::portable(
        "INSERT INTO failed_requests (idempotency_key) VALUES ($1)
         ON CONFLICT (idempotency_key) DO NOTHING",
    );

    const TOTALS = Sql::portable(
        "SELECT COUNT(*), CAST(COALESCE(SUM(amount_minor), 0) AS BIGINT),
             CAST(COALESCE(SUM(refunded_minor), 0) AS BIGINT)
         FROM charges",
    );
}

pub(crate) async fn insert_charge(
    transaction: &mut Transaction,
    charge_id: &str,
    body: &crate::ChargeBody,
    held_event: Option<&str>,
    clock: &dyn Clock,
) -> Result<(), Error> {
    query(INSERT_CHARGE)
        .bind(charge_id)
        .bind(&body.reference)
        .bind(&body.currency_code)
        .bind(body.amount_minor)
        .bind(clock.now().as_microsecond())
        .bind(held_event)
        .execute(transaction)
        .await?;
    Ok(())
}

/// The event that a charge holds back, which is then forgotten. The caller has locked the charge.
pub(crate) async fn take_held_event(
    transaction: &mut Transaction,
    charge_id: &str,
) -> Result<Option<String>, Error> {
    let held: Option<(Option<String>,)> = query(HELD_EVENT)
        .bind(charge_id)
        .fetch_optional(transaction)
        .await?;
    let held = held.and_then(|(held,)| held);
    if held.is_some() {
        let clear = query(CLEAR_HELD_EVENT).bind(charge_id);
        clear.execute(transaction).await?;
    }
    Ok(held)
}

/// Adds to the refunded amount of a charge; `false` if too little is left or it does not exist.
pub(crate) async fn refund_charge(
    transaction: &mut Transaction,
    charge_id: &str,
    amount_minor: i64,
) -> Result<bool, Error> {
    let refund = query(REFUND_CHARGE).bind(charge_id).bind(amount_minor);
    Ok(refund.execute(transaction).await? == 1)
}

pub(crate) async fn charge_exists(
    connection: &mut Connection,
    charge_id: &str,
) -> Result<bool, Error> {
    let found: Option<(i64,)> = query(CHARGE_EXISTS)
        .bind(charge_id)
        .fetch_optional(connection)
        .await?;
    Ok(found.is_some())
}

pub(crate) async fn insert_refund(
    transaction: &mut Transaction,
    refund_id: &str,
    charge_id: &str,
    amount_minor: i64,
    clock: &dyn Clock,
) -> Result<(), Error> {
    query(INSERT_REFUND)
        .bind(refund_id)
        .bind(charge_id)
        .bind(amount_minor)
        .bind(clock.now().as_microsecond())
        .execute(transaction)
        .await?;
    Ok(())
}

/// Whether the request with this key has to fail now: it is the first one.
pub(crate) async fn fail_once(transaction: &mut Transaction, key: &str) -> Result<bool, Error> {
    Ok(query(FAIL_ONCE).bind(key).execute(transaction).await? == 1)
}

/// The number of charges, and the sums of their charged and refunded amounts.
pub(crate) async fn totals(connection: &mut Connection) -> Result<(i64, i64, i64), Error> {
    query(TOTALS).fetch_one(connection).await
}

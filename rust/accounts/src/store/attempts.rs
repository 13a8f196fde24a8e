//! Statements that limit attempts (generic cell rate algorithm). They are kept in the database
//! and not in memory, so that a restart does not forget them, and so that the processes that
//! share a database share the limits.

use std::time::Duration;

use jiff::Timestamp;
use sha2::{Digest as _, Sha256};
use store::{Sql, Transaction, query};

use crate::{AccountsError, domain::Limit};

store::statements! {
    /// Counts an attempt, unless the limit is reached. Times after `$5` were stored while the
    /// clock was ahead, and are forgotten at once.
    const COUNT = Sql::portable(
        "INSERT INTO attempts (attempt_key, forgotten_at) VALUES ($1, $2)
         ON CONFLICT (attempt_key) DO UPDATE SET forgotten_at = CASE
             WHEN attempts.forgotten_at > $3 AND attempts.forgotten_at <= $5
             THEN attempts.forgotten_at + $6 ELSE $2 END
         WHERE attempts.forgotten_at <= $4 OR attempts.forgotten_at > $5",
    );

    const GET = Sql::portable("SELECT forgotten_at FROM attempts WHERE attempt_key = $1");

    const GIVE_BACK = Sql::portable(
        "UPDATE attempts SET forgotten_at = forgotten_at - $2 WHERE attempt_key = $1",
    );

    const PRUNE = Sql::portable("DELETE FROM attempts WHERE forgotten_at <= $1");
}

fn key(counted: &str) -> Vec<u8> {
    Sha256::digest(counted).to_vec()
}

fn micros(duration: Duration) -> i64 {
    i64::try_from(duration.as_micros()).unwrap_or(i64::MAX)
}

/// Counts an attempt. If the limit is reached, nothing is counted, and the result is the time
/// until the next attempt.
pub(crate) async fn count(
    transaction: &mut Transaction,
    counted: &str,
    limit: Limit,
    now: Timestamp,
) -> Result<Option<Duration>, AccountsError> {
    let (now, interval) = (now.as_microsecond(), micros(limit.interval));
    let latest = now.saturating_add(interval.saturating_mul(limit.burst.into()));
    let allowed_until = latest.saturating_sub(interval);
    let counted_rows = query(COUNT)
        .bind(key(counted))
        .bind(now.saturating_add(interval))
        .bind(now)
        .bind(allowed_until)
        .bind(latest)
        .bind(interval)
        .execute(transaction)
        .await?;
    if counted_rows == 1 {
        return Ok(None);
    }
    let (forgotten_at,): (i64,) = query(GET).bind(key(counted)).fetch_one(transaction).await?;
    let wait = forgotten_at.saturating_sub(allowed_until).max(1);
    Ok(Some(Duration::from_micros(wait.unsigned_abs())))
}

/// Takes back an attempt that was counted.
pub(crate) async fn give_back(
    transaction: &mut Transaction,
    counted: &str,
    limit: Limit,
) -> Result<(), AccountsError> {
    query(GIVE_BACK)
        .bind(key(counted))
        .bind(micros(limit.interval))
        .execute(transaction)
        .await?;
    Ok(())
}

/// Deletes what is forgotten.
pub(crate) async fn prune(
    transaction: &mut Transaction,
    now: Timestamp,
) -> Result<u64, AccountsError> {
    let prune = query(PRUNE).bind(now.as_microsecond()).long_running();
    Ok(prune.execute(transaction).await?)
}

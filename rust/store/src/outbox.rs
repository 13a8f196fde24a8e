//! The outbox: messages that are committed together with a change, and delivered at least
//! once afterwards.
//!
//! ```
//! # use store::{Db, Error, outbox};
//! # async fn pay(db: &Db, order_id: &str, now: i64) -> Result<(), Error> {
//! store::write!(db, transaction => {
//!     // ... change the order ...
//!     outbox::enqueue(transaction, "order-paid", order_id, b"payload", now).await
//! })
//! # }
//! ```
//!
//! A worker calls [`claim`], delivers the messages, and calls [`acknowledge`] or [`fail`]
//! for each; the crate `service` has this worker. Times are in microseconds since 1970.
//!
//! - **At least once.** A claim is a lease. If the worker crashes, or does not acknowledge
//!   in time, the message is claimed again after the lease, so a delivery must be
//!   idempotent. While the lease lasts, no other worker gets the message. On SQLite
//!   the leases end when the database is opened, because only one process has it.
//! - **Ordered by key.** Only the oldest message of each key can be claimed. A dead message
//!   holds back the later ones of its key, because these may depend on it. Transactions
//!   that enqueue messages of the same key must exclude each other: they change (and so
//!   lock) the row of the thing that the key names before they enqueue.
//! - **Shared.** Several workers, also in several processes on one PostgreSQL, share the
//!   messages.

mod statements;

use opentelemetry::{Context, trace::TraceContextExt};

use self::statements::{
    ACKNOWLEDGE, BURY, CLAIM, ENQUEUE, GET, LIST, REQUEUE, RETRY, STATISTICS, WITHDRAW,
};
use crate::{Connection, Error, Transaction, query};

pub(crate) use self::statements::END_LEASES;
pub use self::statements::STATEMENTS;

/// No lease and no backoff may be longer: 15 minutes, in microseconds. A message that is available
/// later than that was stored while the clock was ahead, and is claimed at once; so after the clock
/// was set back, no message waits longer than this.
pub const MAX_DELAY: i64 = 15 * 60 * 1_000_000;

/// The channel of [`Db::listen`](crate::Db::listen) on which a topic is announced that has new
/// messages.
pub const CHANNEL: &str = "outbox";

/// A message that was claimed for delivery.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// The number of the message. It increases with every message of a key, and the same
    /// message has the same number in every attempt.
    pub sequence: i64,
    /// The key, such as the id of an order. The messages of one key are delivered in order.
    pub key: String,
    /// The content, as it was enqueued.
    pub payload: Vec<u8>,
    /// The number of this attempt, from 1.
    pub attempt: i64,
    /// The W3C trace context of the OpenTelemetry span that enqueued the message, if there was
    /// one.
    pub traceparent: Option<String>,
}

/// A message in the outbox, for the operator.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredMessage {
    /// The topic.
    pub topic: String,
    /// The message, with the number of its last attempt; 0 if there was none.
    pub message: Message,
    /// When it was enqueued.
    pub enqueued_at: i64,
    /// When it can be claimed.
    pub available_at: i64,
    /// Whether it is not delivered any more until it is requeued.
    pub dead: bool,
    /// Why the last attempt that has failed did so.
    pub last_error: Option<String>,
}

crate::row! {
    struct StoredRow {
        sequence: i64,
        topic: String,
        message_key: String,
        payload: Vec<u8>,
        attempts: i64,
        enqueued_at: i64,
        available_at: i64,
        dead: bool,
        last_error: Option<String>,
        traceparent: Option<String>,
    }
}

crate::row! {
    struct ClaimedRow {
        sequence: i64,
        message_key: String,
        payload: Vec<u8>,
        attempts: i64,
        traceparent: Option<String>,
    }
}

impl StoredRow {
    fn into_message(self) -> StoredMessage {
        StoredMessage {
            topic: self.topic,
            message: Message {
                sequence: self.sequence,
                key: self.message_key,
                payload: self.payload,
                attempt: self.attempts,
                traceparent: self.traceparent,
            },
            enqueued_at: self.enqueued_at,
            available_at: self.available_at,
            dead: self.dead,
            last_error: self.last_error,
        }
    }
}

/// The right of one worker to acknowledge the messages that it claimed.
#[derive(Debug, Clone, Copy)]
pub struct Lease<'l> {
    /// Identifies this claim; no other claim may have the same id.
    pub id: &'l str,
    /// When other workers may claim the messages again.
    pub until: i64,
}

/// The number of messages of a topic.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Statistics {
    /// Messages that are not delivered yet, without the dead ones.
    pub pending: i64,
    /// Dead messages.
    pub dead: i64,
    /// When the oldest pending message was enqueued.
    pub oldest_enqueued_at: Option<i64>,
}

/// Adds a message, which is delivered after the transaction is committed.
///
/// # Errors
/// [`Error`] if the statement fails.
pub async fn enqueue(
    transaction: &mut Transaction,
    topic: &str,
    key: &str,
    payload: &[u8],
    now: i64,
) -> Result<(), Error> {
    schedule(transaction, topic, key, payload, now).await?;
    transaction.notify(CHANNEL, topic);
    Ok(())
}

/// Adds a message that is delivered at a later time, and so wakes no worker.
///
/// # Errors
/// [`Error`] if the statement fails.
pub async fn schedule(
    transaction: &mut Transaction,
    topic: &str,
    key: &str,
    payload: &[u8],
    available_at: i64,
) -> Result<(), Error> {
    let enqueue = query(ENQUEUE).bind(topic).bind(key).bind(payload);
    let enqueue = enqueue.bind(available_at).bind(current_traceparent());
    enqueue.execute(transaction).await.map(drop)
}

/// The trace context of the running span; `None` if spans are not recorded.
fn current_traceparent() -> Option<String> {
    Context::map_current(|context| {
        let span = context.span();
        let span = span.span_context();
        let (trace_id, span_id) = (span.trace_id(), span.span_id());
        let flags = span.trace_flags().to_u8();
        span.is_valid()
            .then(|| format!("00-{trace_id:032x}-{span_id:016x}-{flags:02x}"))
    })
}

/// Claims at most `limit` messages of a topic, no two of them of the same key.
///
/// # Errors
/// [`Error`] if the statement fails.
pub async fn claim(
    transaction: &mut Transaction,
    topic: &str,
    lease: Lease<'_>,
    now: i64,
    limit: i64,
) -> Result<Vec<Message>, Error> {
    let rows: Vec<ClaimedRow> = query(CLAIM)
        .bind(lease.id)
        .bind(lease.until)
        .bind(topic)
        .bind(now)
        .bind(limit)
        .bind(now.saturating_add(MAX_DELAY))
        .fetch_all(transaction)
        .await?;
    let messages = rows.into_iter().map(|row| Message {
        sequence: row.sequence,
        key: row.message_key,
        payload: row.payload,
        attempt: row.attempts,
        traceparent: row.traceparent,
    });
    Ok(messages.collect())
}

/// Deletes a message that was delivered. `false` if the lease is over and another worker
/// has claimed the message since.
///
/// # Errors
/// [`Error`] if the statement fails.
pub async fn acknowledge(
    transaction: &mut Transaction,
    sequence: i64,
    lease_id: &str,
) -> Result<bool, Error> {
    let acknowledge = query(ACKNOWLEDGE).bind(sequence).bind(lease_id);
    Ok(acknowledge.execute(transaction).await? == 1)
}

/// Ends a failed attempt. The message is claimed again after `retry_at`, or is dead if that
/// is `None`. `false` if the lease is over and another worker has claimed the message since.
///
/// # Errors
/// [`Error`] if the statement fails.
pub async fn fail(
    transaction: &mut Transaction,
    sequence: i64,
    lease_id: &str,
    cause: &str,
    retry_at: Option<i64>,
) -> Result<bool, Error> {
    // PostgreSQL cannot store U+0000.
    let cause = cause.replace('\0', "\u{fffd}");
    let failed = match retry_at {
        Some(retry_at) => query(RETRY)
            .bind(sequence)
            .bind(lease_id)
            .bind(cause)
            .bind(retry_at),
        None => query(BURY).bind(sequence).bind(lease_id).bind(cause),
    };
    Ok(failed.execute(transaction).await? == 1)
}

/// Deletes the messages of a key that nobody has claimed, because there is nothing left to do.
///
/// # Errors
/// [`Error`] if the statement fails.
pub async fn withdraw(transaction: &mut Transaction, topic: &str, key: &str) -> Result<(), Error> {
    let withdraw = query(WITHDRAW).bind(topic).bind(key);
    withdraw.execute(transaction).await.map(drop)
}

/// The messages of some topics with a larger number than `after`, oldest first, at most `limit`.
///
/// # Errors
/// [`Error`] if the statement fails.
pub async fn list(
    connection: &mut Connection,
    topics: &[String],
    dead_only: bool,
    after: i64,
    limit: i64,
) -> Result<Vec<StoredMessage>, Error> {
    let list = query(LIST).bind(topics).bind(after).bind(dead_only);
    let rows: Vec<StoredRow> = list
        .bind(limit)
        .long_running()
        .fetch_all(connection)
        .await?;
    Ok(rows.into_iter().map(StoredRow::into_message).collect())
}

/// Makes a dead message of one of the topics available again, with no attempt made. A message
/// that is not dead stays as it is. Returns the message; `None` if there is none.
///
/// # Errors
/// [`Error`] if a statement fails.
pub async fn requeue(
    transaction: &mut Transaction,
    topics: &[String],
    sequence: i64,
    now: i64,
) -> Result<Option<StoredMessage>, Error> {
    let requeue = query(REQUEUE).bind(sequence).bind(now).bind(topics);
    let requeued = requeue.execute(transaction).await?;
    let get = query(GET).bind(sequence).bind(topics);
    let row: Option<StoredRow> = get.fetch_optional(transaction).await?;
    let message = row.map(StoredRow::into_message);
    if let Some(message) = message.as_ref().filter(|_| requeued == 1) {
        transaction.notify(CHANNEL, message.topic.as_str());
    }
    Ok(message)
}

/// Counts the messages of a topic.
///
/// # Errors
/// [`Error`] if the statement fails.
pub async fn statistics(connection: &mut Connection, topic: &str) -> Result<Statistics, Error> {
    let (pending, dead, oldest_enqueued_at) =
        query(STATISTICS).bind(topic).fetch_one(connection).await?;
    Ok(Statistics {
        pending,
        dead,
        oldest_enqueued_at,
    })
}

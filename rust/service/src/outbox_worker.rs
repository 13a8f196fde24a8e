//! The worker that delivers the messages of an outbox.

mod delivery_span;

use std::{fmt, sync::Arc, time::Duration};

use metrics::gauge;
use opentelemetry::{
    Context,
    context::FutureExt,
    trace::{Status, TraceContextExt},
};
use rand::RngExt;
use store::{
    Changes, Db, Listener,
    outbox::{self, Lease, Message},
};
use tokio::{
    task::JoinSet,
    time::{Instant, timeout},
};

use crate::{Clock, IdSource, PeriodicTask};

/// Messages are claimed when at least one of so many slots for deliveries is free.
const MIN_FREE_DIVISOR: usize = 4;

/// Why a message could not be delivered.
#[derive(Debug, thiserror::Error)]
pub enum DeliveryError {
    /// The delivery may succeed later: the worker repeats it after a backoff.
    #[error("{0}")]
    Temporary(String),
    /// The delivery can never succeed: the message is dead at once.
    #[error("{0}")]
    Permanent(String),
}

/// Delivers messages, for example by a call of another service.
pub trait OutboxHandler: Send + Sync + 'static {
    /// Delivers one message. It may be called again with the same message, also after a
    /// success, so it must be idempotent. It is cancelled after half of the lease.
    ///
    /// # Errors
    /// [`DeliveryError`] if the message was not delivered.
    fn deliver(&self, message: &Message) -> impl Future<Output = Result<(), DeliveryError>> + Send;

    /// Whether a delivery can succeed now. While it cannot, no message is claimed, so that many
    /// messages that wait cost nothing.
    fn is_available(&self) -> bool {
        true
    }
}

/// The options of an [`OutboxWorker`].
#[derive(Debug, Clone)]
pub struct OutboxOptions {
    /// How many messages are delivered concurrently. A slow one holds back no other.
    pub concurrency: u32,
    /// How long a claimed message is hidden from other workers. After a crash of the worker
    /// it is delivered again after this time. A delivery may take half of it.
    pub lease: Duration,
    /// After this many attempts a message is dead.
    pub max_attempts: u32,
    /// The longest backoff after the first failed attempt; it doubles with each attempt.
    pub first_backoff: Duration,
    /// The limit of the backoff.
    pub max_backoff: Duration,
    /// The source of time, the same as that of the code that enqueues.
    pub clock: Arc<dyn Clock>,
    /// The source of the ids of leases.
    pub ids: Arc<dyn IdSource>,
}

impl Default for OutboxOptions {
    fn default() -> Self {
        Self {
            concurrency: 16,
            lease: Duration::from_secs(60),
            max_attempts: 20,
            first_backoff: Duration::from_millis(500),
            max_backoff: Duration::from_secs(300),
            clock: Arc::new(crate::SystemClock),
            ids: Arc::new(crate::UuidV7Ids),
        }
    }
}

/// The task that delivers the messages of one topic, to be run by
/// [`run_periodically`](crate::run_periodically). A run ends when no message is available.
///
/// It publishes the gauges `outbox_pending`, `outbox_dead` and
/// `outbox_oldest_age_seconds` with the label `topic`.
pub struct OutboxWorker<H> {
    listener: Listener,
    deliverer: Arc<Deliverer<H>>,
    metrics_at: Option<Instant>,
}

/// What the deliveries share.
struct Deliverer<H> {
    db: Db,
    topic: &'static str,
    handler: H,
    options: OutboxOptions,
}

impl<H> fmt::Debug for OutboxWorker<H> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("OutboxWorker")
            .field("topic", &self.deliverer.topic)
            .field("options", &self.deliverer.options)
            .finish_non_exhaustive()
    }
}

impl<H: OutboxHandler> OutboxWorker<H> {
    /// How often the task should run. It is woken by new messages, also those of other
    /// processes on PostgreSQL; the interval is how late it finds the end of a backoff or of a
    /// lease, and a message whose notification was lost.
    pub const INTERVAL: Duration = Duration::from_secs(1);

    /// The metrics are published at most so often, because that reads all messages of the topic.
    const METRICS_INTERVAL: Duration = Duration::from_millis(500);

    /// A worker for one topic of the outbox in `db`. Must be called within a tokio runtime.
    pub fn new(db: Db, topic: &'static str, handler: H, options: OutboxOptions) -> Self {
        Self {
            listener: db.listen(outbox::CHANNEL),
            deliverer: Arc::new(Deliverer {
                db,
                topic,
                handler,
                options,
            }),
            metrics_at: None,
        }
    }

    async fn publish_metrics(&mut self) -> Result<(), store::Error> {
        let is_recent = |at: &Instant| at.elapsed() < Self::METRICS_INTERVAL;
        if self.metrics_at.as_ref().is_some_and(is_recent) {
            return Ok(());
        }
        self.deliverer.publish_metrics().await?;
        self.metrics_at = Some(Instant::now());
        Ok(())
    }

    /// Claims messages and starts their deliveries, until none is available or no more may run
    /// at the same time. The deliveries are tasks, so that they go on during a claim: on SQLite
    /// both wait for the same writer.
    async fn start_deliveries(
        &self,
        deliveries: &mut JoinSet<Result<(), store::Error>>,
    ) -> Result<bool, store::Error> {
        let concurrency = self.deliverer.options.concurrency as usize;
        let free = concurrency.saturating_sub(deliveries.len());
        // A claim for each single slot would cost as much as the deliveries.
        if free * MIN_FREE_DIVISOR < concurrency {
            return Ok(true);
        }
        // The next run of the task asks again.
        if !self.deliverer.handler.is_available() {
            return Ok(false);
        }
        let lease_id: Arc<str> = self.deliverer.options.ids.next_id().to_string().into();
        let messages = self.deliverer.claim(&lease_id, free).await?;
        let may_be_more = messages.len() == free;
        for message in messages {
            let (deliverer, lease_id) = (Arc::clone(&self.deliverer), Arc::clone(&lease_id));
            deliveries.spawn(async move { deliverer.deliver_one(&message, &lease_id).await });
        }
        Ok(may_be_more)
    }
}

impl<H: OutboxHandler> Deliverer<H> {
    fn now(&self) -> i64 {
        self.options.clock.now().as_microsecond()
    }

    async fn claim(&self, lease_id: &str, limit: usize) -> Result<Vec<Message>, store::Error> {
        let now = self.now();
        let lease = Lease {
            id: lease_id,
            until: now.saturating_add(micros(self.options.lease)),
        };
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        store::write!(self.db, transaction => {
            outbox::claim(transaction, self.topic, lease, now, limit).await
        })
    }

    async fn deliver_one(&self, message: &Message, lease_id: &str) -> Result<(), store::Error> {
        let max_attempts = i64::from(self.options.max_attempts);
        let outcome = if message.attempt > max_attempts {
            // Every worker that tried crashed before it could record the failure.
            Err(DeliveryError::Permanent(format!(
                "none of {max_attempts} attempts ended"
            )))
        } else {
            self.deliver_in_span(message).await
        };
        let sequence = message.sequence;
        let current = match outcome {
            Ok(()) => store::write!(self.db, transaction => {
                outbox::acknowledge(transaction, sequence, lease_id).await
            })?,
            Err(error) => {
                let retry_at = match &error {
                    DeliveryError::Temporary(_) if message.attempt < max_attempts => Some(
                        self.now()
                            .saturating_add(micros(self.backoff(message.attempt))),
                    ),
                    DeliveryError::Temporary(_) | DeliveryError::Permanent(_) => None,
                };
                self.log_failure(message, &error, retry_at.is_none());
                let cause = error.to_string();
                store::write!(self.db, transaction => {
                    outbox::fail(transaction, sequence, lease_id, &cause, retry_at).await
                })?
            }
        };
        if !current {
            tracing::warn!(
                topic = self.topic,
                sequence,
                "an outbox message was claimed again before its delivery was recorded"
            );
        }
        Ok(())
    }

    /// Delivers a message as part of the trace that has enqueued it.
    async fn deliver_in_span(&self, message: &Message) -> Result<(), DeliveryError> {
        let span = delivery_span::start(self.topic, message);
        let context = span.clone().unwrap_or_else(Context::current);
        let limit = self.options.lease / 2;
        let delivery = timeout(limit, self.handler.deliver(message)).with_context(context);
        let outcome = delivery.await.unwrap_or_else(|_| {
            Err(DeliveryError::Temporary(format!(
                "the delivery took longer than {limit:?}"
            )))
        });
        if let Some(context) = span {
            if outcome.is_err() {
                context.span().set_status(Status::error(""));
            }
            context.span().end();
        }
        outcome
    }

    fn log_failure(&self, message: &Message, error: &DeliveryError, dead: bool) {
        let Message {
            sequence,
            key,
            attempt,
            ..
        } = message;
        let topic = self.topic;
        if dead {
            tracing::error!(topic, sequence, key, attempt, %error, "an outbox message is dead: mend the cause and requeue it");
        } else {
            tracing::warn!(topic, sequence, key, attempt, %error, "an outbox message was not delivered");
        }
    }

    /// The upper half of an exponential backoff, at random.
    fn backoff(&self, attempt: i64) -> Duration {
        let doublings = u32::try_from(attempt - 1).unwrap_or(0);
        let factor = 1_u32.checked_shl(doublings).unwrap_or(u32::MAX);
        let longest = self.options.first_backoff.saturating_mul(factor);
        longest
            .min(self.options.max_backoff)
            .mul_f64(rand::rng().random_range(0.5..1.0))
    }

    async fn publish_metrics(&self) -> Result<(), store::Error> {
        let statistics = store::read!(self.db, connection => {
            outbox::statistics(connection, self.topic).await
        })?;
        let oldest_age = statistics
            .oldest_enqueued_at
            .map_or(0, |enqueued_at| (self.now() - enqueued_at).max(0));
        let topic = self.topic;
        gauge!("outbox_pending", "topic" => topic).set(statistics.pending as f64);
        gauge!("outbox_dead", "topic" => topic).set(statistics.dead as f64);
        gauge!("outbox_oldest_age_seconds", "topic" => topic).set(oldest_age as f64 / 1e6);
        Ok(())
    }
}

impl<H: OutboxHandler> PeriodicTask for OutboxWorker<H> {
    const NAME: &'static str = "deliver the messages of the outbox";

    type Error = store::Error;

    async fn run(&mut self) -> Result<(), store::Error> {
        let mut deliveries = JoinSet::new();
        let mut outcome = Ok(());
        // Whether there may be messages that can be claimed.
        let mut available = true;
        loop {
            if outcome.is_ok() {
                outcome = self.publish_metrics().await;
            }
            if outcome.is_ok() && available {
                match self.start_deliveries(&mut deliveries).await {
                    Ok(may_be_more) => available = may_be_more,
                    Err(error) => outcome = Err(error),
                }
            }
            tokio::select! {
                delivery = deliveries.join_next() => match delivery {
                    // The next message of a key is available when the one before is delivered.
                    Some(Ok(Ok(()))) => available |= deliveries.is_empty(),
                    // The other deliveries end before the error is returned.
                    Some(Ok(Err(error))) => outcome = outcome.and(Err(error)),
                    Some(Err(error)) => {
                        let topic = self.deliverer.topic;
                        tracing::error!(topic, %error, "a delivery panicked: it is repeated after the lease");
                    }
                    None => return outcome,
                },
                () = self.wait_for_work(), if outcome.is_ok() && !available => available = true,
            }
        }
    }

    async fn wait_for_work(&mut self) {
        loop {
            match self.listener.next().await {
                Changes::Keys(topics) if !topics.contains(self.deliverer.topic) => {}
                Changes::Keys(_) | Changes::All => return,
            }
        }
    }
}

fn micros(duration: Duration) -> i64 {
    i64::try_from(duration.as_micros()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests;

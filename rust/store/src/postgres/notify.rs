//! Notifications by `NOTIFY` and `LISTEN`. The channel of PostgreSQL is the name of the schema.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, MutexGuard, PoisonError, Weak},
    time::Duration,
};

use sqlx::{
    pool::PoolOptions,
    postgres::{PgConnectOptions, PgListener, PgNotification},
};
use tokio::{sync::watch, time::sleep};

use super::{CONNECT_TIMEOUT, Postgres, Shared};
use crate::{
    Error,
    notify::{Notifier, Origin},
};

/// The shortest time between two notifications of a process: a burst of changes becomes one.
const SEND_INTERVAL: Duration = Duration::from_millis(10);

/// PostgreSQL refuses payloads of 8,000 bytes.
const MAX_PAYLOAD_BYTES: usize = 7_999;

/// The pause after a connection that listened was lost.
const RECONNECT_PAUSE: Duration = Duration::from_millis(200);

/// Changed keys by channel that are not sent yet.
#[derive(Debug, Default)]
pub(super) struct Outgoing {
    pending: BTreeMap<String, BTreeSet<String>>,
    /// Whether a task sends them.
    sending: bool,
}

impl Postgres {
    /// Tells the other processes that keys of a channel changed, without waiting for it.
    pub(crate) fn notify(&self, channel: &str, keys: BTreeSet<String>) {
        let mut outgoing = self.0.outgoing();
        let pending = outgoing.pending.entry(channel.to_owned()).or_default();
        pending.extend(keys);
        if !std::mem::replace(&mut outgoing.sending, true) {
            let postgres = self.clone();
            tokio::spawn(async move { postgres.send_notifications().await });
        }
    }

    async fn send_notifications(&self) {
        loop {
            let batch = {
                let mut outgoing = self.0.outgoing();
                outgoing.sending = !outgoing.pending.is_empty();
                if !outgoing.sending {
                    return;
                }
                std::mem::take(&mut outgoing.pending)
            };
            for (channel, keys) in batch {
                if let Err(error) = self.send(&channel, &keys).await {
                    tracing::debug!(%error, channel, "other processes were not notified");
                }
            }
            sleep(SEND_INTERVAL).await;
        }
    }

    async fn send(&self, channel: &str, keys: &BTreeSet<String>) -> Result<(), Error> {
        let encode = |keys: Option<&BTreeSet<String>>| {
            serde_json::to_string(&(&self.0.instance, channel, keys)).unwrap_or_default()
        };
        let mut payload = encode(Some(keys));
        if payload.len() > MAX_PAYLOAD_BYTES {
            payload = encode(None);
        }
        let mut reader = self.acquire().await?;
        let notify = sqlx::query("SELECT pg_notify($1, $2)")
            .bind(self.0.schema)
            .bind(payload);
        self.supervise(notify.execute(reader.raw())).await?;
        Ok(())
    }

    /// Starts the task that receives notifications, unless it runs.
    pub(crate) fn receive_notifications(&self, notifier: &Arc<Notifier>) {
        let mut receiving = self.0.receiving();
        if receiving.is_none() {
            let receiver = Receiver {
                options: self.0.options.clone(),
                schema: self.0.schema,
                instance: self.0.instance.clone(),
                availability: self.availability(),
                notifier: Arc::downgrade(notifier),
            };
            *receiving = Some(tokio::spawn(receiver.run()).abort_handle());
        }
    }
}

impl Shared {
    fn outgoing(&self) -> MutexGuard<'_, Outgoing> {
        let outgoing = self.outgoing.lock();
        outgoing.unwrap_or_else(PoisonError::into_inner)
    }
}

/// Receives notifications on a connection of its own.
struct Receiver {
    options: PgConnectOptions,
    schema: &'static str,
    instance: String,
    availability: watch::Receiver<bool>,
    notifier: Weak<Notifier>,
}

impl Receiver {
    /// Runs until it is aborted, which happens when the database is closed or dropped.
    async fn run(mut self) {
        while self.availability.wait_for(|it| *it).await.is_ok() {
            if let Err(error) = self.receive().await {
                tracing::debug!(%error, "the connection for notifications was lost");
            }
            sleep(RECONNECT_PAUSE).await;
        }
    }

    /// Runs until the connection is lost.
    async fn receive(&mut self) -> Result<(), sqlx::Error> {
        let pool = PoolOptions::new()
            .max_connections(1)
            .acquire_timeout(CONNECT_TIMEOUT)
            .connect_lazy_with(self.options.clone());
        let mut listener = PgListener::connect_with(&pool).await?;
        listener.listen(self.schema).await?;
        // What was sent before is lost.
        if let Some(notifier) = self.notifier.upgrade() {
            notifier.deliver(Origin::Elsewhere, None, None);
        }
        let mut availability = self.availability.clone();
        loop {
            tokio::select! {
                received = listener.try_recv() => match received? {
                    Some(notification) => self.deliver(&notification),
                    None => return Ok(()),
                },
                _ = availability.wait_for(|it| !it) => return Ok(()),
            }
        }
    }

    fn deliver(&self, notification: &PgNotification) {
        type Payload = (String, String, Option<BTreeSet<String>>);
        let Ok((instance, channel, keys)) = serde_json::from_str::<Payload>(notification.payload())
        else {
            tracing::debug!(payload = notification.payload(), "an unknown notification");
            return;
        };
        if instance != self.instance
            && let Some(notifier) = self.notifier.upgrade()
        {
            notifier.deliver(Origin::Elsewhere, Some(&channel), keys.as_ref());
        }
    }
}

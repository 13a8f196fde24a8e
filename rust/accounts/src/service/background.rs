//! The background tasks: send the mails, let other services delete what they keep about deleted
//! accounts, and delete what has expired.

use std::{sync::Arc, time::Duration};

use service::{
    OutboxHandler, OutboxOptions, OutboxView, OutboxWorker, PeriodicTask, PruneIdempotencyKeys,
};
use store::outbox::Message;
use tokio_util::task::AbortOnDropHandle;

use super::{
    deletions::{self, DeleteData},
    mails::{self, SendMails},
};
use crate::{
    Accounts, AccountsError,
    domain::{RESET_LIFETIME, SIGN_UP_LIFETIME},
    store as rows,
};

/// After so many attempts a mail is dead: with the longest backoff of five minutes, about a day
/// after it was written, when its token has expired.
const MAX_MAIL_ATTEMPTS: u32 = 300;

/// After so many attempts a deletion is dead: with the longest backoff of five minutes, about a
/// month after the account was deleted. The operator can repeat it then.
const MAX_DELETION_ATTEMPTS: u32 = 8640;

/// Deletes expired sessions and tokens, and attempts that are forgotten.
pub(crate) struct Prune(pub(crate) Accounts);

impl Prune {
    /// How often the task should run: every ten minutes.
    const INTERVAL: Duration = Duration::from_secs(600);
}

impl PeriodicTask for Prune {
    const NAME: &'static str = "delete expired sessions and tokens";

    type Error = AccountsError;

    async fn run(&mut self) -> Result<(), AccountsError> {
        let accounts = &self.0;
        let now = accounts.now();
        let (sign_ups, resets) = (
            accounts.before_now(SIGN_UP_LIFETIME),
            accounts.before_now(RESET_LIFETIME),
        );
        let pruned = store::write!(accounts.db(), transaction => {
            let pruned = rows::sign_ups::prune(transaction, sign_ups).await?
                + rows::resets::prune(transaction, resets).await?
                + rows::sessions::prune(transaction, now).await?
                + rows::attempts::prune(transaction, now).await?;
            Ok::<_, AccountsError>(pruned)
        })?;
        if pruned > 0 {
            tracing::debug!(pruned, "deleted expired sessions, tokens and attempts");
        }
        Ok(())
    }
}

impl Accounts {
    /// Starts the tasks that send the mails, finish deletions and delete what has expired. They
    /// end when the handle is dropped. Must be called within a tokio runtime.
    #[must_use = "the tasks end when the handle is dropped"]
    pub fn run_in_background(&self) -> AbortOnDropHandle<()> {
        let clock = Arc::clone(&self.inner.options.clock);
        let prune_keys = PruneIdempotencyKeys::new(self.db().clone(), clock);
        service::run_together([
            service::run_periodically(OutboxWorker::<SendMails>::INTERVAL, self.mail_worker()),
            service::run_periodically(OutboxWorker::<DeleteData>::INTERVAL, self.deletion_worker()),
            service::run_periodically(Prune::INTERVAL, Prune(self.clone())),
            service::run_periodically(PruneIdempotencyKeys::INTERVAL, prune_keys),
        ])
    }

    /// The task that sends the mails.
    pub(crate) fn mail_worker(&self) -> OutboxWorker<SendMails> {
        let handler = SendMails(self.clone());
        self.outbox_worker(mails::TOPIC, handler, MAX_MAIL_ATTEMPTS)
    }

    /// The task that lets other services delete what they keep about deleted accounts.
    pub(crate) fn deletion_worker(&self) -> OutboxWorker<DeleteData> {
        let handler = DeleteData(self.clone());
        self.outbox_worker(deletions::TOPIC, handler, MAX_DELETION_ATTEMPTS)
    }

    fn outbox_worker<H: OutboxHandler>(
        &self,
        topic: &'static str,
        handler: H,
        max_attempts: u32,
    ) -> OutboxWorker<H> {
        let options = &self.inner.options;
        let outbox_options = OutboxOptions {
            max_attempts,
            clock: Arc::clone(&options.clock),
            ids: Arc::clone(&options.ids),
            ..OutboxOptions::default()
        };
        OutboxWorker::new(self.db().clone(), topic, handler, outbox_options)
    }

    /// What is not delivered yet.
    pub(crate) fn outbox(&self) -> OutboxView {
        let clock = Arc::clone(&self.inner.options.clock);
        let topics = [mails::TOPIC, deletions::TOPIC];
        OutboxView::new(self.db().clone(), clock, &topics, summarize)
    }
}

/// Says in words what a message does.
fn summarize(topic: &str, message: &Message) -> String {
    match topic {
        deletions::TOPIC => deletions::summarize(&message.payload),
        _ => mails::summarize(&message.payload),
    }
}

//! What the operator sees of the outbox of a service, and can do about it.

use std::sync::Arc;

use contract::bookstore::r#type::v1::{OutboxMessage, OutboxMessageState};
use jiff::Timestamp;
use store::{
    Db,
    outbox::{self, Message, StoredMessage},
};

use crate::{Clock, ConversionError, InvalidPageToken, Page, PageScope, convert};

/// The version of the page tokens.
const TOKEN_VERSION: u8 = 1;

/// The longest summary and error of the contract, in characters.
const MAX_SUMMARY: usize = 500;
const MAX_ERROR: usize = 1000;

/// The outbox of a service: the methods `ListOutboxMessages` and `RetryOutboxMessage`.
#[derive(Debug, Clone)]
pub struct OutboxView {
    db: Db,
    clock: Arc<dyn Clock>,
    topics: Vec<String>,
    summarize: fn(topic: &str, message: &Message) -> String,
}

impl OutboxView {
    /// The messages of some topics in the outbox in `db`. `summarize` says in words what a
    /// message does, without the secrets in its payload.
    pub fn new(
        db: Db,
        clock: Arc<dyn Clock>,
        topics: &[&str],
        summarize: fn(topic: &str, message: &Message) -> String,
    ) -> Self {
        Self {
            db,
            clock,
            topics: topics.iter().map(|&topic| topic.to_owned()).collect(),
            summarize,
        }
    }

    /// A page of the messages, oldest first.
    ///
    /// # Errors
    /// [`InvalidPageToken`], or an error of the database.
    pub async fn list<E>(
        &self,
        dead_only: bool,
        page_size: u32,
        page_token: &str,
    ) -> Result<Page<OutboxMessage>, E>
    where
        E: From<InvalidPageToken> + From<ConversionError> + From<store::Error>,
    {
        let scope = PageScope::new(TOKEN_VERSION, "ListOutboxMessages").with([u8::from(dead_only)]);
        let after = scope.decode(page_token)?.unwrap_or_default();
        let limit = i64::from(page_size) + 1;
        let messages = store::read!(self.db, connection => {
            outbox::list(connection, &self.topics, dead_only, after, limit).await
        })?;
        let messages: Result<Vec<_>, E> = messages
            .into_iter()
            .map(|stored| Ok(self.to_proto(stored)?))
            .collect();
        Page::from_items(messages?, page_size, |last| {
            Ok(scope.encode(&last.message_id)?)
        })
    }

    /// Lets a dead message be delivered again; `None` if there is no such message.
    ///
    /// # Errors
    /// An error of the database.
    pub async fn retry<E>(&self, message_id: i64) -> Result<Option<OutboxMessage>, E>
    where
        E: From<ConversionError> + From<store::Error>,
    {
        let now = self.clock.now().as_microsecond();
        let stored = store::write!(self.db, transaction => {
            outbox::requeue(transaction, &self.topics, message_id, now).await
        })?;
        let message = stored.map(|stored| self.to_proto(stored));
        Ok(message.transpose()?)
    }

    fn to_proto(&self, stored: StoredMessage) -> Result<OutboxMessage, ConversionError> {
        let message = stored.message;
        let state = match &stored.last_error {
            _ if stored.dead => OutboxMessageState::Dead,
            Some(_) if message.attempt > 0 => OutboxMessageState::Retried,
            _ => OutboxMessageState::Waiting,
        };
        let time = |field, micros| {
            let time = Timestamp::from_microsecond(micros);
            let time = time.map_err(|_| ConversionError::new(field, micros))?;
            Ok(Some(convert::timestamp_to_proto(time)))
        };
        let summary = (self.summarize)(&stored.topic, &message);
        let last_error = stored.last_error.unwrap_or_default();
        Ok(OutboxMessage {
            message_id: message.sequence,
            topic: stored.topic,
            summary: summary.chars().take(MAX_SUMMARY).collect(),
            state: state.into(),
            attempts: i32::try_from(message.attempt).unwrap_or(i32::MAX),
            last_error: last_error.chars().take(MAX_ERROR).collect(),
            enqueue_time: time("enqueue_time", stored.enqueued_at)?,
            next_attempt_time: if stored.dead {
                None
            } else {
                time("next_attempt_time", stored.available_at)?
            },
        })
    }
}

//! The fake of the outbox of a service.

use std::sync::{Arc, Mutex};

use contract::bookstore::r#type::v1::{OutboxMessage, OutboxMessageState};

use crate::lock;

/// The messages that a fake service has not delivered. Clones share them.
#[derive(Clone, Debug, Default)]
pub struct FakeOutbox(Arc<Mutex<Vec<OutboxMessage>>>);

impl FakeOutbox {
    /// Adds a message with the next id.
    pub fn add(&self, topic: &str, summary: &str, state: OutboxMessageState, last_error: &str) {
        let mut messages = lock(&self.0);
        let message_id = i64::try_from(messages.len()).unwrap_or(i64::MAX) + 1;
        messages.push(OutboxMessage {
            message_id,
            topic: topic.to_owned(),
            summary: summary.to_owned(),
            state: state.into(),
            attempts: 1,
            last_error: last_error.to_owned(),
            enqueue_time: Some(prost_types::Timestamp::default()),
            next_attempt_time: None,
        });
    }

    /// All messages, oldest first.
    pub fn messages(&self) -> Vec<OutboxMessage> {
        lock(&self.0).clone()
    }

    /// The messages of one page; the token is ignored.
    pub(crate) fn list(&self, dead_only: bool) -> Vec<OutboxMessage> {
        let mut messages = self.messages();
        messages.retain(|message| !dead_only || message.state() == OutboxMessageState::Dead);
        messages
    }

    /// Lets a message be delivered again; `None` if there is none.
    pub(crate) fn retry(&self, message_id: i64) -> Option<OutboxMessage> {
        let mut messages = lock(&self.0);
        let mut found = messages.iter_mut();
        let message = found.find(|message| message.message_id == message_id)?;
        message.set_state(OutboxMessageState::Waiting);
        Some(message.clone())
    }
}

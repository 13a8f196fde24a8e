//! Logs what happens to the connection to NATS.

use std::sync::{Mutex, PoisonError};

use async_nats::{ClientError, Event, ServerError};

/// Logs an error once until another one or a connection follows: the client tries to connect
/// again every four seconds.
#[derive(Debug, Default)]
pub(crate) struct ConnectionLog {
    last_error: Mutex<Option<String>>,
}

impl ConnectionLog {
    pub(crate) fn record(&self, event: &Event) {
        match event {
            Event::Connected => {
                self.set_last_error(None);
                tracing::info!("connected to NATS: events are published");
            }
            Event::Disconnected => {
                tracing::warn!("the connection to NATS is lost: events wait in the outbox");
            }
            Event::ServerError(ServerError::AuthorizationViolation) => self.refused(event),
            Event::ClientError(ClientError::Other(cause)) if cause.contains("authorization") => {
                self.refused(event);
            }
            Event::ServerError(_) | Event::ClientError(_) => {
                let error = event.to_string();
                if self.set_last_error(Some(error.clone())) {
                    tracing::warn!(error, "NATS cannot be used: events wait in the outbox");
                }
            }
            _ => {}
        }
    }

    fn refused(&self, event: &Event) {
        let error = event.to_string();
        if self.set_last_error(Some(error.clone())) {
            tracing::error!(
                error,
                "NATS refuses the credentials, and events wait in the outbox: check \
                 --nats-credentials-file, --nats-token-file or the password in --nats-url, and \
                 start the process again"
            );
        }
    }

    /// Whether the error is another one than the last.
    fn set_last_error(&self, error: Option<String>) -> bool {
        let last_error = self.last_error.lock();
        let mut last_error = last_error.unwrap_or_else(PoisonError::into_inner);
        let differs = *last_error != error;
        *last_error = error;
        differs
    }
}

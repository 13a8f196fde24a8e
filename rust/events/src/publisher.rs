//! The client of NATS JetStream.

use std::{
    fmt, io,
    path::PathBuf,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use async_nats::{
    Client, ConnectOptions, ServerAddr,
    connection::State,
    jetstream::{Context, context::PublishErrorKind, message::PublishMessage},
};
use opentelemetry::trace::TraceContextExt;
use rpc::TraceContext;
use service::DeliveryError;
use tokio::time::Instant;
use uuid::Uuid;

use crate::connection_log::ConnectionLog;

/// How long JetStream may take to acknowledge an event. Less than half of the lease of an outbox.
const ACKNOWLEDGE_LIMIT: Duration = Duration::from_secs(5);

/// How long nothing is published after a failure. Without it each of the events that wait would
/// fail on its own, and cost two transactions each time.
const PAUSE: Duration = Duration::from_secs(2);

/// Where the NATS servers are, and how the process identifies itself.
#[derive(Clone, Default)]
pub struct Options {
    /// The addresses of the servers of one cluster, such as `nats://127.0.0.1:4222`, or `tls://` to
    /// refuse connections without TLS.
    pub urls: Vec<String>,
    /// The content of a credentials file of NATS: a JWT and the seed of an NKey.
    pub credentials: Option<String>,
    /// An authentication token.
    pub token: Option<String>,
    /// The file with the certificate authorities of the servers, in PEM. Without it those of the
    /// operating system are trusted.
    pub authorities: Option<PathBuf>,
    /// The files with the certificate of this client and its private key, in PEM.
    pub identity: Option<(PathBuf, PathBuf)>,
}

/// Why the settings of a [`Publisher`] cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ConnectError {
    /// An address is not valid. It is not shown because it may contain a password.
    #[error("the URL of a NATS server is not valid: write nats://HOST:4222 or tls://HOST:4222")]
    Url,
    /// The credentials are not those of NATS.
    #[error(
        "the credentials are not valid: a credentials file of NATS has a JWT and a seed, for \
         example as `nsc generate creds` writes it"
    )]
    Credentials(#[source] io::Error),
    /// The client cannot start.
    #[error("the client of NATS cannot start")]
    Client(#[source] async_nats::ConnectError),
}

/// A message for a stream of JetStream.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event<'e> {
    /// The message id by which the stream and its consumers know duplicates.
    pub id: Uuid,
    /// The subject, such as `bookstore.cart.v1.order.paid`.
    pub subject: &'e str,
    /// The full name of the message of the contract, such as `bookstore.cart.v1.OrderEvent`.
    pub message_type: &'e str,
    /// The encoded message.
    pub body: Vec<u8>,
    /// The W3C trace context of what has enqueued the event.
    pub traceparent: Option<&'e str>,
}

/// Publishes events. Clones share the connection, which is made in the background and again
/// whenever it is lost.
#[derive(Clone)]
pub struct Publisher {
    client: Client,
    jetstream: Context,
    paused_until: Arc<Mutex<Option<Instant>>>,
}

impl fmt::Debug for Publisher {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Publisher").finish_non_exhaustive()
    }
}

impl Publisher {
    /// Starts to connect, and does not wait for the connection: the server may be down.
    /// Must be called within a tokio runtime.
    ///
    /// # Errors
    /// [`ConnectError`] if the settings are not valid.
    pub async fn connect(options: Options) -> Result<Self, ConnectError> {
        let urls: Result<Vec<_>, _> = options.urls.iter().map(|url| address(url)).collect();
        let urls = urls?;
        let log = ConnectionLog::default();
        let mut connect = ConnectOptions::new()
            .name("bookstore")
            .retry_on_initial_connect()
            .event_callback(move |event| {
                log.record(&event);
                std::future::ready(())
            });
        if let Some(credentials) = &options.credentials {
            let with_credentials = connect.credentials(credentials);
            connect = with_credentials.map_err(ConnectError::Credentials)?;
        }
        if let Some(token) = options.token {
            connect = connect.token(token);
        }
        if let Some(authorities) = options.authorities {
            connect = connect.add_root_certificates(authorities);
        }
        if let Some((certificate, key)) = options.identity {
            connect = connect.add_client_certificate(certificate, key);
        }
        let client = connect.connect(urls).await.map_err(ConnectError::Client)?;
        let mut jetstream = async_nats::jetstream::new(client.clone());
        jetstream.set_timeout(ACKNOWLEDGE_LIMIT);
        Ok(Self {
            client,
            jetstream,
            paused_until: Arc::default(),
        })
    }

    /// Whether events can be published now. Without a connection they cannot: the client would
    /// keep them and send them when it is connected again, maybe after later ones.
    pub fn is_available(&self) -> bool {
        let paused_until = self.paused_until.lock();
        let paused_until = *paused_until.unwrap_or_else(PoisonError::into_inner);
        self.client.connection_state() == State::Connected
            && paused_until.is_none_or(|until| Instant::now() >= until)
    }

    /// Publishes an event, and waits until JetStream has stored it.
    ///
    /// # Errors
    /// [`DeliveryError::Permanent`] if the event is larger than the server allows;
    /// [`DeliveryError::Temporary`] if it was not acknowledged, although it may be stored.
    pub async fn publish(&self, event: Event<'_>) -> Result<(), DeliveryError> {
        if self.client.connection_state() != State::Connected {
            return Err(self.pause("there is no connection to NATS".to_owned()));
        }
        let mut message = PublishMessage::build()
            .message_id(event.id.to_string())
            .header("Content-Type", "application/protobuf")
            .header("Message-Type", event.message_type)
            .payload(event.body.into());
        if let Some(traceparent) = traceparent(event.traceparent) {
            message = message.header("traceparent", traceparent.as_str());
        }
        let published = self
            .jetstream
            .send_publish(event.subject.to_owned(), message);
        let acknowledged = match published.await {
            Ok(acknowledgement) => acknowledgement.await,
            Err(error) => Err(error),
        };
        let subject = event.subject;
        let error = match acknowledged {
            Err(error) => error,
            Ok(acknowledgement) => {
                if acknowledgement.duplicate {
                    tracing::debug!(subject, id = %event.id, "the stream has the event already");
                }
                return Ok(());
            }
        };
        Err(match error.kind() {
            PublishErrorKind::MaxPayloadExceeded => {
                DeliveryError::Permanent(format!("{subject} is not published: {error}"))
            }
            PublishErrorKind::StreamNotFound => self.pause(format!(
                "no stream of JetStream stores {subject}: create one, for example by nats stream \
                 add BOOKSTORE --subjects 'bookstore.>'"
            )),
            _ => self.pause(format!("{subject} is not published: {error}")),
        })
    }

    fn pause(&self, cause: String) -> DeliveryError {
        let paused_until = self.paused_until.lock();
        *paused_until.unwrap_or_else(PoisonError::into_inner) = Some(Instant::now() + PAUSE);
        DeliveryError::Temporary(cause)
    }
}

fn address(url: &str) -> Result<ServerAddr, ConnectError> {
    let address = url.parse::<ServerAddr>().map_err(|_| ConnectError::Url)?;
    if !["nats", "tls"].contains(&address.scheme()) || address.host().is_empty() {
        return Err(ConnectError::Url);
    }
    Ok(address)
}

/// The trace context of the running span, or else of what has enqueued the event.
fn traceparent(enqueued: Option<&str>) -> Option<String> {
    let context = opentelemetry::Context::current();
    if context.span().span_context().is_valid() {
        return Some(TraceContext::of_span(&context).to_string());
    }
    enqueued.map(str::to_owned)
}

//! Webhooks: events that are sent to a URL, signed, until the receiver accepts them.

use std::{fmt, sync::Arc, time::Duration};

use bytes::Bytes;
use http::{Request, Uri, header::CONTENT_TYPE};
use http_body_util::Full;
use hyper_util::{client::legacy::Client, rt::TokioExecutor};
use ring::hmac;
use rpc::{ClientTls, HttpsConnector};
use service::{Clock, DeliveryError, OutboxHandler, OutboxOptions, OutboxWorker};
use store::outbox::Message;
use tokio::time::timeout;

use crate::{Simulator, events::TOPIC};

/// The header with the time and the signature of a webhook.
pub const SIGNATURE_HEADER: &str = "bindery-signature";

/// How long the receiver may take to answer.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(10);

/// After so many attempts a webhook is dead: with the longest backoff of five minutes, about
/// a day after the event.
const MAX_ATTEMPTS: u32 = 300;

/// The URL for webhooks is not valid.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not a URL for webhooks: write http://HOST:PORT/PATH or https://HOST:PORT/PATH")]
pub struct InvalidWebhookUrl(String);

/// Where webhooks are sent, and the secret by which they are signed.
#[derive(Clone)]
pub struct WebhookTarget {
    url: Uri,
    key: hmac::Key,
    tls: Option<ClientTls>,
}

impl fmt::Debug for WebhookTarget {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("WebhookTarget")
            .field("url", &self.url)
            .finish_non_exhaustive()
    }
}

impl WebhookTarget {
    /// A receiver at a URL such as `http://127.0.0.1:4243/webhooks`, which has the same secret. For
    /// `https://`, `tls` has the authorities that are trusted.
    ///
    /// # Errors
    /// [`InvalidWebhookUrl`] if it is not the URL of an HTTP server.
    pub fn new(url: &str, secret: &str, tls: Option<ClientTls>) -> Result<Self, InvalidWebhookUrl> {
        let uri: Option<Uri> = url.parse().ok();
        let url = uri
            .filter(|uri| rpc::is_http(uri, tls.is_some()))
            .ok_or_else(|| InvalidWebhookUrl(url.to_owned()))?;
        Ok(Self {
            url,
            key: hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes()),
            tls,
        })
    }

    /// The value of [`SIGNATURE_HEADER`] for a body that is sent at a time, in seconds since
    /// 1970: `t=SECONDS,v1=HEX`, with the HMAC-SHA256 of the seconds, a dot and the body.
    pub fn signature(&self, seconds: i64, body: &[u8]) -> String {
        let mut context = hmac::Context::with_key(&self.key);
        context.update(format!("{seconds}.").as_bytes());
        context.update(body);
        let tag = context.sign();
        let hex: String = tag
            .as_ref()
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect();
        format!("t={seconds},v1={hex}")
    }
}

/// Sends the webhooks of the outbox. Each attempt has a signature of its own, with its time.
pub(crate) struct SendWebhooks {
    target: WebhookTarget,
    clock: Arc<dyn Clock>,
    client: Client<HttpsConnector, Full<Bytes>>,
}

impl OutboxHandler for SendWebhooks {
    async fn deliver(&self, message: &Message) -> Result<(), DeliveryError> {
        let temporary = |cause: &dyn fmt::Display| {
            DeliveryError::Temporary(format!("the webhook was not accepted: {cause}"))
        };
        let seconds = self.clock.now().as_second();
        let signature = self.target.signature(seconds, &message.payload);
        let request = Request::post(&self.target.url)
            .header(CONTENT_TYPE, "application/json")
            .header(SIGNATURE_HEADER, signature)
            .body(Full::from(message.payload.clone()))
            .map_err(|error| DeliveryError::Permanent(error.to_string()))?;
        let response = timeout(REQUEST_TIMEOUT, self.client.request(request))
            .await
            .map_err(|_| temporary(&format_args!("no answer within {REQUEST_TIMEOUT:?}")))?
            .map_err(|error| temporary(&error))?;
        if response.status().is_success() {
            return Ok(());
        }
        Err(temporary(&response.status()))
    }
}

impl Simulator {
    /// The task that sends the webhooks; `None` if there is no receiver.
    pub(crate) fn webhook_worker(&self) -> Option<OutboxWorker<SendWebhooks>> {
        let target = self.options.webhooks.clone()?;
        let clock = &self.options.clock;
        let connector = HttpsConnector::new(target.tls.clone());
        let handler = SendWebhooks {
            target,
            clock: Arc::clone(clock),
            client: Client::builder(TokioExecutor::new()).build(connector),
        };
        let options = OutboxOptions {
            max_attempts: MAX_ATTEMPTS,
            clock: Arc::clone(clock),
            ids: Arc::clone(&self.options.ids),
            ..OutboxOptions::default()
        };
        let db = self.db().clone();
        Some(OutboxWorker::new(db, TOPIC, handler, options))
    }
}

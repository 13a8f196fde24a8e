//! The client of the HTTP API of the payment simulator.

use std::time::Duration;

use bytes::Bytes;
use futures::{FutureExt, future::BoxFuture};
use http::{Request, StatusCode, Uri, header::CONTENT_TYPE};
use http_body_util::{BodyExt, Full, Limited};
use hyper_util::{client::legacy::Client, rt::TokioExecutor};
use rpc::{ClientTls, HttpsConnector};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use tokio::time::timeout;
use uuid::Uuid;

use super::{
    ChargeOutcome, InvalidWebhook, PaymentProvider, ProviderCharge, ProviderError, ProviderRefund,
    Webhook, WebhookSubject, webhook::WebhookSecret,
};
use crate::{DeclineReason, RefundId, TransactionId};
use jiff::Timestamp;

/// How long a request may take.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(10);

/// The size limit of a response.
const MAX_RESPONSE_BYTES: usize = 64 * 1024;

/// The longest description of a payment method that the contract allows, in characters.
const MAX_LABEL_CHARACTERS: usize = 100;

/// The longest reference that is sent, in characters: the limit of the contract, which the
/// second tutorial's does not have.
const MAX_REFERENCE_CHARACTERS: usize = 100;

/// The URL of the payment provider is not valid.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not the URL of a payment provider: write http://HOST:PORT or https://HOST:PORT")]
pub struct InvalidProviderUrl(String);

/// The payment provider whose API the crate `payment-simulator` describes.
#[derive(Debug, Clone)]
pub struct HttpProvider {
    client: Client<HttpsConnector, Full<Bytes>>,
    base_url: String,
    webhook_secret: Option<WebhookSecret>,
}

#[derive(Serialize)]
struct ChargeBody<'b> {
    token: &'b str,
    amount_minor: i64,
    currency_code: &'b str,
    reference: String,
}

#[derive(Deserialize)]
struct ChargeAnswer {
    charge_id: String,
    decline_reason: Option<String>,
    fee_minor: i64,
    method_label: String,
}

#[derive(Serialize)]
struct RefundBody {
    amount_minor: i64,
}

#[derive(Deserialize)]
struct RefundAnswer {
    #[serde(rename = "refund_id")]
    _refund_id: String,
}

/// The part of a webhook that is used.
#[derive(Deserialize)]
struct Event {
    #[serde(rename = "type")]
    kind: String,
    idempotency_key: String,
}

impl HttpProvider {
    /// A client of the provider at a URL such as `http://127.0.0.1:4242`. For `https://`, `tls` has
    /// the authorities that it trusts.
    ///
    /// # Errors
    /// [`InvalidProviderUrl`] if it is not the URL of an HTTP server.
    pub fn new(url: &str, tls: Option<ClientTls>) -> Result<Self, InvalidProviderUrl> {
        let base_url = url.trim_end_matches('/').to_owned();
        let valid = base_url
            .parse::<Uri>()
            .is_ok_and(|uri| rpc::is_http(&uri, tls.is_some()));
        if !valid {
            return Err(InvalidProviderUrl(url.to_owned()));
        }
        Ok(Self {
            client: Client::builder(TokioExecutor::new()).build(HttpsConnector::new(tls)),
            base_url,
            webhook_secret: None,
        })
    }

    /// Reads webhooks that are signed with a secret.
    #[must_use]
    pub fn with_webhook_secret(mut self, secret: &str) -> Self {
        self.webhook_secret = Some(WebhookSecret::new(secret));
        self
    }

    async fn post<A: DeserializeOwned>(
        &self,
        path: &str,
        key: String,
        body: &impl Serialize,
    ) -> Result<A, ProviderError> {
        let unavailable =
            |cause: &dyn std::fmt::Display| ProviderError::Unavailable(cause.to_string());
        let body = serde_json::to_vec(body).map_err(|error| unavailable(&error))?;
        let request = Request::post(format!("{}{path}", self.base_url))
            .header(CONTENT_TYPE, "application/json")
            .header("idempotency-key", key)
            .body(Full::from(body))
            .map_err(|error| unavailable(&error))?;
        let exchange = async {
            let response = self.client.request(request).await;
            let response = response.map_err(|error| unavailable(&error))?;
            let status = response.status();
            let body = Limited::new(response.into_body(), MAX_RESPONSE_BYTES);
            let body = body.collect().await.map_err(|error| unavailable(&error))?;
            Ok((status, body.to_bytes()))
        };
        let (status, body) = timeout(REQUEST_TIMEOUT, exchange)
            .await
            .map_err(|_| unavailable(&format_args!("no answer within {REQUEST_TIMEOUT:?}")))??;
        match status {
            StatusCode::OK => serde_json::from_slice(&body).map_err(|error| unavailable(&error)),
            StatusCode::TOO_MANY_REQUESTS | StatusCode::REQUEST_TIMEOUT => {
                Err(unavailable(&status))
            }
            status if status.is_client_error() => {
                let text = String::from_utf8_lossy(&body);
                Err(ProviderError::Refused(format!("{status}: {text}")))
            }
            status => Err(unavailable(&status)),
        }
    }
}

impl PaymentProvider for HttpProvider {
    fn charge<'a>(
        &'a self,
        charge: &'a ProviderCharge,
    ) -> BoxFuture<'a, Result<ChargeOutcome, ProviderError>> {
        async move {
            let body = ChargeBody {
                token: &charge.token,
                amount_minor: charge.amount.amount_minor,
                currency_code: &charge.amount.currency_code,
                reference: truncated(&charge.reference, MAX_REFERENCE_CHARACTERS),
            };
            let key = charge.transaction_id.to_string();
            let answer: ChargeAnswer = self.post("/v1/charges", key, &body).await?;
            let method_label = truncated(&answer.method_label, MAX_LABEL_CHARACTERS);
            Ok(match answer.decline_reason {
                None => ChargeOutcome::Charged {
                    provider_charge_id: answer.charge_id,
                    fee_minor: answer.fee_minor,
                    method_label,
                },
                Some(reason) => ChargeOutcome::Declined {
                    reason: decline_reason(&reason),
                    method_label,
                },
            })
        }
        .boxed()
    }

    fn refund<'a>(
        &'a self,
        refund: &'a ProviderRefund,
    ) -> BoxFuture<'a, Result<(), ProviderError>> {
        async move {
            let path = format!("/v1/charges/{}/refunds", refund.provider_charge_id);
            let body = RefundBody {
                amount_minor: refund.amount_minor,
            };
            let key = refund.refund_id.to_string();
            let _answer: RefundAnswer = self.post(&path, key, &body).await?;
            Ok(())
        }
        .boxed()
    }

    fn read_webhook(
        &self,
        webhook: &Webhook<'_>,
        now: Timestamp,
    ) -> Result<WebhookSubject, InvalidWebhook> {
        let secret = self.webhook_secret.as_ref();
        secret
            .ok_or(InvalidWebhook::NotConfigured)?
            .verify(webhook, now)?;
        let event: Event = serde_json::from_slice(webhook.body)
            .map_err(|error| InvalidWebhook::Body(error.to_string()))?;
        let id = Uuid::parse_str(&event.idempotency_key);
        Ok(match (event.kind.split_once('.'), id) {
            // It is sent before the answer, and would only make the provider be asked twice.
            (Some(("charge", "created")), _) => WebhookSubject::Unknown,
            (Some(("charge", _)), Ok(id)) => WebhookSubject::Charge(TransactionId(id)),
            (Some(("refund", _)), Ok(id)) => WebhookSubject::Refund(RefundId(id)),
            _ => WebhookSubject::Unknown,
        })
    }
}

fn truncated(text: &str, characters: usize) -> String {
    text.chars().take(characters).collect()
}

/// A reason that the provider invents later is the general one.
fn decline_reason(name: &str) -> DeclineReason {
    match name {
        "insufficient_funds" => DeclineReason::InsufficientFunds,
        "method_expired" => DeclineReason::MethodExpired,
        "method_unknown" => DeclineReason::MethodUnknown,
        _ => DeclineReason::Refused,
    }
}

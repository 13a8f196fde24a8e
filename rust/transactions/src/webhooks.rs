//! Receives the webhooks of the payment provider over HTTP.

use axum::{
    Router,
    body::Bytes,
    extract::{DefaultBodyLimit, State},
    http::{HeaderMap, StatusCode},
    routing::post,
};

use crate::{Transactions, Webhook, service::WebhookError};

/// The size limit of a webhook. Those of the provider have less than 1 KiB.
const MAX_BODY_BYTES: usize = 64 * 1024;

impl Transactions {
    /// `POST /webhooks`: answers 204 to what was processed or is of no concern, 400 to what is
    /// not signed by the provider, and 503 if the provider has to send it again.
    pub fn webhook_routes(&self) -> Router {
        Router::new()
            .route("/webhooks", post(receive))
            .layer(DefaultBodyLimit::max(MAX_BODY_BYTES))
            .with_state(self.clone())
    }
}

async fn receive(
    State(transactions): State<Transactions>,
    headers: HeaderMap,
    body: Bytes,
) -> (StatusCode, String) {
    let webhook = Webhook {
        headers: &headers,
        body: &body,
    };
    match transactions.receive_webhook(&webhook).await {
        Ok(()) => (StatusCode::NO_CONTENT, String::new()),
        Err(WebhookError::Invalid(error)) => {
            tracing::warn!(%error, "a webhook of the payment provider is refused");
            (StatusCode::BAD_REQUEST, format!("{error}\n"))
        }
        Err(WebhookError::Failed(error)) => {
            tracing::warn!(%error, "a webhook of the payment provider is not processed yet");
            let text = "send it again later\n";
            (StatusCode::SERVICE_UNAVAILABLE, text.to_owned())
        }
    }
}

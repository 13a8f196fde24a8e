//! The HTTP API.

use axum::{
    Router,
    body::{Body, Bytes},
    extract::{Path, State},
    http::{HeaderMap, StatusCode, header::CONTENT_TYPE},
    response::{IntoResponse, Response},
    routing::post,
};
use futures::stream;
use serde::{Serialize, de::DeserializeOwned};

use crate::{ChargeBody, RefundBody, Simulator, SimulatorError, TestToken};

impl Simulator {
    /// The HTTP API, to be served by axum.
    pub fn routes(&self) -> Router {
        Router::new()
            .route("/v1/charges", post(charge))
            .route("/v1/charges/{charge_id}/refunds", post(refund))
            .with_state(self.clone())
    }
}

async fn charge(State(simulator): State<Simulator>, headers: HeaderMap, body: Bytes) -> Response {
    let (key, body): (_, ChargeBody) = match parse(&headers, &body) {
        Ok(parsed) => parsed,
        Err(message) => return error_response(StatusCode::BAD_REQUEST, &message),
    };
    let behaviour = TestToken::parse(&body.token);
    service::crash_point!();
    let charged = simulator.charge(key, &body).await;
    service::crash_point!();
    match charged {
        Ok((_, true)) if behaviour == TestToken::AnswerLost => broken_response(),
        Ok((charge, new)) => {
            if new && behaviour == TestToken::Slow {
                tokio::time::sleep(simulator.options.slow).await;
            }
            json(StatusCode::OK, &charge)
        }
        Err(error) => error.into_response(),
    }
}

async fn refund(
    State(simulator): State<Simulator>,
    Path(charge_id): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let (key, body): (_, RefundBody) = match parse(&headers, &body) {
        Ok(parsed) => parsed,
        Err(message) => return error_response(StatusCode::BAD_REQUEST, &message),
    };
    service::crash_point!();
    let refunded = simulator.refund(key, &charge_id, &body).await;
    service::crash_point!();
    match refunded {
        Ok(refund) => json(StatusCode::OK, &refund),
        Err(error) => error.into_response(),
    }
}

/// The idempotency key and the body, or what is wrong with the request.
fn parse<'h, T: DeserializeOwned>(
    headers: &'h HeaderMap,
    body: &[u8],
) -> Result<(&'h str, T), String> {
    let key = headers.get("idempotency-key");
    let key = key
        .and_then(|key| key.to_str().ok())
        .ok_or("send a header Idempotency-Key, a text that is new for each charge or refund")?;
    let body = serde_json::from_slice(body).map_err(|error| error.to_string())?;
    Ok((key, body))
}

fn json(status: StatusCode, body: &impl Serialize) -> Response {
    match serde_json::to_vec(body) {
        Ok(body) => (status, [(CONTENT_TYPE, "application/json")], body).into_response(),
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}

fn error_response(status: StatusCode, message: &str) -> Response {
    json(status, &serde_json::json!({ "error": message }))
}

/// The status 200 and a body that fails, so that the server closes the connection.
fn broken_response() -> Response {
    let lost = std::io::Error::other("the token asks for a lost answer");
    Body::from_stream(stream::iter([Ok(Bytes::from_static(b"{")), Err(lost)])).into_response()
}

impl IntoResponse for SimulatorError {
    fn into_response(self) -> Response {
        let status = match &self {
            Self::AmountNotPositive(_) => StatusCode::BAD_REQUEST,
            Self::ChargeNotFound(_) => StatusCode::NOT_FOUND,
            Self::RefundTooLarge | Self::RequestRefused => StatusCode::UNPROCESSABLE_ENTITY,
            Self::KeyReused => StatusCode::CONFLICT,
            Self::Store(error) if error.is_unavailable() => StatusCode::SERVICE_UNAVAILABLE,
            Self::OnPurpose | Self::Store(_) | Self::Response(_) => {
                StatusCode::INTERNAL_SERVER_ERROR
            }
        };
        if status == StatusCode::INTERNAL_SERVER_ERROR {
            tracing::warn!(error = %self, "the payment simulator answers with an error");
        }
        error_response(status, &self.to_string())
    }
}

//! The changes of an order as server-sent events, for pages with JavaScript.

use std::{convert::Infallible, sync::Arc, time::Duration};

use axum::{
    extract::{Path, State},
    response::{
        IntoResponse, Response,
        sse::{Event, KeepAlive, Sse},
    },
};
use contract::bookstore::cart::v1::{WatchOrderRequest, WatchOrderResponse};
use futures::stream;
use tonic::Streaming;

use super::{failed, view::version};
use crate::{deadline::Deadline, refusal::call_for, shop::Shop, visitor::Visitor};

/// After this time the stream ends and the browser opens it again, so that a session that was
/// ended sees nothing more.
const MAX_DURATION: Duration = Duration::from_mins(10);

/// `GET /orders/{id}/events`: an event `order` with the version of the order for its present
/// state and for each change, and `end` when it can no longer change.
pub(crate) async fn events(
    State(shop): State<Arc<Shop>>,
    Path(order_id): Path<String>,
) -> Response {
    let visitor = Visitor::current();
    let request = WatchOrderRequest { order_id };
    let (client, deadline) = (&shop.clients.checkout, Deadline::after(MAX_DURATION));
    match call_for!(visitor, deadline, client, watch_order, request) {
        Ok(changes) => Sse::new(stream::unfold(Some(changes), next_event))
            .keep_alive(KeepAlive::default())
            .into_response(),
        Err(refusal) => failed(&shop, &refusal, "/orders"),
    }
}

/// The next event; after an error there is none, so that the browser connects again.
async fn next_event(
    changes: Option<Streaming<WatchOrderResponse>>,
) -> Option<(
    Result<Event, Infallible>,
    Option<Streaming<WatchOrderResponse>>,
)> {
    let mut changes = changes?;
    match changes.message().await {
        Ok(Some(change)) => {
            let version = version(&change.order.unwrap_or_default());
            let event = Event::default().event("order").data(version);
            Some((Ok(event), Some(changes)))
        }
        // Browsers ignore events without data.
        Ok(None) => Some((Ok(Event::default().event("end").data("end")), None)),
        Err(status) => {
            tracing::debug!(%status, "the changes of an order end early");
            None
        }
    }
}

//! What other systems are told of orders: events in the outbox, and their publication.

use contract::bookstore::cart::v1::{self as contract_v1, OrderEvent, OrderEventType};
use events::{Event, Publisher};
use jiff::Timestamp;
use prost::Message as _;
use service::{DeliveryError, OutboxHandler, convert};
use store::outbox::{self, Message};
use uuid::Uuid;

use super::Checkout;
use crate::{CartError, Order, OrderChange};

/// The topic of the outbox. The key is the id of the order, the payload an [`OrderEvent`].
pub(super) const TOPIC: &str = "order-events";

/// The full name of [`OrderEvent`].
const MESSAGE_TYPE: &str = "bookstore.cart.v1.OrderEvent";

/// What the subjects start with: the package of [`OrderEvent`], and what the events are about.
const SUBJECT_PREFIX: &str = "bookstore.cart.v1.order";

impl Checkout {
    /// Adds an event for each change of an order since `before`, if events are published. The
    /// transaction has locked the order.
    pub(super) async fn enqueue_events(
        &self,
        transaction: &mut store::Transaction,
        before: Option<&Order>,
        order: &Order,
        now: Timestamp,
    ) -> Result<(), CartError> {
        if self.inner.options.events.is_none() {
            return Ok(());
        }
        for change in order.changes_since(before) {
            let event_id = self.inner.options.ids.next_id();
            let payload = event(event_id, change, order, now).encode_to_vec();
            let key = order.order_id.to_string();
            let at = now.as_microsecond();
            outbox::enqueue(transaction, TOPIC, &key, &payload, at).await?;
        }
        Ok(())
    }
}

/// An event, with nothing about the buyer but the id of the account.
fn event(event_id: Uuid, change: OrderChange, order: &Order, now: Timestamp) -> OrderEvent {
    let contract_v1::Order {
        order_id,
        account_id,
        lines,
        total,
        state,
        failure,
        decline_reason,
        transaction_id,
        refunded_amount,
        create_time,
        ..
    } = order.clone().into();
    let event_type = match change {
        OrderChange::Placed => OrderEventType::Placed,
        OrderChange::Paid => OrderEventType::Paid,
        OrderChange::Shipped => OrderEventType::Shipped,
        OrderChange::Cancelled => OrderEventType::Cancelled,
        OrderChange::Failed => OrderEventType::Failed,
        OrderChange::Refunded => OrderEventType::Refunded,
    };
    OrderEvent {
        event_id: event_id.to_string(),
        event_type: event_type.into(),
        event_time: Some(convert::timestamp_to_proto(now)),
        order_id,
        account_id,
        lines,
        total,
        state,
        failure,
        decline_reason,
        transaction_id,
        refunded_amount,
        order_create_time: create_time,
    }
}

/// The subject of an event, such as `bookstore.cart.v1.order.paid`.
pub(crate) fn subject(event: &OrderEvent) -> String {
    let name = event.event_type().as_str_name();
    let name = name.trim_start_matches("ORDER_EVENT_TYPE_").to_lowercase();
    format!("{SUBJECT_PREFIX}.{name}")
}

/// Says in words what a message does.
pub(super) fn summarize(message: &Message) -> String {
    let subject = OrderEvent::decode(&*message.payload).map(|event| subject(&event));
    let subject = subject.unwrap_or_else(|_| "An unknown event".to_owned());
    format!("{subject} of the order {} for other systems", message.key)
}

/// Publishes events of orders.
#[derive(Debug)]
pub(crate) struct PublishOrderEvents(pub(super) Publisher);

impl OutboxHandler for PublishOrderEvents {
    async fn deliver(&self, message: &Message) -> Result<(), DeliveryError> {
        let invalid = || DeliveryError::Permanent("the payload is not an event".to_owned());
        let event = OrderEvent::decode(&*message.payload).map_err(|_| invalid())?;
        let id = Uuid::parse_str(&event.event_id).map_err(|_| invalid())?;
        let subject = subject(&event);
        let published = self.0.publish(Event {
            id,
            subject: &subject,
            message_type: MESSAGE_TYPE,
            body: message.payload.clone(),
            traceparent: message.traceparent.as_deref(),
        });
        published.await?;
        service::crash_point!();
        Ok(())
    }

    fn is_available(&self) -> bool {
        self.0.is_available()
    }
}

//! The events that webhooks tell. They are committed to the outbox together with the change
//! that they tell of.

use serde::{Deserialize, Serialize};
use store::{Transaction, outbox};

use crate::{Charge, Refund, Simulator, SimulatorError, TestToken, store_rows as rows};

/// The topic of the outbox.
pub(crate) const TOPIC: &str = "webhooks";

/// The body of a webhook.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Event {
    /// The id of the event; an event that is sent again has the same id.
    pub event_id: String,
    /// What happened.
    #[serde(rename = "type")]
    pub kind: EventKind,
    /// When it happened, in RFC 3339.
    pub created_at: String,
    /// The idempotency key of the request to charge or to refund.
    pub idempotency_key: String,
    /// The charge.
    pub charge_id: String,
    /// The refund, if the event is about one.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub refund_id: Option<String>,
}

/// What happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum EventKind {
    /// A charge was requested.
    #[serde(rename = "charge.created")]
    ChargeCreated,
    /// The money was taken.
    #[serde(rename = "charge.succeeded")]
    ChargeSucceeded,
    /// The charge was declined.
    #[serde(rename = "charge.declined")]
    ChargeDeclined,
    /// A part of a charge, or all of it, was paid back.
    #[serde(rename = "refund.succeeded")]
    RefundSucceeded,
}

impl Simulator {
    fn event(&self, kind: EventKind, idempotency_key: &str, charge_id: &str) -> Event {
        Event {
            event_id: format!("evt_{}", self.options.ids.next_id().simple()),
            kind,
            created_at: self.options.clock.now().to_string(),
            idempotency_key: idempotency_key.to_owned(),
            charge_id: charge_id.to_owned(),
            refund_id: None,
        }
    }

    /// Enqueues the events of a new charge, in the order that its token asks for. Returns the
    /// event that is held back until the charge is paid back, encoded.
    pub(crate) async fn enqueue_charge_events(
        &self,
        transaction: &mut Transaction,
        idempotency_key: &str,
        token: TestToken,
        charge: &Charge,
    ) -> Result<Option<String>, SimulatorError> {
        if self.options.webhooks.is_none() {
            return Ok(None);
        }
        let kind = match charge.decline_reason {
            None => EventKind::ChargeSucceeded,
            Some(_) => EventKind::ChargeDeclined,
        };
        let id = &charge.charge_id;
        let created = self.event(EventKind::ChargeCreated, idempotency_key, id);
        let decided = self.event(kind, idempotency_key, id);
        let now = self.options.clock.now().as_microsecond();
        let in_order: &[&Event] = match token {
            TestToken::WebhookLate => {
                let late = i64::try_from(self.options.late.as_micros()).unwrap_or(i64::MAX);
                enqueue(transaction, &created, now).await?;
                // A key of its own, because it must not hold back the events of refunds.
                let payload = serde_json::to_vec(&decided)?;
                let (key, due) = (&decided.event_id, now.saturating_add(late));
                outbox::enqueue(transaction, TOPIC, key, &payload, due).await?;
                return Ok(None);
            }
            TestToken::WebhookAfterCancellation => {
                enqueue(transaction, &created, now).await?;
                return Ok(Some(serde_json::to_string(&decided)?));
            }
            TestToken::WebhookTwice => &[&created, &decided, &decided],
            TestToken::WebhookOutOfOrder => &[&decided, &created],
            _ => &[&created, &decided],
        };
        for event in in_order {
            enqueue(transaction, event, now).await?;
        }
        Ok(None)
    }

    /// Enqueues the event of a new refund, and that of its charge if it was held back.
    pub(crate) async fn enqueue_refund_events(
        &self,
        transaction: &mut Transaction,
        idempotency_key: &str,
        charge_id: &str,
        refund: &Refund,
    ) -> Result<(), SimulatorError> {
        if self.options.webhooks.is_none() {
            return Ok(());
        }
        let now = self.options.clock.now().as_microsecond();
        let event = Event {
            refund_id: Some(refund.refund_id.clone()),
            ..self.event(EventKind::RefundSucceeded, idempotency_key, charge_id)
        };
        enqueue(transaction, &event, now).await?;
        if let Some(held) = rows::take_held_event(transaction, charge_id).await? {
            outbox::enqueue(transaction, TOPIC, charge_id, held.as_bytes(), now).await?;
        }
        Ok(())
    }
}

/// The events of one charge are sent in the order in which they are enqueued.
async fn enqueue(
    transaction: &mut Transaction,
    event: &Event,
    now: i64,
) -> Result<(), SimulatorError> {
    let payload = serde_json::to_vec(event)?;
    outbox::enqueue(transaction, TOPIC, &event.charge_id, &payload, now).await?;
    Ok(())
}

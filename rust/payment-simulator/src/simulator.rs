//! Charges and refunds of the simulator, independent of HTTP.

use std::{sync::Arc, time::Duration};

use serde::{Deserialize, Serialize, de::DeserializeOwned};
use service::{Clock, IdSource, OutboxWorker, PruneIdempotencyKeys, SystemClock, UuidV7Ids};
use store::{
    Db, Transaction,
    idempotency::{self, RequestState},
};
use tokio_util::task::AbortOnDropHandle;

use crate::{
    TestToken, WebhookTarget, store_rows as rows, token::method_label, webhook::SendWebhooks,
};

/// The fee of the provider for a charge in basis points (hundredths of a percent) of its
/// amount, rounded down. It is not paid back with a refund.
const FEE_BASIS_POINTS: i64 = 140;

/// The body of a request to charge.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChargeBody {
    /// A [`TestToken`].
    pub token: String,
    /// The amount, greater than zero.
    pub amount_minor: i64,
    /// The currency code of ISO 4217.
    pub currency_code: String,
    /// What is paid for; it is stored and not interpreted.
    pub reference: String,
}

/// The body of a request to refund.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RefundBody {
    /// The amount, greater than zero.
    pub amount_minor: i64,
}

/// The response to a request to charge.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Charge {
    /// The id of the charge.
    pub charge_id: String,
    /// Why it was declined: `refused`, `insufficient_funds`, `method_expired` or
    /// `method_unknown`; absent if it succeeded.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub decline_reason: Option<String>,
    /// What the provider keeps of the amount; 0 if the charge was declined.
    pub fee_minor: i64,
    /// A description of the payment method, for example `Visa ending in 4242`.
    pub method_label: String,
}

/// The response to a request to refund.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refund {
    /// The id of the refund.
    pub refund_id: String,
}

/// Why a request failed.
#[derive(Debug, thiserror::Error)]
pub enum SimulatorError {
    /// The amount is zero or negative.
    #[error("amount_minor is {0}, but must be greater than zero")]
    AmountNotPositive(i64),
    /// No successful charge has this id.
    #[error("no charge has the id {0:?}")]
    ChargeNotFound(String),
    /// The refund is more than what is left of the charge.
    #[error("the refund is more than what is left of the charge")]
    RefundTooLarge,
    /// The idempotency key was used with another body.
    #[error("the idempotency key was used with another request")]
    KeyReused,
    /// The token asks for a refusal of the request.
    #[error("the token asks for a refusal of the request")]
    RequestRefused,
    /// The token asks for an error.
    #[error("the token asks for an error of the first request")]
    OnPurpose,
    /// The database does not answer.
    #[error(transparent)]
    Store(#[from] store::Error),
    /// A stored response cannot be read.
    #[error(transparent)]
    Response(#[from] serde_json::Error),
}

/// The options of the simulator.
#[derive(Debug, Clone)]
pub struct Options {
    /// The source of time.
    pub clock: Arc<dyn Clock>,
    /// The source of the ids of charges and refunds.
    pub ids: Arc<dyn IdSource>,
    /// How long a charge of `tok_slow` takes.
    pub slow: Duration,
    /// How long the webhook of `tok_webhook_late` waits; at most 15 minutes.
    pub late: Duration,
    /// Where webhooks are sent; `None` sends none.
    pub webhooks: Option<WebhookTarget>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            clock: Arc::new(SystemClock),
            ids: Arc::new(UuidV7Ids),
            slow: Duration::from_secs(3),
            late: Duration::from_secs(60),
            webhooks: None,
        }
    }
}

/// The simulator. Clones share the same database.
#[derive(Debug, Clone)]
pub struct Simulator {
    db: Db,
    pub(crate) options: Options,
}

impl Simulator {
    /// Creates the simulator with its database, which was opened with
    /// [`SCHEMA`](crate::SCHEMA).
    pub fn new(db: Db, options: Options) -> Self {
        Self { db, options }
    }

    pub(crate) fn db(&self) -> &Db {
        &self.db
    }

    /// Starts the tasks that send the webhooks and delete the responses of old requests. They
    /// end when the handle is dropped. Must be called within a tokio runtime.
    #[must_use = "the tasks end when the handle is dropped"]
    pub fn run_in_background(&self) -> AbortOnDropHandle<()> {
        let prune = PruneIdempotencyKeys::new(self.db.clone(), Arc::clone(&self.options.clock));
        let prune = service::run_periodically(PruneIdempotencyKeys::INTERVAL, prune);
        match self.webhook_worker() {
            Some(worker) => {
                let interval = OutboxWorker::<SendWebhooks>::INTERVAL;
                service::run_together([prune, service::run_periodically(interval, worker)])
            }
            None => prune,
        }
    }

    /// The number of successful charges, and the sums of the amounts that were charged and
    /// refunded, over all currencies: what the provider believes, for tests.
    ///
    /// # Errors
    /// [`SimulatorError`] if the database does not answer.
    pub async fn totals(&self) -> Result<(i64, i64, i64), SimulatorError> {
        store::read!(self.db, connection => Ok(rows::totals(connection).await?))
    }

    /// Charges, and tells whether the charge is new.
    pub(crate) async fn charge(
        &self,
        key: &str,
        body: &ChargeBody,
    ) -> Result<(Charge, bool), SimulatorError> {
        if body.amount_minor <= 0 {
            return Err(SimulatorError::AmountNotPositive(body.amount_minor));
        }
        let behaviour = TestToken::parse(&body.token);
        if behaviour == TestToken::RequestRefused {
            return Err(SimulatorError::RequestRefused);
        }
        if behaviour == TestToken::ErrorThenSuccess {
            let first =
                store::write!(self.db, transaction => rows::fail_once(transaction, key).await);
            if first? {
                return Err(SimulatorError::OnPurpose);
            }
        }
        let decline_reason = match behaviour {
            TestToken::Declined(reason) => Some(reason.to_owned()),
            _ => None,
        };
        let fee_minor = match &decline_reason {
            Some(_) => 0,
            None => body.amount_minor.saturating_mul(FEE_BASIS_POINTS) / 10_000,
        };
        let charge = Charge {
            charge_id: format!("ch_{}", self.options.ids.next_id().simple()),
            decline_reason,
            fee_minor,
            method_label: method_label(&body.token).to_owned(),
        };
        let encoded = serde_json::to_vec(body)?;
        store::write!(self.db, transaction => {
            if let Some(earlier) = self.claim(transaction, key, "charge", &encoded).await? {
                return Ok((earlier, false));
            }
            let held = self.enqueue_charge_events(transaction, key, behaviour, &charge).await?;
            if charge.decline_reason.is_none() {
                let (clock, id) = (self.options.clock.as_ref(), &charge.charge_id);
                rows::insert_charge(transaction, id, body, held.as_deref(), clock).await?;
            }
            idempotency::save_response(transaction, key, &serde_json::to_vec(&charge)?).await?;
            Ok((charge.clone(), true))
        })
    }

    pub(crate) async fn refund(
        &self,
        key: &str,
        charge_id: &str,
        body: &RefundBody,
    ) -> Result<Refund, SimulatorError> {
        let amount_minor = body.amount_minor;
        if amount_minor <= 0 {
            return Err(SimulatorError::AmountNotPositive(amount_minor));
        }
        let refund = Refund {
            refund_id: format!("re_{}", self.options.ids.next_id().simple()),
        };
        let encoded = serde_json::to_vec(&(charge_id, body))?;
        store::write!(self.db, transaction => {
            if let Some(earlier) = self.claim(transaction, key, "refund", &encoded).await? {
                return Ok(earlier);
            }
            if !rows::refund_charge(transaction, charge_id, amount_minor).await? {
                return Err(if rows::charge_exists(transaction, charge_id).await? {
                    SimulatorError::RefundTooLarge
                } else {
                    SimulatorError::ChargeNotFound(charge_id.to_owned())
                });
            }
            let clock = self.options.clock.as_ref();
            rows::insert_refund(transaction, &refund.refund_id, charge_id, amount_minor, clock)
                .await?;
            self.enqueue_refund_events(transaction, key, charge_id, &refund).await?;
            idempotency::save_response(transaction, key, &serde_json::to_vec(&refund)?).await?;
            Ok(refund.clone())
        })
    }

    /// The response of an earlier request with the same key.
    async fn claim<R: DeserializeOwned>(
        &self,
        transaction: &mut Transaction,
        key: &str,
        method: &str,
        body: &[u8],
    ) -> Result<Option<R>, SimulatorError> {
        let now = self.options.clock.now().as_microsecond();
        match idempotency::claim(transaction, key, method, body, now).await? {
            RequestState::New => Ok(None),
            RequestState::Conflict => Err(SimulatorError::KeyReused),
            RequestState::Completed(response) => Ok(Some(serde_json::from_slice(&response)?)),
        }
    }
}

//! A provider in memory that fails on demand.

use std::{
    collections::{HashMap, VecDeque},
    sync::{Arc, Mutex, MutexGuard},
};

use futures::{FutureExt, future::BoxFuture};
use tokio::sync::Barrier;
use uuid::Uuid;

use crate::{
    ChargeOutcome, DeclineReason, PaymentProvider, ProviderCharge, ProviderError, ProviderRefund,
};

/// What goes wrong in one call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Fault {
    /// Nothing.
    None,
    /// The provider does nothing and does not answer.
    RequestLost,
    /// The provider does what it is asked and does not answer.
    AnswerLost,
    /// The provider does nothing and refuses the request.
    Refused,
    /// The provider answers this, whatever it answered before.
    Answer(ChargeOutcome),
}

/// Charges every token but `tok_refused`, for a fee of 1 in 100. Faults are used up in their
/// order, one for each call.
#[derive(Debug, Default)]
pub(super) struct FakeProvider(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    faults: VecDeque<Fault>,
    /// Calls wait here for each other.
    meeting: Option<Arc<Barrier>>,
    calls: usize,
    outcomes: HashMap<Uuid, ChargeOutcome>,
    refunds: HashMap<Uuid, i64>,
    /// What was charged without the fees, less what was paid back.
    balance: i64,
}

impl FakeProvider {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().expect("no test panics here")
    }

    pub(super) fn fail_with(&self, faults: impl IntoIterator<Item = Fault>) {
        self.lock().faults.extend(faults);
    }

    /// From now on a call is answered when `calls` calls are waiting.
    pub(super) fn answer_together(&self, calls: usize) {
        self.lock().meeting = Some(Arc::new(Barrier::new(calls)));
    }

    async fn meet(&self) {
        let meeting = self.lock().meeting.clone();
        if let Some(meeting) = meeting {
            meeting.wait().await;
        }
    }

    pub(super) fn clear_faults(&self) {
        self.lock().faults.clear();
    }

    pub(super) fn calls(&self) -> usize {
        self.lock().calls
    }

    /// The number of charges that succeeded.
    pub(super) fn charges(&self) -> usize {
        let state = self.lock();
        let charged = |outcome: &&_| matches!(outcome, ChargeOutcome::Charged { .. });
        state.outcomes.values().filter(charged).count()
    }

    pub(super) fn balance(&self) -> i64 {
        self.lock().balance
    }
}

impl State {
    /// Takes the next fault; an error if the request does not arrive.
    fn begin(&mut self) -> Result<Fault, ProviderError> {
        self.calls += 1;
        match self.faults.pop_front().unwrap_or(Fault::None) {
            Fault::RequestLost => Err(ProviderError::Unavailable("request lost".to_owned())),
            Fault::Refused => Err(ProviderError::Refused("no such thing".to_owned())),
            fault => Ok(fault),
        }
    }
}

fn end<T>(fault: &Fault, answer: T) -> Result<T, ProviderError> {
    match fault {
        Fault::AnswerLost => Err(ProviderError::Unavailable("answer lost".to_owned())),
        _ => Ok(answer),
    }
}

fn decide(charge: &ProviderCharge) -> ChargeOutcome {
    let method_label = "Visa ending in 4242".to_owned();
    if charge.token == "tok_refused" {
        return ChargeOutcome::Declined {
            reason: DeclineReason::Refused,
            method_label,
        };
    }
    ChargeOutcome::Charged {
        provider_charge_id: format!("ch_{}", charge.transaction_id),
        fee_minor: charge.amount.amount_minor / 100,
        method_label,
    }
}

impl PaymentProvider for FakeProvider {
    fn charge<'a>(
        &'a self,
        charge: &'a ProviderCharge,
    ) -> BoxFuture<'a, Result<ChargeOutcome, ProviderError>> {
        async move {
            self.meet().await;
            let mut state = self.lock();
            let fault = state.begin()?;
            if let Fault::Answer(outcome) = fault {
                return Ok(outcome);
            }
            let known = state.outcomes.get(&charge.transaction_id.0).cloned();
            let outcome = known.unwrap_or_else(|| {
                let outcome = decide(charge);
                if let ChargeOutcome::Charged { fee_minor, .. } = &outcome {
                    state.balance += charge.amount.amount_minor - fee_minor;
                }
                let key = charge.transaction_id.0;
                state.outcomes.insert(key, outcome.clone());
                outcome
            });
            end(&fault, outcome)
        }
        .boxed()
    }

    fn refund<'a>(
        &'a self,
        refund: &'a ProviderRefund,
    ) -> BoxFuture<'a, Result<(), ProviderError>> {
        async move {
            self.meet().await;
            let mut state = self.lock();
            let fault = state.begin()?;
            let key = refund.refund_id.0;
            if state.refunds.insert(key, refund.amount_minor).is_none() {
                state.balance -= refund.amount_minor;
            }
            end(&fault, ())
        }
        .boxed()
    }
}

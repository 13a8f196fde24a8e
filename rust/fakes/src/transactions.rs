//! The fake of `bookstore.transactions.v1`.

mod handlers;

use std::{
    collections::{HashMap, HashSet},
    sync::{Arc, Mutex},
    time::Duration,
};

use contract::{
    bookstore::{transactions::v1::*, r#type::v1::Money},
    errors::transactions as errors,
};
use rpc::failure;
use tonic::Status;

use crate::{FakeOutbox, FaultSwitch, lock};

/// A fake Transactions service: it declines `tok_insufficient_funds` and charges every other
/// token. It sends two receipts again, of any transaction. Clones share the same transactions and
/// faults.
#[derive(Clone, Debug, Default)]
pub struct FakeTransactions {
    state: Arc<Mutex<State>>,
    /// What it has not delivered.
    pub outbox: FakeOutbox,
    /// Its faults.
    pub faults: FaultSwitch,
}

#[derive(Debug, Default)]
struct State {
    transactions: Vec<Transaction>,
    charges: HashMap<String, (ChargeRequest, usize)>,
    refunds: HashMap<String, (RefundRequest, RefundResponse)>,
    /// Payments that wait or have waited for the operator.
    parked: Vec<Payment>,
    /// The requests of ResendReceipt.
    resent: HashSet<String>,
}

/// How many receipts a test can send again.
const MAX_RECEIPTS: usize = 2;

impl FakeTransactions {
    /// All transactions, oldest first.
    pub fn transactions(&self) -> Vec<Transaction> {
        lock(&self.state).transactions.clone()
    }

    /// Adds a transaction as it is.
    pub fn add(&self, transaction: Transaction) {
        lock(&self.state).transactions.push(transaction);
    }
}

fn minor(amount: Option<&Money>) -> i64 {
    amount
        .and_then(|amount| amount.amount_minor)
        .unwrap_or_default()
}

impl State {
    fn charge(&mut self, request: ChargeRequest) -> Result<Transaction, Status> {
        if let Some((earlier, position)) = self.charges.get(&request.request_id) {
            if *earlier != request {
                return Err(rpc::request_id_reused(&request.request_id).into_status());
            }
            let mut transaction = self.transactions[*position].clone();
            // As it was after the first call.
            transaction.refunds.clear();
            transaction.refunded_amount = zero(&transaction);
            if transaction.state() != TransactionState::Declined {
                transaction.set_state(TransactionState::Charged);
            }
            return Ok(transaction);
        }
        let token = request
            .payment_method
            .as_ref()
            .map(|method| method.token.as_str());
        let declined = token == Some("tok_insufficient_funds");
        let position = self.transactions.len();
        let (state, reason) = if declined {
            (TransactionState::Declined, DeclineReason::InsufficientFunds)
        } else {
            (TransactionState::Charged, DeclineReason::Unspecified)
        };
        let mut transaction = Transaction {
            // Unique, also among the fakes of one test.
            transaction_id: request.request_id.clone(),
            account_id: request.account_id.clone(),
            reference: request.reference.clone(),
            amount: request.amount.clone(),
            state: state.into(),
            decline_reason: reason.into(),
            method_label: "Visa ending in 4242".to_owned(),
            receipt_email: request.receipt_email.clone(),
            refunds: Vec::new(),
            refunded_amount: None,
            create_time: Some(prost_types::Timestamp::default()),
        };
        transaction.refunded_amount = zero(&transaction);
        self.transactions.push(transaction.clone());
        self.charges
            .insert(request.request_id.clone(), (request, position));
        Ok(transaction)
    }

    /// Pays back everything that is left.
    fn refund(&mut self, request: RefundRequest) -> Result<RefundResponse, Status> {
        if let Some((earlier, response)) = self.refunds.get(&request.request_id) {
            if *earlier != request {
                return Err(rpc::request_id_reused(&request.request_id).into_status());
            }
            return Ok(response.clone());
        }
        let mut transactions = self.transactions.iter_mut();
        let found = transactions.find(|found| found.transaction_id == request.transaction_id);
        let Some(transaction) = found else {
            let message = "no such transaction";
            return Err(failure(errors::TRANSACTION_NOT_FOUND, message).into_status());
        };
        if transaction.state() != TransactionState::Charged {
            let state = transaction.state().as_str_name();
            return Err(
                failure(errors::TRANSACTION_NOT_REFUNDABLE, "nothing is left")
                    .with("state", state)
                    .into_status(),
            );
        }
        let refund = Refund {
            refund_id: transaction.transaction_id.clone(),
            amount: transaction.amount.clone(),
            reason: request.reason.clone(),
            create_time: Some(prost_types::Timestamp::default()),
        };
        transaction.refunds.push(refund.clone());
        transaction.refunded_amount.clone_from(&transaction.amount);
        transaction.set_state(TransactionState::Refunded);
        let response = RefundResponse {
            refund: Some(refund),
            transaction: Some(transaction.clone()),
        };
        self.refunds
            .insert(request.request_id.clone(), (request, response.clone()));
        Ok(response)
    }
}

fn zero(transaction: &Transaction) -> Option<Money> {
    transaction.amount.as_ref().map(|amount| Money {
        amount_minor: Some(0),
        ..amount.clone()
    })
}

impl FakeTransactions {
    /// Pays all charges back, as the operator can.
    pub fn refund_all(&self) {
        let mut state = lock(&self.state);
        let ids: Vec<_> = state
            .transactions
            .iter()
            .map(|charge| charge.transaction_id.clone())
            .collect();
        for transaction_id in ids {
            // Charges that are declined or paid back stay as they are.
            let _ = state.refund(RefundRequest {
                request_id: format!("operator {transaction_id}"),
                transaction_id,
                ..RefundRequest::default()
            });
        }
    }

    /// Lets a payment wait for the operator. An undecided one has no transaction.
    pub fn park(&self, payment: Payment) {
        lock(&self.state).parked.push(payment);
    }

    /// The payments: those that a test has parked, and all transactions, oldest first.
    fn payments(&self) -> Vec<Payment> {
        let state = lock(&self.state);
        let transactions = state.transactions.iter().map(|transaction| Payment {
            transaction_id: transaction.transaction_id.clone(),
            reference: transaction.reference.clone(),
            amount: transaction.amount.clone(),
            transaction: Some(transaction.clone()),
            ..Payment::default()
        });
        let parked = &state.parked;
        let is_parked = |id: &str| parked.iter().any(|payment| payment.transaction_id == id);
        let others = transactions.filter(|payment| !is_parked(&payment.transaction_id));
        parked.iter().cloned().chain(others).collect()
    }

    /// Records a decision, which changes nothing else.
    fn resolve(&self, request: ResolveParkedPaymentRequest) -> Result<PaymentResolution, Status> {
        let mut state = lock(&self.state);
        let refused = |error| failure(error, "refused").into_status();
        let mut parked = state.parked.iter_mut();
        let payment = parked.find(|payment| payment.transaction_id == request.transaction_id);
        let payment = payment.ok_or_else(|| refused(errors::PAYMENT_NOT_PARKED))?;
        if payment.parked_reason.is_empty() {
            return Err(refused(errors::PAYMENT_NOT_PARKED));
        }
        let is_charge = request.refund_id.is_empty();
        let succeeded = request.action() == PaymentAction::MarkSucceeded;
        if is_charge && succeeded && request.provider_charge_id.is_empty() {
            return Err(refused(errors::PROVIDER_CHARGE_ID_MISSING));
        }
        let made = PaymentResolution {
            resolution_id: request.request_id,
            transaction_id: request.transaction_id,
            refund_id: request.refund_id,
            action: request.action,
            operator_name: request.operator_name,
            note: request.note,
            parked_reason: std::mem::take(&mut payment.parked_reason),
            create_time: Some(prost_types::Timestamp::default()),
        };
        payment.parked_refund = None;
        payment.resolutions.push(made.clone());
        Ok(made)
    }

    /// How many receipts were sent again.
    pub fn resent_receipts(&self) -> usize {
        lock(&self.state).resent.len()
    }

    fn resend(&self, request_id: String) -> Result<ResendReceiptResponse, Status> {
        let mut state = lock(&self.state);
        if state.resent.len() == MAX_RECEIPTS && !state.resent.contains(&request_id) {
            let refused = failure(errors::TOO_MANY_ATTEMPTS, "sent too often");
            return Err(refused.retry_after(Duration::from_mins(50)).into_status());
        }
        state.resent.insert(request_id);
        let receipt_email = "ada@example.org".to_owned();
        Ok(ResendReceiptResponse { receipt_email })
    }

    /// What buyers have paid for a reference, and what was paid back, in minor units.
    pub fn paid_and_refunded(&self, reference: &str) -> (i64, i64) {
        let state = lock(&self.state);
        let of_reference = |transaction: &&Transaction| transaction.reference == reference;
        let (mut paid, mut refunded) = (0, 0);
        for transaction in state.transactions.iter().filter(of_reference) {
            if transaction.state() != TransactionState::Declined {
                paid += minor(transaction.amount.as_ref());
                refunded += minor(transaction.refunded_amount.as_ref());
            }
        }
        (paid, refunded)
    }
}

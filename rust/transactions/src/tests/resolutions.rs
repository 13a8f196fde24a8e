//! What the operator decides about parked charges and refunds.

use std::time::Duration;

use store::testing::TestDb;
use uuid::Uuid;

use super::{TestTransactions, charge_request, fake_provider::Fault, refund_request};
use crate::{
    ChargeOutcome, ChargeRequest, DeclineReason, MAX_PENDING, Payment, PaymentAction,
    PaymentResolution, RefundId, RefundRequest, ResolvePayment, TransactionId, TransactionState,
    TransactionsError,
};

store::both_engines! {
    crate::SCHEMA =>
    unanswered_charge_that_was_successful_is_marked_so,
    unanswered_charge_that_was_not_is_marked_as_declined,
    refused_charge_is_asked_for_again,
    charge_is_not_asked_for_again_when_the_provider_may_have_forgotten_it,
    contradicted_charge_stays_or_is_taken_back,
    contradicted_decline_becomes_a_charge_that_can_be_refunded,
    refund_that_was_paid_back_is_marked_so,
    refund_that_was_not_is_marked_as_failed_and_can_be_repeated,
    refused_refund_is_asked_for_again,
    refund_is_not_asked_for_again_when_the_provider_may_have_forgotten_it,
    refund_of_another_charge_is_not_found,
    provider_is_not_asked_for_a_refund_that_was_marked_as_failed,
    charge_with_refunds_is_not_marked_as_failed,
    decision_is_made_once_and_recorded,
    decision_that_is_not_possible_changes_nothing,
}

/// A day after the request the provider has forgotten it.
const TOO_LATE: Duration = Duration::from_secs(24 * 60 * 60);

impl TestTransactions {
    /// A charge that the provider did not answer in time, as the operator sees it.
    async fn unanswered(&self, fault: Fault) -> (ChargeRequest, Payment) {
        let request = ChargeRequest {
            receipt_email: Some("reader@example.com".to_owned()),
            ..charge_request("tok_visa", 10_000)
        };
        self.provider.fail_with([fault]);
        let charged = self.transactions.charge(&request).await;
        charged.expect_err("the provider does not answer");
        self.clock.advance(TOO_LATE);
        self.resume().await;
        (request, self.parked().await)
    }

    /// The only payment that waits for the operator.
    async fn parked(&self) -> Payment {
        let listed = self.transactions.payments(true, 20, "").await;
        let mut parked = listed.expect("the database answers").items;
        assert_eq!(parked.len(), 1, "{parked:?}");
        parked.remove(0)
    }

    async fn assert_none_is_parked(&self) {
        let listed = self.transactions.payments(true, 20, "").await;
        assert_eq!(listed.expect("the database answers").items, []);
    }

    async fn resolve(
        &self,
        request: &ResolvePayment,
    ) -> Result<PaymentResolution, TransactionsError> {
        self.transactions.resolve_parked(request).await
    }

    /// A charge that the provider has decided, and that is parked as if it had said something else
    /// since.
    async fn contradicted(&self, decided: ChargeOutcome) -> TransactionId {
        self.provider.fail_with([Fault::Answer(decided)]);
        let id = self
            .charge(&charge_request("tok_visa", 10_000))
            .await
            .transaction_id;
        let parked = store::write!(self.transactions.db(), transaction => {
            let reason = "the payment provider changed its decision";
            crate::store::charges::park(transaction, id, reason).await
        });
        parked.expect("the database answers");
        assert!(self.parked().await.parked_reason.is_some());
        id
    }
}

fn decision(transaction_id: TransactionId, action: PaymentAction) -> ResolvePayment {
    ResolvePayment {
        request_id: Uuid::new_v4(),
        transaction_id,
        refund_id: None,
        action,
        provider_charge_id: None,
        fee_minor: 0,
        operator_name: "Grace".to_owned(),
        note: "the dashboard says so".to_owned(),
    }
}

fn succeeded(transaction_id: TransactionId, fee_minor: i64) -> ResolvePayment {
    ResolvePayment {
        provider_charge_id: Some(format!("ch_{transaction_id}")),
        fee_minor,
        ..decision(transaction_id, PaymentAction::MarkSucceeded)
    }
}

fn about_refund(
    transaction_id: TransactionId,
    refund_id: RefundId,
    action: PaymentAction,
) -> ResolvePayment {
    ResolvePayment {
        refund_id: Some(refund_id),
        ..decision(transaction_id, action)
    }
}

fn charged(fee_minor: i64) -> ChargeOutcome {
    ChargeOutcome::Charged {
        provider_charge_id: "ch_1".to_owned(),
        fee_minor,
        method_label: "Visa".to_owned(),
    }
}

fn declined() -> ChargeOutcome {
    ChargeOutcome::Declined {
        reason: DeclineReason::InsufficientFunds,
        method_label: "Visa".to_owned(),
    }
}

async fn unanswered_charge_that_was_successful_is_marked_so(database: TestDb) {
    let service = TestTransactions::open(&database);
    let (request, parked) = service.unanswered(Fault::AnswerLost).await;
    assert_eq!(parked.transaction, None);
    let id = parked.transaction_id;
    let resolved = service.resolve(&succeeded(id, 100)).await;
    assert_eq!(
        resolved.expect("it is parked").parked_reason,
        parked.parked_reason.expect("parked")
    );
    // The ledger has what the provider has.
    service.assert_balanced().await;
    service.assert_none_is_parked().await;
    let transaction = service.charge(&request).await;
    assert_eq!(transaction.transaction_id, id);
    assert_eq!(transaction.state(), TransactionState::Charged);
    let mails = store::read!(service.transactions.db(), connection => {
        store::outbox::statistics(connection, crate::service::RECEIPTS).await
    });
    assert_eq!(mails.expect("the database answers").pending, 1);
    let refunded = service.transactions.refund(&refund_request(id, None)).await;
    refunded.expect("it can be paid back");
    service.assert_balanced().await;
}

async fn unanswered_charge_that_was_not_is_marked_as_declined(database: TestDb) {
    let service = TestTransactions::open(&database);
    let (request, parked) = service.unanswered(Fault::RequestLost).await;
    let failed = decision(parked.transaction_id, PaymentAction::MarkFailed);
    service.resolve(&failed).await.expect("it is parked");
    service.assert_balanced().await;
    service.assert_none_is_parked().await;
    let calls = service.provider.calls();
    let transaction = service.charge(&request).await;
    assert_eq!(transaction.decline_reason, Some(DeclineReason::Refused));
    service.resume().await;
    assert_eq!(service.provider.calls(), calls, "nobody asks again");
}

async fn refused_charge_is_asked_for_again(database: TestDb) {
    let service = TestTransactions::open(&database);
    let request = charge_request("tok_visa", 10_000);
    service.provider.fail_with([Fault::Refused]);
    service
        .transactions
        .charge(&request)
        .await
        .expect_err("it is refused");
    let id = service.parked().await.transaction_id;
    let again = decision(id, PaymentAction::Retry);
    service.resolve(&again).await.expect("it is parked");
    service.assert_none_is_parked().await;
    // The background task does it, without another call of Charge.
    let worked = service::PeriodicTask::run(&mut service.transactions.worker()).await;
    worked.expect("the database answers");
    assert_eq!(service.read(id).await.state(), TransactionState::Charged);
    assert_eq!(service.charge(&request).await.transaction_id, id);
    assert_eq!(service.provider.charges(), 1);
    service.assert_balanced().await;
}

async fn charge_is_not_asked_for_again_when_the_provider_may_have_forgotten_it(database: TestDb) {
    let service = TestTransactions::open(&database);
    let (_, parked) = service.unanswered(Fault::AnswerLost).await;
    const { assert!(TOO_LATE.as_secs() > MAX_PENDING.as_secs()) };
    let again = decision(parked.transaction_id, PaymentAction::Retry);
    let refused = service.resolve(&again).await;
    assert!(matches!(
        refused,
        Err(TransactionsError::ResolutionNotPossible)
    ));
    assert_eq!(service.parked().await, parked, "nothing has changed");
}

async fn contradicted_charge_stays_or_is_taken_back(database: TestDb) {
    let service = TestTransactions::open(&database);
    let id = service.contradicted(charged(300)).await;
    let stays = decision(id, PaymentAction::MarkSucceeded);
    service.resolve(&stays).await.expect("it is parked");
    assert_eq!(service.read(id).await.state(), TransactionState::Charged);
    assert_eq!(balance(&service).await, 9_700);

    let id = service.contradicted(charged(300)).await;
    assert_eq!(balance(&service).await, 2 * 9_700);
    let failed = decision(id, PaymentAction::MarkFailed);
    service.resolve(&failed).await.expect("it is parked");
    let state = service.read(id).await.state();
    assert_eq!(state, TransactionState::Declined(DeclineReason::Refused));
    // The fee is taken back as well.
    assert_eq!(balance(&service).await, 9_700);
    service.assert_none_is_parked().await;
}

async fn contradicted_decline_becomes_a_charge_that_can_be_refunded(database: TestDb) {
    let service = TestTransactions::open(&database);
    let id = service.contradicted(declined()).await;
    service
        .resolve(&succeeded(id, 250))
        .await
        .expect("it is parked");
    assert_eq!(service.read(id).await.state(), TransactionState::Charged);
    assert_eq!(balance(&service).await, 9_750);
    let refunded = service.transactions.refund(&refund_request(id, None)).await;
    refunded.expect("the provider answers");
    assert_eq!(balance(&service).await, -250);
}

/// What the ledger says that the provider holds. Every posting adds up to zero.
async fn balance(service: &TestTransactions) -> i64 {
    let unbalanced = service.transactions.unbalanced_postings().await;
    assert_eq!(
        unbalanced.expect("the database answers"),
        Vec::<String>::new()
    );
    let balances = service.transactions.ledger_balances().await;
    let balance = balances.expect("the database answers").remove(0);
    assert_eq!(balance.sum_minor, 0);
    balance.provider_balance_minor
}

/// A refund that the provider did not answer in time.
async fn unanswered_refund(
    service: &TestTransactions,
    fault: Fault,
) -> (RefundRequest, TransactionId, RefundId) {
    let id = service.charged(10_000).await;
    let request = refund_request(id, Some(4_000));
    service.provider.fail_with([fault]);
    let refunded = service.transactions.refund(&request).await;
    refunded.expect_err("the provider does not answer");
    service.clock.advance(TOO_LATE);
    service.resume().await;
    let parked = service.parked().await;
    let refund = parked.parked_refund.expect("the refund is parked");
    assert_eq!(refund.amount_minor, 4_000);
    assert_eq!(Some(refund.parked_reason), parked.parked_reason);
    (request, id, refund.refund_id)
}

async fn refund_that_was_paid_back_is_marked_so(database: TestDb) {
    let service = TestTransactions::open(&database);
    let (request, id, refund_id) = unanswered_refund(&service, Fault::AnswerLost).await;
    let paid = about_refund(id, refund_id, PaymentAction::MarkSucceeded);
    service.resolve(&paid).await.expect("it is parked");
    service.assert_balanced().await;
    service.assert_none_is_parked().await;
    assert_eq!(service.read(id).await.refunded_minor(), 4_000);
    let (refund, _) = service
        .transactions
        .refund(&request)
        .await
        .expect("a retry");
    assert_eq!(refund.refund_id, refund_id);
}

async fn refund_that_was_not_is_marked_as_failed_and_can_be_repeated(database: TestDb) {
    let service = TestTransactions::open(&database);
    let (request, id, refund_id) = unanswered_refund(&service, Fault::RequestLost).await;
    let too_much = refund_request(id, Some(6_001));
    let refused = service.transactions.refund(&too_much).await;
    assert!(matches!(
        refused,
        Err(TransactionsError::RefundTooLarge { .. })
    ));
    let failed = about_refund(id, refund_id, PaymentAction::MarkFailed);
    service.resolve(&failed).await.expect("it is parked");
    service.assert_none_is_parked().await;
    assert_eq!(service.read(id).await.state(), TransactionState::Charged);
    service.assert_balanced().await;
    // The caller that has repeated its request all the time gets its money, once.
    for _ in 0..2 {
        let (refund, _) = service
            .transactions
            .refund(&request)
            .await
            .expect("paid back");
        assert_ne!(refund.refund_id, refund_id);
    }
    assert_eq!(service.read(id).await.refunded_minor(), 4_000);
    let rest = service.transactions.refund(&refund_request(id, None)).await;
    rest.expect("paid back");
    assert_eq!(service.read(id).await.state(), TransactionState::Refunded);
    service.assert_balanced().await;
}

async fn refused_refund_is_asked_for_again(database: TestDb) {
    let service = TestTransactions::open(&database);
    let id = service.charged(10_000).await;
    let request = refund_request(id, Some(4_000));
    service.provider.fail_with([Fault::Refused]);
    service
        .transactions
        .refund(&request)
        .await
        .expect_err("it is refused");
    let refund_id = service
        .parked()
        .await
        .parked_refund
        .expect("parked")
        .refund_id;
    let again = about_refund(id, refund_id, PaymentAction::Retry);
    service.resolve(&again).await.expect("it is parked");
    let (refund, _) = service
        .transactions
        .refund(&request)
        .await
        .expect("paid back");
    assert_eq!(refund.refund_id, refund_id);
    service.assert_balanced().await;
}

async fn refund_is_not_asked_for_again_when_the_provider_may_have_forgotten_it(database: TestDb) {
    let service = TestTransactions::open(&database);
    let (_, id, refund_id) = unanswered_refund(&service, Fault::AnswerLost).await;
    let again = about_refund(id, refund_id, PaymentAction::Retry);
    let refused = service.resolve(&again).await;
    assert!(matches!(
        refused,
        Err(TransactionsError::ResolutionNotPossible)
    ));
    service.parked().await;
}

async fn refund_of_another_charge_is_not_found(database: TestDb) {
    let service = TestTransactions::open(&database);
    let (_, _, refund_id) = unanswered_refund(&service, Fault::AnswerLost).await;
    let other = service.charged(10_000).await;
    let failed = about_refund(other, refund_id, PaymentAction::MarkFailed);
    let refused = service.resolve(&failed).await;
    assert!(matches!(refused, Err(TransactionsError::NotFound(_))));
    service.parked().await;
}

async fn provider_is_not_asked_for_a_refund_that_was_marked_as_failed(database: TestDb) {
    let service = TestTransactions::open(&database);
    let id = service.charged(10_000).await;
    let request = refund_request(id, Some(4_000));
    // It is parked before the background task takes it over.
    service.provider.fail_with([Fault::Refused]);
    let refunded = service.transactions.refund(&request).await;
    refunded.expect_err("it is refused");
    let parked = service.parked().await.parked_refund;
    let refund_id = parked.expect("the refund is parked").refund_id;
    let failed = about_refund(id, refund_id, PaymentAction::MarkFailed);
    service.resolve(&failed).await.expect("it is parked");
    service.clock.advance(TOO_LATE);
    service.resume().await;
    assert_eq!(service.read(id).await.refunded_minor(), 0);
    service.assert_none_is_parked().await;
    service.assert_balanced().await;
}

async fn charge_with_refunds_is_not_marked_as_failed(database: TestDb) {
    let service = TestTransactions::open(&database);
    let id = service.contradicted(charged(0)).await;
    let refunded = service
        .transactions
        .refund(&refund_request(id, Some(1)))
        .await;
    refunded.expect("the provider answers");
    let failed = decision(id, PaymentAction::MarkFailed);
    let refused = service.resolve(&failed).await;
    assert!(matches!(
        refused,
        Err(TransactionsError::ResolutionNotPossible)
    ));
    assert_eq!(balance(&service).await, 9_999);
}

async fn decision_is_made_once_and_recorded(database: TestDb) {
    let service = TestTransactions::open(&database);
    let (_, parked) = service.unanswered(Fault::AnswerLost).await;
    let id = parked.transaction_id;
    let request = succeeded(id, 100);
    let made = service.resolve(&request).await.expect("it is parked");
    assert_eq!(service.resolve(&request).await.expect("a retry"), made);
    let other = ResolvePayment {
        note: "another".to_owned(),
        ..request.clone()
    };
    let reused = service.resolve(&other).await;
    assert!(matches!(reused, Err(TransactionsError::RequestIdReused(_))));
    let late = service.resolve(&succeeded(id, 100)).await;
    assert!(matches!(late, Err(TransactionsError::NotParked)));
    service.assert_balanced().await;
    let payment = service.transactions.payment(id).await.expect("it exists");
    assert_eq!(payment.resolutions, [made]);
    assert_eq!(payment.parked_reason, None);
}

async fn decision_that_is_not_possible_changes_nothing(database: TestDb) {
    let service = TestTransactions::open(&database);
    let (_, parked) = service.unanswered(Fault::AnswerLost).await;
    let id = parked.transaction_id;
    let without_id = decision(id, PaymentAction::MarkSucceeded);
    let missing = service.resolve(&without_id).await;
    assert!(matches!(
        missing,
        Err(TransactionsError::ProviderChargeIdMissing)
    ));
    let too_large = service.resolve(&succeeded(id, 10_001)).await;
    assert!(matches!(
        too_large,
        Err(TransactionsError::FeeTooLarge(10_001))
    ));
    let unknown = TransactionId(Uuid::new_v4());
    let not_found = service
        .resolve(&decision(unknown, PaymentAction::Retry))
        .await;
    assert!(matches!(not_found, Err(TransactionsError::NotFound(_))));
    let refund = RefundId(Uuid::new_v4());
    let of_another = about_refund(id, refund, PaymentAction::MarkFailed);
    let not_found = service.resolve(&of_another).await;
    assert!(matches!(not_found, Err(TransactionsError::NotFound(_))));
    assert_eq!(service.parked().await, parked);
}

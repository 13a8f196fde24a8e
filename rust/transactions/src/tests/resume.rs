//! Charges that their call did not finish.

use std::time::Duration;

use service::Clock;
use store::{idempotency, testing::TestDb};

use super::{TestTransactions, charge_request, failure, fake_provider::Fault, refund_request};
use crate::{
    ChargeOutcome, DeclineReason, MAX_PENDING, TransactionId, TransactionState, TransactionsError,
};

store::both_engines! {
    crate::SCHEMA =>
    retry_after_a_lost_answer_charges_once,
    retry_after_its_key_was_deleted_charges_once,
    background_task_finishes_a_charge_that_nobody_retries,
    background_task_finishes_a_refund_that_nobody_retries,
    charge_that_stays_pending_is_parked,
    refused_charge_is_parked,
    changed_decision_is_parked_and_not_guessed,
    repeated_decision_is_not_parked,
    operator_sees_payments_that_are_not_decided,
}

async fn retry_after_a_lost_answer_charges_once(database: TestDb) {
    let service = TestTransactions::open(&database);
    service
        .provider
        .fail_with([Fault::RequestLost, Fault::AnswerLost]);
    let request = charge_request("tok_visa", 10_000);
    for _ in 0..2 {
        let outcome = service.transactions.charge(&request).await;
        assert!(matches!(
            outcome,
            Err(TransactionsError::ProviderUnavailable)
        ));
    }
    let charged = service.charge(&request).await;
    assert_eq!(charged.state(), TransactionState::Charged);
    assert_eq!(service.provider.charges(), 1);
    service.assert_balanced().await;
}

async fn retry_after_its_key_was_deleted_charges_once(database: TestDb) {
    let service = TestTransactions::open(&database);
    let request = charge_request("tok_visa", 10_000);
    let first = service.charge(&request).await;
    service.clock.advance(3 * idempotency::RETENTION);
    let now = service.clock.now().as_microsecond();
    let pruned: Result<u64, store::Error> = store::write!(database.db(), transaction => {
        idempotency::prune(transaction, now).await
    });
    assert_eq!(pruned.expect("the database answers"), 1);
    // A refused request stores nothing, so that the key is still unknown afterwards.
    let mut other_amount = request.clone();
    other_amount.amount.amount_minor += 1;
    let mut other_reference = request.clone();
    other_reference.reference = "order 8".to_owned();
    for other in [other_amount, other_reference] {
        let outcome = service.transactions.charge(&other).await;
        assert!(matches!(
            outcome,
            Err(TransactionsError::RequestIdReused(_))
        ));
    }
    let again = service.charge(&request).await;
    assert_eq!(again.transaction_id, first.transaction_id);
    assert_eq!(service.provider.charges(), 1);
}

async fn background_task_finishes_a_charge_that_nobody_retries(database: TestDb) {
    let service = TestTransactions::open(&database);
    service
        .provider
        .fail_with([Fault::AnswerLost, Fault::RequestLost]);
    let request = charge_request("tok_visa", 10_000);
    let outcome = service.transactions.charge(&request).await;
    assert!(outcome.is_err());
    let ran = service::PeriodicTask::run(&mut service.transactions.worker()).await;
    ran.expect("the database answers");
    assert_eq!(service.provider.calls(), 1, "it leaves time for a retry");
    service.resume().await;
    service.resume().await;
    assert_eq!(service.provider.calls(), 3);
    assert_eq!(service.provider.charges(), 1);
    service.assert_balanced().await;
    service.charge(&request).await;
    assert_eq!(service.provider.calls(), 3, "it is decided");
}

async fn background_task_finishes_a_refund_that_nobody_retries(database: TestDb) {
    let service = TestTransactions::open(&database);
    let id = service.charged(1_000).await;
    service.provider.fail_with([Fault::AnswerLost]);
    let outcome = service
        .transactions
        .refund(&refund_request(id, Some(300)))
        .await;
    assert!(outcome.is_err());
    service.resume().await;
    assert_eq!(service.read(id).await.refunded_minor(), 300);
    service.assert_balanced().await;
}

async fn charge_that_stays_pending_is_parked(database: TestDb) {
    let service = TestTransactions::open(&database);
    service.provider.fail_with([Fault::RequestLost]);
    let request = charge_request("tok_visa", 10_000);
    let outcome = service.transactions.charge(&request).await;
    assert!(outcome.is_err());
    service.clock.advance(MAX_PENDING + Duration::from_secs(1));
    let outcome = service.transactions.charge(&request).await;
    assert!(matches!(outcome, Err(TransactionsError::Parked)));
    service.resume().await;
    assert_eq!(
        service.provider.calls(),
        1,
        "the provider may have forgotten the key"
    );
}

async fn refused_charge_is_parked(database: TestDb) {
    let service = TestTransactions::open(&database);
    service.provider.fail_with([Fault::Refused]);
    let request = charge_request("tok_visa", 10_000);
    for _ in 0..2 {
        let parked = failure(service.transactions.charge(&request).await);
        assert!(parked.contains("the operator has to look"), "{parked}");
    }
    service.resume().await;
    assert_eq!(service.provider.calls(), 1);
}

fn charged_as(id: &str) -> ChargeOutcome {
    ChargeOutcome::Charged {
        provider_charge_id: id.to_owned(),
        fee_minor: 0,
        method_label: "Visa".to_owned(),
    }
}

fn declined_for(reason: DeclineReason) -> ChargeOutcome {
    ChargeOutcome::Declined {
        reason,
        method_label: "Visa".to_owned(),
    }
}

/// Lets two calls of one charge ask the provider at once, and tells each of them one outcome.
async fn decided_by_two_calls(
    service: &TestTransactions,
    outcomes: [ChargeOutcome; 2],
) -> TransactionId {
    service.provider.fail_with([Fault::RequestLost]);
    let request = charge_request("tok_visa", 10_000);
    let outcome = service.transactions.charge(&request).await;
    assert!(outcome.is_err());
    service.provider.fail_with(outcomes.map(Fault::Answer));
    service.provider.answer_together(2);
    let (one, other) = tokio::join!(
        service.transactions.charge(&request),
        service.transactions.charge(&request)
    );
    service.provider.answer_together(1);
    let (one, other) = (one.expect("decided"), other.expect("decided"));
    assert_eq!(one, other, "the first decision stays");
    one.transaction_id
}

async fn changed_decision_is_parked_and_not_guessed(database: TestDb) {
    let service = TestTransactions::open(&database);
    for outcomes in [
        [charged_as("ch_1"), charged_as("ch_2")],
        [charged_as("ch_3"), declined_for(DeclineReason::Refused)],
        [
            declined_for(DeclineReason::Refused),
            declined_for(DeclineReason::MethodExpired),
        ],
    ] {
        let id = decided_by_two_calls(&service, outcomes).await;
        let stored = store::read!(service.transactions.db(), connection => {
            crate::store::charges::get(connection, id).await
        });
        let stored = stored.expect("the database answers").expect("it exists");
        assert!(stored.parked_reason.is_some());
        let listed = service.transactions.payments(false, 20, "").await;
        let newest = listed.expect("the database answers").items.remove(0);
        assert_eq!(newest.parked_reason, stored.parked_reason);
        assert_eq!(newest.transaction, stored.decided);
    }
}

async fn repeated_decision_is_not_parked(database: TestDb) {
    let service = TestTransactions::open(&database);
    for outcome in [charged_as("ch_1"), declined_for(DeclineReason::Refused)] {
        decided_by_two_calls(&service, [outcome.clone(), outcome]).await;
    }
    let parked = service.transactions.payments(true, 20, "").await;
    assert_eq!(parked.expect("the database answers").items, []);
}

async fn operator_sees_payments_that_are_not_decided(database: TestDb) {
    let service = TestTransactions::open(&database);
    let paid = service.charged(1_000).await;
    let refund = refund_request(paid, Some(300));
    service
        .transactions
        .refund(&refund)
        .await
        .expect("paid back");
    service.provider.fail_with([Fault::RequestLost]);
    let outcome = service
        .transactions
        .charge(&charge_request("tok_visa", 5))
        .await;
    assert!(outcome.is_err());
    let first = service
        .transactions
        .payments(false, 1, "")
        .await
        .expect("listed");
    assert_eq!((first.items.len(), &first.items[0].transaction), (1, &None));
    assert_eq!(first.items[0].amount.amount_minor, 5);
    let second = service
        .transactions
        .payments(false, 1, &first.next_page_token)
        .await;
    let second = second.expect("listed");
    assert_eq!(second.items[0].transaction, Some(service.read(paid).await));
    assert_eq!(
        (
            &second.items[0].parked_reason,
            second.next_page_token.as_str()
        ),
        (&None, "")
    );
}

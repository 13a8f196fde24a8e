use futures::future::join_all;
use store::testing::TestDb;

use super::{TestTransactions, charge_request, failure, fake_provider::Fault, refund_request, usd};
use crate::{RefundRequest, TransactionState, TransactionsError};

store::both_engines! {
    crate::SCHEMA =>
    refunds_add_up_to_the_charge,
    retry_returns_the_transaction_as_it_was,
    refund_of_more_than_is_left_is_refused,
    concurrent_refunds_pay_back_no_more_than_was_charged,
    concurrent_calls_with_one_request_id_pay_back_once,
    request_id_of_another_refund_is_refused,
    hundredth_refund_has_to_be_the_last,
    lost_answer_pays_back_once,
    refused_refund_is_parked,
}

async fn refunds_add_up_to_the_charge(database: TestDb) {
    let service = TestTransactions::open(&database);
    let id = service.charged(1_000).await;
    for (amount, state) in [
        (Some(300), TransactionState::PartlyRefunded),
        (None, TransactionState::Refunded),
    ] {
        let request = refund_request(id, amount);
        let (refund, transaction) = service
            .transactions
            .refund(&request)
            .await
            .expect("it is paid back");
        assert_eq!(refund.amount_minor, amount.unwrap_or(700));
        assert_eq!(transaction.state(), state);
        assert_eq!(transaction.refunds.last(), Some(&refund));
    }
    assert_eq!(service.read(id).await.refunded_minor(), 1_000);
    // The provider keeps its fee.
    assert_eq!(service.provider.balance(), -10);
    service.assert_balanced().await;
}

async fn retry_returns_the_transaction_as_it_was(database: TestDb) {
    let service = TestTransactions::open(&database);
    let charge = charge_request("tok_visa", 1_000);
    let charged = service.charge(&charge).await;
    let request = refund_request(charged.transaction_id, Some(300));
    let first = service.transactions.refund(&request).await.expect("paid");
    let rest = refund_request(charged.transaction_id, None);
    service.transactions.refund(&rest).await.expect("paid");
    let again = service.transactions.refund(&request).await.expect("paid");
    assert_eq!(again, first);
    assert_eq!(service.charge(&charge).await, charged);
    assert_eq!(service.provider.calls(), 3);
}

async fn refund_of_more_than_is_left_is_refused(database: TestDb) {
    let service = TestTransactions::open(&database);
    let id = service.charged(1_000).await;
    let declined = service.charge(&charge_request("tok_refused", 5)).await;
    let euros = RefundRequest {
        amount: Some(service::Money {
            currency_code: "EUR".to_owned(),
            amount_minor: 1,
        }),
        ..refund_request(id, None)
    };
    let calls = service.provider.calls();
    for (request, text) in [
        (refund_request(id, Some(1_001)), "only 1000 minor units"),
        (refund_request(id, Some(0)), "greater than zero"),
        (euros, "the charge is in USD"),
        (
            refund_request(declined.transaction_id, None),
            "TRANSACTION_STATE_DECLINED",
        ),
    ] {
        let refused = failure(service.transactions.refund(&request).await);
        assert!(refused.contains(text), "{refused}");
    }
    assert_eq!(service.provider.calls(), calls);
    let all = refund_request(id, None);
    service.transactions.refund(&all).await.expect("paid");
    let refused = failure(service.transactions.refund(&refund_request(id, None)).await);
    assert!(refused.contains("TRANSACTION_STATE_REFUNDED"), "{refused}");
}

async fn concurrent_refunds_pay_back_no_more_than_was_charged(database: TestDb) {
    let service = TestTransactions::open(&database);
    let id = service.charged(1_000).await;
    let requests: Vec<_> = (0..8).map(|_| refund_request(id, Some(300))).collect();
    let refunds = requests
        .iter()
        .map(|request| service.transactions.refund(request));
    let paid = join_all(refunds).await;
    assert_eq!(paid.iter().filter(|outcome| outcome.is_ok()).count(), 3);
    assert_eq!(service.read(id).await.refunded_minor(), 900);
    service.assert_balanced().await;
}

async fn concurrent_calls_with_one_request_id_pay_back_once(database: TestDb) {
    let service = TestTransactions::open(&database);
    let request = refund_request(service.charged(1_000).await, Some(300));
    service.provider.answer_together(8);
    let calls = (0..8).map(|_| service.transactions.refund(&request));
    let paid: Vec<_> = join_all(calls).await.into_iter().map(Result::ok).collect();
    assert!(paid[0].is_some());
    assert!(paid.iter().all(|outcome| *outcome == paid[0]), "{paid:?}");
    assert_eq!(service.provider.balance(), 990 - 300);
    service.assert_balanced().await;
}

async fn request_id_of_another_refund_is_refused(database: TestDb) {
    let service = TestTransactions::open(&database);
    let request = refund_request(service.charged(1_000).await, Some(300));
    let refunded = service.transactions.refund(&request).await;
    refunded.expect("the provider answers");
    // Also if the other request would be refused by itself.
    for amount_minor in [301, 0] {
        let other = RefundRequest {
            amount: Some(usd(amount_minor)),
            ..request.clone()
        };
        let refused = failure(service.transactions.refund(&other).await);
        assert!(refused.contains("was used with another body"), "{refused}");
    }
    assert_eq!(service.provider.balance(), 990 - 300);
}

async fn hundredth_refund_has_to_be_the_last(database: TestDb) {
    let service = TestTransactions::open(&database);
    let id = service.charged(1_000).await;
    for _ in 0..99 {
        let one = refund_request(id, Some(1));
        service.transactions.refund(&one).await.expect("paid");
    }
    let refused = service
        .transactions
        .refund(&refund_request(id, Some(1)))
        .await;
    assert!(failure(refused).contains("99 refunds"));
    let rest = service.transactions.refund(&refund_request(id, None)).await;
    assert_eq!(rest.expect("paid").1.state(), TransactionState::Refunded);
}

async fn lost_answer_pays_back_once(database: TestDb) {
    let service = TestTransactions::open(&database);
    let id = service.charged(1_000).await;
    service
        .provider
        .fail_with([Fault::AnswerLost, Fault::RequestLost]);
    let request = refund_request(id, Some(400));
    for _ in 0..2 {
        let outcome = service.transactions.refund(&request).await;
        assert!(matches!(
            outcome,
            Err(TransactionsError::ProviderUnavailable)
        ));
        assert_eq!(service.read(id).await.refunds, []);
    }
    // What is set aside for the pending refund cannot be paid back a second time.
    let more = refund_request(id, Some(601));
    let refused = failure(service.transactions.refund(&more).await);
    assert!(refused.contains("only 600 minor units"), "{refused}");
    service.transactions.refund(&request).await.expect("paid");
    assert_eq!(service.provider.balance(), 990 - 400);
    service.assert_balanced().await;
}

async fn refused_refund_is_parked(database: TestDb) {
    let service = TestTransactions::open(&database);
    let id = service.charged(1_000).await;
    service.provider.fail_with([Fault::Refused]);
    let request = refund_request(id, None);
    for _ in 0..2 {
        let outcome = service.transactions.refund(&request).await;
        assert!(matches!(outcome, Err(TransactionsError::Parked)));
    }
    service.resume().await;
    assert_eq!(service.provider.calls(), 2, "the charge and one refund");
    assert_eq!(service.read(id).await.refunds, []);
    service.assert_balanced().await;
}

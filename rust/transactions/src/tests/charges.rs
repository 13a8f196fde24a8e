use std::time::Duration;

use futures::future::join_all;
use service::AccountId;
use store::testing::TestDb;
use uuid::Uuid;

use super::{TestTransactions, charge_request, failure, usd};
use crate::{ChargeRequest, DeclineReason, TransactionState};

store::both_engines! {
    crate::SCHEMA =>
    same_request_id_charges_once,
    concurrent_calls_with_one_request_id_charge_once,
    request_id_of_another_request_is_refused,
    declined_charge_is_a_transaction_and_moves_no_money,
    invalid_amount_is_not_charged,
    account_reads_only_its_own_transactions,
    list_is_paged_newest_first,
    text_with_nul_is_stored,
}

async fn same_request_id_charges_once(database: TestDb) {
    let service = TestTransactions::open(&database);
    let request = charge_request("tok_visa", 10_000);
    let first = service.charge(&request).await;
    assert_eq!(first.state(), TransactionState::Charged);
    assert_eq!(first.method_label, "Visa ending in 4242");
    assert_eq!(service.charge(&request).await, first);
    assert_eq!(service.read(first.transaction_id).await, first);
    assert_eq!(
        (service.provider.calls(), service.provider.balance()),
        (1, 9_900)
    );
    service.assert_balanced().await;
}

async fn concurrent_calls_with_one_request_id_charge_once(database: TestDb) {
    let service = TestTransactions::open(&database);
    let request = charge_request("tok_visa", 10_000);
    service.provider.answer_together(8);
    let outcomes = join_all((0..8).map(|_| service.charge(&request))).await;
    assert!(outcomes.iter().all(|outcome| *outcome == outcomes[0]));
    assert_eq!(service.provider.charges(), 1);
    service.assert_balanced().await;
}

async fn request_id_of_another_request_is_refused(database: TestDb) {
    let service = TestTransactions::open(&database);
    let request = charge_request("tok_visa", 10_000);
    service.charge(&request).await;
    // Also if the other request would be refused by itself.
    for amount_minor in [10_001, 0] {
        let other = ChargeRequest {
            amount: usd(amount_minor),
            ..request.clone()
        };
        let refused = failure(service.transactions.charge(&other).await);
        assert!(refused.contains("was used with another body"), "{refused}");
    }
    assert_eq!(service.provider.charges(), 1);
}

async fn declined_charge_is_a_transaction_and_moves_no_money(database: TestDb) {
    let service = TestTransactions::open(&database);
    let request = charge_request("tok_refused", 10_000);
    let declined = service.charge(&request).await;
    assert_eq!(
        declined.state(),
        TransactionState::Declined(DeclineReason::Refused)
    );
    assert_eq!(service.charge(&request).await, declined);
    assert_eq!(service.provider.balance(), 0);
    service.assert_balanced().await;
}

async fn invalid_amount_is_not_charged(database: TestDb) {
    let service = TestTransactions::open(&database);
    let zero = charge_request("tok_visa", 0);
    let refused = failure(service.transactions.charge(&zero).await);
    assert!(refused.contains("greater than zero"), "{refused}");
    let mut gold = charge_request("tok_visa", 1);
    gold.amount.currency_code = "XAU".to_owned();
    let refused = failure(service.transactions.charge(&gold).await);
    assert!(refused.contains("\"XAU\""), "{refused}");
    assert_eq!(service.provider.calls(), 0);
    let corrected = ChargeRequest {
        amount: usd(1),
        ..zero
    };
    service.charge(&corrected).await;
}

async fn account_reads_only_its_own_transactions(database: TestDb) {
    let service = TestTransactions::open(&database);
    let (owner, other) = (AccountId(Uuid::new_v4()), AccountId(Uuid::new_v4()));
    let request = ChargeRequest {
        account_id: Some(owner),
        ..charge_request("tok_visa", 100)
    };
    let id = service.charge(&request).await.transaction_id;
    let read = |account_id| service.transactions.transaction(id, account_id);
    assert!(read(Some(owner)).await.is_ok());
    assert!(read(None).await.is_ok());
    assert_eq!(
        failure(read(Some(other)).await),
        format!("no transaction has the id {id}")
    );
}

async fn list_is_paged_newest_first(database: TestDb) {
    let service = TestTransactions::open(&database);
    let account_id = AccountId(Uuid::new_v4());
    let mut expected = Vec::new();
    for amount in 1..=5 {
        let request = ChargeRequest {
            account_id: Some(account_id),
            ..charge_request("tok_visa", amount)
        };
        expected.insert(0, service.charge(&request).await);
        service.clock.advance(Duration::from_secs(1));
    }
    service.charged(99).await;
    let (mut listed, mut token) = (Vec::new(), String::new());
    loop {
        let page = service.transactions.list(account_id, 2, &token).await;
        let page = page.expect("the token is valid");
        listed.extend(page.items);
        token = page.next_page_token;
        if token.is_empty() {
            break;
        }
        let other = AccountId(Uuid::new_v4());
        let refused = service.transactions.list(other, 2, &token).await;
        assert!(failure(refused).contains("page token"));
    }
    assert_eq!(listed, expected);
}

async fn text_with_nul_is_stored(database: TestDb) {
    let service = TestTransactions::open(&database);
    let request = ChargeRequest {
        reference: "a\0b".to_owned(),
        ..charge_request("tok_visa", 1)
    };
    assert_eq!(service.charge(&request).await.reference, "a\u{fffd}b");
}

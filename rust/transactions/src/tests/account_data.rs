//! What Transactions tells Accounts about an account, for the export of its data.

use service::{AccountId, Page};
use store::testing::TestDb;
use uuid::Uuid;

use super::{TestTransactions, charge_request, fake_provider::Fault, refund_request};
use crate::{AccountPayment, ChargeRequest, TransactionState, service::MAX_REFUNDS_ON_A_PAGE};

store::both_engines! {
    crate::SCHEMA =>
    export_has_every_payment_once,
    page_has_a_bounded_number_of_refunds,
}

fn request_of(account_id: AccountId) -> ChargeRequest {
    ChargeRequest {
        account_id: Some(account_id),
        receipt_email: Some("reader@example.com".to_owned()),
        ..charge_request("tok_visa", 1000)
    }
}

/// The payments page by page.
async fn export(
    service: &TestTransactions,
    account_id: AccountId,
    page_size: u32,
) -> Vec<Vec<AccountPayment>> {
    let (mut pages, mut token) = (Vec::new(), String::new());
    loop {
        let page = service
            .transactions
            .account_data(account_id, page_size, &token);
        let Page {
            items,
            next_page_token,
        } = page.await.expect("the database answers");
        pages.push(items);
        token = next_page_token;
        if token.is_empty() {
            return pages;
        }
    }
}

async fn export_has_every_payment_once(database: TestDb) {
    let service = TestTransactions::open(&database);
    let (payer, other) = (AccountId(Uuid::new_v4()), AccountId(Uuid::new_v4()));
    assert_eq!(export(&service, payer, 20).await, [vec![]]);
    let charged = service.charge(&request_of(payer)).await.transaction_id;
    service.charge(&request_of(other)).await;
    let refund = refund_request(charged, Some(400));
    service
        .transactions
        .refund(&refund)
        .await
        .expect("paid back");
    let resent = service
        .transactions
        .resend_receipt(Uuid::new_v4(), charged, Some(payer));
    resent.await.expect("mailed");
    service.provider.fail_with([Fault::RequestLost]);
    let pending = service.transactions.charge(&request_of(payer)).await;
    pending.expect_err("the provider does not answer");
    let declined = ChargeRequest {
        token: "tok_refused".to_owned(),
        ..request_of(payer)
    };
    service.charge(&declined).await;
    for page_size in [1, 2, 3, 200] {
        let payments = export(&service, payer, page_size).await.concat();
        let states: Vec<_> = payments
            .iter()
            .map(|payment| {
                let transaction = payment.transaction.as_ref();
                transaction.map(|transaction| transaction.state().as_str_name())
            })
            .collect();
        let expected = [
            Some("TRANSACTION_STATE_DECLINED"),
            None,
            Some(TransactionState::PartlyRefunded.as_str_name()),
        ];
        assert_eq!(states, expected, "{page_size} a page");
        for payment in &payments {
            assert_eq!(payment.receipt_email.as_deref(), Some("reader@example.com"));
        }
        assert_eq!(payments[2].transaction_id, charged);
        assert_eq!(payments[2].resent_at.len(), 1);
    }
}

async fn page_has_a_bounded_number_of_refunds(database: TestDb) {
    let service = TestTransactions::open(&database);
    let payer = AccountId(Uuid::new_v4());
    for _ in 0..3 {
        let charged = service.charge(&request_of(payer)).await.transaction_id;
        insert_refunds(&service, charged.to_string()).await;
    }
    let pages = export(&service, payer, 200).await;
    let refunds = pages
        .iter()
        .map(|page| page.iter().map(AccountPayment::refund_count).sum());
    assert_eq!(refunds.collect::<Vec<usize>>(), [800, 400]);
    const { assert!(MAX_REFUNDS_ON_A_PAGE < 1200) };
}

/// More refunds than can be requested.
async fn insert_refunds(service: &TestTransactions, transaction_id: String) {
    store::write!(service.transactions.db(), transaction => {
        for position in 1..=400_i64 {
            store::query(store::Sql::portable(
                "INSERT INTO refunds (refund_id, transaction_id, amount_minor, reason,
                     requested_at, position, paid_at)
                 VALUES ($1, $2, 1, 'damaged', 0, $3, 0)",
            ))
            .bind(Uuid::new_v4().to_string())
            .bind(&transaction_id)
            .bind(position)
            .execute(transaction)
            .await?;
        }
        Ok::<_, store::Error>(())
    })
    .expect("the database answers");
}

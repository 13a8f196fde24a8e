//! `bookstore.transactions.v1` through its generated client and the layers of `rpc`.

use contract::bookstore::transactions::v1::{
    ChargeRequest, GetTransactionRequest, ListTransactionsRequest, PaymentMethod, RefundRequest,
    ResendReceiptRequest, Transaction, TransactionState,
    transaction_service_client::TransactionServiceClient,
};
use rpc::{Caller, Channel, Router};
use store::{outbox, testing::TestDb};
use tonic::{Code, Status};
use tonic_types::StatusExt;
use uuid::Uuid;

use super::{TestTransactions, usd};

store::both_engines! {
    crate::SCHEMA =>
    account_reads_its_charge_and_refund,
    stranger_finds_nothing,
    receipt_is_mailed_after_the_charge_and_at_most_five_times_more,
}

type Client = TransactionServiceClient<Channel>;

struct Served {
    service: TestTransactions,
    cart: Client,
    account_id: Uuid,
    account: Client,
    stranger: Client,
    /// Kept because the channels work only while their router exists.
    _router: Router,
}

fn serve(database: &TestDb) -> Served {
    let service = TestTransactions::open(database);
    let router = Router::new(rpc::Options::default()).add(service.transactions.server());
    let client = |caller| Client::new(router.in_process().with_caller(caller));
    let account_id = Uuid::new_v4();
    Served {
        cart: client(Caller::Service("cart".into())),
        account: client(Caller::Account(rpc::AccountId(account_id))),
        stranger: client(Caller::Account(rpc::AccountId(Uuid::new_v4()))),
        account_id,
        service,
        _router: router,
    }
}

impl Served {
    async fn charge(&mut self) -> Transaction {
        let request = ChargeRequest {
            request_id: Uuid::new_v4().to_string(),
            amount: Some(usd(1_000).into()),
            payment_method: Some(PaymentMethod {
                token: "tok_visa".to_owned(),
            }),
            reference: "order 7".to_owned(),
            account_id: self.account_id.to_string(),
            receipt_email: "reader@example.com".to_owned(),
        };
        let response = self.cart.charge(request).await;
        let response = response.expect("it is charged").into_inner();
        response.transaction.expect("the response has it")
    }
}

fn reason(status: &Status) -> String {
    let info = status.get_details_error_info();
    info.map(|info| info.reason).unwrap_or_default()
}

async fn account_reads_its_charge_and_refund(database: TestDb) {
    let mut served = serve(&database);
    let charged = served.charge().await;
    assert_eq!(charged.state(), TransactionState::Charged);
    let request = RefundRequest {
        request_id: Uuid::new_v4().to_string(),
        transaction_id: charged.transaction_id.clone(),
        amount: Some(usd(400).into()),
        reason: "damaged".to_owned(),
    };
    let refunded = served.cart.refund(request).await;
    let refunded = refunded.expect("it is paid back").into_inner();
    let transaction = refunded.transaction.expect("the response has it");
    assert_eq!(transaction.state(), TransactionState::PartlyRefunded);
    assert_eq!(transaction.refunded_amount, Some(usd(400).into()));
    assert_eq!(transaction.refunds, [refunded.refund.expect("it has it")]);
    let request = GetTransactionRequest {
        transaction_id: charged.transaction_id,
    };
    let read = served.account.get_transaction(request).await;
    let read = read.expect("it is the account's").into_inner().transaction;
    assert_eq!(read.as_ref(), Some(&transaction));
    let listed = served
        .account
        .list_transactions(ListTransactionsRequest::default())
        .await;
    let listed = listed.expect("it is the account's").into_inner();
    assert_eq!(listed.transactions, [transaction]);
}

async fn stranger_finds_nothing(database: TestDb) {
    let mut served = serve(&database);
    let request = GetTransactionRequest {
        transaction_id: served.charge().await.transaction_id,
    };
    let read = served.stranger.get_transaction(request).await;
    let status = read.expect_err("it belongs to another account");
    assert_eq!(
        (status.code(), &*reason(&status)),
        (Code::NotFound, "TRANSACTION_NOT_FOUND")
    );
    let listed = served
        .stranger
        .list_transactions(ListTransactionsRequest::default())
        .await;
    assert_eq!(listed.expect("it is empty").into_inner().transactions, []);
}

async fn receipt_is_mailed_after_the_charge_and_at_most_five_times_more(database: TestDb) {
    let mut served = serve(&database);
    let request = ResendReceiptRequest {
        request_id: Uuid::new_v4().to_string(),
        transaction_id: served.charge().await.transaction_id,
    };
    let again = |request_id: String| ResendReceiptRequest {
        request_id,
        ..request.clone()
    };
    // A retry with the same request id sends no second mail.
    for _ in 0..3 {
        let resent = served.account.resend_receipt(request.clone()).await;
        let resent = resent.expect("it is mailed").into_inner();
        assert_eq!(resent.receipt_email, "reader@example.com");
    }
    for _ in 0..4 {
        let new = again(Uuid::new_v4().to_string());
        served.account.resend_receipt(new).await.expect("mailed");
    }
    let refused = served
        .account
        .resend_receipt(again(Uuid::new_v4().to_string()))
        .await;
    let status = refused.expect_err("it was mailed too often");
    assert_eq!(reason(&status), "TOO_MANY_ATTEMPTS");
    let mails = store::read!(database.db(), connection => {
        outbox::statistics(connection, crate::service::RECEIPTS).await
    });
    assert_eq!(mails.expect("the database answers").pending, 6);
    let retry = status
        .get_details_retry_info()
        .and_then(|info| info.retry_delay);
    served.service.clock.advance(retry.expect("it says when"));
    served
        .account
        .resend_receipt(again(Uuid::new_v4().to_string()))
        .await
        .expect("mailed");
}

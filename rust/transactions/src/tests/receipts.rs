//! The mails of receipts.

use std::sync::Arc;

use mail::{KeptMail, Mailer};
use service::PeriodicTask as _;
use store::testing::TestDb;
use uuid::Uuid;

use super::{TestTransactions, charge_request, refund_request};
use crate::{ChargeRequest, PaymentProvider, TransactionId, Transactions};

store::both_engines! {
    crate::SCHEMA =>
    receipt_is_mailed_once_and_shows_refunds_when_it_is_mailed_again,
    receipt_that_cannot_be_sent_holds_back_no_other,
    texts_of_a_receipt_cannot_inject_html,
}

/// The service with a folder of mails.
struct Mailing {
    service: TestTransactions,
    transactions: Transactions,
    mailer: Mailer,
    _folder: tempfile::TempDir,
}

fn mailing(database: &TestDb) -> Mailing {
    let service = TestTransactions::open(database);
    let folder = tempfile::tempdir().expect("a folder");
    let mailer = Mailer::folder(folder.path().join("mail"), "shop@example.com");
    let mailer = mailer.expect("a sender");
    let provider = Arc::clone(&service.provider) as Arc<dyn PaymentProvider>;
    let db = database.db().clone();
    let transactions = Transactions::new(db, provider, mailer.clone(), service.options());
    Mailing {
        service,
        transactions,
        mailer,
        _folder: folder,
    }
}

impl Mailing {
    async fn charge(&self, request: ChargeRequest) -> TransactionId {
        let charged = self.transactions.charge(&request).await;
        charged.expect("the provider answers").transaction_id
    }

    async fn resend(&self, transaction_id: TransactionId) {
        let resent = self
            .transactions
            .resend_receipt(Uuid::new_v4(), transaction_id, None)
            .await;
        resent.expect("the receipt exists");
    }

    /// All mails so far, newest first.
    async fn sent(&self) -> Vec<KeptMail> {
        let ran = self.transactions.receipt_worker().run().await;
        ran.expect("the database answers");
        let folder = self.mailer.kept().expect("a folder");
        folder.newest(10).await.expect("the folder is readable")
    }
}

fn with_receipt(email: &str) -> ChargeRequest {
    ChargeRequest {
        receipt_email: Some(email.to_owned()),
        ..charge_request("tok_visa", 1_050)
    }
}

async fn receipt_is_mailed_once_and_shows_refunds_when_it_is_mailed_again(database: TestDb) {
    let mailing = mailing(&database);
    let id = mailing.charge(with_receipt("reader@example.com")).await;
    mailing.charge(charge_request("tok_visa", 500)).await;
    let declined = ChargeRequest {
        token: "tok_refused".to_owned(),
        ..with_receipt("reader@example.com")
    };
    mailing.charge(declined).await;
    let sent = mailing.sent().await;
    assert_eq!(sent.len(), 1, "only a successful charge has a receipt");
    let mail = &sent[0].mail;
    assert_eq!(mail.to, "reader@example.com");
    assert_eq!(mail.subject, "Your receipt: order 7");
    for part in [
        "order 7",
        "10.50 USD",
        "Visa ending in 4242",
        &id.to_string(),
    ] {
        assert!(mail.text.contains(part), "{}", mail.text);
        assert!(mail.html.contains(part), "{}", mail.html);
    }
    assert!(!mail.text.contains("Paid back"), "{}", mail.text);
    assert_eq!(mailing.sent().await.len(), 1);

    let refund = refund_request(id, Some(400));
    let refunded = mailing.transactions.refund(&refund).await;
    refunded.expect("the provider answers");
    mailing.resend(id).await;
    let sent = mailing.sent().await;
    assert_eq!(sent.len(), 2);
    let refund = "4.00 USD on 2026-02-03 04:05 UTC: damaged";
    let again = sent.iter().find(|kept| kept.mail.text.contains(refund));
    let again = &again.expect("the second mail shows the refund").mail;
    assert!(again.html.contains(refund), "{}", again.html);
    assert!(again.text.contains("6.50 USD"), "{}", again.text);
}

async fn receipt_that_cannot_be_sent_holds_back_no_other(database: TestDb) {
    let mailing = mailing(&database);
    let id = mailing.charge(with_receipt("no address")).await;
    assert!(mailing.sent().await.is_empty());
    store::write!(mailing.service.transactions.db(), transaction => {
        store::query(store::Sql::portable(
            "UPDATE transactions SET receipt_email = $2 WHERE transaction_id = $1",
        ))
        .bind(id.to_string())
        .bind("reader@example.com")
        .execute(transaction)
        .await
    })
    .expect("the database answers");
    mailing.resend(id).await;
    assert_eq!(mailing.sent().await.len(), 1);
}

async fn texts_of_a_receipt_cannot_inject_html(database: TestDb) {
    let mailing = mailing(&database);
    let request = ChargeRequest {
        reference: "<b>7</b>\r\nBcc: eve@example.com".to_owned(),
        ..with_receipt("reader@example.com")
    };
    mailing.charge(request).await;
    let sent = mailing.sent().await;
    let html = &sent[0].mail.html;
    assert!(
        !html.contains("<b>") && html.contains("&#60;b&#62;7"),
        "{html}"
    );
}

//! Tests of the service on both engines, with a fake provider that fails on demand and with the
//! payment simulator over HTTP.

mod account_data;
mod charges;
mod crashes;
mod fake_provider;
mod grpc;
mod ledger;
mod legacy;
mod outages;
mod receipts;
mod refunds;
mod resolutions;
mod resume;
mod simulator;
mod statements;
mod webhooks;

use std::{path::PathBuf, sync::Arc, time::Duration};

use mail::Mailer;
use service::{Clock, ManualClock, Money, PeriodicTask};
use store::{Db, testing::TestDb};
use uuid::Uuid;

use self::fake_provider::FakeProvider;
use crate::{
    ChargeRequest, Options, PaymentProvider, RefundRequest, Transaction, TransactionId,
    Transactions, TransactionsError,
};

/// The service with a test database, a [`FakeProvider`] and a [`ManualClock`].
struct TestTransactions {
    transactions: Transactions,
    provider: Arc<FakeProvider>,
    clock: Arc<ManualClock>,
}

impl TestTransactions {
    fn open(database: &TestDb) -> Self {
        let provider = Arc::new(FakeProvider::default());
        let clock = Arc::new(ManualClock::at(
            "2026-02-03T04:05:06Z".parse().expect("the time parses"),
        ));
        let transactions = service_with(
            database.db().clone(),
            Arc::clone(&provider) as Arc<dyn PaymentProvider>,
            &clock,
        );
        Self {
            transactions,
            provider,
            clock,
        }
    }

    fn options(&self) -> Options {
        Options {
            clock: Arc::clone(&self.clock) as Arc<dyn Clock>,
            ..Options::default()
        }
    }

    /// Another instance with the same database and provider.
    fn with_options(&self, options: Options) -> Transactions {
        let provider = Arc::clone(&self.provider) as Arc<dyn PaymentProvider>;
        Transactions::new(
            self.transactions.db().clone(),
            provider,
            no_mailer(),
            options,
        )
    }

    async fn charge(&self, request: &ChargeRequest) -> Transaction {
        let charged = self.transactions.charge(request).await;
        charged.expect("the provider answers")
    }

    /// A successful charge.
    async fn charged(&self, amount_minor: i64) -> TransactionId {
        let charged = self.charge(&charge_request("tok_visa", amount_minor)).await;
        charged.transaction_id
    }

    async fn read(&self, transaction_id: TransactionId) -> Transaction {
        let found = self.transactions.transaction(transaction_id, None).await;
        found.expect("the transaction is found")
    }

    /// Runs the background task once, after the time at which it takes over.
    async fn resume(&self) {
        self.clock.advance(Duration::from_secs(600));
        let ran = self.transactions.worker().run().await;
        ran.expect("the database answers");
    }

    /// Checks that every posting adds up to zero, and that the ledger knows as much money at
    /// the provider as the provider does.
    async fn assert_balanced(&self) {
        let unbalanced = self.transactions.unbalanced_postings().await;
        assert_eq!(
            unbalanced.expect("the database answers"),
            Vec::<String>::new()
        );
        let balances = self.transactions.ledger_balances().await;
        let mut provider_balance = 0;
        for balance in balances.expect("the database answers") {
            assert_eq!(balance.sum_minor, 0, "{balance:?}");
            provider_balance += balance.provider_balance_minor;
        }
        assert_eq!(provider_balance, self.provider.balance());
    }
}

fn service_with(
    db: Db,
    provider: Arc<dyn PaymentProvider>,
    clock: &Arc<ManualClock>,
) -> Transactions {
    let options = Options {
        clock: Arc::clone(clock) as Arc<dyn Clock>,
        ..Options::default()
    };
    Transactions::new(db, provider, no_mailer(), options)
}

/// For tests in which no mail is sent.
fn no_mailer() -> Mailer {
    Mailer::folder(PathBuf::new(), "shop@example.com").expect("a sender")
}

fn usd(amount_minor: i64) -> Money {
    Money {
        currency_code: "USD".to_owned(),
        amount_minor,
    }
}

fn charge_request(token: &str, amount_minor: i64) -> ChargeRequest {
    ChargeRequest {
        request_id: Uuid::new_v4(),
        amount: usd(amount_minor),
        token: token.to_owned(),
        reference: "order 7".to_owned(),
        account_id: None,
        receipt_email: None,
    }
}

fn refund_request(transaction_id: TransactionId, amount_minor: Option<i64>) -> RefundRequest {
    RefundRequest {
        request_id: Uuid::new_v4(),
        transaction_id,
        amount: amount_minor.map(usd),
        reason: "damaged".to_owned(),
    }
}

/// The error as text.
fn failure<T: std::fmt::Debug>(outcome: Result<T, TransactionsError>) -> String {
    outcome.expect_err("the call fails").to_string()
}

//! The service with the payment simulator over HTTP.

use std::sync::Arc;

use payment_simulator::Simulator;
use service::ManualClock;
use store::testing::{self, TestDb};
use tokio::net::TcpListener;
use tokio_util::task::AbortOnDropHandle;

use super::{charge_request, refund_request, service_with};
use crate::{DeclineReason, HttpProvider, TransactionState, Transactions, TransactionsError};

store::both_engines! {
    crate::SCHEMA =>
    every_test_token_ends_as_it_says,
    refund_reaches_the_simulator,
    stopped_provider_is_unavailable,
}

pub(super) struct Running {
    pub(super) simulator: Simulator,
    pub(super) url: String,
    server: AbortOnDropHandle<()>,
    _database: TestDb,
}

async fn start_simulator() -> Running {
    let options = payment_simulator::Options {
        slow: std::time::Duration::from_millis(1),
        ..payment_simulator::Options::default()
    };
    start_simulator_with(options).await
}

pub(super) async fn start_simulator_with(options: payment_simulator::Options) -> Running {
    let database = testing::sqlite(&payment_simulator::SCHEMA).await;
    let simulator = Simulator::new(database.db().clone(), options);
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let address = listener.local_addr().expect("it is bound");
    let routes = simulator.routes();
    let server = tokio::spawn(async move {
        axum::serve(listener, routes).await.expect("it serves");
    });
    Running {
        simulator,
        url: format!("http://{address}"),
        server: AbortOnDropHandle::new(server),
        _database: database,
    }
}

fn transactions(database: &TestDb, url: &str) -> Transactions {
    let provider = HttpProvider::new(url, None).expect("the URL is valid");
    let now = "2026-02-03T04:05:06Z".parse().expect("the time parses");
    let clock = Arc::new(ManualClock::at(now));
    service_with(database.db().clone(), Arc::new(provider), &clock)
}

async fn every_test_token_ends_as_it_says(database: TestDb) {
    let running = start_simulator().await;
    let transactions = transactions(&database, &running.url);
    let charged = TransactionState::Charged;
    let declined = TransactionState::Declined;
    for (token, failures, state) in [
        ("tok_visa", 0, charged),
        ("tok_mastercard", 0, charged),
        ("tok_slow", 0, charged),
        ("tok_answer_lost", 1, charged),
        ("tok_error_then_success", 1, charged),
        ("tok_refused", 0, declined(DeclineReason::Refused)),
        (
            "tok_insufficient_funds",
            0,
            declined(DeclineReason::InsufficientFunds),
        ),
        ("tok_expired", 0, declined(DeclineReason::MethodExpired)),
        ("tok_4242", 0, declined(DeclineReason::MethodUnknown)),
    ] {
        let request = charge_request(token, 10_000);
        for _ in 0..failures {
            let outcome = transactions.charge(&request).await;
            let unknown = matches!(outcome, Err(TransactionsError::ProviderUnavailable));
            assert!(unknown, "{token}: {outcome:?}");
        }
        let outcome = transactions.charge(&request).await;
        assert_eq!(outcome.expect(token).state(), state, "{token}");
    }
    let totals = running.simulator.totals().await;
    assert_eq!(totals.expect("it answers"), (5, 50_000, 0));
    let balances = transactions.ledger_balances().await.expect("it answers");
    assert_eq!(balances[0].provider_balance_minor, 5 * (10_000 - 140));
}

async fn refund_reaches_the_simulator(database: TestDb) {
    let running = start_simulator().await;
    let transactions = transactions(&database, &running.url);
    let charged = transactions.charge(&charge_request("tok_visa", 500)).await;
    let id = charged.expect("it is charged").transaction_id;
    let refund = transactions.refund(&refund_request(id, Some(200))).await;
    refund.expect("it is paid back");
    let totals = running.simulator.totals().await;
    assert_eq!(totals.expect("it answers"), (1, 500, 200));
}

async fn stopped_provider_is_unavailable(database: TestDb) {
    let running = start_simulator().await;
    let transactions = transactions(&database, &running.url);
    drop(running.server);
    let request = charge_request("tok_visa", 500);
    let outcome = transactions.charge(&request).await;
    assert!(matches!(
        outcome,
        Err(TransactionsError::ProviderUnavailable)
    ));
}

use std::collections::HashMap;

use proptest::{
    prelude::*,
    test_runner::{Config, TestRunner},
};
use store::{query, testing::TestDb};
use tokio::runtime::Handle;
use uuid::Uuid;

use super::{TestTransactions, charge_request, fake_provider::Fault, refund_request};
use crate::{ChargeRequest, RefundRequest, TransactionId, store as rows};

store::both_engines! {
    crate::SCHEMA =>
    entries_cannot_be_changed,
    unbalanced_posting_is_refused,
    ledger_stays_balanced_whatever_fails,
}

async fn entries_cannot_be_changed(database: TestDb) {
    let service = TestTransactions::open(&database);
    service.charged(1_000).await;
    for statement in [
        "UPDATE ledger_entries SET amount_minor = amount_minor + 1",
        "DELETE FROM ledger_entries",
    ] {
        let changed: Result<u64, store::Error> = store::write!(database.db(), transaction => {
            query(statement).execute(transaction).await
        });
        let refused = changed.expect_err(statement).to_string();
        assert!(refused.contains("append-only"), "{refused}");
    }
    service.assert_balanced().await;
}

async fn unbalanced_posting_is_refused(database: TestDb) {
    use crate::LedgerAccount::{ProviderBalance, Sales};
    let now = "2026-02-03T04:05:06Z".parse().expect("the time parses");
    for entries in [&[(ProviderBalance, 5), (Sales, -4)][..], &[(Sales, 1)], &[]] {
        let posted = store::write!(database.db(), transaction => {
            rows::ledger::post(transaction, "test", "USD", entries, now).await
        });
        assert!(posted.is_err(), "{entries:?}");
    }
}

/// One step of a random history. Charges and refunds are named by a small number, so that a
/// later step often repeats or refunds an earlier one.
#[derive(Debug, Clone)]
enum Step {
    Charge {
        name: u8,
        amount_minor: i64,
        declined: bool,
    },
    Refund {
        name: u8,
        of: u8,
        amount_minor: Option<i64>,
    },
    Resume,
}

fn step() -> impl Strategy<Value = (Step, Fault)> {
    let step = prop_oneof![
        3 => (0..4_u8, 1..5_000_i64, prop::bool::weighted(0.2)).prop_map(
            |(name, amount_minor, declined)| Step::Charge { name, amount_minor, declined }
        ),
        4 => (0..6_u8, 0..4_u8, prop::option::of(1..3_000_i64)).prop_map(
            |(name, of, amount_minor)| Step::Refund { name, of, amount_minor }
        ),
        1 => Just(Step::Resume),
    ];
    let fault = prop_oneof![
        3 => Just(Fault::None),
        1 => Just(Fault::RequestLost),
        1 => Just(Fault::AnswerLost),
    ];
    (step, fault)
}

/// Runs a history, then lets the background task finish what is pending.
async fn run_history(service: &TestTransactions, steps: Vec<(Step, Fault)>) {
    let mut charges: HashMap<u8, ChargeRequest> = HashMap::new();
    let mut refunds: HashMap<u8, RefundRequest> = HashMap::new();
    let mut ids: HashMap<u8, TransactionId> = HashMap::new();
    for (step, fault) in steps {
        match step {
            Step::Charge {
                name,
                amount_minor,
                declined,
            } => {
                let token = if declined { "tok_refused" } else { "tok_visa" };
                let request = charges
                    .entry(name)
                    .or_insert_with(|| charge_request(token, amount_minor));
                service.provider.fail_with([fault]);
                if let Ok(charged) = service.transactions.charge(request).await {
                    ids.insert(name, charged.transaction_id);
                }
            }
            Step::Refund {
                name,
                of,
                amount_minor,
            } => {
                let id = ids.get(&of).copied().unwrap_or(TransactionId(Uuid::nil()));
                let request = refunds
                    .entry(name)
                    .or_insert_with(|| refund_request(id, amount_minor));
                service.provider.fail_with([fault]);
                let _ = service.transactions.refund(request).await;
            }
            Step::Resume => service.resume().await,
        }
    }
    service.provider.clear_faults();
    service.resume().await;
    for id in ids.into_values() {
        let transaction = service.read(id).await;
        let refunded = transaction.refunded_minor();
        assert!((0..=transaction.amount.amount_minor).contains(&refunded));
    }
    service.assert_balanced().await;
}

async fn ledger_stays_balanced_whatever_fails(database: TestDb) {
    let service = TestTransactions::open(&database);
    let runtime = Handle::current();
    let config = Config {
        cases: 40,
        failure_persistence: None,
        ..Config::default()
    };
    // The cases share the database: what holds for one history holds for their sequence.
    let outcome = tokio::task::block_in_place(|| {
        TestRunner::new(config).run(&prop::collection::vec(step(), 1..25), |steps| {
            runtime.block_on(run_history(&service, steps));
            Ok(())
        })
    });
    outcome.expect("the ledger is balanced");
}

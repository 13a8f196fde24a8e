//! Answers of the provider that are lost, an hour without the provider, and jumps of the clock.

use std::{sync::Arc, time::Duration};

use jiff::SignedDuration;
use service::{Clock as _, CrashPoints};
use store::testing::TestDb;

use super::{
    TestTransactions, charge_request, crashes::Scenario, fake_provider::Fault, refund_request,
};
use crate::{Options, TransactionState};

store::both_engines! {
    crate::SCHEMA =>
    answer_of_every_call_of_the_provider_may_be_lost,
    payments_end_when_the_provider_is_down_for_an_hour,
    payments_end_soon_whenever_the_clock_jumps,
}

async fn answer_of_every_call_of_the_provider_may_be_lost(database: TestDb) {
    let service = TestTransactions::open(&database);
    let before = service.provider.calls();
    let ran = Scenario::new().run(&service.transactions).await;
    ran.expect("the provider answers");
    let calls = service.provider.calls() - before;
    assert_eq!(calls, 3, "a charge and two refunds");
    for fault in [Fault::AnswerLost, Fault::RequestLost] {
        for number in 0..calls {
            let faults = (0..number).map(|_| Fault::None).chain([fault.clone()]);
            service.provider.fail_with(faults);
            let charges = service.provider.charges();
            let scenario = Scenario::new();
            let what = format!("{fault:?}, call {number}");
            scenario.run(&service.transactions).await.expect_err(&what);
            service.resume().await;
            service.assert_balanced().await;
            let retried = scenario.run(&service.transactions).await;
            assert_eq!(retried.expect(&what), TransactionState::Refunded, "{what}");
            assert_eq!(service.provider.charges(), charges + 1, "{what}");
            service.assert_balanced().await;
        }
    }
}

async fn payments_end_when_the_provider_is_down_for_an_hour(database: TestDb) {
    let service = TestTransactions::open(&database);
    let paid = service.charged(1_000).await;
    service.provider.fail_with(vec![Fault::RequestLost; 10_000]);
    let refund = refund_request(paid, None);
    let refunded = service.transactions.refund(&refund).await;
    refunded.expect_err("the provider is down");
    let before = service.provider.calls();
    for minute in 0..60 {
        if minute % 20 == 0 {
            let request = charge_request("tok_visa", 100);
            let charged = service.transactions.charge(&request).await;
            charged.expect_err("the provider is down");
        }
        let ran = service::PeriodicTask::run(&mut service.transactions.worker()).await;
        ran.expect("the database answers");
        service.clock.advance(Duration::from_secs(60));
    }
    let calls = service.provider.calls() - before;
    assert!(
        calls < 100,
        "{calls} calls within an hour, for four payments"
    );

    service.provider.clear_faults();
    service.resume().await;
    assert_eq!(service.provider.charges(), 4);
    assert_eq!(service.read(paid).await.state(), TransactionState::Refunded);
    let listed = service
        .transactions
        .payments(false, 20, "")
        .await
        .expect("listed");
    for payment in listed.items {
        assert_eq!(payment.parked_reason, None);
        assert!(payment.transaction.is_some());
    }
    service.assert_balanced().await;
}

/// The process is killed at a crash point, the clock jumps, and the background task finishes the
/// payment without waiting until the clock shows the former time again.
async fn payments_end_soon_whenever_the_clock_jumps(database: TestDb) {
    let service = TestTransactions::open(&database);
    for hours in [3, -3] {
        let mut number = 0;
        while jump_at(&service, number, hours).await {
            number += 1;
        }
    }
}

/// `false` if the scenario has fewer points.
async fn jump_at(service: &TestTransactions, number: usize, hours: i64) -> bool {
    let crash_points = Arc::new(CrashPoints::stop_at(number));
    let crashing = service.with_options(Options {
        crash_points: Arc::clone(&crash_points),
        ..service.options()
    });
    let (scenario, charges) = (Scenario::new(), service.provider.charges());
    let crashed = tokio::select! {
        finished = scenario.run(&crashing) => {
            finished.expect("the provider answers");
            false
        }
        () = crash_points.stopped() => true,
    };
    let jumped = service.clock.now() + SignedDuration::from_hours(hours);
    service.clock.set(jumped);
    service.resume().await;
    let what = format!("point {number}, {hours} hours");
    let listed = service
        .transactions
        .payments(false, 20, "")
        .await
        .expect("listed");
    for payment in listed.items {
        assert!(payment.transaction.is_some(), "{what}: {payment:?}");
    }
    service.assert_balanced().await;
    let retried = scenario.run(&service.transactions).await;
    assert_eq!(retried.expect(&what), TransactionState::Refunded, "{what}");
    assert_eq!(service.provider.charges(), charges + 1, "{what}");
    service.assert_balanced().await;
    crashed
}

//! A crash at each point before or after a commit or a remote call.

use std::sync::Arc;

use service::CrashPoints;
use store::testing::TestDb;
use uuid::Uuid;

use super::{
    scenarios::{SCENARIOS, Scenario},
    shop::TestShop,
};
use crate::CheckoutOptions;

store::both_engines! { crate::SCHEMA => order_is_finished_once_whatever_crashes }

/// Three points of PlaceOrder, two of CancelOrder, and two of each step of the worker.
fn points(scenario: Scenario) -> usize {
    match scenario {
        Scenario::Paid | Scenario::Declined => 3 + 3 * 2,
        Scenario::CancelledWhenPaid => 3 + 3 * 2 + 2 + 2,
        Scenario::CancelledAtOnce => 3 + 2 + 2,
    }
}

async fn order_is_finished_once_whatever_crashes(database: TestDb) {
    for scenario in SCENARIOS {
        for number in 0.. {
            if !crash_at(&database, scenario, number).await {
                assert_eq!(number, points(scenario), "the points of {scenario:?}");
                break;
            }
        }
    }
}

/// Runs a scenario up to a crash point, restarts, and checks the result. `false` if the scenario has
/// fewer points.
async fn crash_at(database: &TestDb, scenario: Scenario, number: usize) -> bool {
    let shop = TestShop::open(database);
    let crash_points = Arc::new(CrashPoints::stop_at(number));
    let options = CheckoutOptions {
        crash_points: Arc::clone(&crash_points),
        ..shop.options()
    };
    let crashing = shop.restarted(database.db(), options);
    let buyer = crashing.buyer_with(Uuid::new_v4());
    let request = buyer.request(&[(3, 2)], scenario.token()).await;
    let crashed = tokio::select! {
        finished = scenario.run(&crashing, &buyer, &request) => {
            finished.expect("the services answer");
            false
        }
        () = crash_points.stopped() => true,
    };
    drop(crashing);
    let what = format!("{scenario:?}, point {number}");

    let buyer = shop.buyer_with(buyer.account_id);
    scenario
        .finish_and_check(&shop, &buyer, &request, &what)
        .await;
    crashed
}

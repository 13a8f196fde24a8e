//! The answer of each remote call is lost once, after the other service has done what it says.

use std::collections::BTreeSet;

use contract::bookstore::cart::v1::PlaceOrderRequest;
use fakes::{Fault, FaultSwitch};
use store::testing::TestDb;

use super::{
    scenarios::{SCENARIOS, Scenario},
    shop::{Buyer, TestShop},
};

store::both_engines! { crate::SCHEMA => answer_of_every_remote_call_may_be_lost }

/// What Checkout calls.
const METHODS: [&str; 8] = [
    "batch_get_books",
    "batch_get_stock",
    "charge",
    "commit_reservation",
    "get_account",
    "refund",
    "release_reservation",
    "reserve_stock",
];

/// A method of another service, and the number of its call in a scenario.
type Call = (usize, &'static str, usize);

fn switches(shop: &TestShop) -> [&FaultSwitch; 3] {
    [
        &shop.inventory.faults,
        &shop.transactions.faults,
        &shop.accounts.faults,
    ]
}

async fn prepare(database: &TestDb, scenario: Scenario) -> (TestShop, Buyer, PlaceOrderRequest) {
    let shop = TestShop::open(database);
    let buyer = shop.buyer();
    let request = buyer.request(&[(3, 2)], scenario.token()).await;
    (shop, buyer, request)
}

/// The remote calls of a scenario in which nothing fails.
async fn calls(database: &TestDb, scenario: Scenario) -> Vec<Call> {
    let (shop, buyer, request) = prepare(database, scenario).await;
    let before = switches(&shop).map(FaultSwitch::all_calls);
    scenario
        .run(&shop, &buyer, &request)
        .await
        .expect("it ends");
    let mut calls = Vec::new();
    for (service, switch) in switches(&shop).into_iter().enumerate() {
        for (method, count) in switch.all_calls() {
            let earlier = before[service].get(method).copied().unwrap_or_default();
            calls.extend((0..count - earlier).map(|number| (service, method, number)));
        }
    }
    calls
}

async fn answer_of_every_remote_call_may_be_lost(database: TestDb) {
    let mut lost = BTreeSet::new();
    for scenario in SCENARIOS {
        for (service, method, number) in calls(&database, scenario).await {
            let (shop, buyer, request) = prepare(&database, scenario).await;
            let mut faults = vec![Fault::None; number];
            faults.push(Fault::AnswerLost);
            switches(&shop)[service].set_next(method, &faults);
            // The client gets an error, or the background task repeats the step.
            let _ = scenario.run(&shop, &buyer, &request).await;
            let what = format!("{scenario:?}, call {number} of {method}");
            scenario
                .finish_and_check(&shop, &buyer, &request, &what)
                .await;
            lost.insert(method);
        }
    }
    assert_eq!(lost, BTreeSet::from(METHODS));
}

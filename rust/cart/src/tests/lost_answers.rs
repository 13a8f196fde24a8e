//! The answer of each remote call is lost once, after the other service has done what it says.

use std::collections::BTreeSet;

use contract::bookstore::cart::v1::PlaceOrderRequest;
use fakes::{Fault, FaultSwitch};
use store::testing::TestDb;

use super::{
    shop::{Buyer, TestShop},
    stories::{STORIES, Story},
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

/// A method of another service, and the number of its call in a story.
type Call = (usize, &'static str, usize);

fn switches(shop: &TestShop) -> [&FaultSwitch; 3] {
    [
        &shop.inventory.faults,
        &shop.transactions.faults,
        &shop.accounts.faults,
    ]
}

async fn prepare(database: &TestDb, story: Story) -> (TestShop, Buyer, PlaceOrderRequest) {
    let shop = TestShop::open(database);
    let buyer = shop.buyer();
    let request = buyer.request(&[(3, 2)], story.token()).await;
    (shop, buyer, request)
}

/// The remote calls of a story in which nothing fails.
async fn calls(database: &TestDb, story: Story) -> Vec<Call> {
    let (shop, buyer, request) = prepare(database, story).await;
    let before = switches(&shop).map(FaultSwitch::all_calls);
    story.run(&shop, &buyer, &request).await.expect("it ends");
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
    for story in STORIES {
        for (service, method, number) in calls(&database, story).await {
            let (shop, buyer, request) = prepare(&database, story).await;
            let mut faults = vec![Fault::None; number];
            faults.push(Fault::AnswerLost);
            switches(&shop)[service].set_next(method, &faults);
            // The client gets an error, or the background task repeats the step.
            let _ = story.run(&shop, &buyer, &request).await;
            let what = format!("{story:?}, call {number} of {method}");
            story.finish_and_check(&shop, &buyer, &request, &what).await;
            lost.insert(method);
        }
    }
    assert_eq!(lost, BTreeSet::from(METHODS));
}

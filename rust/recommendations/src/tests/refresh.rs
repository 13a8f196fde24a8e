//! Tests of the refresh: when the catalogue is read, and what happens while it is missing.

use std::time::Duration;

use contract::bookstore::{
    inventory::v1::{BookCategory, inventory_service_server::InventoryServiceServer},
    recommendations::v1::{
        RecommendRequest, recommendation_service_client::RecommendationServiceClient,
    },
};
use rpc::{Channel, LateChannel, Router};
use tokio::time::{Instant, timeout};
use tonic::{Code, Request};

use super::{
    FakeInventory, Options, TUTORIAL, books, fast_refresh, reason, serve, tutorial_inventory,
    v1::recommend,
};
use crate::Recommendations;

/// Waits until the category has `count` books; looks again whenever the service polls Inventory.
async fn wait_for_book_count(
    inventory: &FakeInventory,
    channel: &Channel,
    category: BookCategory,
    count: usize,
) {
    let reached = async {
        let has_count = || async {
            let books = recommend(channel, category, 100).await;
            books.is_ok_and(|books| books.len() == count)
        };
        while !has_count().await {
            wait_for_polls(inventory, 1).await;
        }
    };
    let in_time = timeout(Duration::from_secs(10), reached).await;
    in_time.expect("the change of the catalogue becomes visible");
}

/// Waits until the catalogue revision was asked `count` more times, successfully or not.
async fn wait_for_polls(inventory: &FakeInventory, count: usize) {
    let polls = inventory.faults.wait_for_calls("list_categories", count);
    let in_time = timeout(Duration::from_secs(10), polls).await;
    in_time.expect("inventory is polled");
}

#[tokio::test]
async fn catalogue_is_read_again_only_after_a_change() {
    let inventory = tutorial_inventory();
    let channel = serve(&inventory, &fast_refresh());
    wait_for_book_count(&inventory, &channel, BookCategory::Mystery, 3).await;
    assert_eq!(inventory.faults.calls("list_books"), 1);
    wait_for_polls(&inventory, 3).await;
    assert_eq!(inventory.faults.calls("list_books"), 1);

    let more = (100..=500).map(|id| (id, "Poems", BookCategory::Poetry));
    inventory.replace(&books(TUTORIAL.into_iter().chain(more)));
    wait_for_book_count(&inventory, &channel, BookCategory::Poetry, 100).await;
    // 410 books are three pages.
    assert_eq!(inventory.faults.calls("list_books"), 1 + 3);

    inventory.replace(&books(TUTORIAL.into_iter().skip(1)));
    wait_for_book_count(&inventory, &channel, BookCategory::Mystery, 2).await;
}

#[tokio::test]
async fn duplicate_book_in_the_list_counts_once() {
    let twice = TUTORIAL.into_iter().chain(TUTORIAL);
    let channel = serve(&FakeInventory::of(&books(twice)), &fast_refresh());
    let books = recommend(&channel, BookCategory::Mystery, 100).await;
    assert_eq!(books.expect("books are recommended").len(), 3);
}

#[tokio::test]
async fn call_is_unavailable_before_the_first_load() {
    let inventory = FakeInventory::down();
    let options = Options {
        first_load_wait: Duration::from_millis(60),
        ..fast_refresh()
    };
    let channel = serve(&inventory, &options);
    let start = Instant::now();
    let refused = recommend(&channel, BookCategory::Mystery, 3).await;
    let refused = refused.expect_err("there is no catalogue");
    assert!(start.elapsed() >= options.first_load_wait);
    assert_eq!(refused.code(), Code::Unavailable);
    assert_eq!(reason(&refused), "CATALOGUE_UNAVAILABLE");

    inventory.replace(&books(TUTORIAL));
    inventory.set_down(false);
    let recovered = async { while recommend(&channel, BookCategory::Mystery, 3).await.is_err() {} };
    let in_time = timeout(Duration::from_secs(10), recovered).await;
    in_time.expect("the service recovers when Inventory does");
}

#[tokio::test]
async fn early_request_waits_for_the_first_load() {
    let inventory = FakeInventory::down();
    inventory.replace(&books(TUTORIAL));
    let options = Options {
        first_load_wait: Duration::from_secs(10),
        ..fast_refresh()
    };
    let channel = serve(&inventory, &options);
    let late_start = async {
        wait_for_polls(&inventory, 2).await;
        inventory.set_down(false);
    };
    let (books, ()) = tokio::join!(recommend(&channel, BookCategory::Mystery, 3), late_start);
    assert_eq!(books.expect("the request has waited").len(), 3);
}

#[tokio::test]
async fn early_request_does_not_wait_past_its_deadline() {
    let options = Options {
        first_load_wait: Duration::from_secs(60),
        ..fast_refresh()
    };
    let channel = serve(&FakeInventory::down(), &options);
    let mut request = Request::new(RecommendRequest {
        category: BookCategory::Mystery.into(),
        max_results: 3,
        ..RecommendRequest::default()
    });
    request.set_timeout(Duration::from_millis(50));
    let mut client = RecommendationServiceClient::new(channel);
    let response = timeout(Duration::from_secs(10), client.recommend(request)).await;
    let refused = response
        .expect("the call ends")
        .expect_err("there is no catalogue");
    assert_eq!(refused.code(), Code::DeadlineExceeded);
}

#[tokio::test]
async fn last_catalogue_is_used_while_inventory_is_down() {
    let inventory = tutorial_inventory();
    let channel = serve(&inventory, &fast_refresh());
    wait_for_book_count(&inventory, &channel, BookCategory::Mystery, 3).await;
    inventory.set_down(true);
    for _ in 0..3 {
        wait_for_polls(&inventory, 1).await;
        let books = recommend(&channel, BookCategory::Mystery, 3).await;
        assert_eq!(books.expect("the copy is used").len(), 3);
    }
    inventory.replace(&books(TUTORIAL.into_iter().skip(2)));
    inventory.set_down(false);
    wait_for_book_count(&inventory, &channel, BookCategory::Mystery, 1).await;
}

#[tokio::test]
async fn inventory_of_the_same_process_may_start_later() {
    let (upstream, filler) = LateChannel::new();
    let recommendations =
        Recommendations::new(upstream.clone(), upstream.clone(), upstream, fast_refresh());
    let _refresh = recommendations.run_in_background();
    let router = Router::new(rpc::Options::default())
        .add(recommendations.server())
        .add(InventoryServiceServer::new(tutorial_inventory()));
    let channel = router.in_process();
    filler.set(channel.clone());
    let books = recommend(&channel, BookCategory::Mystery, 3).await;
    assert_eq!(books.expect("books are recommended").len(), 3);
}

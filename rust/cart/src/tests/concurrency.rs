//! One cart in several tabs and on several devices.

use std::collections::BTreeSet;

use store::testing::TestDb;
use tokio::task::JoinSet;

use super::{TestCarts, get, guest_cart_id, merge, put, quantities, remove};

store::both_engines! {
    crate::SCHEMA =>
    concurrent_changes_lose_nothing,
    concurrent_merges_move_each_book_once,
}

async fn concurrent_changes_lose_nothing(database: TestDb) {
    let service = TestCarts::open(&database);
    // A cart that exists and one that the first of the calls makes.
    for (client, cart_id) in [
        (&service.guest, guest_cart_id()),
        (&service.account, String::new()),
    ] {
        let mut tabs = JoinSet::new();
        for tab in 0..8 {
            let (client, cart_id) = (client.clone(), cart_id.clone());
            tabs.spawn(async move {
                for book_id in 1 + tab * 10..=10 + tab * 10 {
                    let added = put(&client, &cart_id, book_id, 1 + tab).await;
                    let added = added.expect("there is room");
                    assert!(quantities(&added).contains(&(book_id, 1 + tab)));
                }
                // Each tab removes one of its own books again, which may empty no other's.
                let removed = remove(&client, &cart_id, 10 + tab * 10).await;
                removed.expect("it is removed");
            });
        }
        tabs.join_all().await;
        let cart = get(client, &cart_id).await.expect("read");
        let actual: BTreeSet<_> = quantities(&cart).into_iter().collect();
        let expected = (0..8).flat_map(|tab| (1..=9).map(move |book| (book + tab * 10, 1 + tab)));
        assert_eq!(actual, expected.collect());
    }
}

async fn concurrent_merges_move_each_book_once(database: TestDb) {
    let service = TestCarts::open(&database);
    put(&service.account, "", 1, 1).await.expect("added");
    let (one, other) = (guest_cart_id(), guest_cart_id());
    put(&service.guest, &one, 1, 2).await.expect("added");
    put(&service.guest, &other, 1, 4).await.expect("added");
    let mut merges = JoinSet::new();
    for cart_id in [&one, &other, &one, &other, &one, &other] {
        let (client, cart_id) = (service.account.clone(), cart_id.clone());
        merges.spawn(async move { merge(&client, &cart_id).await.expect("it is merged") });
    }
    merges.join_all().await;
    let cart = get(&service.account, "").await.expect("read");
    assert_eq!(quantities(&cart), [(1, 7)]);
}

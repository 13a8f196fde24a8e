//! Reading, changing and merging carts.

use contract::bookstore::{cart::v1::ClearCartRequest, r#type::v1::Money};
use store::testing::TestDb;
use tonic::Code;

use super::{TestCarts, account_client, books, failure, get, guest_cart_id, merge, put};
use super::{quantities, remove};
use crate::{CartOwner, MAX_LINES, store as rows};

store::both_engines! {
    crate::SCHEMA =>
    books_keep_the_order_in_which_they_were_added,
    line_shows_title_price_and_stock_of_now,
    reading_an_unknown_cart_stores_nothing,
    unknown_book_is_refused_and_not_stored,
    cart_takes_a_hundred_books,
    book_that_is_gone_is_left_out_and_takes_no_place,
    emptied_cart_leaves_no_row,
    guest_cart_is_open_to_everybody_and_account_carts_are_separate,
    merge_moves_the_books_once,
    merge_that_does_not_fit_changes_nothing,
    catalogue_that_is_down_is_reported,
}

async fn books_keep_the_order_in_which_they_were_added(database: TestDb) {
    let service = TestCarts::open(&database);
    let (guest, cart_id) = (&service.guest, &guest_cart_id());
    for (book_id, quantity) in [(9, 1), (2, 3), (5, 2)] {
        put(guest, cart_id, book_id, quantity).await.expect("added");
    }
    let changed = put(guest, cart_id, 9, 100).await.expect("changed");
    assert_eq!(quantities(&changed), [(9, 100), (2, 3), (5, 2)]);
    let removed = remove(guest, cart_id, 2).await.expect("removed");
    assert_eq!(quantities(&removed), [(9, 100), (5, 2)]);
    assert_eq!(remove(guest, cart_id, 2).await.expect("nothing"), removed);
    let again = put(guest, cart_id, 2, 1).await.expect("added");
    assert_eq!(quantities(&again), [(9, 100), (5, 2), (2, 1)]);
    assert_eq!(get(guest, cart_id).await.expect("read"), again);
}

async fn line_shows_title_price_and_stock_of_now(database: TestDb) {
    let service = TestCarts::open(&database);
    let (guest, cart_id) = (&service.guest, &guest_cart_id());
    let before = put(guest, cart_id, 3, 2).await.expect("added");
    assert_eq!(before.cart_id, *cart_id);
    assert_eq!(before.lines[0].title, "Book 3");
    assert_eq!(before.lines[0].available, 3);
    let usd = |amount_minor| Money {
        currency_code: "USD".to_owned(),
        amount_minor: Some(amount_minor),
    };
    assert_eq!(before.subtotals, [usd(2 * 1002)]);
    let mut dearer = books([3]);
    dearer[0].price = Some(usd(5000));
    service.inventory.replace(&dearer);
    let after = get(guest, cart_id).await.expect("read");
    assert_eq!(after.subtotals, [usd(2 * 5000)]);
    assert_ne!(after.etag, before.etag);
}

async fn reading_an_unknown_cart_stores_nothing(database: TestDb) {
    let service = TestCarts::open(&database);
    let (guest, cart_id) = (&service.guest, &guest_cart_id());
    let empty = get(guest, cart_id).await.expect("it is empty");
    assert_eq!(quantities(&empty), []);
    assert!(!empty.etag.is_empty());
    assert_eq!(remove(guest, cart_id, 1).await.expect("no change"), empty);
    assert_eq!(service.guest_carts().await, 0);
}

async fn unknown_book_is_refused_and_not_stored(database: TestDb) {
    let service = TestCarts::open(&database);
    let refused = put(&service.guest, &guest_cart_id(), 301, 1).await;
    assert_eq!(
        failure(refused),
        (Code::NotFound, "BOOK_NOT_FOUND".to_owned())
    );
    assert_eq!(service.guest_carts().await, 0);
}

async fn cart_takes_a_hundred_books(database: TestDb) {
    let service = TestCarts::open(&database);
    let (guest, cart_id) = (&service.guest, &guest_cart_id());
    // The longest ids and quantities.
    let first = 999_999_900;
    service.inventory.replace(&books(first..=first + 99));
    for book_id in first..first + 99 {
        put(guest, cart_id, book_id, 100).await.expect("added");
    }
    service.inventory.replace(&books(first..=first + 99));
    let full = put(guest, cart_id, first + 99, 100).await.expect("added");
    assert_eq!(full.lines.len(), MAX_LINES);
    service
        .inventory
        .replace(&books((1..=1).chain(first..=first + 99)));
    let refused = put(guest, cart_id, 1, 1).await;
    let expected = (Code::FailedPrecondition, "CART_FULL".to_owned());
    assert_eq!(failure(refused), expected);
    let changed = put(guest, cart_id, first, 1).await.expect("it is there");
    assert_eq!(changed.lines.len(), MAX_LINES);
}

async fn book_that_is_gone_is_left_out_and_takes_no_place(database: TestDb) {
    let service = TestCarts::open(&database);
    let (guest, cart_id) = (&service.guest, &guest_cart_id());
    for book_id in 1..=100 {
        put(guest, cart_id, book_id, 1).await.expect("added");
    }
    service.inventory.replace(&books(2..=200));
    let rest = get(guest, cart_id).await.expect("read");
    let shown: Vec<_> = rest.lines.iter().map(|line| line.book_id).collect();
    assert_eq!(shown, (2..=100).collect::<Vec<_>>());
    let added = put(guest, cart_id, 150, 1).await.expect("there is room");
    assert_eq!(added.lines.len(), 100);
}

async fn emptied_cart_leaves_no_row(database: TestDb) {
    let service = TestCarts::open(&database);
    let (guest, cart_id) = (&service.guest, &guest_cart_id());
    let fresh = get(guest, cart_id).await.expect("it is empty");
    put(guest, cart_id, 1, 1).await.expect("added");
    assert_eq!(service.guest_carts().await, 1);
    assert_eq!(remove(guest, cart_id, 1).await.expect("removed"), fresh);
    assert_eq!(service.guest_carts().await, 0);
    put(guest, cart_id, 1, 1).await.expect("added");
    let request = ClearCartRequest {
        cart_id: cart_id.clone(),
    };
    let cleared = guest.clone().clear_cart(request).await.expect("cleared");
    assert_eq!(cleared.into_inner().cart, Some(fresh));
    assert_eq!(service.guest_carts().await, 0);
}

async fn guest_cart_is_open_to_everybody_and_account_carts_are_separate(database: TestDb) {
    let service = TestCarts::open(&database);
    let (one, other) = (&service.account, account_client(&service.router));
    let cart_id = &guest_cart_id();
    put(&service.guest, cart_id, 1, 1).await.expect("added");
    // The credential is ignored.
    let seen = put(one, &cart_id.to_uppercase(), 2, 2)
        .await
        .expect("added");
    assert_eq!(quantities(&seen), [(1, 1), (2, 2)]);
    let own = put(one, "", 3, 3).await.expect("added");
    assert_eq!(
        (quantities(&own), own.cart_id),
        (vec![(3, 3)], String::new())
    );
    assert_eq!(quantities(&get(&other, "").await.expect("read")), []);
    let refused = get(&service.guest, "").await;
    let expected = (Code::Unauthenticated, "CREDENTIAL_MISSING".to_owned());
    assert_eq!(failure(refused), expected);
}

async fn merge_moves_the_books_once(database: TestDb) {
    let service = TestCarts::open(&database);
    let (guest, account, cart_id) = (&service.guest, &service.account, &guest_cart_id());
    put(account, "", 1, 60).await.expect("added");
    put(account, "", 2, 1).await.expect("added");
    put(guest, cart_id, 3, 4).await.expect("added");
    put(guest, cart_id, 1, 60).await.expect("added");
    let merged = merge(account, cart_id).await.expect("merged");
    assert_eq!(quantities(&merged), [(1, 100), (2, 1), (3, 4)]);
    assert_eq!(merge(account, cart_id).await.expect("a retry"), merged);
    assert_eq!(get(account, "").await.expect("read"), merged);
    assert_eq!(quantities(&get(guest, cart_id).await.expect("read")), []);
    assert_eq!(service.guest_carts().await, 0);
}

async fn merge_that_does_not_fit_changes_nothing(database: TestDb) {
    let service = TestCarts::open(&database);
    let (guest, account, cart_id) = (&service.guest, &service.account, &guest_cart_id());
    for book_id in 1..=60 {
        put(account, "", book_id, 1).await.expect("added");
        put(guest, cart_id, book_id + 41, 1).await.expect("added");
    }
    let refused = merge(account, cart_id).await;
    let expected = (Code::FailedPrecondition, "CART_FULL".to_owned());
    assert_eq!(failure(refused), expected);
    let (own, other) = (get(account, "").await, get(guest, cart_id).await);
    assert_eq!(own.expect("read").lines.len(), 60);
    assert_eq!(other.expect("read").lines.len(), 60);
    remove(guest, cart_id, 101).await.expect("removed");
    let merged = merge(account, cart_id).await.expect("merged");
    assert_eq!(merged.lines.len(), 100);
}

async fn catalogue_that_is_down_is_reported(database: TestDb) {
    let service = TestCarts::open(&database);
    let (guest, cart_id) = (&service.guest, &guest_cart_id());
    put(guest, cart_id, 1, 1).await.expect("added");
    service.inventory.set_down(true);
    let expected = (Code::Unavailable, "CATALOGUE_UNAVAILABLE".to_owned());
    assert_eq!(failure(get(guest, cart_id).await), expected);
    assert_eq!(failure(put(guest, cart_id, 2, 1).await), expected);
    // An empty cart needs no prices.
    get(guest, &guest_cart_id()).await.expect("it is empty");
    service.inventory.set_down(false);
    let kept = get(guest, cart_id).await.expect("read");
    assert_eq!(quantities(&kept), [(1, 1)]);
}

impl TestCarts {
    /// The number of guest carts in the database.
    pub(super) async fn guest_carts(&self) -> usize {
        let mut count = 0;
        loop {
            let excess = store::read!(self.carts.db(), connection => {
                rows::carts::changed_at_of_excess(connection, count).await
            });
            match excess.expect("the database answers") {
                Some(_) => count += 1,
                None => return count as usize,
            }
        }
    }

    /// Whether a guest cart has a row.
    pub(super) async fn is_stored(&self, cart_id: &str) -> bool {
        let owner = CartOwner::Guest(cart_id.parse().expect("it is a UUID"));
        let items = store::read!(self.carts.db(), connection => {
            rows::carts::get(connection, owner).await
        });
        !items.expect("the database answers").is_empty()
    }
}

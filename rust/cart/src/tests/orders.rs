//! Placing, reading and shipping orders.

use std::time::Duration;

use contract::bookstore::{
    cart::v1::{ListOrdersRequest, OrderState},
    r#type::v1::Money,
};
use fakes::Fault;
use store::testing::TestDb;
use tokio::task::JoinSet;
use tonic::{Code, Status};
use tonic_types::StatusExt;
use uuid::Uuid;

use crate::OrderFilter;

use super::{
    books, get, put, quantities,
    shop::{TestShop, request},
};

store::both_engines! {
    crate::SCHEMA =>
    order_is_placed_paid_and_shipped,
    retry_returns_the_order_as_it_was_placed,
    cart_that_differs_from_what_the_buyer_saw_is_not_ordered,
    order_that_cannot_be_is_refused_and_changes_nothing,
    concurrent_calls_with_one_request_id_place_one_order,
    two_tabs_order_one_cart_once,
    book_that_is_added_during_the_call_is_not_lost,
    second_charge_parks_the_order,
    order_belongs_to_its_account,
    orders_are_listed_newest_first,
    operator_lists_the_orders_of_all_accounts,
    free_order_is_not_charged,
}

/// The code and the reason of a failed call.
pub(super) fn failure<T: std::fmt::Debug>(outcome: Result<T, Status>) -> (Code, String) {
    let status = outcome.expect_err("the call fails");
    let info = status.get_details_error_info();
    (
        status.code(),
        info.map(|info| info.reason).unwrap_or_default(),
    )
}

fn precondition(reason: &str) -> (Code, String) {
    (Code::FailedPrecondition, reason.to_owned())
}

async fn order_is_placed_paid_and_shipped(database: TestDb) {
    let shop = TestShop::open(&database);
    let buyer = shop.buyer();
    let placed = buyer.order(&[(3, 2), (1, 1)], "tok_visa").await;
    assert_eq!(placed.state(), OrderState::Placed);
    let total = placed.total.clone().and_then(|total| total.amount_minor);
    assert_eq!(total, Some(2 * 1002 + 1000));
    assert_eq!(placed.transaction_id, "");
    assert_eq!(quantities(&get(&buyer.cart, "").await.expect("read")), []);
    assert_eq!(shop.copies(3), (8, 2, 0));
    assert_eq!(buyer.read(&placed).await, placed);
    assert_eq!(
        failure(shop.ship(&placed).await),
        precondition("ORDER_NOT_PAID")
    );

    shop.work().await;
    let paid = buyer.read(&placed).await;
    assert_eq!(paid.state(), OrderState::Paid);
    assert_ne!(paid.transaction_id, "");
    assert_eq!(shop.copies(3), (8, 0, 2));
    assert_eq!(
        shop.transactions.paid_and_refunded(&paid.order_id),
        (3004, 0)
    );
    assert_eq!(shop.pending().await, 0);
    let charge = shop.transactions.transactions().remove(0);
    let email = format!("{}@example.org", buyer.account_id);
    assert_eq!(
        (charge.account_id, charge.receipt_email),
        (buyer.account_id.to_string(), email)
    );

    for _ in 0..2 {
        let shipped = shop.ship(&placed).await.expect("it is paid");
        assert_eq!(shipped.state(), OrderState::Shipped);
        assert_eq!(shipped.tracking_number, "Parcel 7");
    }
    let refused = buyer.cancel(&placed).await;
    assert_eq!(failure(refused), precondition("ORDER_NOT_CANCELLABLE"));
}

async fn retry_returns_the_order_as_it_was_placed(database: TestDb) {
    let shop = TestShop::open(&database);
    let buyer = shop.buyer();
    let request = buyer.request(&[(3, 2)], "tok_visa").await;
    let placed = buyer.place(&request).await.expect("it is placed");
    shop.work().await;
    put(&buyer.cart, "", 5, 1).await.expect("there is room");
    assert_eq!(buyer.place(&request).await.expect("a retry"), placed);
    assert_eq!(shop.copies(3), (8, 0, 2));
    let mut other = request.clone();
    other.payment_method = super::shop::request("", "tok_mastercard").payment_method;
    let reused = (Code::AlreadyExists, "REQUEST_ID_REUSED".to_owned());
    assert_eq!(failure(buyer.place(&other).await), reused);
    // Another account does not get the order either.
    assert_eq!(failure(shop.buyer().place(&request).await), reused);
}

async fn cart_that_differs_from_what_the_buyer_saw_is_not_ordered(database: TestDb) {
    let shop = TestShop::open(&database);
    let buyer = shop.buyer();
    let empty = buyer.place(&request("etag", "tok_visa")).await;
    assert_eq!(failure(empty), precondition("CART_EMPTY"));
    let seen = buyer.request(&[(3, 2)], "tok_visa").await;
    put(&buyer.cart, "", 3, 3).await.expect("changed");
    assert_eq!(
        failure(buyer.place(&seen).await),
        precondition("CART_CHANGED")
    );
    let seen = buyer.request(&[], "tok_visa").await;
    let mut dearer = books(1..=10);
    dearer[2].price = Some(Money {
        currency_code: "USD".to_owned(),
        amount_minor: Some(9999),
    });
    shop.inventory.replace(&dearer);
    assert_eq!(
        failure(buyer.place(&seen).await),
        precondition("CART_CHANGED")
    );
    assert_eq!(shop.copies(3), (10, 0, 0));
    assert_eq!(
        quantities(&get(&buyer.cart, "").await.expect("read")),
        [(3, 3)]
    );
}

async fn order_that_cannot_be_is_refused_and_changes_nothing(database: TestDb) {
    let shop = TestShop::open(&database);
    let buyer = shop.buyer();
    let too_many = buyer.request(&[(3, 11)], "tok_visa").await;
    let status = buyer.place(&too_many).await.expect_err("there are ten");
    let info = status.get_details_error_info().expect("it has a reason");
    assert_eq!(info.reason, "OUT_OF_STOCK");
    assert_eq!(info.metadata["available"], "10");
    let mut prices = books(1..=10);
    for (position, currency, amount_minor) in [(0, "EUR", 10), (1, "USD", 500_000_000_000)] {
        prices[position].price = Some(Money {
            currency_code: currency.to_owned(),
            amount_minor: Some(amount_minor),
        });
    }
    shop.inventory.replace(&prices);
    let mixed = buyer.request(&[(3, 1), (1, 1)], "tok_visa").await;
    assert_eq!(
        failure(buyer.place(&mixed).await),
        precondition("CURRENCIES_MIXED")
    );
    let rich = shop.buyer();
    let too_large = rich.request(&[(2, 3)], "tok_visa").await;
    assert_eq!(
        failure(rich.place(&too_large).await),
        precondition("TOTAL_TOO_LARGE")
    );
    let possible = rich.request(&[(2, 1)], "tok_visa").await;
    shop.accounts.faults.set("get_account", Fault::Down);
    let unavailable = (Code::Unavailable, "ACCOUNTS_UNAVAILABLE".to_owned());
    assert_eq!(failure(rich.place(&possible).await), unavailable);
    shop.inventory.set_down(true);
    let unavailable = (Code::Unavailable, "CATALOGUE_UNAVAILABLE".to_owned());
    assert_eq!(failure(rich.place(&too_large).await), unavailable);
    shop.inventory.set_down(false);
    for book_id in 1..=3 {
        assert_eq!(shop.copies(book_id), (10, 0, 0));
    }
    assert_eq!(shop.pending().await, 0);
    assert_eq!(
        quantities(&get(&buyer.cart, "").await.expect("read")),
        [(3, 1), (1, 1)]
    );
}

async fn concurrent_calls_with_one_request_id_place_one_order(database: TestDb) {
    let shop = TestShop::open(&database);
    for round in 1..=5 {
        let buyer = shop.buyer();
        // All copies: a second reservation would fail.
        let request = buyer.request(&[(round, 10)], "tok_visa").await;
        let mut calls = JoinSet::new();
        for _ in 0..8 {
            let (account, request) = (shop.buyer_with(buyer.account_id), request.clone());
            calls.spawn(async move { account.place(&request).await.expect("it is placed") });
        }
        let mut orders = calls.join_all().await;
        orders.dedup();
        assert_eq!(orders.len(), 1);
        assert_eq!(shop.copies(round), (0, 10, 0));
    }
    shop.work().await;
    assert_eq!(shop.transactions.transactions().len(), 5);
}

async fn two_tabs_order_one_cart_once(database: TestDb) {
    let shop = TestShop::open(&database);
    for book_id in 1..=5 {
        let buyer = shop.buyer();
        let one = buyer.request(&[(book_id, 2)], "tok_visa").await;
        let mut calls = JoinSet::new();
        for _ in 0..4 {
            let (account, mut request) = (shop.buyer_with(buyer.account_id), one.clone());
            request.request_id = Uuid::new_v4().to_string();
            calls.spawn(async move { account.place(&request).await });
        }
        let (placed, refused): (Vec<_>, Vec<_>) =
            calls.join_all().await.into_iter().partition(Result::is_ok);
        assert_eq!(placed.len(), 1);
        for call in refused {
            let (code, reason) = failure(call);
            assert_eq!(code, Code::FailedPrecondition);
            assert!(
                ["CART_EMPTY", "CART_CHANGED"].contains(&&*reason),
                "{reason}"
            );
        }
        assert_eq!(shop.copies(book_id), (8, 2, 0));
    }
}

async fn book_that_is_added_during_the_call_is_not_lost(database: TestDb) {
    let shop = TestShop::open(&database);
    let buyer = shop.buyer();
    let request = buyer.request(&[(3, 2)], "tok_visa").await;
    let slow = Fault::Slow(Duration::from_secs(3));
    shop.inventory.faults.set_next("reserve_stock", &[slow]);
    let add_meanwhile = async {
        let faults = &shop.inventory.faults;
        faults.wait_for_calls("reserve_stock", 1).await;
        put(&buyer.cart, "", 5, 1).await.expect("there is room");
    };
    // The first one is polled first, so it counts the call.
    let ((), placed) = tokio::join!(add_meanwhile, buyer.place(&request));
    assert_eq!(failure(placed), precondition("CART_CHANGED"));
    let cart = get(&buyer.cart, "").await.expect("read");
    assert_eq!(quantities(&cart), [(3, 2), (5, 1)]);
    assert_eq!(shop.copies(3), (10, 0, 0));
}

async fn second_charge_parks_the_order(database: TestDb) {
    let shop = TestShop::open(&database);
    let placed = shop.buyer().order(&[(3, 2)], "tok_visa").await;
    shop.work().await;
    let mut order = shop.stored(&placed).await;
    let charged = |transaction_id| crate::Event::Charged { transaction_id };
    let now = order.updated_at;
    let repeated = charged(order.transaction_id.expect("it is paid"));
    assert!(!order.apply(&repeated, now).0);
    assert_eq!(order.parked_reason, None);
    assert!(!order.apply(&charged(Uuid::new_v4()), now).0);
    let reason = order.parked_reason.clone().unwrap_or_default();
    assert!(reason.contains("but it was Charged"), "{reason}");
    assert_eq!(order.next_step(), None);
}

async fn order_belongs_to_its_account(database: TestDb) {
    let shop = TestShop::open(&database);
    let placed = shop.buyer().order(&[(3, 2)], "tok_visa").await;
    let stranger = shop.buyer();
    let not_found = (Code::NotFound, "ORDER_NOT_FOUND".to_owned());
    assert_eq!(failure(stranger.get(&placed).await), not_found);
    assert_eq!(failure(stranger.cancel(&placed).await), not_found);
    let mut unknown = placed.clone();
    unknown.order_id = Uuid::new_v4().to_string();
    assert_eq!(failure(shop.ship(&unknown).await), not_found);
}

async fn orders_are_listed_newest_first(database: TestDb) {
    let shop = TestShop::open(&database);
    let (buyer, other) = (shop.buyer(), shop.buyer());
    let mut expected = Vec::new();
    for book_id in 1..=5 {
        other.order(&[(book_id, 1)], "tok_visa").await;
        expected.insert(0, buyer.order(&[(book_id, 1)], "tok_visa").await);
    }
    let (mut listed, mut page_token) = (Vec::new(), String::new());
    loop {
        let request = ListOrdersRequest {
            page_size: 2,
            page_token,
        };
        let page = buyer.checkout.clone().list_orders(request).await;
        let page = page.expect("it is the buyer's").into_inner();
        listed.extend(page.orders);
        page_token = page.next_page_token;
        if page_token.is_empty() {
            break;
        }
    }
    assert_eq!(listed, expected);
}

async fn free_order_is_not_charged(database: TestDb) {
    let shop = TestShop::open(&database);
    let mut free = books(1..=1);
    free[0].price = Some(Money {
        currency_code: "USD".to_owned(),
        amount_minor: Some(0),
    });
    shop.inventory.replace(&free);
    let buyer = shop.buyer();
    let placed = buyer.order(&[(1, 2)], "tok_visa").await;
    shop.work().await;
    let paid = buyer.read(&placed).await;
    assert_eq!(
        (paid.state(), &*paid.transaction_id),
        (OrderState::Paid, "")
    );
    assert_eq!(shop.transactions.transactions(), []);
    assert_eq!(shop.copies(1), (8, 0, 2));
}

async fn operator_lists_the_orders_of_all_accounts(database: TestDb) {
    let shop = TestShop::open(&database);
    let paid = shop.buyer().order(&[(1, 1)], "tok_visa").await;
    shop.work().await;
    let placed = shop.buyer().order(&[(2, 1)], "tok_visa").await;
    let ids = async |state| {
        let (mut ids, mut token) = (Vec::new(), String::new());
        loop {
            let filter = OrderFilter {
                state,
                parked_only: false,
            };
            let page = shop.checkout.list_all(filter, 1, &token).await;
            let page = page.expect("the database answers");
            ids.extend(
                page.items
                    .iter()
                    .map(|listed| listed.order.order_id.to_string()),
            );
            token = page.next_page_token;
            if token.is_empty() {
                break ids;
            }
        }
    };
    assert_eq!(ids(None).await, [placed.order_id.as_str(), &paid.order_id]);
    assert_eq!(
        ids(Some(crate::OrderState::Paid)).await,
        [paid.order_id.as_str()]
    );
    assert_eq!(ids(Some(crate::OrderState::Failed)).await, [""; 0]);
}

//! What Cart does for Accounts: the export and the deletion of what it keeps about an account.

use contract::bookstore::cart::v1::{
    CartItem, DeleteAccountDataRequest, ExportAccountDataRequest, Order, OrderState,
};
use service::{AccountId, BookId, Money};
use store::testing::TestDb;
use tokio::task::JoinSet;
use tonic::Code;
use uuid::Uuid;

use super::{
    failure as cart_failure, get, guest_cart_id, merge,
    orders::failure,
    put,
    shop::{Buyer, CheckoutClient, TestShop},
};
use crate::{CartItem as Item, OrderId, OrderLine, service::MAX_LINES_ON_A_PAGE, store as rows};

store::both_engines! {
    crate::SCHEMA =>
    export_has_the_cart_and_every_order_once,
    page_has_a_bounded_number_of_lines,
    only_accounts_may_export_and_for_an_account,
    deleted_account_has_no_cart_and_gets_none_again,
    lines_of_an_order_that_fails_do_not_go_back_to_a_deleted_account,
    deletion_and_additions_at_the_same_time_leave_no_cart,
}

fn accounts(shop: &TestShop, account_id: Uuid) -> CheckoutClient {
    let channel = shop.channel().as_service(&"accounts".into(), None);
    CheckoutClient::new(channel.on_behalf_of(rpc::AccountId(account_id)))
}

/// The books in the cart, and the orders page by page.
async fn export(
    shop: &TestShop,
    buyer: &Buyer,
    page_size: i32,
) -> (Vec<CartItem>, Vec<Vec<Order>>) {
    let mut client = accounts(shop, buyer.account_id);
    let (mut items, mut pages, mut page_token) = (Vec::new(), Vec::new(), String::new());
    loop {
        let request = ExportAccountDataRequest {
            page_size,
            page_token,
        };
        let page = client.export_account_data(request).await;
        let page = page.expect("it may ask").into_inner();
        items.extend(page.cart_items);
        pages.push(page.orders);
        page_token = page.next_page_token;
        if page_token.is_empty() {
            return (items, pages);
        }
    }
}

async fn export_has_the_cart_and_every_order_once(database: TestDb) {
    let shop = TestShop::open(&database);
    let (buyer, other) = (shop.buyer(), shop.buyer());
    assert_eq!(export(&shop, &buyer, 0).await, (vec![], vec![vec![]]));
    let mut placed = Vec::new();
    for book_id in 1..=5 {
        placed.push(buyer.order(&[(book_id, 1)], "tok_visa").await.order_id);
        other.order(&[(book_id, 1)], "tok_visa").await;
    }
    placed.reverse();
    put(&buyer.cart, "", 7, 2).await.expect("there is room");
    put(&other.cart, "", 8, 2).await.expect("there is room");
    let in_cart = CartItem {
        book_id: 7,
        quantity: 2,
    };
    for page_size in [1, 2, 5, 200] {
        let (items, pages) = export(&shop, &buyer, page_size).await;
        assert_eq!(items, [in_cart]);
        let orders = pages.iter().flatten().map(|order| order.order_id.clone());
        assert_eq!(orders.collect::<Vec<_>>(), placed, "{page_size} a page");
    }
}

async fn page_has_a_bounded_number_of_lines(database: TestDb) {
    let shop = TestShop::open(&database);
    let buyer = shop.buyer();
    let placed = buyer.order(&[(1, 1)], "tok_visa").await;
    let mut order = shop.stored(&placed).await;
    let line = |book_id| OrderLine {
        item: Item {
            book_id: BookId(book_id),
            quantity: 1,
        },
        title: "\u{1f4da}".repeat(300),
        unit_price: Money {
            currency_code: "USD".to_owned(),
            amount_minor: 999,
        },
    };
    order.account_id = AccountId(buyer.account_id);
    order.lines = (1..=100).map(line).collect();
    store::write!(shop.checkout.db(), transaction => {
        for _ in 0..25 {
            order.order_id = OrderId(Uuid::now_v7());
            order.reservation_id = Uuid::now_v7();
            rows::orders::insert(transaction, &order).await?;
        }
        Ok::<_, crate::CartError>(())
    })
    .expect("the database answers");
    let (_, pages) = export(&shop, &buyer, 200).await;
    let sizes: Vec<_> = pages.iter().map(Vec::len).collect();
    assert_eq!(sizes, [10, 10, 6]);
    for page in pages {
        let lines: usize = page.iter().map(|order| order.lines.len()).sum();
        assert!(lines <= MAX_LINES_ON_A_PAGE);
    }
}

async fn only_accounts_may_export_and_for_an_account(database: TestDb) {
    let shop = TestShop::open(&database);
    let buyer = shop.buyer();
    let request = ExportAccountDataRequest::default();
    let mut client = buyer.checkout.clone();
    let by_buyer = client.export_account_data(request.clone()).await;
    assert_eq!(failure(by_buyer).0, Code::PermissionDenied);
    let reviews = shop.channel().as_service(&"reviews".into(), None);
    let reviews = reviews.on_behalf_of(rpc::AccountId(buyer.account_id));
    let by_reviews = CheckoutClient::new(reviews)
        .export_account_data(request.clone())
        .await;
    assert_eq!(failure(by_reviews).0, Code::PermissionDenied);
    let for_nobody = shop.channel().as_service(&"accounts".into(), None);
    let for_nobody = CheckoutClient::new(for_nobody)
        .export_account_data(request)
        .await;
    let missing = (Code::Unauthenticated, "CREDENTIAL_MISSING".to_owned());
    assert_eq!(failure(for_nobody), missing);
    // A token is valid for its account only.
    buyer.order(&[(1, 1)], "tok_visa").await;
    buyer.order(&[(2, 1)], "tok_visa").await;
    let first = ExportAccountDataRequest {
        page_size: 1,
        page_token: String::new(),
    };
    let page = accounts(&shop, buyer.account_id)
        .export_account_data(first)
        .await;
    let of_another = ExportAccountDataRequest {
        page_size: 1,
        page_token: page.expect("it may ask").into_inner().next_page_token,
    };
    let page = accounts(&shop, Uuid::new_v4())
        .export_account_data(of_another)
        .await;
    let invalid = (Code::InvalidArgument, "PAGE_TOKEN_INVALID".to_owned());
    assert_eq!(failure(page), invalid);
}

async fn delete(shop: &TestShop, buyer: &Buyer) {
    let request = DeleteAccountDataRequest {};
    let deleted = accounts(shop, buyer.account_id)
        .delete_account_data(request)
        .await;
    deleted.expect("it may delete");
}

async fn deleted_account_has_no_cart_and_gets_none_again(database: TestDb) {
    let shop = TestShop::open(&database);
    let (buyer, other) = (shop.buyer(), shop.buyer());
    let placed = buyer.order(&[(1, 1)], "tok_visa").await;
    for buyer in [&buyer, &other] {
        put(&buyer.cart, "", 7, 2).await.expect("there is room");
    }
    for _ in 0..2 {
        delete(&shop, &buyer).await;
    }
    let (items, pages) = export(&shop, &buyer, 20).await;
    assert_eq!(items, []);
    // The orders are kept, and go on.
    assert_eq!(pages.concat().len(), 1);
    shop.finish(1).await;
    assert_eq!(buyer.read(&placed).await.state(), OrderState::Paid);
    // A session that other processes still know cannot fill the cart.
    let ended = (Code::Unauthenticated, "SESSION_INVALID".to_owned());
    assert_eq!(cart_failure(put(&buyer.cart, "", 7, 2).await), ended);
    let guest_cart_id = guest_cart_id();
    put(&buyer.cart, &guest_cart_id, 8, 1)
        .await
        .expect("there is room");
    assert_eq!(
        cart_failure(merge(&buyer.cart, &guest_cart_id).await),
        ended
    );
    let guest = get(&buyer.cart, &guest_cart_id).await.expect("read");
    assert_eq!(guest.lines.len(), 1, "nothing was moved");
    let (items, _) = export(&shop, &other, 20).await;
    assert_eq!(items.len(), 1);
}

async fn lines_of_an_order_that_fails_do_not_go_back_to_a_deleted_account(database: TestDb) {
    let shop = TestShop::open(&database);
    let buyer = shop.buyer();
    let placed = buyer.order(&[(1, 1)], "tok_insufficient_funds").await;
    delete(&shop, &buyer).await;
    shop.finish(1).await;
    assert_eq!(buyer.read(&placed).await.state(), OrderState::Failed);
    assert_eq!(export(&shop, &buyer, 20).await.0, []);
    assert_eq!(carts(&shop).await, 0);
}

async fn deletion_and_additions_at_the_same_time_leave_no_cart(database: TestDb) {
    let shop = TestShop::open(&database);
    for _ in 0..5 {
        let buyer = shop.buyer();
        let mut tasks = JoinSet::new();
        for book_id in 1..=8 {
            let cart = buyer.cart.clone();
            tasks.spawn(async move {
                // It is refused if the deletion came first.
                let _ = put(&cart, "", book_id, 1).await;
            });
        }
        delete(&shop, &buyer).await;
        tasks.join_all().await;
        assert_eq!(carts(&shop).await, 0);
    }
}

/// The number of carts of all accounts and guests.
async fn carts(shop: &TestShop) -> i64 {
    let count = store::read!(shop.checkout.db(), connection => {
        let count = store::query(store::Sql::portable("SELECT COUNT(*) FROM carts"));
        count.fetch_one::<(i64,)>(connection).await
    });
    let (count,): (i64,) = count
        .map_err(|error: store::Error| error)
        .expect("the database answers");
    count
}

//! What Cart tells Accounts about an account, for the export of its data.

use contract::bookstore::cart::v1::{CartItem, ExportAccountDataRequest, Order};
use service::{AccountId, BookId, Money};
use store::testing::TestDb;
use tonic::Code;
use uuid::Uuid;

use super::{
    orders::failure,
    put,
    shop::{Buyer, CheckoutClient, TestShop},
};
use crate::{
    CartItem as Item, OrderId, OrderLine, service::MAX_LINES_ON_A_PAGE, store as rows,
};

store::both_engines! {
    crate::SCHEMA =>
    export_has_the_cart_and_every_order_once,
    page_has_a_bounded_number_of_lines,
    only_accounts_may_export_and_for_an_account,
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
    let by_buyer = buyer.checkout.clone().export_account_data(request.clone());
    assert_eq!(failure(by_buyer.await).0, Code::PermissionDenied);
    let reviews = shop.channel().as_service(&"reviews".into(), None);
    let reviews = reviews.on_behalf_of(rpc::AccountId(buyer.account_id));
    let by_reviews = CheckoutClient::new(reviews).export_account_data(request.clone()).await;
    assert_eq!(failure(by_reviews).0, Code::PermissionDenied);
    let for_nobody = shop.channel().as_service(&"accounts".into(), None);
    let for_nobody = CheckoutClient::new(for_nobody).export_account_data(request).await;
    let missing = (Code::Unauthenticated, "CREDENTIAL_MISSING".to_owned());
    assert_eq!(failure(for_nobody), missing);
    // A token is valid for its account only.
    buyer.order(&[(1, 1)], "tok_visa").await;
    buyer.order(&[(2, 1)], "tok_visa").await;
    let first = ExportAccountDataRequest {
        page_size: 1,
        page_token: String::new(),
    };
    let page = accounts(&shop, buyer.account_id).export_account_data(first).await;
    let of_another = ExportAccountDataRequest {
        page_size: 1,
        page_token: page.expect("it may ask").into_inner().next_page_token,
    };
    let page = accounts(&shop, Uuid::new_v4()).export_account_data(of_another).await;
    let invalid = (Code::InvalidArgument, "PAGE_TOKEN_INVALID".to_owned());
    assert_eq!(failure(page), invalid);
}

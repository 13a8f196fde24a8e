//! What Reviews and Recommendations ask about the purchases of accounts.

use contract::bookstore::cart::v1::{CheckPurchasesRequest, ListPurchasesRequest, Order, Purchase};
use store::testing::TestDb;
use tonic::{Code, Status};
use tonic_types::StatusExt;
use uuid::Uuid;

use super::shop::TestShop;

store::both_engines! {
    crate::SCHEMA =>
    bought_books_are_those_of_paid_orders,
    purchases_are_the_orders_that_neither_failed_nor_were_cancelled,
    pages_contain_every_purchase_once_newest_first,
    token_of_another_account_is_refused,
    only_recommendations_lists_purchases,
}

impl TestShop {
    async fn bought(&self, account_id: Uuid, book_ids: &[i32]) -> Vec<i32> {
        let request = CheckPurchasesRequest {
            account_id: account_id.to_string(),
            book_ids: book_ids.to_vec(),
        };
        let response = self.service("reviews").check_purchases(request).await;
        response.expect("it may ask").into_inner().bought_book_ids
    }

    /// One page of the purchases of an account, or of all, and the token of the next.
    async fn page(
        &self,
        account_id: Option<Uuid>,
        page_size: i32,
        page_token: &str,
    ) -> Result<(Vec<Purchase>, String), Status> {
        let request = ListPurchasesRequest {
            account_id: account_id.map(|id| id.to_string()).unwrap_or_default(),
            page_size,
            page_token: page_token.to_owned(),
        };
        let mut client = self.service("recommendations");
        let page = client.list_purchases(request).await?.into_inner();
        Ok((page.purchases, page.next_page_token))
    }

    /// All purchases, on pages of this size.
    async fn purchases(&self, account_id: Option<Uuid>, page_size: i32) -> Vec<Purchase> {
        let (mut listed, mut token) = (Vec::new(), String::new());
        loop {
            let page = self.page(account_id, page_size, &token).await;
            let (purchases, next) = page.expect("it may ask");
            assert!(purchases.len() <= page_size as usize);
            listed.extend(purchases);
            token = next;
            if token.is_empty() {
                return listed;
            }
        }
    }
}

fn purchase(order: &Order, paid: bool) -> Purchase {
    Purchase {
        order_id: order.order_id.clone(),
        account_id: order.account_id.clone(),
        book_ids: order.lines.iter().map(|line| line.book_id).collect(),
        paid,
    }
}

async fn bought_books_are_those_of_paid_orders(database: TestDb) {
    let shop = TestShop::open(&database);
    let buyer = shop.buyer();
    buyer.order(&[(7, 1), (2, 1)], "tok_visa").await;
    buyer.order(&[(3, 1)], "tok_insufficient_funds").await;
    let asked = [1, 2, 3, 7];
    assert_eq!(shop.bought(buyer.account_id, &asked).await, [0; 0]);
    shop.work().await;
    assert_eq!(shop.bought(buyer.account_id, &asked).await, [2, 7]);
    assert_eq!(shop.bought(shop.buyer().account_id, &asked).await, [0; 0]);
}

async fn purchases_are_the_orders_that_neither_failed_nor_were_cancelled(database: TestDb) {
    let shop = TestShop::open(&database);
    let buyer = shop.buyer();
    let account_id = buyer.account_id;
    let shipped = buyer.order(&[(7, 1), (2, 3)], "tok_visa").await;
    let cancelled = buyer.order(&[(4, 1)], "tok_visa").await;
    let failing = buyer.order(&[(3, 1)], "tok_insufficient_funds").await;
    let of_buyer = async || shop.purchases(Some(account_id), 100).await;
    let placed = [&failing, &cancelled, &shipped].map(|order| purchase(order, false));
    assert_eq!(placed[2].book_ids, [7, 2]);
    assert_eq!(of_buyer().await, placed);
    shop.work().await;
    let paid = [&cancelled, &shipped].map(|order| purchase(order, true));
    assert_eq!(of_buyer().await, paid);
    shop.ship(&shipped).await.expect("it is paid");
    buyer.cancel(&cancelled).await.expect("it is not shipped");
    assert_eq!(of_buyer().await, paid[1..]);
    assert_eq!(shop.purchases(None, 100).await, paid[1..]);
    assert_eq!(shop.purchases(Some(Uuid::new_v4()), 100).await, []);
}

async fn pages_contain_every_purchase_once_newest_first(database: TestDb) {
    let shop = TestShop::open(&database);
    let (one, other) = (shop.buyer(), shop.buyer());
    let mut expected = Vec::new();
    for book_id in 1..=4 {
        for buyer in [&one, &other] {
            let order = buyer.order(&[(book_id, 1)], "tok_visa").await;
            expected.insert(0, purchase(&order, true));
        }
    }
    shop.work().await;
    let of_one: Vec<_> = expected
        .iter()
        .filter(|purchase| purchase.account_id == one.account_id.to_string())
        .cloned()
        .collect();
    for page_size in [1, 3, 8, 1000] {
        assert_eq!(shop.purchases(None, page_size).await, expected);
        let listed = shop.purchases(Some(one.account_id), page_size).await;
        assert_eq!(listed, of_one);
    }
}

async fn token_of_another_account_is_refused(database: TestDb) {
    let shop = TestShop::open(&database);
    let buyer = shop.buyer();
    for book_id in 1..=2 {
        buyer.order(&[(book_id, 1)], "tok_visa").await;
    }
    let all = shop.page(None, 1, "").await.expect("it may ask").1;
    let own = shop.page(Some(buyer.account_id), 1, "").await;
    let own = own.expect("it may ask").1;
    for (account_id, token) in [
        (Some(buyer.account_id), all.as_str()),
        (Some(Uuid::nil()), &all),
        (Some(Uuid::new_v4()), &own),
        (None, &own),
        (None, "x"),
    ] {
        let status = shop.page(account_id, 1, token).await;
        let status = status.expect_err("it is another list");
        let reason = status.get_details_error_info().map(|info| info.reason);
        assert_eq!(
            (status.code(), reason.as_deref()),
            (Code::InvalidArgument, Some("PAGE_TOKEN_INVALID"))
        );
    }
}

async fn only_recommendations_lists_purchases(database: TestDb) {
    let shop = TestShop::open(&database);
    for mut client in [
        shop.service("reviews"),
        shop.service("marketplace"),
        shop.operator(),
        shop.buyer().checkout,
    ] {
        let request = ListPurchasesRequest::default();
        let refused = client.list_purchases(request).await;
        let code = refused.expect_err("it may not ask").code();
        assert_eq!(code, Code::PermissionDenied);
    }
}

//! The checkout and the pages of orders.

use contract::bookstore::{
    cart::v1::{Order, OrderFailure, OrderState},
    transactions::v1::DeclineReason,
    r#type::v1::Money,
};

use super::*;

const ADDRESS: [(&str, &str); 4] = [
    ("shipping_address.recipient", "Ada"),
    ("shipping_address.street_lines[0]", "1 Main Street"),
    ("shipping_address.city", "London"),
    ("shipping_address.country_code", "GB"),
];

fn fields(token: &str) -> Vec<(&str, &str)> {
    let mut fields = ADDRESS.to_vec();
    fields.push(("payment_method.token", token));
    fields
}

/// A signed-in visitor with two copies of a book in the cart, at the checkout.
async fn at_the_checkout(shop: &TestShop) -> Browser<'_> {
    let mut browser = Browser::signed_in(shop).await;
    browser.get("/books/101").await;
    browser.submit("/cart/add", &[("quantity", "2")]).await;
    browser.get("/checkout").await;
    browser
}

/// A visitor who looks at the page of an order that was just placed.
pub(super) async fn ordered(shop: &TestShop) -> (Browser<'_>, Order) {
    let mut browser = at_the_checkout(shop).await;
    browser.submit("/checkout", &fields("tok_visa")).await;
    browser.follow().await;
    let order = shop.checkout.orders().remove(0);
    (browser, order)
}

pub(super) fn path(order: &Order) -> String {
    format!("/orders/{}", order.order_id)
}

#[tokio::test]
async fn cart_is_ordered_once_however_often_the_form_is_sent() {
    let shop = TestShop::of(&catalogue());
    let mut browser = at_the_checkout(&shop).await;
    for part in [
        "Star 101",
        "2 × $11.00",
        "Total: <span class=\"price\">$22.00",
    ] {
        assert!(browser.page.body.contains(part), "{part}");
    }
    let form = browser.form("/checkout");
    for _ in 0..2 {
        browser.post("/checkout", &form, &fields("tok_visa")).await;
        let orders = shop.checkout.orders();
        assert_eq!(orders.len(), 1);
        let target = format!("{}?done=placed", path(&orders[0]));
        assert_eq!(browser.page.header("location"), target);
    }
    let page = browser.follow().await;
    for part in [
        "Thank you for your order",
        "Star 101",
        "1 Main Street",
        "London",
    ] {
        assert!(page.body.contains(part), "{part}");
    }
    // The cart is empty now.
    assert_eq!(browser.get("/checkout").await.header("location"), "/cart");
}

#[tokio::test]
async fn visitor_signs_in_and_comes_back_to_the_checkout() {
    let shop = TestShop::of(&catalogue());
    shop.accounts.add("ada@example.org", "correct horse", "Ada");
    let mut browser = Browser::open(&shop, "/books/101").await;
    browser.submit("/cart/add", &[("quantity", "1")]).await;
    assert!(browser.follow().await.body.contains("href=\"/checkout\""));
    browser.get("/checkout").await;
    assert_eq!(browser.page.header("location"), "/sign-in?next=/checkout");
    browser.follow().await;
    browser.sign_in().await;
    assert!(browser.follow().await.body.contains("Star 101"));
    for path in ["/orders", &format!("/orders/{}", uuid::Uuid::nil())] {
        let target = format!("/sign-in?next={path}");
        assert_eq!(shop.get(path).await.header("location"), target);
    }
}

#[tokio::test]
async fn default_address_is_filled_in() {
    let shop = TestShop::of(&catalogue());
    let mut browser = at_the_checkout(&shop).await;
    browser.get("/account").await;
    let names = ADDRESS.map(|(name, value)| {
        let name = name.replace("shipping_address", "profile.default_shipping_address");
        (name, value)
    });
    let fields = names
        .each_ref()
        .map(|(name, value)| (name.as_str(), *value));
    browser.submit("/account/address", &fields).await;
    let page = browser.get("/checkout").await;
    assert!(page.body.contains("value=\"1 Main Street\""));
}

#[tokio::test]
async fn wrong_address_is_explained_at_the_field_and_kept() {
    let shop = TestShop::of(&catalogue());
    let mut browser = at_the_checkout(&shop).await;
    let mut wrong = fields("tok_mastercard");
    wrong[3].1 = "England";
    let page = browser.submit("/checkout", &wrong).await;
    assert_eq!(page.status, StatusCode::UNPROCESSABLE_ENTITY);
    let error = "id=\"shipping-address-country-code-error\"";
    assert_eq!(page.count(error), 1, "{}", page.body);
    assert!(page.body.contains("value=\"1 Main Street\""));
    assert!(page.body.contains("value=\"tok_mastercard\" selected"));
    assert!(page.body.contains("<title>Error: "));
    let page = browser.submit("/checkout", &[]).await;
    assert!(page.body.contains("shipping-address-recipient-error"));
    assert_eq!(shop.checkout.orders(), []);
}

#[tokio::test]
async fn changed_cart_is_shown_before_it_is_ordered() {
    let shop = TestShop::of(&catalogue());
    let mut browser = at_the_checkout(&shop).await;
    let form = browser.form("/checkout");
    browser.get("/books/102").await;
    browser.submit("/cart/add", &[("quantity", "1")]).await;
    let page = browser.post("/checkout", &form, &fields("tok_visa")).await;
    assert_eq!(page.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(page.body.contains("has changed since") && page.body.contains("Star 102"));
    assert_eq!(shop.checkout.orders(), []);
    browser.submit("/checkout", &fields("tok_visa")).await;
    assert_eq!(shop.checkout.orders()[0].lines.len(), 2);
}

#[tokio::test]
async fn refused_orders_say_what_to_do() {
    let shop = TestShop::of(&catalogue());
    let mut browser = at_the_checkout(&shop).await;
    browser.get("/cart").await;
    browser.submit("/cart/update", &[("quantity", "4")]).await;
    browser.get("/checkout").await;
    let page = browser.submit("/checkout", &fields("tok_visa")).await;
    assert!(page.body.contains("please change your cart"));
    assert!(page.body.contains("Only 3 left at the moment"));
    let form = browser.form("/checkout");
    browser.get("/cart").await;
    browser.submit("/cart/clear", &[]).await;
    let page = browser.post("/checkout", &form, &fields("tok_visa")).await;
    assert_eq!(page.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(page.body.contains("Your cart is empty, so") && page.count("<select") == 0);
}

#[tokio::test]
async fn order_whose_answer_is_lost_is_sent_again_and_exists_once() {
    let shop = TestShop::of(&catalogue());
    let mut browser = at_the_checkout(&shop).await;
    shop.checkout
        .faults
        .set_next("place_order", &[Fault::AnswerLost]);
    let page = browser.submit("/checkout", &fields("tok_visa")).await;
    assert_eq!(page.status, StatusCode::SERVICE_UNAVAILABLE);
    assert!(page.body.contains("ordered only once"));
    browser.submit("/checkout", &fields("tok_visa")).await;
    assert!(browser.follow().await.body.contains("Thank you"));
    assert_eq!(shop.checkout.orders().len(), 1);
}

#[tokio::test]
async fn order_page_tells_each_state_and_reloads_until_it_is_paid() {
    let shop = TestShop::of(&catalogue());
    let (mut browser, order) = ordered(&shop).await;
    const RELOAD: &str = "http-equiv=\"refresh\"";
    assert_eq!(browser.page.count(RELOAD), 1);
    assert!(browser.page.body.contains("payment is being processed"));

    shop.checkout.change(&order.order_id, |order| {
        order.set_state(OrderState::Paid);
        order.transaction_id = uuid::Uuid::new_v4().to_string();
    });
    let page = browser.get(&path(&order)).await;
    assert!(page.body.contains("Your payment has arrived") && page.count(RELOAD) == 0);

    browser.submit("/orders/cancel", &[]).await;
    let page = browser.follow().await;
    assert!(page.body.contains("Your order is cancelled") && page.count(RELOAD) == 1);
    assert!(page.body.contains("Is being paid back") && page.count("/orders/cancel") == 0);
    shop.checkout.change(&order.order_id, |order| {
        order.refunded_amount = Some(Money {
            currency_code: "USD".to_owned(),
            amount_minor: Some(2200),
        });
    });
    let page = browser.get(&path(&order)).await;
    assert!(page.body.contains("Paid back ($22.00)") && page.count(RELOAD) == 0);
}

#[tokio::test]
async fn declined_order_says_why() {
    let shop = TestShop::of(&catalogue());
    let (mut browser, order) = ordered(&shop).await;
    shop.checkout.change(&order.order_id, |order| {
        order.set_state(OrderState::Failed);
        order.set_failure(OrderFailure::PaymentDeclined);
        order.set_decline_reason(DeclineReason::InsufficientFunds);
        order.transaction_id = uuid::Uuid::new_v4().to_string();
    });
    let page = browser.get(&path(&order)).await;
    assert!(page.body.contains("there is not enough money"));
    assert_eq!(page.count("http-equiv=\"refresh\""), 0);
}

#[tokio::test]
async fn shipped_order_is_not_cancelled() {
    let shop = TestShop::of(&catalogue());
    let (mut browser, order) = ordered(&shop).await;
    shop.checkout.change(&order.order_id, |order| {
        order.set_state(OrderState::Shipped);
    });
    let page = browser.submit("/orders/cancel", &[]).await;
    assert_eq!(page.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(page.body.contains("can no longer be cancelled"));
    assert!(page.body.contains("has left our warehouse"));
}

#[tokio::test]
async fn events_tell_each_change_until_the_last() {
    let shop = TestShop::of(&catalogue());
    let (mut browser, order) = ordered(&shop).await;
    let shown = |page: &TestResponse| {
        let (_, rest) = page.body.split_once("data-version=\"").expect("a version");
        rest.split('"').next().map(str::to_owned).expect("its end")
    };
    let placed = shown(&browser.page);
    let events_path = format!("{}/events", path(&order));
    let ship = async {
        shop.checkout.faults.wait_for_calls("watch_order", 1).await;
        shop.checkout.change(&order.order_id, |order| {
            order.set_state(OrderState::Shipped);
        });
    };
    // Counts the calls from before the first one.
    let ((), events) = futures::future::join(ship, browser.get(&events_path)).await;
    assert_eq!(events.header("content-type"), "text/event-stream");
    let body = events.body.clone();
    let shipped = shown(browser.get(&path(&order)).await);
    assert!(
        body.ends_with(&format!("data: {shipped}\n\nevent: end\ndata: end\n\n")),
        "{body}"
    );
    assert_ne!(placed, shipped);
}

#[tokio::test]
async fn orders_of_other_accounts_do_not_exist() {
    let shop = TestShop::of(&catalogue());
    let (mut browser, order) = ordered(&shop).await;
    shop.checkout.change(&order.order_id, |order| {
        order.account_id = uuid::Uuid::new_v4().to_string();
    });
    let events_path = format!("{}/events", path(&order));
    for path in [
        path(&order).as_str(),
        &events_path,
        "/orders/7",
        "/orders/%0d%0a",
    ] {
        assert_eq!(
            browser.get(path).await.status,
            StatusCode::NOT_FOUND,
            "{path}"
        );
    }
}

#[tokio::test]
async fn history_has_pages_and_starts_with_the_newest_order() {
    let shop = TestShop::of(&catalogue());
    let mut browser = Browser::signed_in(&shop).await;
    assert!(
        browser
            .get("/orders")
            .await
            .body
            .contains("not ordered anything")
    );
    for _ in 0..21 {
        browser.get("/books/101").await;
        browser.submit("/cart/add", &[("quantity", "1")]).await;
        browser.get("/checkout").await;
        browser.submit("/checkout", &fields("tok_visa")).await;
    }
    let orders = shop.checkout.orders();
    let page = browser.get("/orders").await;
    assert_eq!(page.count("<h2><a href=\"/orders/"), 20);
    assert!(page.body.contains(&path(&orders[20])) && !page.body.contains(&path(&orders[0])));
    assert!(page.body.contains("/orders?after=20"));
    let page = browser.get("/orders?after=20").await;
    assert!(page.body.contains(&path(&orders[0])) && !page.body.contains("Older orders"));
    assert_eq!(
        browser.get("/orders?after=x").await.header("location"),
        "/orders"
    );
}

#[tokio::test]
async fn without_orders_the_rest_works() {
    let shop = TestShop::of(&catalogue());
    let (mut browser, order) = ordered(&shop).await;
    shop.checkout.faults.set("*", Fault::Failing);
    for path in ["/orders", &path(&order)] {
        let page = browser.get(path).await;
        assert_eq!(page.status, StatusCode::SERVICE_UNAVAILABLE, "{path}");
        assert!(!page.body.contains(fakes::SECRET));
    }
    assert_eq!(browser.get("/books/101").await.status, StatusCode::OK);
}

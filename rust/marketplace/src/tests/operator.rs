//! The pages of the operator.

use contract::bookstore::{
    cart::v1::{Order, OrderState, ResolutionAction},
    transactions::v1::{
        ChargeRequest, ParkedRefund, Payment, PaymentMethod, TransactionState,
        transaction_service_server::TransactionService as _,
    },
    r#type::v1::{Money, OutboxMessageState},
};
use uuid::Uuid;

use super::*;

const LOCAL: [u8; 4] = [127, 0, 0, 1];

const PAGES: [&str; 8] = [
    "/operator",
    "/operator/orders",
    "/operator/payments",
    "/operator/stock",
    "/operator/reviews",
    "/operator/audit",
    "/operator/outbox",
    "/operator/faults",
];

/// A browser on this machine that is signed in as the operator.
pub(super) async fn operator(shop: &TestShop) -> Browser<'_> {
    let mut browser = Browser::open(shop, "/").await;
    browser.peer = LOCAL;
    browser.get("/operator/sign-in").await;
    browser
        .submit("/operator/sign-in", &[("token", OPERATOR_TOKEN)])
        .await;
    assert_eq!(browser.page.header("location"), "/operator/orders");
    browser
}

/// An order in a state.
async fn order(shop: &TestShop, state: OrderState) -> Order {
    let mut buyer = Browser::signed_in(shop).await;
    buyer.get("/books/101").await;
    buyer.submit("/cart/add", &[("quantity", "2")]).await;
    buyer.get("/checkout").await;
    let fields = [
        ("shipping_address.recipient", "Ada"),
        ("shipping_address.street_lines[0]", "1 Main Street"),
        ("shipping_address.city", "London"),
        ("shipping_address.country_code", "GB"),
        ("payment_method.token", "tok_visa"),
    ];
    buyer.submit("/checkout", &fields).await;
    let order = shop.checkout.orders().remove(0);
    shop.checkout
        .change(&order.order_id, |order| order.set_state(state));
    order
}

fn path(order: &Order) -> String {
    format!("/operator/orders/{}", order.order_id)
}

#[tokio::test]
async fn pages_are_closed_without_a_session_of_the_operator() {
    let shop = TestShop::of(&catalogue());
    // Neither the token itself nor the session of an account opens them.
    let mut reader = Browser::signed_in(&shop).await;
    reader.peer = LOCAL;
    reader
        .cookies
        .insert("operator".to_owned(), OPERATOR_TOKEN.to_owned());
    for path in PAGES {
        let page = reader.get(path).await;
        assert_eq!(page.header("location"), "/operator/sign-in", "{path}");
        assert_eq!(page.header("cache-control"), "private, no-store");
    }
    reader.get("/operator/sign-in").await;
    let form = reader.form("/operator/sign-in");
    for path in [
        "/operator/orders/ship",
        "/operator/orders/resolve",
        "/operator/payments/refund",
        "/operator/payments/resolve",
        "/operator/stock",
        "/operator/reviews/hide",
        "/operator/reviews/show",
        "/operator/audit",
        "/operator/outbox/retry",
        "/operator/faults/set",
        "/operator/faults/remove",
    ] {
        let page = reader.post(path, &form, &[]).await;
        assert_eq!(page.header("location"), "/operator/sign-in", "{path}");
    }
    assert_eq!(shop.checkout.faults.calls("list_all_orders"), 0);
}

#[tokio::test]
async fn cookie_of_the_operator_is_strict_and_ends_with_the_sign_out() {
    let shop = TestShop::of(&catalogue());
    let mut browser = Browser::open(&shop, "/operator/sign-in").await;
    browser.peer = LOCAL;
    browser.get("/operator/sign-in").await;
    browser
        .submit("/operator/sign-in", &[("token", OPERATOR_TOKEN)])
        .await;
    let cookie = browser.page.header("set-cookie").to_owned();
    assert!(
        cookie.contains("; HttpOnly; SameSite=Strict; Max-Age=28800"),
        "{cookie}"
    );
    assert!(!cookie.contains(OPERATOR_TOKEN));
    browser.get("/operator/orders").await;
    assert_eq!(browser.page.status, StatusCode::OK);
    assert_eq!(browser.page.header("cache-control"), "private, no-store");
    let stolen = browser.cookies.clone();
    browser.submit("/operator/sign-out", &[]).await;
    assert!(!browser.cookies.contains_key("operator"));
    browser.cookies = stolen;
    let page = browser.get("/operator/orders").await;
    assert_eq!(page.header("location"), "/operator/sign-in");
}

#[tokio::test(start_paused = true)]
async fn wrong_tokens_are_limited_and_the_session_is_short() {
    let shop = TestShop::of(&catalogue());
    let mut browser = Browser::open(&shop, "/").await;
    browser.peer = LOCAL;
    browser.get("/operator/sign-in").await;
    for _ in 0..5 {
        let page = browser.submit("/operator/sign-in", &[("token", "x")]).await;
        assert!(page.body.contains("not the operator token") && page.count("value=\"x\"") == 0);
    }
    let page = browser
        .submit("/operator/sign-in", &[("token", OPERATOR_TOKEN)])
        .await;
    assert_eq!(page.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(page.body.contains("Please try again in 15 minutes"));
    tokio::time::advance(Duration::from_mins(15)).await;
    browser
        .submit("/operator/sign-in", &[("token", OPERATOR_TOKEN)])
        .await;
    assert_eq!(browser.get("/operator/stock").await.status, StatusCode::OK);
    tokio::time::advance(Duration::from_mins(31)).await;
    assert_eq!(
        browser.get("/operator/stock").await.status,
        StatusCode::SEE_OTHER
    );
}

#[tokio::test]
async fn token_is_not_asked_for_without_tls_or_a_token() {
    let shop = TestShop::of(&catalogue());
    let mut remote = Browser::open(&shop, "/operator/sign-in").await;
    assert!(remote.page.body.contains("without TLS"));
    assert_eq!(remote.page.count("operator.token"), 0);
    // Whoever sends the form nevertheless gets no session.
    remote.peer = LOCAL;
    remote.get("/operator/sign-in").await;
    let form = remote.form("/operator/sign-in");
    remote.peer = [192, 0, 2, 7];
    remote
        .post("/operator/sign-in", &form, &[("token", OPERATOR_TOKEN)])
        .await;
    assert!(!remote.cookies.contains_key("operator"));
}

#[tokio::test]
async fn form_of_another_site_changes_nothing() {
    let shop = TestShop::of(&catalogue());
    let order = order(&shop, OrderState::Paid).await;
    let mut browser = operator(&shop).await;
    browser.get(&path(&order)).await;
    let mut form = browser.form("/operator/orders/ship");
    form.retain(|(name, _)| name != "form_token");
    let page = browser.post("/operator/orders/ship", &form, &[]).await;
    assert_eq!(page.status, StatusCode::FORBIDDEN);
    assert_eq!(shop.checkout.faults.calls("ship_order"), 0);
}

#[tokio::test]
async fn paid_order_is_shipped_with_its_tracking_number() {
    let shop = TestShop::of(&catalogue());
    let order = order(&shop, OrderState::Paid).await;
    let mut browser = operator(&shop).await;
    let list = browser.get("/operator/orders").await;
    assert!(list.body.contains(&path(&order)) && list.body.contains("Ada"));
    browser.get(&path(&order)).await;
    let form = browser.form("/operator/orders/ship");
    for _ in 0..2 {
        let fields = [("tracking_number", "Royal Mail 7")];
        browser.post("/operator/orders/ship", &form, &fields).await;
        let target = format!("{}?done=shipped", path(&order));
        assert_eq!(browser.page.header("location"), target);
    }
    assert!(browser.follow().await.body.contains("Royal Mail 7"));
    assert_eq!(shop.checkout.orders()[0].tracking_number, "Royal Mail 7");
    let list = browser.get("/operator/orders").await;
    assert!(list.body.contains("There is nothing to ship"));
}

#[tokio::test]
async fn parked_order_is_resolved_once_and_the_decision_is_shown() {
    let shop = TestShop::of(&catalogue());
    let order = order(&shop, OrderState::Placed).await;
    shop.checkout.park(&order.order_id, "<b>two answers</b>");
    let mut browser = operator(&shop).await;
    let list = browser.get("/operator/orders?show=parked").await;
    assert!(
        list.body.contains("&#60;b&#62;two answers"),
        "{}",
        list.body
    );
    browser.get(&path(&order)).await;
    // What is wrong is said at the fields, and what was typed is kept.
    let page = browser
        .submit("/operator/orders/resolve", &[("note", "It is paid")])
        .await;
    assert_eq!(page.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(page.body.contains("id=\"action-error\""), "{}", page.body);
    assert!(page.body.contains("Please choose one of these."));
    assert!(page.body.contains("id=\"operator-name-error\"") && page.body.contains("It is paid"));
    let mut fields = vec![
        ("action", "3"),
        ("transaction_id", "0197d6a0-0000-7000-8000-000000000000"),
        ("operator_name", "Grace"),
        ("note", "It is paid"),
    ];
    let page = browser.submit("/operator/orders/resolve", &fields).await;
    assert!(page.body.contains("no successful charge of this order"));
    fields[0].1 = "1";
    let form = browser.form("/operator/orders/resolve");
    for _ in 0..2 {
        browser
            .post("/operator/orders/resolve", &form, &fields)
            .await;
        let target = format!("{}?done=resolved", path(&order));
        assert_eq!(browser.page.header("location"), target);
    }
    let page = browser.follow().await;
    assert!(page.body.contains("Grace") && page.count("/operator/orders/resolve") == 0);
    let made = shop.checkout.resolutions();
    assert_eq!((made.len(), made[0].action()), (1, ResolutionAction::Retry));
    assert_eq!(
        browser.get("/operator/orders/x").await.status,
        StatusCode::NOT_FOUND
    );
}

#[tokio::test]
async fn charge_is_paid_back() {
    let shop = TestShop::of(&catalogue());
    let charge = ChargeRequest {
        request_id: Uuid::new_v4().to_string(),
        amount: Some(Money {
            currency_code: "USD".to_owned(),
            amount_minor: Some(2200),
        }),
        payment_method: Some(PaymentMethod {
            token: "tok_visa".to_owned(),
        }),
        reference: "order 7".to_owned(),
        ..ChargeRequest::default()
    };
    let charged = shop.transactions.charge(tonic::Request::new(charge)).await;
    let charged = charged.expect("it is charged").into_inner();
    let id = charged.transaction.expect("it is set").transaction_id;
    let mut browser = operator(&shop).await;
    let page = browser.get("/operator/payments").await;
    assert!(page.body.contains("$22.00") && page.body.contains("order 7"));
    browser.get(&format!("/operator/payments/{id}")).await;
    for amount in ["12,50", "x", "-1"] {
        let fields = [("amount", amount), ("reason", "A torn page")];
        let page = browser.submit("/operator/payments/refund", &fields).await;
        assert!(page.body.contains("id=\"amount-error\"") && page.body.contains("A torn page"));
    }
    shop.transactions
        .faults
        .set_next("refund", &[Fault::AnswerLost]);
    let fields = [("reason", "A torn page")];
    let page = browser.submit("/operator/payments/refund", &fields).await;
    assert_eq!(page.status, StatusCode::UNPROCESSABLE_ENTITY);
    // The same form again has no second effect.
    browser.submit("/operator/payments/refund", &fields).await;
    let page = browser.follow().await;
    assert!(page.body.contains("The amount is paid back") && page.body.contains("A torn page"));
    let refunded = shop.transactions.transactions();
    assert_eq!(refunded[0].state(), TransactionState::Refunded);
    assert_eq!(refunded[0].refunds.len(), 1);
}

/// A payment that waits for the operator.
fn parked_payment(parked_refund: Option<ParkedRefund>) -> Payment {
    Payment {
        transaction_id: "018f6d5e-0000-7000-8000-000000000001".to_owned(),
        reference: "order 7".to_owned(),
        amount: usd(1000),
        parked_reason: "no answer in time".to_owned(),
        parked_refund,
        ..Payment::default()
    }
}

fn usd(amount_minor: i64) -> Option<Money> {
    Some(Money {
        currency_code: "USD".to_owned(),
        amount_minor: Some(amount_minor),
    })
}

#[tokio::test]
async fn parked_charge_is_marked_as_charged() {
    let shop = TestShop::of(&catalogue());
    let payment = parked_payment(None);
    let path = format!("/operator/payments/{}", payment.transaction_id);
    shop.transactions.park(payment);
    let mut browser = operator(&shop).await;
    let list = browser.get("/operator/payments?show=parked").await;
    assert!(list.body.contains("no answer in time") && list.body.contains(&path));
    let page = browser.get(&path).await;
    assert!(
        page.body.contains("whether the money was taken"),
        "{}",
        page.body
    );
    let resolve = "/operator/payments/resolve";
    let mut fields = vec![
        ("action", "2"),
        ("operator_name", "Grace"),
        ("note", "it is on the dashboard"),
    ];
    let refused = browser.submit(resolve, &fields).await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(refused.body.contains("Write the id of the charge"));
    fields.extend([("provider_charge_id", "ch_1"), ("fee", "many")]);
    let refused = browser.submit(resolve, &fields).await;
    assert!(refused.body.contains("Write an amount such as"));
    fields[4].1 = "0.30";
    browser.submit(resolve, &fields).await;
    let page = browser.follow().await;
    for part in [
        "The decision is recorded",
        "Mark as charged",
        "Grace",
        "dashboard",
    ] {
        assert!(page.body.contains(part), "{part}: {}", page.body);
    }
    assert!(!page.body.contains(resolve), "{}", page.body);
    let list = browser.get("/operator/payments?show=parked").await;
    assert!(list.body.contains("No payment waits for you"));
}

#[tokio::test]
async fn parked_refund_is_marked_as_not_paid_back() {
    let shop = TestShop::of(&catalogue());
    let refund = ParkedRefund {
        refund_id: "018f6d5e-0000-7000-8000-000000000002".to_owned(),
        amount: usd(250),
        request_time: Some(prost_types::Timestamp::default()),
    };
    let payment = parked_payment(Some(refund));
    let path = format!("/operator/payments/{}", payment.transaction_id);
    shop.transactions.park(payment);
    let mut browser = operator(&shop).await;
    let page = browser.get(&path).await;
    assert!(page.body.contains("2.50") && !page.body.contains("provider_charge_id"));
    let fields = [
        ("action", "3"),
        ("operator_name", "Grace"),
        ("note", "it is not on the dashboard"),
    ];
    browser.submit("/operator/payments/resolve", &fields).await;
    let page = browser.follow().await;
    assert!(page.body.contains("Mark as not paid back"), "{}", page.body);
    assert!(page.body.contains("018f6d5e-0000-7000-8000-000000000002"));
}

#[tokio::test]
async fn stock_is_set_unless_it_has_changed() {
    let shop = TestShop::of(&catalogue());
    let mut browser = operator(&shop).await;
    let page = browser.get("/operator/stock?q=star+101").await;
    assert!(
        page.body.contains("Star 101")
            && page.count("action=\"/operator/stock\" method=\"post\"") > 0
    );
    browser.get("/operator/stock?q=101").await;
    let form = browser.form("/operator/stock");
    browser
        .post("/operator/stock", &form, &[("on_hand", "12")])
        .await;
    assert_eq!(
        browser.page.header("location"),
        "/operator/stock?q=101&done=set"
    );
    assert_eq!(shop.stock.level(101).on_hand, 12);
    let page = browser
        .post("/operator/stock", &form, &[("on_hand", "5")])
        .await;
    assert_eq!(page.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(page.body.contains("has changed since") && page.body.contains("value=\"5\""));
    let page = browser
        .submit("/operator/stock", &[("on_hand", "many")])
        .await;
    assert!(page.body.contains("Write a number"));
    assert_eq!(shop.stock.level(101).on_hand, 12);
    let page = browser.get("/operator/stock?q=%3Cb%3E").await;
    assert!(page.body.contains("No book matches"));
}

#[tokio::test]
async fn review_is_hidden_with_a_reason_and_shown_again() {
    let shop = TestShop::of(&catalogue());
    shop.reviews.add(101, 1, "Buy my watches");
    let mut browser = operator(&shop).await;
    let page = browser.get("/operator/reviews").await;
    assert!(page.body.contains("Buy my watches"));
    let page = browser.submit("/operator/reviews/hide", &[]).await;
    assert_eq!(page.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(page.body.contains("Write a reason") && page.body.contains("aria-invalid"));
    let fields = [("reason", "Advertising")];
    browser.submit("/operator/reviews/hide", &fields).await;
    assert!(browser.follow().await.body.contains("Hidden: Advertising"));
    let page = browser.get("/operator/reviews?show=hidden").await;
    assert!(page.body.contains("Buy my watches"));
    browser.submit("/operator/reviews/show", &[]).await;
    assert!(browser.follow().await.body.contains("No review is hidden"));
    assert_eq!(shop.reviews.all()[0].hidden_reason, "");
}

#[tokio::test]
async fn dead_mail_is_retried() {
    let shop = TestShop::of(&catalogue());
    let outbox = &shop.accounts.outbox;
    outbox.add(
        "account-mails",
        "Mail to ada@example.org",
        OutboxMessageState::Dead,
        "550 no",
    );
    outbox.add(
        "account-mails",
        "Mail to bob@example.org",
        OutboxMessageState::Retried,
        "greylisted",
    );
    let mut browser = operator(&shop).await;
    let page = browser.get("/operator/outbox").await;
    for part in [
        "Mail to ada@example.org",
        "550 no",
        "Is retried",
        "Everything is delivered",
    ] {
        assert!(page.body.contains(part), "{part}");
    }
    let dead = browser.get("/operator/outbox?show=dead").await;
    assert!(!dead.body.contains("bob@example.org"));
    browser.submit("/operator/outbox/retry", &[]).await;
    assert!(browser.follow().await.body.contains("delivered again"));
    assert_eq!(outbox.messages()[0].state(), OutboxMessageState::Waiting);
    shop.transactions.faults.set("*", Fault::Down);
    let page = browser.get("/operator/outbox").await;
    assert_eq!(page.status, StatusCode::OK);
    assert!(page.body.contains("doesn’t answer"));
}

#[tokio::test]
async fn dead_message_of_an_order_is_retried_at_its_service() {
    let shop = TestShop::of(&catalogue());
    let summary = "The next step of the order 7";
    let dead = OutboxMessageState::Dead;
    shop.checkout
        .outbox
        .add("orders", summary, dead, "no answer");
    let mut browser = operator(&shop).await;
    let page = browser.get("/operator/outbox").await;
    assert!(page.body.contains(summary), "{}", page.body);
    browser.submit("/operator/outbox/retry", &[]).await;
    assert!(browser.follow().await.body.contains("delivered again"));
    let message = &shop.checkout.outbox.messages()[0];
    assert_eq!(message.state(), OutboxMessageState::Waiting);
}

#[tokio::test]
async fn page_of_a_service_that_is_down_says_so() {
    let shop = TestShop::of(&catalogue());
    let mut browser = operator(&shop).await;
    shop.checkout.set_down(true);
    shop.transactions.faults.set("*", Fault::Down);
    shop.inventory.set("*", Fault::Down);
    for path in [
        "/operator/orders",
        "/operator/payments",
        "/operator/stock?q=star",
    ] {
        let page = browser.get(path).await;
        assert_eq!(page.status, StatusCode::SERVICE_UNAVAILABLE, "{path}");
    }
    browser.get("/operator/audit").await;
    let page = browser.submit("/operator/audit", &[]).await;
    assert_eq!(page.status, StatusCode::SERVICE_UNAVAILABLE);
    assert!(page.body.contains("could not be finished"));
}

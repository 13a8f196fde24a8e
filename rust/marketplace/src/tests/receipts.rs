//! Sending a receipt again.

use super::{orders::*, *};

/// A visitor who looks at the page of an order that is paid.
async fn paid(shop: &TestShop) -> (Browser<'_>, String) {
    let (mut browser, order) = ordered(shop).await;
    assert!(!browser.page.body.contains("/orders/receipt"));
    shop.checkout.change(&order.order_id, |order| {
        order.set_state(contract::bookstore::cart::v1::OrderState::Paid);
        order.transaction_id = uuid::Uuid::new_v4().to_string();
    });
    let path = path(&order);
    browser.get(&path).await;
    (browser, path)
}

#[tokio::test]
async fn receipt_is_sent_once_however_often_the_form_is_sent() {
    let shop = TestShop::of(&catalogue());
    let (mut browser, path) = paid(&shop).await;
    let form = browser.form("/orders/receipt");
    for _ in 0..2 {
        browser.post("/orders/receipt", &form, &[]).await;
        let target = format!("{path}?done=receipt");
        assert_eq!(browser.page.header("location"), target);
    }
    assert_eq!(shop.transactions.resent_receipts(), 1);
    let page = browser.follow().await;
    assert!(page.body.contains("The receipt is on its way"));
}

#[tokio::test]
async fn limit_is_told_with_the_time_to_wait() {
    let shop = TestShop::of(&catalogue());
    let (mut browser, path) = paid(&shop).await;
    for _ in 0..2 {
        browser.submit("/orders/receipt", &[]).await;
        browser.follow().await;
    }
    let page = browser.submit("/orders/receipt", &[]).await;
    assert_eq!(page.status, StatusCode::UNPROCESSABLE_ENTITY);
    let text = "sent several times already. Too many attempts. Please try again in 50 minutes.";
    assert!(page.body.contains(text), "{}", page.body);
    assert!(page.body.contains("<title>Error: ") && page.body.contains(&path));
}

#[tokio::test]
async fn receipt_whose_answer_is_lost_is_sent_again_and_mailed_once() {
    let shop = TestShop::of(&catalogue());
    let (mut browser, _) = paid(&shop).await;
    let lost = [Fault::AnswerLost];
    shop.transactions.faults.set_next("resend_receipt", &lost);
    let page = browser.submit("/orders/receipt", &[]).await;
    assert_eq!(page.status, StatusCode::SERVICE_UNAVAILABLE);
    assert!(page.body.contains("Please try again in a moment"));
    browser.submit("/orders/receipt", &[]).await;
    assert_eq!(browser.page.status, StatusCode::SEE_OTHER);
    assert_eq!(shop.transactions.resent_receipts(), 1);
}

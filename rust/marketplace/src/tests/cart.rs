//! The cart of guests and accounts.

use super::*;

/// The id of the browser's guest cart.
fn guest(browser: &Browser<'_>) -> String {
    browser.cookies["cart"].clone()
}

async fn add(browser: &mut Browser<'_>, book_id: i32, quantity: &str) {
    browser.get(&format!("/books/{book_id}")).await;
    browser.submit("/cart/add", &[("quantity", quantity)]).await;
}

#[tokio::test]
async fn guest_adds_changes_and_removes_books() {
    let shop = TestShop::of(&catalogue());
    let mut browser = Browser::open(&shop, "/cart").await;
    assert!(browser.page.body.contains("Your cart is empty"));
    assert!(!browser.cookies.contains_key("cart"));

    add(&mut browser, 101, "2").await;
    let page = browser.follow().await;
    for part in [
        "Star 101",
        "Ursula K. Le Guin",
        "$11.00",
        "$22.00",
        "2<span",
    ] {
        assert!(page.body.contains(part), "{part}");
    }
    assert!(!page.body.contains("left at the moment"));

    browser.submit("/cart/update", &[("quantity", "4")]).await;
    assert!(
        browser
            .follow()
            .await
            .body
            .contains("Only 3 left at the moment")
    );
    let page = browser.submit("/cart/update", &[("quantity", "0")]).await;
    assert_eq!(page.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(page.body.contains("<title>Error: "));
    assert!(page.body.contains("id=\"error-101\"") && page.body.contains("value=\"0\""));

    browser.submit("/cart/remove", &[]).await;
    assert!(browser.follow().await.body.contains("Your cart is empty"));
    add(&mut browser, 102, "1").await;
    browser.follow().await;
    browser.submit("/cart/clear", &[]).await;
    assert!(shop.carts.contents(&guest(&browser)).is_empty());
}

#[tokio::test]
async fn form_that_is_sent_twice_adds_once() {
    let shop = TestShop::of(&catalogue());
    let mut browser = Browser::open(&shop, "/books/101").await;
    let form = browser.form("/cart/add");
    browser.post("/cart/add", &form, &[("quantity", "2")]).await;
    browser.post("/cart/add", &form, &[("quantity", "2")]).await;
    assert_eq!(shop.carts.contents(&guest(&browser)), [(101, 2)].into());
    add(&mut browser, 101, "1").await;
    assert_eq!(shop.carts.contents(&guest(&browser)), [(101, 3)].into());
}

#[tokio::test]
async fn books_of_two_tabs_are_in_one_cart() {
    let shop = TestShop::of(&catalogue());
    let mut browser = Browser::open(&shop, "/books/101").await;
    let one = browser.form("/cart/add");
    browser.get("/books/102").await;
    let other = browser.form("/cart/add");
    browser
        .post("/cart/add", &other, &[("quantity", "5")])
        .await;
    browser.post("/cart/add", &one, &[("quantity", "1")]).await;
    assert_eq!(
        shop.carts.contents(&guest(&browser)),
        [(101, 1), (102, 5)].into()
    );
    // Both tabs show the book from before the other added it.
    browser
        .post("/cart/add", &other, &[("quantity", "1")])
        .await;
    assert_eq!(shop.carts.contents(&guest(&browser))[&102], 5);
}

#[tokio::test]
async fn guest_cart_is_merged_at_the_sign_in() {
    let shop = TestShop::of(&catalogue());
    shop.accounts.add("ada@example.org", "correct horse", "Ada");
    let mut browser = Browser::open(&shop, "/").await;
    add(&mut browser, 101, "2").await;
    let guest = guest(&browser);
    browser.get("/sign-in").await;
    browser.sign_in().await;
    assert!(!browser.cookies.contains_key("cart"));
    assert!(shop.carts.contents(&guest).is_empty());
    assert!(browser.get("/cart").await.body.contains("Star 101"));
    add(&mut browser, 102, "1").await;
    assert!(!browser.cookies.contains_key("cart"));
    assert_eq!(browser.get("/cart").await.count("class=\"quantity\""), 2);
}

#[tokio::test]
async fn guest_cart_that_cannot_be_merged_is_kept() {
    let shop = TestShop::of(&catalogue());
    shop.accounts.add("ada@example.org", "correct horse", "Ada");
    let mut browser = Browser::open(&shop, "/").await;
    add(&mut browser, 101, "2").await;
    shop.carts.faults.set("merge_cart", Fault::Down);
    browser.get("/sign-in").await;
    browser.sign_in().await;
    assert!(browser.follow().await.body.contains("It is kept"));
    shop.carts.faults.set("merge_cart", Fault::None);
    browser.submit("/cart/merge", &[]).await;
    let page = browser.follow().await;
    assert!(page.body.contains("Star 101") && !page.body.contains("It is kept"));
    assert!(!browser.cookies.contains_key("cart"));
}

#[tokio::test(start_paused = true)]
async fn without_the_cart_books_can_be_looked_at() {
    let shop = TestShop::of(&catalogue());
    let mut browser = Browser::open(&shop, "/books/101").await;
    add(&mut browser, 101, "1").await;
    for fault in [
        Fault::Down,
        Fault::Failing,
        Fault::Slow(Duration::from_secs(60)),
    ] {
        shop.carts.faults.set("*", fault);
        assert_eq!(browser.get("/books/101").await.status, StatusCode::OK);
        let page = browser.get("/cart").await;
        assert_eq!(page.status, StatusCode::SERVICE_UNAVAILABLE, "{fault:?}");
        assert!(page.body.contains("still works"));
        browser.get("/books/101").await;
        let page = browser.submit("/cart/add", &[("quantity", "1")]).await;
        assert_eq!(page.status, StatusCode::SERVICE_UNAVAILABLE, "{fault:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn book_is_added_to_a_cart_that_is_slow() {
    let shop = TestShop::of(&catalogue());
    let mut browser = Browser::open(&shop, "/books/101").await;
    add(&mut browser, 101, "2").await;
    browser.get("/books/101").await;
    // Slower than a page waits.
    shop.carts
        .faults
        .set("*", Fault::Slow(Duration::from_secs(2)));
    browser.submit("/cart/add", &[("quantity", "1")]).await;
    assert_eq!(shop.carts.contents(&guest(&browser))[&101], 3);
    assert_eq!(browser.page.header("location"), "/cart?done=added");
}

#[tokio::test]
async fn cart_without_the_catalogue_shows_titles() {
    let shop = TestShop::of(&catalogue());
    let mut browser = Browser::open(&shop, "/").await;
    add(&mut browser, 101, "1").await;
    shop.inventory.set("*", Fault::Down);
    let page = browser.follow().await;
    assert_eq!(page.status, StatusCode::OK);
    assert!(page.body.contains("Star 101") && page.body.contains("$11.00"));
}

#[tokio::test]
async fn sold_out_book_cannot_be_added() {
    let shop = TestShop::of(&catalogue());
    assert!(!shop.get("/books/10").await.body.contains("/cart/add"));
    assert!(shop.get("/books/9").await.body.contains("/cart/add"));
}

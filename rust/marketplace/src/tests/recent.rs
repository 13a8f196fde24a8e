//! Recently viewed books.

use super::*;

/// The titles in the row of recently viewed books.
fn shown(page: &TestResponse) -> Vec<&str> {
    let Some((_, row)) = page.body.split_once("aria-labelledby=\"recent\"") else {
        return Vec::new();
    };
    let (row, _) = row.split_once("</section>").expect("the end of the row");
    let cards = row.split("<span class=\"title\" dir=\"auto\">").skip(1);
    cards.filter_map(|card| card.split('<').next()).collect()
}

#[tokio::test]
async fn books_are_shown_in_the_order_in_which_they_were_viewed() {
    let shop = TestShop::of(&catalogue());
    let mut browser = Browser::open(&shop, "/").await;
    assert_eq!(shown(&browser.page), Vec::<&str>::new());
    for id in [101, 1, 102, 101] {
        browser.get(&format!("/books/{id}")).await;
    }
    assert_eq!(shown(&browser.page), ["Star 102", "Mystery 1"]);
    assert_eq!(browser.cookies["recent"], "101.102.1");
    assert_eq!(
        shown(browser.get("/").await),
        ["Star 101", "Star 102", "Mystery 1"]
    );
    // A book that does not exist is not remembered.
    browser.get("/books/999").await;
    assert_eq!(browser.cookies["recent"], "101.102.1");
}

#[tokio::test]
async fn cookie_holds_nothing_but_a_few_ids_and_only_for_this_site() {
    let shop = TestShop::of(&catalogue());
    let mut browser = Browser::signed_in(&shop).await;
    for id in 1..=20 {
        browser.get(&format!("/books/{id}")).await;
    }
    assert_eq!(browser.cookies["recent"], "20.19.18.17.16.15.14");
    let headers = browser.page.headers.get_all("set-cookie").iter();
    let headers: Vec<_> = headers.filter_map(|value| value.to_str().ok()).collect();
    let expected = "recent=20.19.18.17.16.15.14; Path=/; HttpOnly; SameSite=Lax; Max-Age=2592000";
    assert_eq!(headers, [expected]);
    assert_eq!(shown(browser.get("/").await).len(), 6);
}

#[tokio::test]
async fn cookie_can_hold_anything_without_harm() {
    let shop = TestShop::of(&catalogue());
    for value in ["", "x", "999.101.0.-1", "101.101", &"9".repeat(4000)] {
        let cookie = format!("recent={value}");
        let home = shop.send(Method::GET, "/", &[("cookie", &cookie)]).await;
        assert_eq!(home.status, StatusCode::OK, "{value}");
        let expected: &[&str] = if value.contains("101") {
            &["Star 101"]
        } else {
            &[]
        };
        assert_eq!(shown(&home), expected, "{value}");
    }
}

#[tokio::test]
async fn visitor_forgets_them_by_a_form_and_by_signing_out() {
    let shop = TestShop::of(&catalogue());
    let mut browser = Browser::signed_in(&shop).await;
    for form in ["/recently-viewed/clear", "/sign-out"] {
        browser.get("/books/101").await;
        browser.get("/").await;
        browser.submit(form, &[]).await;
        assert!(!browser.cookies.contains_key("recent"), "{form}");
        assert_eq!(shown(browser.follow().await), Vec::<&str>::new(), "{form}");
    }
}

#[tokio::test]
async fn without_inventory_they_have_no_prices() {
    let shop = TestShop::of(&catalogue());
    let mut browser = Browser::open(&shop, "/books/101").await;
    shop.inventory.set("*", Fault::Down);
    let page = browser.get("/").await;
    assert_eq!(shown(page), ["Star 101"]);
    assert!(!page.body.contains('$'));
}

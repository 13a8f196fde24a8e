//! Recommendations to readers, and what readers also bought.

use tokio::time::Instant;

use super::*;

/// The ids of the books in the section with this heading id, in their order.
fn row(page: &str, heading: &str) -> Vec<i32> {
    let Some((_, section)) = page.split_once(&format!("aria-labelledby=\"{heading}\"")) else {
        return Vec::new();
    };
    let (section, _) = section.split_once("</section>").expect("its end");
    let links = section.split("<a href=\"/books/").skip(1);
    let id = |link: &str| link.split_once('"')?.0.parse().ok();
    links.filter_map(id).collect()
}

#[tokio::test]
async fn book_page_shows_what_readers_also_bought() {
    let shop = TestShop::of(&catalogue());
    // 999 is no book.
    let others = [201, 7, 999, 105, 2, 3, 4, 5];
    shop.recommender.set_also_bought(1, &others);
    let page = shop.get("/books/1").await;
    assert_eq!(page.notice(), None);
    assert!(page.body.contains(">Readers also bought</h2>"));
    assert_eq!(row(&page.body, "also-bought"), [201, 7, 105, 2, 3, 4]);
    // No book is shown in both rows.
    assert_eq!(row(&page.body, "others"), [5, 6]);
    let page = shop.get("/books/2").await;
    assert!(!page.body.contains("Readers also bought"));
    assert_eq!(row(&page.body, "others"), [1, 3, 4, 5, 6, 7]);
}

#[tokio::test(start_paused = true)]
async fn book_page_does_not_wait_for_what_readers_also_bought() {
    for (fault, longest) in [
        (Fault::Down, Duration::ZERO),
        (Fault::Failing, Duration::ZERO),
        (Fault::Slow(Duration::from_secs(20)), PAGE_TIMEOUT / 2),
    ] {
        let shop = TestShop::of(&catalogue());
        shop.recommender.set_also_bought(1, &[7]);
        shop.recommendations.set("list_also_bought", fault);
        let started = Instant::now();
        let page = shop.get("/books/1").await;
        let took = started.elapsed();
        assert!(took <= longest + Duration::from_millis(1), "{took:?}");
        assert_eq!(page.status, StatusCode::OK, "{fault:?}");
        assert!(page.body.contains("$10.00") && !page.body.contains("Readers also bought"));
        assert_eq!(row(&page.body, "others"), [2, 3, 4, 5, 6, 7]);
        let notice = page.notice().expect("a notice");
        assert!(notice.contains("recommendations are missing"), "{notice}");
    }
}

#[tokio::test]
async fn reader_gets_personal_recommendations() {
    let shop = TestShop::of(&catalogue());
    let visitor = shop.get("/").await;
    assert_eq!(row(&visitor.body, "category-mystery")[..2], [1, 2]);
    assert_eq!(shop.recommendations.calls("recommend_to_reader"), 0);

    let mut browser = Browser::signed_in(&shop).await;
    let calls = shop.recommendations.calls("recommend");
    let home = browser.get("/").await;
    assert_eq!(home.notice(), None);
    assert_eq!(row(&home.body, "category-mystery")[..2], [60, 59]);
    let book = browser.get("/books/58").await;
    assert_eq!(row(&book.body, "others")[..2], [60, 59]);
    assert_eq!(shop.recommendations.calls("recommend"), calls);
}

#[tokio::test(start_paused = true)]
async fn reader_gets_other_books_if_nothing_is_known_about_the_reader() {
    for fault in [
        Fault::Down,
        Fault::Failing,
        Fault::Slow(Duration::from_secs(20)),
    ] {
        let shop = TestShop::of(&catalogue());
        let mut browser = Browser::signed_in(&shop).await;
        shop.recommendations.set("recommend_to_reader", fault);
        let started = Instant::now();
        let home = browser.get("/").await;
        assert_eq!(home.notice(), None, "{fault:?}");
        assert_eq!(row(&home.body, "category-mystery")[..2], [1, 2]);
        let took = started.elapsed();
        assert!(took <= PAGE_TIMEOUT, "{took:?}");
    }
}

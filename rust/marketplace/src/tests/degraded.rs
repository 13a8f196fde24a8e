//! What is left of the pages when services are gone, slow or failing.

use std::time::Instant;

use super::*;

const SLOW: Mood = Mood::Slow(Duration::from_secs(20));
/// The three ways to be of no help.
const TROUBLES: [Mood; 3] = [Mood::Down, SLOW, Mood::Failing];

/// Gets a page, which must come within its budget and a little for rendering, and
/// must not say why anything failed.
async fn get(shop: &TestShop, path: &str) -> Answer {
    let started = Instant::now();
    let answer = shop.get(path).await;
    let took = started.elapsed();
    assert!(
        took < BUDGET + Duration::from_millis(400),
        "{path} took {took:?}"
    );
    assert!(!answer.body.contains("swordfish"), "{path}");
    answer
}

#[tokio::test]
async fn without_recommendations_home_shows_the_first_books() {
    for trouble in TROUBLES {
        let shop = TestShop::of(&catalogue());
        shop.recommendations.set("*", trouble);
        let home = get(&shop, "/").await;
        assert_eq!(home.status, StatusCode::OK, "{trouble:?}");
        let notice = home.notice().expect("a notice");
        assert!(
            notice.contains("recommendations are missing"),
            "{trouble:?} {notice}"
        );
        assert_eq!(home.count("<li class=\"card\">"), 14, "{trouble:?}");
        assert!(home.body.contains("$10.00"));
        assert_eq!(home.header("cache-control"), "no-store");
    }
}

#[tokio::test]
async fn without_inventory_home_shows_titles() {
    for trouble in TROUBLES {
        let shop = TestShop::of(&catalogue());
        shop.inventory.set("*", trouble);
        let home = get(&shop, "/").await;
        assert_eq!(home.status, StatusCode::OK, "{trouble:?}");
        assert!(
            home.notice().expect("a notice").contains("prices"),
            "{trouble:?}"
        );
        assert!(
            home.body.contains("Mystery 1") && !home.body.contains('$'),
            "{trouble:?}"
        );
    }
}

#[tokio::test]
async fn without_stock_pages_say_so() {
    for path in ["/", "/categories/mystery", "/books/1", "/search?q=star"] {
        let shop = TestShop::of(&catalogue());
        shop.inventory.set("batch_get_stock", SLOW);
        let page = get(&shop, path).await;
        assert_eq!(page.status, StatusCode::OK, "{path}");
        assert!(page.notice().expect("a notice").contains("stock"), "{path}");
        assert!(
            page.body.contains("$1") && !page.body.contains("class=\"stock"),
            "{path}"
        );
    }
}

#[tokio::test]
async fn without_inventory_a_category_shows_what_is_recommended() {
    for trouble in TROUBLES {
        let shop = TestShop::of(&catalogue());
        shop.inventory.set("*", trouble);
        let page = get(&shop, "/categories/science-fiction").await;
        assert_eq!(page.status, StatusCode::OK, "{trouble:?}");
        assert!(
            page.notice().expect("a notice").contains("catalogue"),
            "{trouble:?}"
        );
        assert_eq!(page.count("<li class=\"card\">"), 10, "{trouble:?}");
    }
}

#[tokio::test]
async fn without_recommendations_a_book_stands_alone() {
    for trouble in TROUBLES {
        let shop = TestShop::of(&catalogue());
        shop.recommendations.set("*", trouble);
        let page = get(&shop, "/books/101").await;
        assert_eq!(page.status, StatusCode::OK, "{trouble:?}");
        assert!(
            page.notice().expect("a notice").contains("recommendations"),
            "{trouble:?}"
        );
        assert!(
            page.body.contains("$11.00") && !page.body.contains("More from"),
            "{trouble:?}"
        );
    }
}

#[tokio::test]
async fn a_book_that_was_seen_is_remembered_without_its_price() {
    let shop = TestShop::of(&catalogue());
    get(&shop, "/books/101").await;
    shop.inventory.set("*", Mood::Failing);
    let page = get(&shop, "/books/101").await;
    assert_eq!(page.status, StatusCode::OK);
    assert!(page.notice().expect("a notice").contains("price"));
    assert!(page.body.contains("Ursula K. Le Guin") && !page.body.contains('$'));
}

#[tokio::test]
async fn when_all_is_down_the_shop_says_so() {
    for trouble in TROUBLES {
        let shop = TestShop::of(&catalogue());
        shop.inventory.set("*", trouble);
        shop.recommendations.set("*", trouble);
        for path in ["/", "/categories/mystery", "/books/1", "/search?q=star"] {
            let page = get(&shop, path).await;
            assert_eq!(
                page.status,
                StatusCode::SERVICE_UNAVAILABLE,
                "{trouble:?} {path}"
            );
            assert_eq!(page.header("retry-after"), "10", "{path}");
            assert_eq!(page.header("cache-control"), "no-store", "{path}");
            assert!(
                page.body.contains("role=\"status\"") && page.body.contains("again"),
                "{path}"
            );
        }
        // What needs no service goes on.
        for path in ["/monitor", "/healthz", "/favicon.svg"] {
            assert_eq!(get(&shop, path).await.status, StatusCode::OK, "{path}");
        }
    }
}

#[tokio::test]
async fn a_shop_that_recovers_has_nothing_left_of_it() {
    let shop = TestShop::of(&catalogue());
    shop.inventory.set("*", Mood::Down);
    shop.recommendations.set("*", Mood::Down);
    get(&shop, "/").await;
    shop.inventory.set("*", Mood::Well);
    shop.recommendations.set("*", Mood::Well);
    let home = get(&shop, "/").await;
    assert_eq!((home.status, home.notice()), (StatusCode::OK, None));
}

#[tokio::test]
async fn a_panic_makes_a_page() {
    let boom = Router::new()
        .route(
            "/boom",
            axum::routing::get(async || -> &'static str { panic!("swordfish") }),
        )
        .layer(tower_http::catch_panic::CatchPanicLayer::custom(
            crate::pages::after_panic,
        ));
    let shop = TestShop {
        router: boom,
        ..TestShop::of(&[])
    };
    let page = get(&shop, "/boom").await;
    assert_eq!(page.status, StatusCode::INTERNAL_SERVER_ERROR);
    assert!(page.body.contains("It has been noted"));
}

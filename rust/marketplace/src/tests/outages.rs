//! The pages while services are down, slow or failing.

use tokio::time::Instant;

use super::*;

const SLOW: Fault = Fault::Slow(Duration::from_secs(20));
/// The faults that every test tries.
const FAULTS: [Fault; 3] = [Fault::Down, SLOW, Fault::Failing];

/// The precision of tokio's timers.
const TIMER_TICK: Duration = Duration::from_millis(1);

/// Gets a page. It must arrive within the page timeout, and must not contain error details.
/// Time is paused: only waiting counts.
async fn get(shop: &TestShop, path: &str) -> TestResponse {
    let started = Instant::now();
    let answer = shop.get(path).await;
    let took = started.elapsed();
    assert!(took <= PAGE_TIMEOUT + TIMER_TICK, "{path} took {took:?}");
    assert!(!answer.body.contains("swordfish"), "{path}");
    answer
}

#[tokio::test(start_paused = true)]
async fn without_recommendations_home_shows_the_first_books() {
    for fault in FAULTS {
        let shop = TestShop::of(&catalogue());
        shop.recommendations.set("*", fault);
        let home = get(&shop, "/").await;
        assert_eq!(home.status, StatusCode::OK, "{fault:?}");
        let notice = home.notice().expect("a notice");
        assert!(
            notice.contains("recommendations are missing"),
            "{fault:?} {notice}"
        );
        assert_eq!(home.count("<li class=\"card\">"), 14, "{fault:?}");
        assert!(home.body.contains("$10.00"));
        assert!(home.header("cache-control").contains("no-store"));
    }
}

#[tokio::test(start_paused = true)]
async fn without_inventory_home_shows_titles() {
    for fault in FAULTS {
        let shop = TestShop::of(&catalogue());
        shop.inventory.set("*", fault);
        let home = get(&shop, "/").await;
        assert_eq!(home.status, StatusCode::OK, "{fault:?}");
        assert!(
            home.notice().expect("a notice").contains("prices"),
            "{fault:?}"
        );
        assert!(
            home.body.contains("Mystery 1") && !home.body.contains('$'),
            "{fault:?}"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn without_stock_pages_show_a_notice() {
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

#[tokio::test(start_paused = true)]
async fn without_inventory_a_category_shows_what_is_recommended() {
    for fault in FAULTS {
        let shop = TestShop::of(&catalogue());
        shop.inventory.set("*", fault);
        let page = get(&shop, "/categories/science-fiction").await;
        assert_eq!(page.status, StatusCode::OK, "{fault:?}");
        assert!(
            page.notice().expect("a notice").contains("catalogue"),
            "{fault:?}"
        );
        assert_eq!(page.count("<li class=\"card\">"), 10, "{fault:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn without_recommendations_a_book_has_no_related_books() {
    for fault in FAULTS {
        let shop = TestShop::of(&catalogue());
        shop.recommendations.set("*", fault);
        let page = get(&shop, "/books/101").await;
        assert_eq!(page.status, StatusCode::OK, "{fault:?}");
        assert!(
            page.notice().expect("a notice").contains("recommendations"),
            "{fault:?}"
        );
        assert!(
            page.body.contains("$11.00") && !page.body.contains("More from"),
            "{fault:?}"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn cached_book_is_shown_without_its_price() {
    let shop = TestShop::of(&catalogue());
    get(&shop, "/books/101").await;
    shop.inventory.set("*", Fault::Failing);
    let page = get(&shop, "/books/101").await;
    assert_eq!(page.status, StatusCode::OK);
    assert!(page.notice().expect("a notice").contains("price"));
    assert!(page.body.contains("Ursula K. Le Guin") && !page.body.contains('$'));
}

#[tokio::test(start_paused = true)]
async fn all_pages_are_503_when_all_services_are_down() {
    for fault in FAULTS {
        let shop = TestShop::of(&catalogue());
        shop.inventory.set("*", fault);
        shop.recommendations.set("*", fault);
        for path in ["/", "/categories/mystery", "/books/1", "/search?q=star"] {
            let page = get(&shop, path).await;
            assert_eq!(
                page.status,
                StatusCode::SERVICE_UNAVAILABLE,
                "{fault:?} {path}"
            );
            assert_eq!(page.header("retry-after"), "10", "{path}");
            assert!(page.header("cache-control").contains("no-store"), "{path}");
            assert!(
                page.body.contains("role=\"status\"") && page.body.contains("again"),
                "{path}"
            );
        }
        // Pages that need no service still work.
        for path in ["/monitor", "/healthz", "/favicon.svg"] {
            assert_eq!(get(&shop, path).await.status, StatusCode::OK, "{path}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn notices_disappear_after_recovery() {
    let shop = TestShop::of(&catalogue());
    shop.inventory.set("*", Fault::Down);
    shop.recommendations.set("*", Fault::Down);
    get(&shop, "/").await;
    shop.inventory.set("*", Fault::None);
    shop.recommendations.set("*", Fault::None);
    let home = get(&shop, "/").await;
    assert_eq!((home.status, home.notice()), (StatusCode::OK, None));
}

#[tokio::test(start_paused = true)]
async fn panic_is_answered_with_an_error_page() {
    let boom = Router::new()
        .route(
            "/boom",
            axum::routing::get(async || -> &'static str { panic!("swordfish") }),
        )
        .layer(tower_http::catch_panic::CatchPanicLayer::custom(
            crate::pages::panic_response,
        ));
    let shop = TestShop {
        router: boom,
        ..TestShop::of(&[])
    };
    let page = get(&shop, "/boom").await;
    assert_eq!(page.status, StatusCode::INTERNAL_SERVER_ERROR);
    assert!(page.body.contains("The error has been logged"));
}

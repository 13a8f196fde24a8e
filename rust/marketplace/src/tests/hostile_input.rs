//! Malicious queries, URLs and book data.

use super::*;

const SCRIPT: &str = "<script>alert(1)</script>\"'><img src=x onerror=alert(1)>";

/// Whether the page contains the injected markup unescaped.
fn is_injected(page: &TestResponse) -> bool {
    page.body.contains("<script>alert") || page.body.contains("<img src=x")
}

#[tokio::test]
async fn queries_are_escaped() {
    let shop = TestShop::of(&catalogue());
    let query = "%3Cscript%3Ealert(1)%3C/script%3E%22%27%3E%3Cimg%20src=x%20onerror=alert(1)%3E";
    let paths = [
        format!("/search?q={query}"),
        format!("/search?q=a&category={query}"),
        format!("/search?q=a&page={query}"),
        format!("/search/suggest?q={query}"),
        format!("/categories/{query}"),
        format!("/categories/mystery?page={query}"),
        format!("/books/{query}"),
        format!("/{query}"),
    ];
    for path in paths {
        let page = shop.get(&path).await;
        assert!(!page.status.is_server_error(), "{path}");
        assert!(!is_injected(&page), "{path}\n{}", page.body);
    }
}

#[tokio::test]
async fn titles_and_authors_are_escaped() {
    let mut books = catalogue();
    for book in &mut books {
        book.title = format!("{SCRIPT} {}", book.book_id);
        book.authors = vec![SCRIPT.to_owned()];
    }
    let shop = TestShop::of(&books);
    for path in [
        "/",
        "/categories/mystery",
        "/books/1",
        "/search?q=script",
        "/search/suggest?q=script",
    ] {
        let page = shop.get(path).await;
        assert_eq!(page.status, StatusCode::OK, "{path}");
        assert!(page.body.contains("&#60;script&#62;"), "{path}");
        assert!(!is_injected(&page), "{path}");
    }
    assert!(!is_injected(&shop.get("/covers/1.svg").await));
}

#[tokio::test]
async fn invalid_parameters_get_a_helpful_400_page() {
    let shop = TestShop::of(&catalogue());
    let long = "x".repeat(101);
    let huge = "%F0%9F%93%9A".repeat(2000);
    let paths = [
        format!("/search?q={long}"),
        format!("/search?q={huge}"),
        format!("/search/suggest?q={long}"),
        "/search?q=star&page=abc".to_owned(),
        "/search?q=star&page=-1".to_owned(),
        "/search?q=star&category=cooking".to_owned(),
        "/categories/mystery?page=0".to_owned(),
        "/categories/mystery?page=99999999999999999999".to_owned(),
        "/categories/mystery?page=%00".to_owned(),
    ];
    for path in paths {
        let page = shop.get(&path).await;
        assert_eq!(page.status, StatusCode::BAD_REQUEST, "{path}");
        assert!(
            page.body.contains("name=\"q\"") && page.body.len() < 20_000,
            "{path}"
        );
    }
}

#[tokio::test]
async fn unusual_queries_are_answered() {
    let shop = TestShop::of(&catalogue());
    let paths = [
        "/search?q=%00%01star",
        "/search?q=%ff%fe",
        "/search?q=%",
        "/search?q=%E2%80%AEstar",
        "/search?q='%20OR%201=1--",
        "/search?q=*",
        "/search?q=%22",
        "/?x=%ff",
        "/books/1?page=x",
    ];
    for path in paths {
        assert_eq!(shop.get(path).await.status, StatusCode::OK, "{path}");
    }
    for (path, canonical) in [
        ("/search?q", "/search"),
        ("/search?&&&=", "/search"),
        ("/search?q=a&q=b", "/search?q=a"),
        ("/categories/mystery?page=", "/categories/mystery"),
    ] {
        let redirect = shop.get(path).await;
        assert_eq!(redirect.status, StatusCode::MOVED_PERMANENTLY, "{path}");
        assert_eq!(redirect.header("location"), canonical);
    }
}

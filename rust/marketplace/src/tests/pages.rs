//! Every page while all services work.

use super::*;

#[tokio::test]
async fn home_recommends_books_of_each_non_empty_category() {
    let shop = TestShop::of(&catalogue());
    let home = shop.get("/").await;
    assert_eq!(home.status, StatusCode::OK);
    assert_eq!(home.notice(), None);
    assert!(
        home.body.contains("72 books in 3 categories"),
        "{}",
        home.body
    );
    assert_eq!(home.count("<section class=\"book-row wide\""), 3);
    assert_eq!(home.count("<li class=\"card\">"), 6 + 6 + 2);
    assert!(home.body.contains("Agatha Christie") && home.body.contains("$10.00"));
    // Book 1 has one copy, book 6 many.
    assert!(home.body.contains("Only 1 left") && !home.body.contains("In stock"));
    // Categories without books are not offered.
    assert!(!home.body.contains("/categories/poetry"));
}

#[tokio::test]
async fn empty_catalogue_is_not_an_error() {
    let home = TestShop::of(&[]).get("/").await;
    assert_eq!(home.status, StatusCode::OK);
    assert!(home.body.contains("The catalogue is empty"));
}

#[tokio::test]
async fn categories_are_paginated() {
    let shop = TestShop::of(&catalogue());
    let first = shop.get("/categories/mystery").await;
    assert_eq!(
        (first.status, first.count("<li class=\"card\">")),
        (StatusCode::OK, 24)
    );
    assert!(first.body.contains("60 books"));
    assert!(
        first
            .body
            .contains("rel=\"next\" href=\"/categories/mystery?page=2\"")
    );
    assert!(!first.body.contains("rel=\"prev\""));

    let last = shop.get("/categories/mystery?page=3").await;
    assert_eq!(
        (last.status, last.count("<li class=\"card\">")),
        (StatusCode::OK, 12)
    );
    assert!(last.body.contains("Mystery 60") && !last.body.contains("rel=\"next\""));
    assert!(
        last.body
            .contains("rel=\"prev\" href=\"/categories/mystery?page=2\"")
    );

    let beyond = shop.get("/categories/mystery?page=4").await;
    assert_eq!(beyond.status, StatusCode::NOT_FOUND);
    assert!(beyond.body.contains("has only 3 pages"));
    let far = shop.get("/categories/science-fiction?page=9999").await;
    assert!(far.body.contains("has only one page"), "{}", far.body);
}

#[tokio::test]
async fn page_can_be_opened_without_the_previous_pages() {
    let shop = TestShop::of(&catalogue());
    let third = shop.get("/categories/mystery?page=3").await;
    assert!(third.body.contains("Mystery 49") && third.body.contains("Mystery 60"));
}

#[tokio::test]
async fn book_page_shows_details_and_related_books() {
    let shop = TestShop::of(&catalogue());
    let page = shop.get("/books/101").await;
    assert_eq!(page.status, StatusCode::OK);
    for part in [
        "Star 101",
        "Ursula K. Le Guin",
        "$11.00",
        "Only 1 left",
        "1901",
        "More from this category",
    ] {
        assert!(page.body.contains(part), "{part}");
    }
    // The book is not among its related books.
    assert_eq!(page.count("href=\"/books/101\""), 0);
    assert_eq!(page.count("<li class=\"card\">"), 6);
    assert!(shop.get("/books/6").await.body.contains("In stock"));
    assert!(shop.get("/books/10").await.body.contains("Sold out"));
}

#[tokio::test]
async fn unknown_urls_get_a_helpful_404_page() {
    let shop = TestShop::of(&catalogue());
    let paths = [
        "/no/such-page",
        "/books/4711",
        "/books/abc",
        "/books/0",
        "/books/99999999999",
        "/books/",
        "/categories/cooking",
        "/covers/abc.svg",
        "/covers/4711.svg",
        "/covers/1.png",
        "/assets/none.css",
        "/assets/..%2FCargo.toml",
        "/books/%ff",
        "/categories/%ff",
    ];
    for path in paths {
        let page = shop.get(path).await;
        assert_eq!(page.status, StatusCode::NOT_FOUND, "{path}");
        assert!(page.body.contains("name=\"q\""), "{path}");
        assert!(page.body.contains("href=\"/categories/mystery\""), "{path}");
        assert_eq!(page.count("<h1"), 1, "{path}");
    }
    let page = shop.get("/ender-game").await;
    assert!(page.body.contains("href=\"/search?q=ender+game\""));
}

#[tokio::test]
async fn only_get_and_head_are_allowed() {
    let shop = TestShop::of(&catalogue());
    for path in ["/", "/books/1", "/search", "/covers/1.svg", "/monitor"] {
        let answer = shop.send(Method::POST, path, &[]).await;
        assert_eq!(answer.status, StatusCode::METHOD_NOT_ALLOWED, "{path}");
        assert!(answer.header("allow").contains("GET"), "{path}");
        let head = shop.send(Method::HEAD, path, &[]).await;
        assert_eq!(
            (head.status, head.body.as_str()),
            (StatusCode::OK, ""),
            "{path}"
        );
    }
}

#[tokio::test]
async fn every_response_has_the_security_headers() {
    let shop = TestShop::of(&catalogue());
    let paths = [
        "/",
        "/nowhere",
        "/covers/1.svg",
        "/favicon.svg",
        "/robots.txt",
        "/healthz",
        "/monitor/data.json",
    ];
    for path in paths {
        let answer = shop.get(path).await;
        let policy = answer.header("content-security-policy");
        assert!(
            policy.starts_with("default-src 'none';") && !policy.contains("unsafe"),
            "{path}"
        );
        assert_eq!(answer.header("x-content-type-options"), "nosniff", "{path}");
        for name in [
            "referrer-policy",
            "permissions-policy",
            "cross-origin-opener-policy",
            "cross-origin-resource-policy",
            "cache-control",
        ] {
            assert!(!answer.header(name).is_empty(), "{path} {name}");
        }
    }
}

#[tokio::test]
async fn book_page_shows_the_details_and_loads_images_only_from_the_site_of_its_image() {
    let with_details = Book {
        description: "A <b>falcon</b>.\nA detective.".to_owned(),
        publisher: "Alfred A. Knopf".to_owned(),
        page_count: Some(1217),
        series: "Sam Spade".to_owned(),
        series_number: "1.5".to_owned(),
        image_url: "https://images.example/1.jpg?a=1&b=2".to_owned(),
        ..book(1, "Falcon", "Dashiell Hammett", BookCategory::Mystery)
    };
    let without = book(2, "Other", "Dashiell Hammett", BookCategory::Mystery);
    let shop = TestShop::of(&[with_details, without]);
    let page = shop.get("/books/1").await;
    for part in [
        "<p dir=\"auto\">A &#60;b&#62;falcon&#60;/b&#62;.</p><p dir=\"auto\">A detective.</p>",
        "Alfred A. Knopf",
        "<dd>1,217</dd>",
        "Part 1.5 of <a href=\"/series/sam-spade\"><bdi>Sam Spade</bdi></a>",
        "src=\"https://images.example/1.jpg?a=1&#38;b=2\"",
        "src=\"/covers/1.svg",
    ] {
        assert!(page.body.contains(part), "{part}: {}", page.body);
    }
    let policy = page.header("content-security-policy");
    let other = shop.get("/books/2").await;
    let usual = other.header("content-security-policy");
    assert_eq!(
        policy.replace(" https://images.example", ""),
        usual,
        "only one source is added"
    );
    assert!(
        policy.contains("img-src 'self' https://images.example;"),
        "{policy}"
    );
    let home = shop.get("/").await;
    assert_eq!(home.header("content-security-policy"), usual);
}

#[tokio::test]
async fn pages_comply_with_their_content_security_policy() {
    let shop = TestShop::of(&catalogue());
    for path in [
        "/",
        "/categories/mystery",
        "/books/1",
        "/search?q=star",
        "/monitor",
        "/nowhere",
    ] {
        let mut page = shop.get(path).await;
        let structured_data = page.count("<script type=\"application/ld+json\">");
        // Its own address, which search engines get, and the name of the vocabulary.
        for address in ["http://localhost:5000", "https://schema.org"] {
            page.body = page.body.replace(address, "");
        }
        for inline in [
            " style=\"",
            "<style",
            " onclick",
            " onload",
            "javascript:",
            "http://",
            "https://",
        ] {
            assert!(!page.body.contains(inline), "{path} {inline}");
        }
        assert_eq!(
            page.count("<script"),
            page.count("<script src=\"/assets/") + structured_data,
            "{path}"
        );
        // Width and height reserve the space of an image before it is loaded.
        for image in page.body.split("<img ").skip(1) {
            let (attributes, _) = image.split_once('>').expect("a tag ends");
            assert!(
                attributes.contains(" width=") && attributes.contains(" height="),
                "{path}"
            );
            assert!(attributes.contains(" alt="), "{path}");
        }
    }
}

#[tokio::test]
async fn versioned_files_are_cached_for_a_year() {
    let shop = TestShop::of(&catalogue());
    let home = shop.get("/").await;
    let (_, rest) = home
        .body
        .split_once("href=\"/assets/")
        .expect("a style sheet");
    let (name, _) = rest.split_once('"').expect("quoted");
    let path = format!("/assets/{name}");
    let file = shop.get(&path).await;
    assert_eq!(file.status, StatusCode::OK);
    assert!(file.header("cache-control").contains("immutable"));
    assert!(file.header("content-type").starts_with("text/css"));
    let tag = file.header("etag");
    let revalidated = shop
        .send(Method::GET, &path, &[("if-none-match", tag)])
        .await;
    assert_eq!(
        (revalidated.status, revalidated.body.as_str()),
        (StatusCode::NOT_MODIFIED, "")
    );
    let unversioned = shop.get("/assets/shop.css").await;
    assert!(!unversioned.header("cache-control").contains("immutable"));
}

#[tokio::test]
async fn covers_are_svg_and_cached_for_a_year() {
    let shop = TestShop::of(&catalogue());
    let home = shop.get("/").await;
    let (_, rest) = home.body.split_once("src=\"/covers/").expect("a cover");
    let (name, _) = rest.split_once('"').expect("quoted");
    // The page has put the book into the cache, so the cover needs no call.
    shop.inventory.set("*", Fault::Down);
    let cover = shop.get(&format!("/covers/{name}")).await;
    assert_eq!(cover.status, StatusCode::OK);
    assert_eq!(cover.header("content-type"), "image/svg+xml");
    assert!(cover.header("cache-control").contains("immutable"));
    assert!(roxmltree::Document::parse(&cover.body).is_ok());
    let blank = shop.get("/covers/60.svg").await;
    assert_eq!(blank.status, StatusCode::SERVICE_UNAVAILABLE);
    assert!(roxmltree::Document::parse(&blank.body).is_ok());
}

#[tokio::test]
async fn pages_are_compressed_on_request() {
    let shop = TestShop::of(&catalogue());
    let request = Request::get("/").header("accept-encoding", "gzip");
    let request = request.body(Body::empty()).expect("a request");
    let response = shop
        .router
        .clone()
        .oneshot(request)
        .await
        .expect("infallible");
    assert_eq!(response.headers()["content-encoding"], "gzip");
}

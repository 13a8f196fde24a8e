//! What other programs read: canonical addresses, structured data, icons, `robots.txt` and the
//! sitemap.

use serde_json::Value;

use super::*;

/// The text between two others.
fn between<'t>(text: &'t str, start: &str, end: &str) -> Option<&'t str> {
    let (_, rest) = text.split_once(start)?;
    rest.split_once(end).map(|(part, _)| part)
}

/// The structured data of a page.
fn structured_data(page: &TestResponse) -> Vec<Value> {
    let scripts = page
        .body
        .split("<script type=\"application/ld+json\">")
        .skip(1);
    let texts = scripts.map(|rest| rest.split_once("</script>").expect("it ends").0);
    texts
        .map(|text| serde_json::from_str(text).expect("JSON"))
        .collect()
}

/// The addresses in a file of the sitemap.
fn locations(file: &TestResponse) -> Vec<String> {
    assert_eq!(file.status, StatusCode::OK, "{}", file.body);
    let document = roxmltree::Document::parse(&file.body).expect("well formed");
    let root = document.root_element();
    assert_eq!(
        root.tag_name().namespace(),
        Some("http://www.sitemaps.org/schemas/sitemap/0.9")
    );
    let item = match root.tag_name().name() {
        "sitemapindex" => "sitemap",
        "urlset" => "url",
        other => panic!("{other}"),
    };
    let items = root.children().filter(roxmltree::Node::is_element);
    items
        .map(|node| {
            assert_eq!(node.tag_name().name(), item);
            let location = node.first_element_child().expect("a location");
            assert_eq!(location.tag_name().name(), "loc");
            location.text().expect("an address").to_owned()
        })
        .collect()
}

#[tokio::test]
async fn pages_name_their_canonical_address() {
    let shop = TestShop::of(&catalogue());
    for (path, canonical) in [
        ("/", "/"),
        ("/books/1?done=reviewed", "/books/1"),
        ("/books/1/reviews?order=best", "/books/1/reviews"),
        ("/categories/mystery?x=y", "/categories/mystery"),
        ("/categories/mystery?page=2", "/categories/mystery?page=2"),
        ("/authors/agatha-christie?x=y", "/authors/agatha-christie"),
        (
            "/authors/agatha-christie?page=2",
            "/authors/agatha-christie?page=2",
        ),
    ] {
        let page = shop.get(path).await;
        let link = between(&page.body, "<link rel=\"canonical\" href=\"", "\"");
        assert_eq!(
            link,
            Some(&*format!("http://localhost:5000{canonical}")),
            "{path}"
        );
        let address = between(&page.body, "<meta property=\"og:url\" content=\"", "\"");
        assert_eq!(address, link, "{path}");
    }
    let missing = shop.get("/nowhere").await;
    assert!(!missing.body.contains("rel=\"canonical\""));
    assert!(missing.body.contains("noindex"));
}

#[tokio::test]
async fn other_addresses_of_a_page_redirect_before_anything_is_called() {
    let shop = TestShop::of(&catalogue());
    shop.inventory.set("*", Fault::Down);
    let redirect = shop.get("/Books/001/?x=1&x=2").await;
    assert_eq!(redirect.status, StatusCode::MOVED_PERMANENTLY);
    assert_eq!(redirect.header("location"), "/books/1?x=1");
    assert!(redirect.header("cache-control").contains("max-age"));
    let form = shop.send(Method::POST, "/Cart/", &[]).await;
    assert_eq!(form.header("location"), "");
}

#[tokio::test]
async fn book_page_has_structured_data_of_the_book_and_its_breadcrumbs() {
    let shop = TestShop::of(&catalogue());
    let data = structured_data(&shop.get("/books/101").await);
    let [book, breadcrumbs] = data.as_slice() else {
        panic!("{data:?}");
    };
    assert_eq!(book["@type"], "Book");
    assert_eq!(book["name"], "Star 101");
    assert_eq!(book["author"][0]["name"], "Ursula K. Le Guin");
    assert_eq!(
        book["author"][0]["url"],
        "http://localhost:5000/authors/ursula-k-le-guin"
    );
    assert_eq!(book["offers"]["price"], "11.00");
    assert_eq!(
        book["offers"]["availability"],
        "https://schema.org/LimitedAvailability"
    );
    // Nobody has reviewed it.
    assert_eq!(book.get("aggregateRating"), None);
    let items = breadcrumbs["itemListElement"].as_array().expect("a list");
    let names: Vec<_> = items.iter().map(|item| item["name"].as_str()).collect();
    assert_eq!(
        names,
        [Some("Home"), Some("Science fiction"), Some("Star 101")]
    );
    let home = structured_data(&shop.get("/").await);
    assert_eq!(home[0]["@type"], "WebSite");
}

#[tokio::test]
async fn author_page_has_structured_data_of_the_person_and_its_breadcrumbs() {
    let shop = TestShop::of(&catalogue());
    let data = structured_data(&shop.get("/authors/ursula-k-le-guin").await);
    let [person, breadcrumbs] = data.as_slice() else {
        panic!("{data:?}");
    };
    assert_eq!(person["@type"], "Person");
    assert_eq!(person["name"], "Ursula K. Le Guin");
    assert_eq!(
        person["@id"],
        "http://localhost:5000/authors/ursula-k-le-guin"
    );
    let items = breadcrumbs["itemListElement"].as_array().expect("a list");
    assert_eq!(items.len(), 2);
}

#[tokio::test]
async fn structured_data_survives_hostile_titles() {
    let mut books = catalogue();
    books[0].title = "</script><script>alert(1)</script>\"\\".to_owned();
    let shop = TestShop::of(&books);
    let page = shop.get("/books/1").await;
    assert_eq!(structured_data(&page)[0]["name"], books[0].title.as_str());
    assert!(!page.body.contains("<script>alert"));
}

#[tokio::test]
async fn sitemap_lists_categories_and_all_books_and_authors() {
    let shop = TestShop::of(&catalogue());
    let index = shop.get("/sitemap.xml").await;
    assert!(index.header("content-type").starts_with("application/xml"));
    assert_eq!(
        locations(&index),
        [
            "http://localhost:5000/sitemaps/pages.xml",
            "http://localhost:5000/sitemaps/books-1.xml",
            "http://localhost:5000/sitemaps/authors-1.xml"
        ]
    );
    let pages = locations(&shop.get("/sitemaps/pages.xml").await);
    assert!(pages.contains(&"http://localhost:5000/categories/self-help".to_owned()));
    assert_eq!(pages.len(), 4);
    let file = shop.get("/sitemaps/books-1.xml").await;
    let books = locations(&file);
    assert_eq!(books.len(), 72);
    assert_eq!(books[60], "http://localhost:5000/books/101");
    let authors = locations(&shop.get("/sitemaps/authors-1.xml").await);
    assert_eq!(
        authors,
        [
            "http://localhost:5000/authors/agatha-christie",
            "http://localhost:5000/authors/dale-carnegie",
            "http://localhost:5000/authors/ursula-k-le-guin"
        ]
    );
    for missing in [
        "books-2.xml",
        "authors-2.xml",
        "books-0.xml",
        "books-99999999999999999999.xml",
        "x.xml",
    ] {
        let answer = shop.get(&format!("/sitemaps/{missing}")).await;
        assert_eq!(answer.status, StatusCode::NOT_FOUND, "{missing}");
    }
    let headers = [("if-none-match", file.header("etag"))];
    let same = shop
        .send(Method::GET, "/sitemaps/books-1.xml", &headers)
        .await;
    assert_eq!(same.status, StatusCode::NOT_MODIFIED);
    let robots = shop.get("/robots.txt").await;
    assert!(
        robots
            .body
            .ends_with("\nSitemap: http://localhost:5000/sitemap.xml")
    );
    assert!(robots.body.contains("\nDisallow: /cart\n"));
}

#[tokio::test]
async fn books_of_the_sitemap_are_read_once_and_kept() {
    let shop = TestShop::of(&catalogue());
    shop.inventory.set("list_books", Fault::Down);
    let not_ready = shop.get("/sitemap.xml").await;
    assert_eq!(not_ready.status, StatusCode::SERVICE_UNAVAILABLE);
    assert!(!not_ready.header("retry-after").is_empty());
    shop.inventory.set("list_books", Fault::None);
    assert_eq!(locations(&shop.get("/sitemap.xml").await).len(), 3);
    shop.inventory.set("*", Fault::Down);
    assert_eq!(
        locations(&shop.get("/sitemaps/books-1.xml").await).len(),
        72
    );
}

#[tokio::test]
async fn icons_have_their_formats() {
    let shop = TestShop::of(&catalogue());
    for (path, content_type, start) in [
        (
            "/favicon.ico",
            "image/vnd.microsoft.icon",
            &b"\x00\x00\x01\x00"[..],
        ),
        ("/apple-touch-icon.png", "image/png", b"\x89PNG"),
        ("/assets/share.png", "image/png", b"\x89PNG"),
        ("/favicon.svg", "image/svg+xml", b"<svg"),
    ] {
        let request = Request::get(path).body(Body::empty()).expect("a request");
        let response = shop
            .router
            .clone()
            .oneshot(request)
            .await
            .expect("infallible");
        assert_eq!(response.status(), StatusCode::OK, "{path}");
        assert_eq!(response.headers()["content-type"], content_type);
        let bytes = response
            .into_body()
            .collect()
            .await
            .expect("complete")
            .to_bytes();
        assert!(bytes.starts_with(start), "{path}");
    }
}

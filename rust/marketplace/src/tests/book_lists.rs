//! The pages of authors and of series.

use super::*;

#[tokio::test]
async fn page_of_an_author_lists_all_books_in_pages() {
    let shop = TestShop::of(&catalogue());
    let first = shop.get("/authors/agatha-christie").await;
    assert_eq!(
        (first.status, first.count("<li class=\"card\">")),
        (StatusCode::OK, 24)
    );
    for part in [
        "<h1 dir=\"auto\">Agatha Christie</h1>",
        "<span class=\"count\">60 books</span>",
        "href=\"/authors/agatha-christie?page=3\"",
        "<title>Agatha Christie – Bindery</title>",
    ] {
        assert!(first.body.contains(part), "{part} in {}", first.body);
    }
    let last = shop.get("/authors/agatha-christie?page=3").await;
    assert_eq!(last.count("<li class=\"card\">"), 12);
    assert!(!last.body.contains("rel=\"next\""));
    let beyond = shop.get("/authors/agatha-christie?page=4").await;
    assert_eq!(beyond.status, StatusCode::NOT_FOUND);
    assert!(
        beyond
            .body
            .contains("There are only 3 pages of these books")
    );
}

#[tokio::test]
async fn other_spellings_of_an_author_redirect_to_one_address() {
    let shop = TestShop::of(&catalogue());
    for (path, address) in [
        (
            "/authors/Ursula%20K.%20Le%20Guin",
            "/authors/ursula-k-le-guin",
        ),
        (
            "/authors/%C3%9Arsula-K-Le-Guin?page=2",
            "/authors/ursula-k-le-guin?page=2",
        ),
    ] {
        let redirect = shop.get(path).await;
        assert_eq!(redirect.status, StatusCode::MOVED_PERMANENTLY, "{path}");
        assert_eq!(redirect.header("location"), address, "{path}");
    }
    let page = shop.get("/authors/ursula-k-le-guin").await;
    assert!(
        page.body
            .contains("<h1 dir=\"auto\">Ursula K. Le Guin</h1>")
    );
}

#[tokio::test]
async fn unknown_author_is_not_found_and_can_be_searched() {
    let shop = TestShop::of(&catalogue());
    let long = ["ab"; 70].join("-");
    for path in ["christie", "nobody-knows", "%3F%21", long.as_str()] {
        let missing = shop.get(&format!("/authors/{path}")).await;
        assert_eq!(missing.status, StatusCode::NOT_FOUND, "{path}");
    }
    let missing = shop.get("/authors/nobody-knows").await;
    assert!(missing.body.contains("href=\"/search?q=nobody+knows\""));
    let bad_page = shop.get("/authors/agatha-christie?page=x").await;
    assert_eq!(bad_page.status, StatusCode::BAD_REQUEST);
}

#[tokio::test]
async fn books_and_searches_link_to_their_author() {
    let shop = TestShop::of(&catalogue());
    let book = shop.get("/books/101").await;
    let link = "<a href=\"/authors/ursula-k-le-guin\"><bdi>Ursula K. Le Guin</bdi></a>";
    assert!(book.body.contains(link), "{}", book.body);
    let all = "All books by <a href=\"/authors/agatha-christie\"><bdi>Agatha Christie</bdi></a>";
    let search = shop.get("/search?q=AGATHA+christie").await;
    assert!(search.body.contains(all), "{}", search.body);
    let search = shop.get("/search?q=agatha").await;
    assert!(!search.body.contains("All books by"));
}

#[tokio::test]
async fn name_without_letters_has_no_page() {
    let mut books = catalogue();
    books[0].authors = vec!["<?>".to_owned()];
    let shop = TestShop::of(&books);
    let book = shop.get("/books/1").await;
    assert!(
        book.body.contains("by <bdi>&#60;?&#62;</bdi>"),
        "{}",
        book.body
    );
}

#[tokio::test]
async fn page_of_an_author_fails_with_inventory_and_misses_only_the_stock() {
    let shop = TestShop::of(&catalogue());
    shop.inventory.set("batch_get_stock", Fault::Down);
    let page = shop.get("/authors/dale-carnegie").await;
    assert_eq!(page.count("<li class=\"card\">"), 2);
    assert!(page.notice().is_some_and(|notice| notice.contains("stock")));
    shop.inventory.set("*", Fault::Down);
    let down = shop.get("/authors/dale-carnegie").await;
    assert_eq!(down.status, StatusCode::SERVICE_UNAVAILABLE);
}

/// The catalogue, in which some books belong to a series.
fn with_series() -> Vec<Book> {
    let mut books = catalogue();
    for (place, number) in [(60, "2"), (61, "1"), (62, "3")] {
        books[place].series = "The Hainish Cycle".to_owned();
        books[place].series_number = number.to_owned();
    }
    books
}

#[tokio::test]
async fn page_of_a_series_lists_its_books_in_their_order() {
    let shop = TestShop::of(&with_series());
    let page = shop.get("/series/the-hainish-cycle").await;
    assert_eq!(
        (page.status, page.count("<li class=\"card\">")),
        (StatusCode::OK, 3)
    );
    let place = |book: &str| page.body.find(book).expect("the book is on the page");
    let places = ["Star 102", "Star 101", "Star 103"].map(place);
    assert!(places.is_sorted(), "{}", page.body);
    for part in [
        "<h1 dir=\"auto\">The Hainish Cycle</h1>",
        "<span class=\"count\">3 books</span>",
        "<link rel=\"canonical\" href=\"http://localhost:5000/series/the-hainish-cycle\">",
        "\"@type\":\"BookSeries\"",
    ] {
        assert!(page.body.contains(part), "{part} in {}", page.body);
    }
    let missing = shop.get("/series/agatha-christie").await;
    assert_eq!(missing.status, StatusCode::NOT_FOUND);
    assert!(missing.body.contains("We don’t have this series"));
    let redirect = shop.get("/series/The-Hainish-Cycle/").await;
    assert_eq!(redirect.header("location"), "/series/the-hainish-cycle");
}

#[tokio::test]
async fn books_searches_and_the_sitemap_link_to_their_series() {
    let shop = TestShop::of(&with_series());
    let book = shop.get("/books/101").await;
    let link = "Part 2 of <a href=\"/series/the-hainish-cycle\"><bdi>The Hainish Cycle</bdi></a>";
    assert!(book.body.contains(link), "{}", book.body);
    let search = shop.get("/search?q=the+hainish+cycle").await;
    let link = "All books of the series <a href=\"/series/the-hainish-cycle\">";
    assert!(search.body.contains(link), "{}", search.body);
    let sitemap = shop.get("/sitemaps/series-1.xml").await;
    assert_eq!(sitemap.count("<url>"), 1);
    let address = "<loc>http://localhost:5000/series/the-hainish-cycle</loc>";
    assert!(sitemap.body.contains(address), "{}", sitemap.body);
}

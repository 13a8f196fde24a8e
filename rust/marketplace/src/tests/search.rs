//! The search page and the suggestions.

use super::*;

#[tokio::test]
async fn search_results_are_paginated() {
    let shop = TestShop::of(&catalogue());
    let found = shop.get("/search?q=mystery").await;
    assert_eq!(
        (found.status, found.count("<li class=\"card\">")),
        (StatusCode::OK, 24)
    );
    assert!(
        found.body.contains("href=\"/search?q=mystery&#38;page=2\""),
        "{}",
        found.body
    );
    let narrowed = shop.get("/search?q=star&category=mystery").await;
    assert!(
        narrowed
            .body
            .contains("We found nothing in the category Mystery")
    );
    let nothing = shop.get("/search?q=zebra").await;
    assert_eq!(nothing.status, StatusCode::OK);
    assert!(nothing.body.contains("We found nothing."));
    let empty = shop.get("/search?q=%20").await;
    assert_eq!(empty.status, StatusCode::OK);
    assert_eq!(
        shop.get("/search?q=star&page=7").await.status,
        StatusCode::NOT_FOUND
    );
}

#[tokio::test]
async fn search_page_counts_filters_and_sorts() {
    let shop = TestShop::of(&catalogue());
    let found = shop.get("/search?q=mystery&page=2").await;
    for part in [
        "<span class=\"found\">60 books, page 2</span>",
        "href=\"/search?q=mystery&#38;page=3\"",
        "<option value=\"\" selected>best match first</option>",
    ] {
        assert!(found.body.contains(part), "{part} in {}", found.body);
    }
    // Only one category has a mystery.
    assert!(!found.body.contains("<h2>Category</h2>"));
    let both = shop.get("/search?q=1&sort=price").await;
    for part in [
        "href=\"/search?q=1&#38;category=mystery&#38;sort=price\"",
        "<option value=\"price\" selected>lowest price first</option>",
    ] {
        assert!(both.body.contains(part), "{part} in {}", both.body);
    }
    let filtered = shop.get("/search?q=1&category=mystery&price=..1000").await;
    for part in [
        "<a href=\"/search?q=1\">Remove all filters</a>",
        "<input type=\"hidden\" name=\"price\" value=\"..1000\">",
        "href=\"/search?q=1&#38;price=..1000\" aria-current=\"true\">Mystery</a>",
    ] {
        assert!(filtered.body.contains(part), "{part} in {}", filtered.body);
    }
    let last = shop.get("/search?q=mystery&page=3").await;
    assert_eq!(last.count("<li class=\"card\">"), 12);
    assert!(!last.body.contains("rel=\"next\""));
}

#[tokio::test]
async fn sold_out_books_can_be_left_out() {
    let shop = TestShop::of(&catalogue());
    let all = shop.get("/search?q=mystery").await;
    // Of the numbers 1 to 60, those that end in 0 are sold out.
    let offered = "<a href=\"/search?q=mystery&#38;availability=in-stock\">In stock</a> <span class=\"count\">54</span>";
    assert!(all.body.contains(offered), "{}", all.body);
    let filtered = shop
        .get("/search?q=mystery&availability=in-stock&page=3")
        .await;
    for part in [
        "<span class=\"found\">54 books, page 3</span>",
        "<a href=\"/search?q=mystery\" aria-current=\"true\">In stock</a>",
        "<input type=\"hidden\" name=\"availability\" value=\"in-stock\">",
        "<a href=\"/search?q=mystery\">Remove all filters</a>",
    ] {
        assert!(filtered.body.contains(part), "{part} in {}", filtered.body);
    }
    assert_eq!(filtered.count("<li class=\"card\">"), 6);
    assert!(!filtered.body.contains("Sold out"));
}

#[tokio::test]
async fn empty_result_recommends_other_books() {
    let shop = TestShop::of(&catalogue());
    let nothing = shop.get("/search?q=zebra&category=science-fiction").await;
    assert!(nothing.body.contains("Perhaps one of these instead"));
    assert_eq!(nothing.count("<li class=\"card\">"), 6);
    assert!(nothing.body.contains("Star 1"));
    shop.recommendations.set("*", Fault::Down);
    let without = shop.get("/search?q=zebra").await;
    assert_eq!(
        (without.status, without.count("<li class=\"card\">")),
        (StatusCode::OK, 0)
    );
    assert!(without.body.contains("We found nothing."));
}

#[tokio::test]
async fn other_spellings_are_offered() {
    let shop = TestShop::of(&catalogue());
    shop.stock.set_did_you_mean("harry potter");
    let found = shop.get("/search?q=mystery").await;
    assert!(found.body.contains(
        "We searched for <a href=\"/search?q=harry+potter\"><bdi>harry potter</bdi></a>."
    ));
    let nothing = shop.get("/search?q=hary+poter").await;
    assert!(
        nothing.body.contains(
            "Did you mean <a href=\"/search?q=harry+potter\"><bdi>harry potter</bdi></a>?"
        )
    );
    assert!(nothing.body.contains("href=\"/categories/mystery\""));
}

#[tokio::test]
async fn suggestions_are_list_items() {
    let shop = TestShop::of(&catalogue());
    let some = shop.get("/search/suggest?q=star").await;
    assert_eq!(
        (some.status, some.count("<li role=\"option\" id")),
        (StatusCode::OK, 8)
    );
    let all = "data-href=\"/search?q=star\">See all 10 books</li>";
    assert!(some.body.contains(all), "{}", some.body);
    assert!(
        some.body.contains("id=\"suggestion-1\"") && some.body.contains("data-href=\"/books/101\"")
    );
    assert!(!some.body.contains("<html"));
    assert_eq!(shop.get("/search/suggest?q=").await.body.trim(), "");
    shop.inventory.set("*", Fault::Down);
    let none = shop.get("/search/suggest?q=dune").await;
    assert_eq!(
        (none.status, none.body.trim()),
        (StatusCode::SERVICE_UNAVAILABLE, "")
    );
}

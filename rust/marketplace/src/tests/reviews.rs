//! The reviews of books, and the visitor's own.

use super::*;

const REVIEW: [(&str, &str); 4] = [
    ("stars", "4"),
    ("title", "A <b>good</b> read"),
    ("body", "One line\r\nand another"),
    ("author_name", "Ada L."),
];

/// A visitor whose review of book 101 is on its page.
async fn reviewed(shop: &TestShop) -> Browser<'_> {
    let mut browser = Browser::signed_in(shop).await;
    browser.get("/books/101/review").await;
    browser.submit("/reviews/write", &REVIEW).await;
    assert_eq!(browser.page.header("location"), "/books/101?done=reviewed");
    browser.follow().await;
    browser
}

#[tokio::test]
async fn book_page_shows_average_histogram_and_newest_reviews() {
    let shop = TestShop::of(&catalogue());
    let page = shop.get("/books/101").await;
    assert!(page.body.contains("Nobody has reviewed this book yet"));
    assert!(!page.body.contains("<table>"));
    for (stars, title) in [(5, "First"), (4, "Second"), (4, "Third"), (2, "Fourth")] {
        shop.reviews.add(101, stars, title);
    }
    shop.reviews.change(|review| {
        review.verified_purchase = review.title == "Fourth";
    });
    let page = shop.get("/books/101").await;
    for part in [
        "aria-label=\"3.8 of 5 stars\"",
        "4 reviews",
        "<th scope=\"row\">4 stars</th>",
        "<rect class=\"share\" width=\"50\"",
        "aria-label=\"2 of 5 stars\"",
        "All reviews, also by stars",
        "<bdi>Anonymous</bdi>",
    ] {
        assert!(page.body.contains(part), "{part} is not in {}", page.body);
    }
    assert_eq!(page.count("Verified purchase"), 1);
    assert!(page.body.contains("<bdi>Second</bdi>") && !page.body.contains("<bdi>First</bdi>"));
}

#[tokio::test]
async fn all_reviews_have_orders_and_pages() {
    let shop = TestShop::of(&catalogue());
    for number in 1..=25 {
        shop.reviews
            .add(101, 1 + number % 5, &format!("No. {number:02}"));
    }
    let mut browser = Browser::open(&shop, "/books/101/reviews").await;
    assert_eq!(browser.page.count("<h3>"), 20);
    assert!(browser.page.body.contains("No. 25") && !browser.page.body.contains("No. 05"));
    assert!(
        browser
            .page
            .body
            .contains("/books/101/reviews?order=newest&#38;after=20")
    );
    let page = browser
        .get("/books/101/reviews?order=newest&after=20")
        .await;
    assert_eq!(page.count("<h3>"), 5);
    assert!(page.body.contains("First reviews") && !page.body.contains("More reviews"));

    for (order, first) in [("best", "5 of 5"), ("worst", "1 of 5")] {
        let path = format!("/books/101/reviews?order={order}");
        let page = browser.get(&path).await;
        let (_, list) = page.body.split_once("<h3>").expect("reviews");
        let (heading, _) = list.split_once("</h3>").expect("its end");
        assert!(heading.contains(first), "{order}: {heading}");
        assert!(page.body.contains(&format!("value=\"{order}\" selected")));
    }
    // What is in the address may be anything.
    let page = browser.get("/books/101/reviews?order=x&after=x").await;
    assert_eq!(page.header("location"), "/books/101/reviews?order=newest");
    for path in [
        "/books/999/reviews",
        "/books/x/reviews",
        "/books/%ff/reviews",
    ] {
        let page = browser.get(path).await;
        assert_eq!(page.status, StatusCode::NOT_FOUND, "{path}");
        assert!(page.body.contains("<h1>"), "{path}");
    }
}

#[tokio::test]
async fn visitor_writes_changes_and_deletes_a_review() {
    let shop = TestShop::of(&catalogue());
    let mut browser = reviewed(&shop).await;
    for part in [
        "your review is saved",
        "A &#60;b&#62;good&#60;/b&#62; read",
        "<bdi>Ada L.</bdi>",
        "Change or delete it",
    ] {
        assert!(browser.page.body.contains(part), "{part}");
    }
    assert!(!browser.page.body.contains("Write a review"));
    assert_eq!(browser.page.count("<bdi>Ada L.</bdi>"), 1);
    assert_eq!(shop.reviews.all()[0].body, "One line\nand another");

    let page = browser.get("/books/101/review").await;
    assert!(page.body.contains("One line\nand another</textarea>"));
    assert!(page.body.contains("<option value=\"4\" selected>"));
    browser.submit("/reviews/write", &[("stars", "2")]).await;
    let reviews = shop.reviews.all();
    assert_eq!((reviews.len(), reviews[0].stars), (1, 2));
    assert_eq!(reviews[0].title, "");

    browser.get("/books/101/review").await;
    browser.submit("/reviews/delete", &[]).await;
    assert!(
        browser
            .follow()
            .await
            .body
            .contains("Your review is deleted")
    );
    assert_eq!(shop.reviews.all(), []);
}

#[tokio::test]
async fn name_of_the_account_is_offered_for_a_new_review() {
    let shop = TestShop::of(&catalogue());
    let mut browser = Browser::signed_in(&shop).await;
    let page = browser.get("/books/101/review").await;
    assert!(
        page.body
            .contains("name=\"author_name\" type=\"text\" value=\"Ada\"")
    );
    assert!(!page.body.contains("/reviews/delete"));
}

#[tokio::test]
async fn wrong_review_is_explained_at_the_field_and_kept() {
    let shop = TestShop::of(&catalogue());
    let mut browser = Browser::signed_in(&shop).await;
    browser.get("/books/101/review").await;
    let long = "x".repeat(151);
    let fields = [
        ("stars", ""),
        ("title", long.as_str()),
        ("body", "</textarea><b>"),
    ];
    let page = browser.submit("/reviews/write", &fields).await;
    assert_eq!(page.status, StatusCode::UNPROCESSABLE_ENTITY);
    for part in [
        "<title>Error: ",
        "id=\"stars-error\" role=\"alert\">Please choose one of these.",
        "id=\"title-error\" role=\"alert\">Use at most 150 characters.",
        "&#60;/textarea&#62;&#60;b&#62;</textarea>",
        &long,
    ] {
        assert!(page.body.contains(part), "{part} is not in {}", page.body);
    }
    assert_eq!(shop.reviews.all(), []);
    let page = browser.submit("/reviews/write", &REVIEW).await;
    assert_eq!(page.status, StatusCode::SEE_OTHER);
}

#[tokio::test]
async fn stranger_signs_in_and_comes_back_to_the_form() {
    let shop = TestShop::of(&catalogue());
    shop.accounts.add("ada@example.org", "correct horse", "Ada");
    let mut browser = Browser::open(&shop, "/books/101").await;
    assert!(browser.page.body.contains("href=\"/books/101/review\""));
    browser.get("/books/101/review").await;
    assert_eq!(
        browser.page.header("location"),
        "/sign-in?next=/books/101/review"
    );
    browser.follow().await;
    browser.sign_in().await;
    assert!(
        browser
            .follow()
            .await
            .body
            .contains("Your review of <bdi>Star 101")
    );
}

#[tokio::test]
async fn review_is_kept_when_the_session_ends_while_it_is_written() {
    let shop = TestShop::of(&catalogue());
    let mut browser = Browser::signed_in(&shop).await;
    browser.get("/books/101/review").await;
    shop.accounts.end_sessions();
    let page = browser.submit("/reviews/write", &REVIEW).await;
    assert_eq!(page.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(page.body.contains("and another</textarea>"));
    assert!(page.body.contains("/sign-in?next=/books/101/review"));
    // The visitor signs in in another tab, and sends the form again.
    let form = browser.form("/reviews/write");
    browser.get("/sign-in").await;
    browser.sign_in().await;
    browser.post("/reviews/write", &form, &REVIEW).await;
    assert_eq!(shop.reviews.all().len(), 1);
}

#[tokio::test]
async fn hidden_review_is_shown_to_its_author_with_the_reason() {
    let shop = TestShop::of(&catalogue());
    let mut browser = reviewed(&shop).await;
    shop.reviews
        .change(|review| review.hidden_reason = "It is <i>advertising</i>".to_owned());
    for path in ["/books/101", "/books/101/review"] {
        let page = browser.get(path).await;
        assert!(page.body.contains("It is &#60;i&#62;advertising"), "{path}");
        assert!(!shop.get("/books/101").await.body.contains("advertising"));
    }
}

#[tokio::test(start_paused = true)]
async fn without_reviews_the_book_page_works_and_says_so() {
    for fault in [
        Fault::Down,
        Fault::Failing,
        Fault::Slow(Duration::from_secs(20)),
    ] {
        let shop = TestShop::of(&catalogue());
        let mut browser = Browser::signed_in(&shop).await;
        browser.get("/books/101/review").await;
        shop.reviews.faults.set("*", fault);
        let form = browser.form("/reviews/write");
        let page = browser.get("/books/101").await;
        assert_eq!(page.status, StatusCode::OK, "{fault:?}");
        let notice = page.notice().expect("a notice");
        assert!(
            notice.contains("reviews of this book are missing"),
            "{notice}"
        );
        assert!(page.body.contains("$11.00") && page.body.contains("Add to cart"));
        for path in ["/books/101/reviews", "/books/101/review"] {
            let page = browser.get(path).await;
            assert_eq!(page.status, StatusCode::SERVICE_UNAVAILABLE, "{path}");
            assert!(page.body.contains("please try again in a moment"), "{path}");
        }
        let page = browser.post("/reviews/write", &form, &REVIEW).await;
        assert_eq!(page.status, StatusCode::SERVICE_UNAVAILABLE, "{fault:?}");
        assert!(page.body.contains("What you typed is kept"));
        assert!(page.body.contains("and another</textarea>"));
        assert!(!page.body.contains(fakes::SECRET));
        // And when it is back, the same form is accepted.
        shop.reviews.faults.clear();
        browser.submit("/reviews/write", &REVIEW).await;
        assert_eq!(browser.page.status, StatusCode::SEE_OTHER, "{fault:?}");
    }
}

#[tokio::test]
async fn without_inventory_reviews_of_known_books_are_shown() {
    let shop = TestShop::of(&catalogue());
    shop.reviews.add(101, 5, "Great");
    shop.get("/books/101").await;
    shop.inventory.set("*", Fault::Down);
    for path in ["/books/101", "/books/101/reviews", "/books/102/reviews"] {
        let page = shop.get(path).await;
        assert_eq!(page.status, StatusCode::OK, "{path}");
    }
    assert!(shop.get("/books/101").await.body.contains("Great"));
}

//! Tests of what is bought together: from the purchases at Checkout to the answer.

use std::time::Duration;

use contract::bookstore::inventory::v1::BookCategory;
use service::PeriodicTask;
use tokio::time::timeout;
use tonic::Code;
use uuid::Uuid;

use super::{Options, TestService, Upstream, fast_refresh, reason, router, tutorial_inventory};

#[tokio::test]
async fn books_of_the_same_readers_are_listed_the_best_first() {
    let service = TestService::start().await;
    service.buy_together(3, &[1, 2]);
    service.buy_together(3, &[1, 2, 103]);
    service.buy_together(2, &[103, 104]);
    service.learn().await;
    assert_eq!(service.also_bought(1, 10).await.expect("known"), [2, 103]);
    assert_eq!(service.also_bought(1, 1).await.expect("known"), [2]);
    assert_eq!(service.also_bought(104, 10).await.expect("known"), [103]);
}

#[tokio::test]
async fn unknown_book_gets_an_empty_list() {
    let service = TestService::start().await;
    service.buy_together(3, &[1, 2]);
    // The catalogue has no book 900.
    service.buy_together(3, &[3, 900]);
    service.learn().await;
    for book_id in [3, 7, 12_345] {
        let books = service.also_bought(book_id, 10).await;
        assert_eq!(books.expect("an empty list is no error"), [0; 0]);
    }
}

#[tokio::test]
async fn unset_fields_are_refused() {
    let service = TestService::start().await;
    for (book_id, max_results) in [(0, 10), (1, 0), (1, 51)] {
        let refused = service.also_bought(book_id, max_results).await;
        let code = refused.expect_err("the request is refused").code();
        assert_eq!(code, Code::InvalidArgument);
    }
}

#[tokio::test]
async fn purchases_of_one_reader_and_unpaid_orders_do_not_show() {
    let service = TestService::start().await;
    service.buy_together(1, &[1, 2, 3]);
    service.buy_together(1, &[1]);
    for account_id in ["one", "two", "three"].map(|_| Uuid::new_v4().to_string()) {
        for book_id in [1, 9] {
            service.upstream.checkout.buy_unpaid(&account_id, book_id);
        }
    }
    service.learn().await;
    for book_id in [1, 2, 3, 9] {
        let books = service.also_bought(book_id, 50).await;
        assert_eq!(books.expect("an empty list is no error"), [0; 0]);
    }
}

#[tokio::test]
async fn disliked_books_are_not_listed_unless_the_review_is_hidden() {
    let service = TestService::start().await;
    let readers = [(); 2].map(|()| Uuid::new_v4().to_string());
    for reader in &readers {
        for book_id in [1, 2, 3] {
            service.upstream.checkout.buy(reader, book_id);
        }
        service.upstream.reviews.rate(reader, 2, 1);
    }
    service.learn().await;
    assert_eq!(service.also_bought(1, 10).await.expect("known"), [3]);
    let reviews = &service.upstream.reviews;
    reviews.change(|review| "Spam".clone_into(&mut review.hidden_reason));
    service.learn().await;
    assert_eq!(service.also_bought(1, 10).await.expect("known"), [2, 3]);
}

#[tokio::test]
async fn all_pages_are_read() {
    let service = TestService::start().await;
    for _ in 0..700 {
        service.buy_together(1, &[1, 2]);
    }
    service.buy_together(2, &[3, 4]);
    service.learn().await;
    // 1404 purchases on pages of 1000.
    let calls = service.upstream.checkout.faults.calls("list_purchases");
    assert!(calls >= 2, "{calls}");
    assert_eq!(service.also_bought(1, 10).await.expect("known"), [2]);
    assert_eq!(service.also_bought(3, 10).await.expect("known"), [4]);
}

#[tokio::test]
async fn last_model_is_used_while_checkout_or_reviews_is_down() {
    let service = TestService::start().await;
    service.buy_together(2, &[1, 2]);
    service.learn().await;
    let (checkout, reviews) = (&service.upstream.checkout, &service.upstream.reviews);
    let mut task = service.recommendations.learn();
    for faults in [&checkout.faults, &reviews.faults] {
        faults.set("*", fakes::Fault::Down);
        service.buy_together(2, &[3, 4]);
        task.learn().await.expect_err("a service is down");
        // A failure does not end the task.
        let Ok(()) = task.run().await;
        assert_eq!(service.also_bought(1, 10).await.expect("known"), [2]);
        assert_eq!(service.also_bought(3, 10).await.expect("empty"), [0; 0]);
        faults.clear();
    }
    task.learn().await.expect("both respond again");
    assert_eq!(service.also_bought(3, 10).await.expect("known"), [4]);
}

#[tokio::test]
async fn purchases_are_followed_in_the_background() {
    let upstream = Upstream {
        inventory: tutorial_inventory(),
        ..Upstream::default()
    };
    let options = Options {
        learn_interval: Duration::from_millis(20),
        ..fast_refresh()
    };
    let recommendations = upstream.recommendations(&options);
    let task = recommendations.run_in_background();
    let service = TestService {
        router: router(&recommendations),
        upstream,
        recommendations,
    };
    let becomes = async |expected: &[i32]| {
        let reached = async {
            while service.also_bought(1, 10).await.expect("known") != expected {
                let faults = &service.upstream.checkout.faults;
                faults.wait_for_calls("list_purchases", 1).await;
            }
        };
        // Each run is followed by a pause of nineteen times its duration.
        let in_time = timeout(Duration::from_secs(60), reached).await;
        in_time.expect("the purchases become known");
    };
    service.buy_together(2, &[1, 2]);
    becomes(&[2]).await;
    service.buy_together(3, &[1, 3]);
    becomes(&[3, 2]).await;
    drop(task);
}

#[tokio::test]
async fn list_is_unavailable_before_the_catalogue_is_loaded() {
    let options = Options {
        first_load_wait: Duration::from_millis(10),
        ..fast_refresh()
    };
    let upstream = Upstream::default();
    let recommendations = upstream.recommendations(&options);
    let service = TestService {
        router: router(&recommendations),
        upstream,
        recommendations,
    };
    let refused = service.also_bought(1, 10).await;
    let refused = refused.expect_err("there is no catalogue");
    assert_eq!(refused.code(), Code::Unavailable);
    assert_eq!(reason(&refused), "CATALOGUE_UNAVAILABLE");
    let account_id = Uuid::new_v4();
    let refused = service.recommend(account_id, BookCategory::Mystery, 3);
    let refused = refused.await.expect_err("there is no catalogue");
    assert_eq!(reason(&refused), "CATALOGUE_UNAVAILABLE");
}

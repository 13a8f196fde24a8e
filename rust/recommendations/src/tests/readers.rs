//! Tests of what is recommended to readers.

use std::collections::BTreeSet;

use contract::bookstore::inventory::v1::BookCategory;
use fakes::Fault;
use tonic::Code;
use uuid::Uuid;

use super::{TestService, reason};

const MYSTERY: BookCategory = BookCategory::Mystery;

#[tokio::test]
async fn reader_gets_what_was_bought_together_and_then_a_sample() {
    let service = TestService::start().await;
    service.buy_together(5, &[1, 2, 3, 101]);
    service.buy_together(3, &[1, 2]);
    service.learn().await;
    let reader = Uuid::new_v4();
    service.upstream.checkout.buy(&reader.to_string(), 1);
    let mut samples = BTreeSet::new();
    for _ in 0..20 {
        let books = service.recommend(reader, MYSTERY, 6).await.expect("known");
        assert_eq!((books.len(), &books[..2]), (6, &[2, 3][..]));
        let distinct: BTreeSet<_> = books.iter().collect();
        assert_eq!(distinct.len(), 6);
        assert!(!distinct.contains(&1));
        samples.insert(books[2..].to_vec());
    }
    assert!(samples.len() > 1, "the sample is random");
    let poetry = service.recommend(reader, BookCategory::Poetry, 1).await;
    assert_eq!(poetry.expect("known"), [101]);
}

#[tokio::test]
async fn book_that_was_ordered_a_moment_ago_is_not_recommended() {
    let service = TestService::start().await;
    service.buy_together(5, &[1, 2, 3]);
    service.learn().await;
    let reader = Uuid::new_v4();
    let checkout = &service.upstream.checkout;
    checkout.buy(&reader.to_string(), 1);
    let books = service.recommend(reader, MYSTERY, 2).await;
    assert_eq!(books.expect("known"), [2, 3]);
    // Nothing is learned in between, and the payment is not done.
    checkout.buy_unpaid(&reader.to_string(), 2);
    for _ in 0..20 {
        let books = service.recommend(reader, MYSTERY, 28).await;
        let books = books.expect("known");
        assert_eq!((books[0], books.len()), (3, 28));
        assert!(!books.contains(&1) && !books.contains(&2), "{books:?}");
    }
    for book_id in 1..=30 {
        checkout.buy(&reader.to_string(), book_id);
    }
    let nothing = service.recommend(reader, MYSTERY, 100).await;
    assert_eq!(nothing.expect("an empty list is no error"), [0; 0]);
}

#[tokio::test]
async fn reader_without_purchases_gets_a_sample() {
    let service = TestService::start().await;
    service.buy_together(5, &[1, 2, 3]);
    service.learn().await;
    let books = service.recommend(Uuid::new_v4(), MYSTERY, 100).await;
    let books: BTreeSet<_> = books.expect("known").into_iter().collect();
    assert_eq!(books, (1..=30).collect());
}

#[tokio::test]
async fn ratings_decide_which_books_suit() {
    let service = TestService::start().await;
    service.buy_together(5, &[1, 11]);
    service.buy_together(5, &[2, 12]);
    service.learn().await;
    let reader = Uuid::new_v4();
    let (id, upstream) = (reader.to_string(), &service.upstream);
    for book_id in [1, 2] {
        upstream.checkout.buy(&id, book_id);
    }
    upstream.reviews.rate(&id, 2, 5);
    let books = service.recommend(reader, MYSTERY, 2).await;
    assert_eq!(books.expect("known"), [12, 11]);
    // A book that the reader has from elsewhere, and has reviewed.
    upstream.reviews.rate(&id, 12, 5);
    upstream.reviews.rate(&id, 2, 1);
    let books = service.recommend(reader, MYSTERY, 29).await;
    let books = books.expect("known");
    assert_eq!((books[0], books.len()), (11, 27));
    assert!(!books.contains(&12), "{books:?}");
    // Without Reviews the purchases still count.
    upstream.reviews.faults.set("*", Fault::Down);
    let books = service.recommend(reader, MYSTERY, 2).await;
    assert_eq!(books.expect("known"), [11, 12]);
}

#[tokio::test]
async fn reader_gets_no_recommendations_while_purchases_are_unknown() {
    let service = TestService::start().await;
    service.upstream.checkout.set_down(true);
    let refused = service.recommend(Uuid::new_v4(), MYSTERY, 3).await;
    let refused = refused.expect_err("the reader may have every book");
    assert_eq!(refused.code(), Code::Unavailable);
    assert_eq!(reason(&refused), "PURCHASES_UNAVAILABLE");
    assert!(!refused.message().contains(fakes::SECRET));
}

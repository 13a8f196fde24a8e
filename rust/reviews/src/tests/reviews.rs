//! Writing, reading and deleting one's own review.

use std::time::Duration;

use contract::bookstore::reviews::v1::{BatchGetRatingsRequest, PutReviewRequest};
use store::testing::TestDb;
use tonic::Code;

use super::{TestReviews, failure, request};

store::both_engines! {
    crate::SCHEMA =>
    account_has_one_review_of_a_book,
    same_content_changes_nothing,
    unset_texts_are_removed,
    clock_that_is_set_back_makes_no_review_older,
    unknown_book_cannot_be_reviewed,
    catalogue_that_is_down_is_reported,
    visitor_cannot_write,
    deleted_review_is_gone,
    ratings_are_in_the_order_of_the_request,
}

const MINUTE: Duration = Duration::from_secs(60);

async fn account_has_one_review_of_a_book(database: TestDb) {
    let service = TestReviews::open(&database);
    let (ada, bob) = (service.reader(), service.reader());
    let written = ada.put(1, 2).await.expect("written");
    assert_eq!(written.create_time, written.update_time);
    assert_eq!((written.title.as_str(), written.stars), ("2 stars", 2));
    service.clock.advance(MINUTE);
    let changed = ada.put(1, 5).await.expect("changed");
    assert_eq!(changed.review_id, written.review_id);
    assert_eq!(changed.create_time, written.create_time);
    assert_ne!(changed.update_time, written.update_time);
    assert_eq!(ada.get(1).await.expect("read"), changed);
    let other = bob.put(1, 4).await.expect("written");
    assert_ne!(other.review_id, written.review_id);
    ada.put(2, 1).await.expect("written");
    let rating = service.visitor.rating(1).await.expect("read");
    assert_eq!(rating.star_counts, [0, 0, 0, 1, 1]);
    assert_eq!(
        (rating.review_count, rating.average_hundredths),
        (2, Some(450))
    );
}

async fn same_content_changes_nothing(database: TestDb) {
    let service = TestReviews::open(&database);
    let reader = service.reader();
    let written = reader.put(1, 3).await.expect("written");
    service.clock.advance(MINUTE);
    assert_eq!(reader.put(1, 3).await.expect("a retry"), written);
    let rating = service.visitor.rating(1).await.expect("read");
    assert_eq!(rating.star_counts, [0, 0, 1, 0, 0]);
}

async fn unset_texts_are_removed(database: TestDb) {
    let service = TestReviews::open(&database);
    let reader = service.reader();
    reader.put(1, 3).await.expect("written");
    let only_stars = PutReviewRequest {
        book_id: 1,
        stars: 3,
        ..PutReviewRequest::default()
    };
    let changed = reader.put_request(only_stars).await.expect("changed");
    let texts = [changed.title, changed.body, changed.author_name];
    assert_eq!(texts, ["", "", ""]);
}

async fn clock_that_is_set_back_makes_no_review_older(database: TestDb) {
    let service = TestReviews::open(&database);
    let reader = service.reader();
    let written = reader.put(1, 3).await.expect("written");
    service
        .clock
        .set("2020-01-01T00:00:00Z".parse().expect("a time"));
    let changed = reader.put(1, 4).await.expect("changed");
    assert_eq!(changed.update_time, written.update_time);
}

async fn unknown_book_cannot_be_reviewed(database: TestDb) {
    let service = TestReviews::open(&database);
    let reader = service.reader();
    let expected = (Code::NotFound, "BOOK_NOT_FOUND".to_owned());
    assert_eq!(failure(reader.put(123_456, 3).await), expected);
    let expected = (Code::NotFound, "REVIEW_NOT_FOUND".to_owned());
    assert_eq!(failure(reader.get(123_456).await), expected);
}

async fn catalogue_that_is_down_is_reported(database: TestDb) {
    let service = TestReviews::open(&database);
    let reader = service.reader();
    reader.put(1, 3).await.expect("written");
    service.inventory.set_down(true);
    let expected = (Code::Unavailable, "CATALOGUE_UNAVAILABLE".to_owned());
    assert_eq!(failure(reader.put(1, 4).await), expected);
    // Reading and deleting need no catalogue.
    assert_eq!(reader.get(1).await.expect("read").stars, 3);
    reader.delete(1).await.expect("deleted");
}

async fn visitor_cannot_write(database: TestDb) {
    let service = TestReviews::open(&database);
    let expected = (Code::Unauthenticated, "CREDENTIAL_MISSING".to_owned());
    assert_eq!(failure(service.visitor.put(1, 3).await), expected);
    assert_eq!(failure(service.visitor.get(1).await), expected);
    assert_eq!(failure(service.visitor.delete(1).await), expected);
    for (text, field) in [("a\0", "title"), ("a\u{1b}[2J", "body")] {
        let mut invalid = request(1, 3);
        match field {
            "title" => invalid.title = text.to_owned(),
            _ => invalid.body = text.to_owned(),
        }
        let outcome = service.reader().put_request(invalid).await;
        assert_eq!(failure(outcome).0, Code::InvalidArgument, "{field}");
    }
}

async fn deleted_review_is_gone(database: TestDb) {
    let service = TestReviews::open(&database);
    let (ada, bob) = (service.reader(), service.reader());
    // There is nothing to delete yet, and no rating either.
    ada.delete(1).await.expect("it succeeds");
    let first = ada.put(1, 5).await.expect("written");
    bob.put(1, 1).await.expect("written");
    ada.delete(1).await.expect("deleted");
    ada.delete(1).await.expect("a retry");
    assert_eq!(failure(ada.get(1).await).1, "REVIEW_NOT_FOUND");
    let rating = service.visitor.rating(1).await.expect("read");
    assert_eq!(rating.star_counts, [1, 0, 0, 0, 0]);
    let again = ada.put(1, 5).await.expect("written");
    assert_ne!(again.review_id, first.review_id);
}

async fn ratings_are_in_the_order_of_the_request(database: TestDb) {
    let service = TestReviews::open(&database);
    service.reader().put(3, 5).await.expect("written");
    service.reader().put(1, 2).await.expect("written");
    let request = BatchGetRatingsRequest {
        book_ids: vec![3, 999_999_999, 1],
    };
    let response = service
        .visitor
        .grpc
        .clone()
        .batch_get_ratings(request)
        .await;
    let ratings = response.expect("read").into_inner().ratings;
    let actual: Vec<_> = ratings
        .iter()
        .map(|rating| {
            (
                rating.book_id,
                rating.review_count,
                rating.average_hundredths,
            )
        })
        .collect();
    assert_eq!(
        actual,
        [(3, 1, Some(500)), (999_999_999, 0, None), (1, 1, Some(200))]
    );
    assert_eq!(ratings[1].star_counts, [0; 5]);
}

//! What the operator hides is neither listed nor counted.

use std::time::Duration;

use contract::bookstore::reviews::v1::{ListAllReviewsRequest, ListReviewsRequest, Review};
use store::testing::TestDb;
use tonic::Code;

use super::{Client, TestReviews, failure};

store::both_engines! {
    crate::SCHEMA =>
    hidden_review_is_neither_listed_nor_counted,
    hidden_review_that_is_changed_stays_hidden,
    deleted_hidden_review_was_not_counted,
    unknown_review_cannot_be_hidden,
    only_the_operator_hides,
    operator_lists_all_or_only_hidden_reviews,
}

async fn listed(client: &Client, book_id: i32) -> Vec<Review> {
    let request = ListReviewsRequest {
        book_id,
        ..ListReviewsRequest::default()
    };
    let response = client.grpc.clone().list_reviews(request).await;
    response.expect("listed").into_inner().reviews
}

async fn hidden_review_is_neither_listed_nor_counted(database: TestDb) {
    let service = TestReviews::open(&database);
    let (ada, bob, operator) = (service.reader(), service.reader(), &service.operator);
    let kept = bob.put(1, 4).await.expect("written");
    let review = ada.put(1, 1).await.expect("written");
    for reason in ["Spam", "Spam", "An advertisement"] {
        let hidden = operator.hide(&review.review_id, reason).await;
        assert_eq!(hidden.expect("hidden").hidden_reason, reason);
        assert_eq!(
            listed(&service.visitor, 1).await,
            std::slice::from_ref(&kept)
        );
        let rating = service.visitor.rating(1).await.expect("read");
        assert_eq!(rating.star_counts, [0, 0, 0, 1, 0]);
        let own = ada.get(1).await.expect("its author sees it");
        assert_eq!(own.hidden_reason, reason);
        assert_eq!(own.update_time, review.update_time);
    }
    for _ in 0..2 {
        let shown = operator.show(&review.review_id).await.expect("shown");
        assert_eq!(shown, review);
        assert_eq!(listed(&service.visitor, 1).await.len(), 2);
        let rating = service.visitor.rating(1).await.expect("read");
        assert_eq!(rating.star_counts, [1, 0, 0, 1, 0]);
    }
}

async fn hidden_review_that_is_changed_stays_hidden(database: TestDb) {
    let service = TestReviews::open(&database);
    let reader = service.reader();
    let review = reader.put(1, 1).await.expect("written");
    let hidden = service.operator.hide(&review.review_id, "Spam").await;
    hidden.expect("hidden");
    let changed = reader.put(1, 5).await.expect("changed");
    assert_eq!(changed.hidden_reason, "Spam");
    assert_eq!(listed(&service.visitor, 1).await, []);
    let rating = service.visitor.rating(1).await.expect("read");
    assert_eq!(rating.star_counts, [0; 5]);
    let shown = service.operator.show(&review.review_id).await;
    assert_eq!(shown.expect("shown").stars, 5);
    let rating = service.visitor.rating(1).await.expect("read");
    assert_eq!(rating.star_counts, [0, 0, 0, 0, 1]);
}

async fn deleted_hidden_review_was_not_counted(database: TestDb) {
    let service = TestReviews::open(&database);
    let reader = service.reader();
    let review = reader.put(1, 1).await.expect("written");
    let hidden = service.operator.hide(&review.review_id, "Spam").await;
    hidden.expect("hidden");
    reader.delete(1).await.expect("deleted");
    let rating = service.visitor.rating(1).await.expect("read");
    assert_eq!(rating.star_counts, [0; 5]);
    assert_eq!(
        failure(service.operator.show(&review.review_id).await).0,
        Code::NotFound
    );
}

async fn unknown_review_cannot_be_hidden(database: TestDb) {
    let service = TestReviews::open(&database);
    let unknown = uuid::Uuid::new_v4().to_string();
    let expected = (Code::NotFound, "REVIEW_NOT_FOUND".to_owned());
    let outcome = service.operator.hide(&unknown, "Spam").await;
    assert_eq!(failure(outcome), expected);
    assert_eq!(failure(service.operator.show(&unknown).await), expected);
}

async fn only_the_operator_hides(database: TestDb) {
    let service = TestReviews::open(&database);
    let reader = service.reader();
    let review = reader.put(1, 1).await.expect("written");
    for client in [&reader, &service.visitor] {
        assert!(client.hide(&review.review_id, "Spam").await.is_err());
        assert!(client.show(&review.review_id).await.is_err());
        let request = ListAllReviewsRequest::default();
        assert!(client.grpc.clone().list_all_reviews(request).await.is_err());
    }
    assert_eq!(reader.get(1).await.expect("read"), review);
}

async fn operator_lists_all_or_only_hidden_reviews(database: TestDb) {
    let service = TestReviews::open(&database);
    let mut expected = Vec::new();
    for book_id in 1..=7 {
        let mut review = service.reader().put(book_id, 3).await.expect("written");
        if book_id % 2 == 0 {
            let hidden = service.operator.hide(&review.review_id, "Spam").await;
            review = hidden.expect("hidden");
        }
        // Newest first.
        expected.insert(0, review);
        service.clock.advance(Duration::from_secs(1));
    }
    for hidden_only in [false, true] {
        let mut listed = Vec::new();
        let mut page_token = String::new();
        loop {
            let request = ListAllReviewsRequest {
                hidden_only,
                page_size: 2,
                page_token,
            };
            let mut operator = service.operator.grpc.clone();
            let page = operator.list_all_reviews(request).await;
            let page = page.expect("listed").into_inner();
            listed.extend(page.reviews);
            page_token = page.next_page_token;
            if page_token.is_empty() {
                break;
            }
            let other = ListAllReviewsRequest {
                hidden_only: !hidden_only,
                page_size: 2,
                page_token: page_token.clone(),
            };
            let other = operator.list_all_reviews(other).await;
            assert_eq!(failure(other).1, "PAGE_TOKEN_INVALID");
        }
        expected.retain(|review| !hidden_only || !review.hidden_reason.is_empty());
        assert_eq!(listed, expected);
    }
}

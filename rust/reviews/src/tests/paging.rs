//! Every order lists every review once, on pages of every size.

use std::{cmp::Reverse, time::Duration};

use contract::bookstore::reviews::v1::{ListReviewsRequest, Review, ReviewOrder};
use store::testing::TestDb;
use tonic::Code;

use super::{TestReviews, failure};

store::both_engines! {
    crate::SCHEMA =>
    pages_contain_every_review_once_in_order,
    unset_page_size_is_twenty_and_unset_order_is_newest_first,
    token_of_another_query_is_refused,
}

/// 30 reviews of book 1, two at a time and of all stars, and one of book 2.
async fn with_reviews(database: &TestDb) -> TestReviews {
    let service = TestReviews::open(database);
    for number in 0..30 {
        let written = service.reader().put(1, 1 + number * 7 % 5).await;
        written.expect("written");
        if number % 2 == 1 {
            service.clock.advance(Duration::from_secs(1));
        }
    }
    service.reader().put(2, 3).await.expect("written");
    service
}

async fn list(service: &TestReviews, order: ReviewOrder, page_size: i32) -> Vec<Review> {
    let mut reviews = Vec::new();
    let mut page_token = String::new();
    loop {
        let request = ListReviewsRequest {
            book_id: 1,
            order: order.into(),
            page_size,
            page_token,
        };
        let page = service.visitor.grpc.clone().list_reviews(request).await;
        let page = page.expect("listed").into_inner();
        assert!(page.reviews.len() <= page_size as usize);
        reviews.extend(page.reviews);
        page_token = page.next_page_token;
        if page_token.is_empty() {
            return reviews;
        }
    }
}

async fn pages_contain_every_review_once_in_order(database: TestDb) {
    let service = with_reviews(&database).await;
    let newest = |review: &Review| {
        let time = review.update_time.expect("required");
        Reverse((time.seconds, review.review_id.clone()))
    };
    let rank = |order, review: &Review| match order {
        ReviewOrder::MostStarsFirst => -review.stars,
        ReviewOrder::FewestStarsFirst => review.stars,
        ReviewOrder::NewestFirst | ReviewOrder::Unspecified => 0,
    };
    for order in [
        ReviewOrder::NewestFirst,
        ReviewOrder::MostStarsFirst,
        ReviewOrder::FewestStarsFirst,
    ] {
        let all = list(&service, order, 200).await;
        assert_eq!(all.len(), 30);
        let mut expected = all.clone();
        expected.sort_by_key(|review| (rank(order, review), newest(review)));
        assert_eq!(all, expected, "{order:?}");
        for page_size in [1, 7, 29, 30] {
            assert_eq!(
                list(&service, order, page_size).await,
                all,
                "{page_size} a page"
            );
        }
    }
}

async fn unset_page_size_is_twenty_and_unset_order_is_newest_first(database: TestDb) {
    let service = with_reviews(&database).await;
    let request = ListReviewsRequest {
        book_id: 1,
        ..ListReviewsRequest::default()
    };
    let page = service.visitor.grpc.clone().list_reviews(request).await;
    let page = page.expect("listed").into_inner();
    let newest = list(&service, ReviewOrder::NewestFirst, 200).await;
    assert_eq!(page.reviews, newest[..20]);
}

async fn token_of_another_query_is_refused(database: TestDb) {
    let service = with_reviews(&database).await;
    let request = |book_id, order: ReviewOrder, page_token: &str| ListReviewsRequest {
        book_id,
        order: order.into(),
        page_size: 0,
        page_token: page_token.to_owned(),
    };
    let first = request(1, ReviewOrder::NewestFirst, "");
    let page = service.visitor.grpc.clone().list_reviews(first).await;
    let token = page.expect("listed").into_inner().next_page_token;
    for (book_id, order, token) in [
        (2, ReviewOrder::NewestFirst, token.as_str()),
        (1, ReviewOrder::MostStarsFirst, &token),
        (1, ReviewOrder::NewestFirst, &token[1..]),
        (1, ReviewOrder::NewestFirst, "\0"),
    ] {
        let request = request(book_id, order, token);
        let outcome = service.visitor.grpc.clone().list_reviews(request).await;
        let expected = (Code::InvalidArgument, "PAGE_TOKEN_INVALID".to_owned());
        assert_eq!(failure(outcome), expected);
    }
}

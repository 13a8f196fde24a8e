//! Ratings are exact, whatever readers and the operator do at the same time.

use contract::bookstore::reviews::v1::ListReviewsRequest;
use proptest::{
    collection::vec,
    prelude::*,
    strategy::ValueTree,
    test_runner::{Config, RngSeed, TestRunner},
};
use store::testing::TestDb;
use tokio::task::JoinSet;
use tonic::Code;

use super::{Client, TestReviews, failure};

store::both_engines! {
    crate::SCHEMA =>
    ratings_equal_a_recount_after_concurrent_changes,
    account_that_writes_at_the_same_time_has_one_review,
}

/// What a reader, or the operator with a reader's review, does with a book from 1 to 3.
#[derive(Debug, Clone, Copy)]
enum Change {
    Put(i32, i32),
    Delete(i32),
    Hide(i32),
    Show(i32),
}

fn change() -> impl Strategy<Value = Change> {
    prop_oneof![
        4 => (1..=3, 1..=5).prop_map(|(book_id, stars)| Change::Put(book_id, stars)),
        1 => (1..=3).prop_map(Change::Delete),
        1 => (1..=3).prop_map(Change::Hide),
        1 => (1..=3).prop_map(Change::Show),
    ]
}

impl Change {
    async fn apply(self, reader: &Client, operator: &Client) {
        let (book_id, moderated) = match self {
            Self::Put(book_id, stars) => {
                reader.put(book_id, stars).await.expect("written");
                return;
            }
            Self::Delete(book_id) => return reader.delete(book_id).await.expect("deleted"),
            Self::Hide(book_id) => (book_id, true),
            Self::Show(book_id) => (book_id, false),
        };
        let Ok(review) = reader.get(book_id).await else {
            return;
        };
        let outcome = if moderated {
            operator.hide(&review.review_id, "Spam").await
        } else {
            operator.show(&review.review_id).await
        };
        // Another client of the same reader may have deleted it meanwhile.
        if outcome.is_err() {
            assert_eq!(failure(outcome).0, Code::NotFound);
        }
    }
}

/// The number of reviews with 1 to 5 stars that readers see.
async fn recount(service: &TestReviews, book_id: i32) -> Vec<i64> {
    let request = ListReviewsRequest {
        book_id,
        page_size: 200,
        ..ListReviewsRequest::default()
    };
    let response = service.visitor.grpc.clone().list_reviews(request).await;
    let mut counts = vec![0; 5];
    for review in response.expect("listed").into_inner().reviews {
        counts[review.stars as usize - 1] += 1;
    }
    counts
}

async fn ratings_equal_a_recount_after_concurrent_changes(database: TestDb) {
    let service = TestReviews::open(&database);
    let readers = [service.reader(), service.reader(), service.reader()];
    let mut runner = TestRunner::new(Config {
        rng_seed: RngSeed::Fixed(9),
        ..Config::default()
    });
    // Two clients of each reader at the same time.
    let histories = vec(vec(change(), 12), 2 * readers.len());
    for _ in 0..8 {
        let histories = histories.new_tree(&mut runner).expect("a value").current();
        let mut clients = JoinSet::new();
        for (number, changes) in histories.clone().into_iter().enumerate() {
            let reader = readers[number % readers.len()].clone();
            let operator = service.operator.clone();
            clients.spawn(async move {
                for change in changes {
                    change.apply(&reader, &operator).await;
                }
            });
        }
        clients.join_all().await;
        for book_id in 1..=3 {
            let expected = recount(&service, book_id).await;
            let rating = service.visitor.rating(book_id).await.expect("read");
            assert_eq!(rating.star_counts, expected, "{histories:?}");
            assert_eq!(rating.review_count, expected.iter().sum::<i64>());
        }
    }
}

async fn account_that_writes_at_the_same_time_has_one_review(database: TestDb) {
    let service = TestReviews::open(&database);
    for book_id in 1..=10 {
        let reader = service.reader();
        let mut tabs = JoinSet::new();
        for stars in 1..=5 {
            let reader = reader.clone();
            tabs.spawn(async move { reader.put(book_id, stars).await.expect("written") });
        }
        let written = tabs.join_all().await;
        let review = reader.get(book_id).await.expect("read");
        for other in written {
            assert_eq!(other.review_id, review.review_id);
        }
        let mut expected = vec![0; 5];
        expected[review.stars as usize - 1] = 1;
        assert_eq!(recount(&service, book_id).await, expected);
        let rating = service.visitor.rating(book_id).await.expect("read");
        assert_eq!(rating.star_counts, expected);
    }
}

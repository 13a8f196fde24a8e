//! The ratings that Recommendations reads.

use contract::bookstore::reviews::v1::{
    ListReaderRatingsRequest, ReaderRating, review_service_client::ReviewServiceClient,
};
use store::testing::TestDb;
use tonic::{Code, Status};

use super::{Client, TestReviews, failure};

store::both_engines! {
    crate::SCHEMA =>
    pages_contain_every_visible_rating_once,
    hidden_and_deleted_reviews_are_left_out,
    token_of_another_account_is_refused,
    only_recommendations_lists_ratings,
}

impl TestReviews {
    fn service(&self, name: &'static str) -> Client {
        let channel = self.router.in_process().as_service(&name.into(), None);
        Client {
            grpc: ReviewServiceClient::new(channel),
            account_id: String::new(),
        }
    }

    /// One page, of all accounts if `account_id` is empty, and the token of the next.
    async fn page(
        &self,
        account_id: &str,
        page_size: i32,
        page_token: &str,
    ) -> Result<(Vec<ReaderRating>, String), Status> {
        let request = ListReaderRatingsRequest {
            account_id: account_id.to_owned(),
            page_size,
            page_token: page_token.to_owned(),
        };
        let mut client = self.service("recommendations").grpc;
        let page = client.list_reader_ratings(request).await?.into_inner();
        Ok((page.ratings, page.next_page_token))
    }

    async fn ratings(&self, account_id: &str, page_size: i32) -> Vec<ReaderRating> {
        let (mut listed, mut token) = (Vec::new(), String::new());
        loop {
            let page = self.page(account_id, page_size, &token).await;
            let (ratings, next) = page.expect("it may ask");
            assert!(ratings.len() <= page_size as usize);
            listed.extend(ratings);
            token = next;
            if token.is_empty() {
                return listed;
            }
        }
    }
}

fn rating(reader: &Client, book_id: i32, stars: i32) -> ReaderRating {
    ReaderRating {
        account_id: reader.account_id.clone(),
        book_id,
        stars,
    }
}

async fn pages_contain_every_visible_rating_once(database: TestDb) {
    let service = TestReviews::open(&database);
    let readers = [service.reader(), service.reader()];
    let mut expected = Vec::new();
    for book_id in 1..=4 {
        for reader in &readers {
            reader.put(book_id, 1 + book_id % 5).await.expect("written");
            // Newest first.
            expected.insert(0, rating(reader, book_id, 1 + book_id % 5));
        }
    }
    let of_one: Vec<_> = expected
        .iter()
        .filter(|rating| rating.account_id == readers[0].account_id)
        .cloned()
        .collect();
    for page_size in [1, 3, 8, 1000] {
        assert_eq!(service.ratings("", page_size).await, expected);
        let listed = service.ratings(&readers[0].account_id, page_size).await;
        assert_eq!(listed, of_one);
    }
}

async fn hidden_and_deleted_reviews_are_left_out(database: TestDb) {
    let service = TestReviews::open(&database);
    let reader = service.reader();
    for book_id in 1..=3 {
        reader.put(book_id, 5).await.expect("written");
    }
    reader.put(1, 2).await.expect("changed");
    reader.delete(2).await.expect("deleted");
    let hidden = reader.get(3).await.expect("read");
    let hide = service.operator.hide(&hidden.review_id, "Spam").await;
    hide.expect("hidden");
    for account_id in ["", &reader.account_id] {
        let ratings = service.ratings(account_id, 100).await;
        assert_eq!(ratings, [rating(&reader, 1, 2)]);
    }
    service
        .operator
        .show(&hidden.review_id)
        .await
        .expect("shown");
    let ratings = service.ratings("", 100).await;
    assert_eq!(ratings, [rating(&reader, 3, 5), rating(&reader, 1, 2)]);
}

async fn token_of_another_account_is_refused(database: TestDb) {
    let service = TestReviews::open(&database);
    let (reader, other) = (service.reader(), service.reader());
    for book_id in 1..=2 {
        reader.put(book_id, 3).await.expect("written");
    }
    let all = service.page("", 1, "").await.expect("it may ask").1;
    let own = service.page(&reader.account_id, 1, "").await;
    let own = own.expect("it may ask").1;
    for (account_id, token) in [
        (&*reader.account_id, &*all),
        (&*other.account_id, &*own),
        ("", &*own),
        ("", "x"),
    ] {
        let expected = (Code::InvalidArgument, "PAGE_TOKEN_INVALID".to_owned());
        assert_eq!(failure(service.page(account_id, 1, token).await), expected);
    }
}

async fn only_recommendations_lists_ratings(database: TestDb) {
    let service = TestReviews::open(&database);
    for client in [
        service.service("cart"),
        service.operator.clone(),
        service.reader(),
    ] {
        let request = ListReaderRatingsRequest::default();
        let refused = client.grpc.clone().list_reader_ratings(request).await;
        assert_eq!(failure(refused).0, Code::PermissionDenied);
    }
}

//! What Reviews does for Accounts: the export and the deletion of what it keeps about an account.

use std::time::Duration;

use contract::bookstore::reviews::v1::{
    DeleteAccountDataRequest, ExportAccountDataRequest, review_service_client::ReviewServiceClient,
};
use rpc::Channel;
use store::testing::TestDb;
use tokio::task::JoinSet;
use tonic::Code;

use super::{Client, TestReviews, failure};

store::both_engines! {
    crate::SCHEMA =>
    export_has_every_review_once_newest_first,
    only_accounts_may_export_and_for_an_account,
    reviews_of_a_deleted_account_remain_without_its_name,
    deletion_and_writes_at_the_same_time_leave_no_name,
}

fn accounts(service: &TestReviews, reader: &Client) -> ReviewServiceClient<Channel> {
    let account_id = reader.account_id.parse().expect("a UUID");
    let channel = service
        .router
        .in_process()
        .as_service(&"accounts".into(), None);
    ReviewServiceClient::new(channel.on_behalf_of(rpc::AccountId(account_id)))
}

async fn export_has_every_review_once_newest_first(database: TestDb) {
    let service = TestReviews::open(&database);
    let (reader, other) = (service.reader(), service.reader());
    let mut expected = Vec::new();
    for book_id in 1..=5 {
        expected.push(reader.put(book_id, 3).await.expect("written"));
        other.put(book_id, 4).await.expect("written");
        service.clock.advance(Duration::from_secs(1));
    }
    expected.reverse();
    let hidden = service
        .operator
        .hide(&expected[1].review_id, "an insult")
        .await;
    expected[1] = hidden.expect("there is one");
    for page_size in [1, 2, 5, 50] {
        let (mut reviews, mut page_token) = (Vec::new(), String::new());
        loop {
            let request = ExportAccountDataRequest {
                page_size,
                page_token,
            };
            let page = accounts(&service, &reader)
                .export_account_data(request)
                .await;
            let page = page.expect("it may ask").into_inner();
            reviews.extend(page.reviews);
            page_token = page.next_page_token;
            if page_token.is_empty() {
                break;
            }
        }
        assert_eq!(reviews, expected, "{page_size} a page");
    }
}

async fn only_accounts_may_export_and_for_an_account(database: TestDb) {
    let service = TestReviews::open(&database);
    let reader = service.reader();
    let request = ExportAccountDataRequest::default();
    let by_reader = reader
        .grpc
        .clone()
        .export_account_data(request.clone())
        .await;
    assert_eq!(failure(by_reader).0, Code::PermissionDenied);
    let for_nobody = service
        .router
        .in_process()
        .as_service(&"accounts".into(), None);
    let for_nobody = ReviewServiceClient::new(for_nobody)
        .export_account_data(request)
        .await;
    let missing = (Code::Unauthenticated, "CREDENTIAL_MISSING".to_owned());
    assert_eq!(failure(for_nobody), missing);
}

async fn delete(service: &TestReviews, reader: &Client) {
    let request = DeleteAccountDataRequest {};
    let deleted = accounts(service, reader).delete_account_data(request).await;
    deleted.expect("it may delete");
}

async fn reviews_of_a_deleted_account_remain_without_its_name(database: TestDb) {
    let service = TestReviews::open(&database);
    let (reader, other) = (service.reader(), service.reader());
    let written = reader.put(1, 3).await.expect("written");
    reader.put(2, 4).await.expect("written");
    other.put(1, 5).await.expect("written");
    let hidden = service.operator.hide(&written.review_id, "an insult").await;
    assert_eq!(hidden.expect("there is one").author_name, "Ada");
    let rating = reader.rating(2).await.expect("there is one");
    for _ in 0..2 {
        delete(&service, &reader).await;
    }
    let shown = service.operator.show(&written.review_id).await;
    let shown = shown.expect("it remains");
    assert_eq!((&*shown.author_name, &*shown.title), ("", "3 stars"));
    assert_eq!(shown.update_time, written.update_time);
    assert_eq!(reader.rating(2).await.expect("there is one"), rating);
    assert_eq!(reader.get(2).await.expect("it remains").author_name, "");
    assert_eq!(other.get(1).await.expect("it remains").author_name, "Ada");
    // A session that other processes still know cannot write a name.
    let ended = (Code::Unauthenticated, "SESSION_INVALID".to_owned());
    assert_eq!(failure(reader.put(2, 5).await), ended);
    assert_eq!(failure(reader.put(3, 5).await), ended);
    other.put(1, 4).await.expect("written");
}

async fn deletion_and_writes_at_the_same_time_leave_no_name(database: TestDb) {
    let service = TestReviews::open(&database);
    for _ in 0..5 {
        let reader = service.reader();
        let mut tasks = JoinSet::new();
        for book_id in 1..=8 {
            let reader = reader.clone();
            tasks.spawn(async move {
                // It is refused if the deletion came first.
                let _ = reader.put(book_id, 3).await;
            });
        }
        delete(&service, &reader).await;
        tasks.join_all().await;
        let request = ExportAccountDataRequest::default();
        let page = accounts(&service, &reader)
            .export_account_data(request)
            .await;
        for review in page.expect("it may ask").into_inner().reviews {
            assert_eq!(review.author_name, "");
        }
    }
}

//! What Reviews tells Accounts about an account, for the export of its data.

use std::time::Duration;

use contract::bookstore::reviews::v1::{ExportAccountDataRequest, review_service_client::ReviewServiceClient};
use rpc::Channel;
use store::testing::TestDb;
use tonic::Code;

use super::{Client, TestReviews, failure};

store::both_engines! {
    crate::SCHEMA =>
    export_has_every_review_once_newest_first,
    only_accounts_may_export_and_for_an_account,
}

fn accounts(service: &TestReviews, reader: &Client) -> ReviewServiceClient<Channel> {
    let account_id = reader.account_id.parse().expect("a UUID");
    let channel = service.router.in_process().as_service(&"accounts".into(), None);
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
    let hidden = service.operator.hide(&expected[1].review_id, "an insult").await;
    expected[1] = hidden.expect("there is one");
    for page_size in [1, 2, 5, 50] {
        let (mut reviews, mut page_token) = (Vec::new(), String::new());
        loop {
            let request = ExportAccountDataRequest { page_size, page_token };
            let page = accounts(&service, &reader).export_account_data(request).await;
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
    let by_reader = reader.grpc.clone().export_account_data(request.clone()).await;
    assert_eq!(failure(by_reader).0, Code::PermissionDenied);
    let for_nobody = service.router.in_process().as_service(&"accounts".into(), None);
    let for_nobody = ReviewServiceClient::new(for_nobody).export_account_data(request).await;
    let missing = (Code::Unauthenticated, "CREDENTIAL_MISSING".to_owned());
    assert_eq!(failure(for_nobody), missing);
}

//! A reader finds what was just written, although all read replicas of the database lag behind.

use contract::bookstore::reviews::v1::{
    ListReviewsRequest, ListReviewsResponse, PutReviewRequest,
    review_service_client::ReviewServiceClient,
};
use store::{Location, testing::TestServer};
use tonic::{Request, Response};

use crate::{
    accounts::{open_account, with_token},
    test_process::{Folder, TestProcess, eventually, get_from, post_form},
};

const BOOK: i32 = 8;

/// A metadata value with the text of a session.
fn in_session<T>(mut request: Request<T>, session: &str) -> Request<T> {
    let session = session.parse().expect("metadata");
    request.metadata_mut().insert(consistency::HEADER, session);
    request
}

/// The text of the session after a call.
fn session_after<T>(response: &Response<T>) -> String {
    let session = response.metadata().get(consistency::HEADER);
    let session = session.expect("something was written");
    session.to_str().expect("ASCII").to_owned()
}

async fn list(process: &TestProcess, session: &str) -> ListReviewsResponse {
    let request = ListReviewsRequest {
        book_id: BOOK,
        page_size: 10,
        ..ListReviewsRequest::default()
    };
    let mut reviews = ReviewServiceClient::new(process.channel());
    let listed = reviews.list_reviews(in_session(Request::new(request), session));
    listed.await.expect("a server answers").into_inner()
}

/// The number of reads of Reviews from replicas.
async fn replica_reads(process: &TestProcess) -> u64 {
    let metrics = process.metrics_page().await.body;
    let mut lines = metrics.lines().filter(|line| {
        line.starts_with("store_stale_reads_total{")
            && line.contains("\"reviews\"")
            && line.contains("\"replica\"")
    });
    let count = lines.next().and_then(|line| line.rsplit_once(' '));
    count.map_or(0, |(_, count)| count.parse().expect("a number"))
}

struct Deployment {
    _primary: TestServer,
    replicas: [TestServer; 2],
    folder: Folder,
    process: TestProcess,
}

impl Deployment {
    /// The bookstore on a primary database with two read replicas, from which it reads.
    async fn start() -> Self {
        let primary = TestServer::start();
        let location = primary.location().await;
        let replicas = [primary.replica(), primary.replica()];
        let [one, other] = replicas
            .each_ref()
            .map(|replica| format!("--read-replica-url={}", replica.url_of(&location)));
        let Location::Postgres(url) = &location else {
            panic!("a PostgreSQL location was asked for");
        };
        let folder = Folder::new();
        let arguments = ["up", &format!("--database-url={url}"), &one, &other];
        let process = TestProcess::start(&folder, &arguments);
        eventually("a read from a replica", async || {
            list(&process, "").await;
            (replica_reads(&process).await > 0).then_some(())
        })
        .await;
        Self {
            _primary: primary,
            replicas,
            folder,
            process,
        }
    }

    async fn pause_replay(&self) {
        for replica in &self.replicas {
            replica.pause_replay().await;
        }
    }
}

#[tokio::test]
async fn client_with_a_session_reads_its_own_review() {
    let deployment = Deployment::start().await;
    let process = &deployment.process;
    let token = open_account(process, &deployment.folder.path("data"), "ada@example.org").await;
    deployment.pause_replay().await;
    let request = PutReviewRequest {
        book_id: BOOK,
        stars: 4,
        title: "On the engine".to_owned(),
        ..PutReviewRequest::default()
    };
    let mut reviews = ReviewServiceClient::new(process.channel());
    let written = reviews.put_review(in_session(with_token(request, &token), ""));
    let written = written.await.expect("the book exists");
    let session = session_after(&written);
    assert!(session.contains("reviews-"), "{session}");
    for _ in 0..20 {
        assert_eq!(list(process, &session).await.reviews.len(), 1);
    }
    // A client without a session reads from the primary.
    let request = ListReviewsRequest {
        book_id: BOOK,
        page_size: 10,
        ..ListReviewsRequest::default()
    };
    let listed = reviews.list_reviews(request).await.expect("it answers");
    assert_eq!(listed.into_inner().reviews.len(), 1);

    let before = replica_reads(process).await;
    for replica in &deployment.replicas {
        replica.resume_replay().await;
    }
    eventually("a read from a replica that has the review", async || {
        assert_eq!(list(process, &session).await.reviews.len(), 1);
        (replica_reads(process).await > before).then_some(())
    })
    .await;
    deployment.process.stop().await;
}

#[tokio::test]
async fn page_after_a_form_shows_the_review() {
    let deployment = Deployment::start().await;
    let process = &deployment.process;
    let token = open_account(process, &deployment.folder.path("data"), "ada@example.org").await;
    let host = process.shop().strip_prefix("http://").expect("plain HTTP");
    let host = host.trim_end_matches('/');
    let url = |path: &str| format!("http://{host}{path}");

    let cookie = format!("Cookie: session={token}\r\n");
    let form = get_from(&url("/books/8/review"), host, &cookie).await;
    let (_, secret) = form.head.split_once("forms=").expect("a cookie");
    let secret: String = secret.chars().take_while(|char| *char != ';').collect();
    let (_, value) = form
        .body
        .split_once("name=\"form_token\" value=\"")
        .expect("a field");
    let (value, _) = value.split_once('"').expect("a quoted value");
    deployment.pause_replay().await;
    let fields =
        format!("form_token={value}&book_id=8&stars=4&title=On+the+engine&body=&author_name=Ada");
    let cookie = format!("Cookie: session={token}; forms={secret}\r\n");
    let sent = post_form(&url("/reviews/write"), &cookie, &fields).await;
    assert_eq!(sent.status, 303, "{}", sent.body);
    let (_, writes) = sent.head.split_once("writes=").expect("a cookie");
    let writes: String = writes.chars().take_while(|char| *char != ';').collect();

    let cookie = format!("Cookie: session={token}; forms={secret}; writes={writes}\r\n");
    for _ in 0..5 {
        let page = get_from(&url("/books/8/reviews"), host, &cookie).await;
        assert!(page.body.contains("On the engine"), "{}", page.body);
    }
    // A cookie that the shop did not set is none.
    let cookie = format!("Cookie: session={token}; writes=x\r\n");
    let page = get_from(&url("/books/8/reviews"), host, &cookie).await;
    assert_eq!(page.status, 200);
    deployment.process.stop().await;
}

//! Tests of the service through its generated client, on both engines.

mod account_data;
mod domain;
mod moderation;
mod paging;
mod purchases;
mod reader_ratings;
mod recount;
mod reviews;
mod statements;

use std::sync::Arc;

use contract::bookstore::{
    cart::v1::checkout_service_server::CheckoutServiceServer,
    inventory::v1::{BookCategory, inventory_service_server::InventoryServiceServer},
    reviews::v1::{
        DeleteReviewRequest, GetRatingRequest, GetReviewRequest, HideReviewRequest,
        PutReviewRequest, Rating, Review, ShowReviewRequest,
        review_service_client::ReviewServiceClient,
    },
};
use fakes::{FakeCheckout, FakeInventory};
use rpc::{Caller, Channel, Router};
use service::{Clock, ManualClock, SequentialIds};
use store::testing::TestDb;
use tonic::{Code, Status};
use tonic_types::StatusExt;
use uuid::Uuid;

use crate::{Options, Reviews};

/// The service with a test database, fakes of the services that it calls and a
/// [`ManualClock`].
struct TestReviews {
    reviews: Reviews,
    inventory: FakeInventory,
    checkout: FakeCheckout,
    clock: Arc<ManualClock>,
    /// Makes its calls anonymously.
    visitor: Client,
    operator: Client,
    router: Router,
    /// Kept because a channel works only while its router exists.
    _called_router: Router,
}

/// A client with a caller.
#[derive(Clone)]
struct Client {
    grpc: ReviewServiceClient<Channel>,
    /// The caller's account, if it has one.
    account_id: String,
}

impl TestReviews {
    /// The catalogue has the books 1 to 99.
    fn open(database: &TestDb) -> Self {
        let book = |id| fakes::book(id, &format!("Book {id}"), "Author", BookCategory::Mystery);
        let inventory = FakeInventory::of(&(1..100).map(book).collect::<Vec<_>>());
        let checkout = FakeCheckout::default();
        let called_router = Router::new(rpc::Options::default())
            .add(InventoryServiceServer::new(inventory.clone()))
            .add(CheckoutServiceServer::new(checkout.clone()));
        let now = "2026-02-03T04:05:06Z".parse().expect("the time parses");
        let clock = Arc::new(ManualClock::at(now));
        let options = Options {
            clock: Arc::clone(&clock) as Arc<dyn Clock>,
            ids: Arc::new(SequentialIds::default()),
        };
        let channel = called_router
            .in_process()
            .as_service(&"reviews".into(), None);
        let reviews = Reviews::new(database.db().clone(), channel.clone(), channel, options);
        let router = Router::new(rpc::Options::default()).add(reviews.server());
        let client = |channel| Client {
            grpc: ReviewServiceClient::new(channel),
            account_id: String::new(),
        };
        Self {
            visitor: client(router.in_process()),
            operator: client(router.in_process().with_caller(Caller::Operator)),
            reviews,
            inventory,
            checkout,
            clock,
            router,
            _called_router: called_router,
        }
    }

    /// A client of a new account.
    fn reader(&self) -> Client {
        let account_id = Uuid::new_v4();
        let caller = Caller::Account(rpc::AccountId(account_id));
        Client {
            grpc: ReviewServiceClient::new(self.router.in_process().with_caller(caller)),
            account_id: account_id.to_string(),
        }
    }
}

type Outcome<T> = Result<T, Status>;

impl Client {
    /// Writes a review with a title and a text that tell its stars.
    async fn put(&self, book_id: i32, stars: i32) -> Outcome<Review> {
        self.put_request(request(book_id, stars)).await
    }

    async fn put_request(&self, request: PutReviewRequest) -> Outcome<Review> {
        let response = self.grpc.clone().put_review(request).await?;
        Ok(response.into_inner().review.expect("required"))
    }

    async fn get(&self, book_id: i32) -> Outcome<Review> {
        let request = GetReviewRequest { book_id };
        let response = self.grpc.clone().get_review(request).await?;
        Ok(response.into_inner().review.expect("required"))
    }

    async fn delete(&self, book_id: i32) -> Outcome<()> {
        let request = DeleteReviewRequest { book_id };
        self.grpc.clone().delete_review(request).await.map(drop)
    }

    async fn hide(&self, review_id: &str, reason: &str) -> Outcome<Review> {
        let request = HideReviewRequest {
            review_id: review_id.to_owned(),
            reason: reason.to_owned(),
        };
        let response = self.grpc.clone().hide_review(request).await?;
        Ok(response.into_inner().review.expect("required"))
    }

    async fn show(&self, review_id: &str) -> Outcome<Review> {
        let request = ShowReviewRequest {
            review_id: review_id.to_owned(),
        };
        let response = self.grpc.clone().show_review(request).await?;
        Ok(response.into_inner().review.expect("required"))
    }

    async fn rating(&self, book_id: i32) -> Outcome<Rating> {
        let request = GetRatingRequest { book_id };
        let response = self.grpc.clone().get_rating(request).await?;
        Ok(response.into_inner().rating.expect("required"))
    }
}

fn request(book_id: i32, stars: i32) -> PutReviewRequest {
    PutReviewRequest {
        book_id,
        stars,
        title: format!("{stars} stars"),
        body: "The text.\nIt has two lines.".to_owned(),
        author_name: "Ada".to_owned(),
    }
}

/// The code and the reason of a failed call.
fn failure<T: std::fmt::Debug>(outcome: Outcome<T>) -> (Code, String) {
    let status = outcome.expect_err("the call fails");
    let info = status.get_details_error_info();
    let reason = info.map(|info| info.reason).unwrap_or_default();
    (status.code(), reason)
}

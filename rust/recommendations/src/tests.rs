//! Tests of the service through its generated clients and the layers of `rpc`, with a fake
//! Inventory behind its generated server.

mod learn;
mod legacy;
mod readers;
mod refresh;
mod v1;

use std::time::Duration;

use contract::bookstore::{
    cart::v1::checkout_service_server::CheckoutServiceServer,
    inventory::v1::{Book, BookCategory, inventory_service_server::InventoryServiceServer},
    recommendations::v1::{
        BookRecommendation, ListAlsoBoughtRequest, RecommendRequest,
        recommendation_service_client::RecommendationServiceClient,
    },
    reviews::v1::review_service_server::ReviewServiceServer,
};
use fakes::{FakeCheckout, FakeInventory, FakeReviews};
use prost::Message;
use rpc::{Channel, Router};
use service::PeriodicTask;
use tonic::Status;
use tonic_types::pb;
use uuid::Uuid;

use crate::{Options, Recommendations};

/// The nine books of the first tutorial.
const TUTORIAL: [(i32, &str, BookCategory); 9] = [
    (1, "The Maltese Falcon", BookCategory::Mystery),
    (2, "Murder on the Orient Express", BookCategory::Mystery),
    (3, "The Hound of the Baskervilles", BookCategory::Mystery),
    (
        4,
        "The Hitchhiker's Guide To The Galaxy",
        BookCategory::ScienceFiction,
    ),
    (5, "Ender's Game", BookCategory::ScienceFiction),
    (6, "The Dune Chronicles", BookCategory::ScienceFiction),
    (
        7,
        "The 7 Habits of Highly Effective People",
        BookCategory::SelfHelp,
    ),
    (
        8,
        "How to Win Friends and Influence People",
        BookCategory::SelfHelp,
    ),
    (9, "Man’s Search for Meaning", BookCategory::SelfHelp),
];

/// Options with a short refresh interval.
fn fast_refresh() -> Options {
    Options {
        refresh_interval: Duration::from_millis(20),
        seed: Some(1),
        ..Options::default()
    }
}

/// Books with these ids, titles and categories.
fn books(books: impl IntoIterator<Item = (i32, impl ToString, BookCategory)>) -> Vec<Book> {
    let books = books.into_iter();
    books
        .map(|(book_id, title, category)| {
            fakes::book(book_id, &title.to_string(), "Author", category)
        })
        .collect()
}

/// A fake Inventory with the nine books of the first tutorial.
fn tutorial_inventory() -> FakeInventory {
    FakeInventory::of(&books(TUTORIAL))
}

/// A channel to a server of both contracts, which reads the books of `inventory`.
fn serve(inventory: &FakeInventory, options: &Options) -> Channel {
    let upstream = Upstream {
        inventory: inventory.clone(),
        ..Upstream::default()
    };
    let recommendations = upstream.recommendations(options);
    recommendations.run_in_background().detach();
    router(&recommendations).in_process()
}

fn router(recommendations: &Recommendations) -> Router {
    Router::new(rpc::Options::default())
        .add(recommendations.server())
        .add(recommendations.legacy_server())
}

/// The services that Recommendations reads.
#[derive(Clone, Default)]
struct Upstream {
    inventory: FakeInventory,
    checkout: FakeCheckout,
    reviews: FakeReviews,
}

impl Upstream {
    fn recommendations(&self, options: &Options) -> Recommendations {
        let channel = Router::new(rpc::Options::default())
            .add(InventoryServiceServer::new(self.inventory.clone()))
            .add(CheckoutServiceServer::new(self.checkout.clone()))
            .add(ReviewServiceServer::new(self.reviews.clone()))
            .in_process()
            .as_service(&"recommendations".into(), None);
        Recommendations::new(channel.clone(), channel.clone(), channel, *options)
    }
}

/// The service with a catalogue and readers. It learns only when a test says so.
struct TestService {
    upstream: Upstream,
    recommendations: Recommendations,
    router: Router,
}

impl TestService {
    /// The catalogue has 30 mysteries with the numbers 1 to 30 and 30 books of poetry with the
    /// numbers 101 to 130.
    async fn start() -> Self {
        let mysteries = (1..=30).map(|id| (id, format!("Mystery {id}"), BookCategory::Mystery));
        let poetry = (101..=130).map(|id| (id, format!("Poems {id}"), BookCategory::Poetry));
        let upstream = Upstream {
            inventory: FakeInventory::of(&books(mysteries.chain(poetry))),
            ..Upstream::default()
        };
        let recommendations = upstream.recommendations(&fast_refresh());
        let refreshed = recommendations.refresh().run().await;
        refreshed.expect("Inventory responds");
        Self {
            upstream,
            router: router(&recommendations),
            recommendations,
        }
    }

    /// Lets new accounts buy these books, each account all of them.
    fn buy_together(&self, accounts: usize, book_ids: &[i32]) {
        for _ in 0..accounts {
            let account_id = Uuid::new_v4().to_string();
            for book_id in book_ids {
                self.upstream.checkout.buy(&account_id, *book_id);
            }
        }
    }

    async fn learn(&self) {
        let learned = self.recommendations.learn().learn().await;
        learned.expect("Checkout and Reviews respond");
    }

    async fn also_bought(&self, book_id: i32, max_results: i32) -> Result<Vec<i32>, Status> {
        let request = ListAlsoBoughtRequest {
            book_id,
            max_results,
        };
        let mut client = RecommendationServiceClient::new(self.router.in_process());
        let response = client.list_also_bought(request).await?.into_inner();
        Ok(ids(&response.recommendations))
    }

    async fn recommend(
        &self,
        account_id: Uuid,
        category: BookCategory,
        max_results: i32,
    ) -> Result<Vec<i32>, Status> {
        let request = RecommendRequest {
            user_id: account_id.to_string(),
            category: category.into(),
            max_results,
        };
        let mut client = RecommendationServiceClient::new(self.router.in_process());
        let response = client.recommend(request).await?.into_inner();
        Ok(ids(&response.recommendations))
    }
}

/// The ids, in the order of the response.
fn ids(books: &[BookRecommendation]) -> Vec<i32> {
    books.iter().map(|book| book.book_id).collect()
}

/// The reason of the `google.rpc.ErrorInfo` in a status.
fn reason(status: &Status) -> String {
    let inner = pb::Status::decode(status.details()).expect("details decode");
    assert_eq!(inner.message, status.message());
    let info = inner.details.first().expect("there is a detail");
    let info = pb::ErrorInfo::decode(&*info.value).expect("the error info decodes");
    assert_eq!(info.domain, "bookstore");
    info.reason
}

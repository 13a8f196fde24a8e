//! Tests of the service through its generated client, on both engines.

mod account_data;
mod carts;
mod clock_jumps;
mod compensations;
mod concurrency;
mod crashes;
mod domain;
mod expiry;
mod lost_answers;
mod order_events;
mod order_metrics;
mod orders;
mod outbox;
mod purchases;
mod random_walk;
mod resolutions;
mod saga;
mod scenarios;
mod shop;
mod statements;
mod watch;

use std::sync::Arc;

use contract::bookstore::{
    cart::v1::{
        Cart, GetCartRequest, MergeCartRequest, PutItemRequest, RemoveItemRequest,
        cart_service_client::CartServiceClient,
    },
    inventory::v1::{Book, BookCategory, inventory_service_server::InventoryServiceServer},
};
use fakes::FakeInventory;
use rpc::{Caller, Channel, Router};
use service::{Clock, ManualClock};
use store::testing::TestDb;
use tonic::{Code, Status};
use tonic_types::StatusExt;
use uuid::Uuid;

use crate::{Carts, MAX_GUEST_CARTS, Options};

type Client = CartServiceClient<Channel>;

/// The service with a test database, a fake Inventory and a [`ManualClock`].
struct TestCarts {
    carts: Carts,
    inventory: FakeInventory,
    clock: Arc<ManualClock>,
    /// Makes its calls anonymously.
    guest: Client,
    /// Makes its calls for an account.
    account: Client,
    router: Router,
    /// Kept because a channel works only while its router exists.
    _inventory_router: Router,
}

impl TestCarts {
    fn open(database: &TestDb) -> Self {
        Self::with_max_guest_carts(database, MAX_GUEST_CARTS)
    }

    fn with_max_guest_carts(database: &TestDb, max_guest_carts: u32) -> Self {
        let inventory = FakeInventory::of(&books(1..=300));
        let inventory_router = Router::new(rpc::Options::default())
            .add(InventoryServiceServer::new(inventory.clone()));
        let now = "2026-02-03T04:05:06Z".parse().expect("the time parses");
        let clock = Arc::new(ManualClock::at(now));
        let options = Options {
            clock: Arc::clone(&clock) as Arc<dyn Clock>,
            max_guest_carts,
        };
        let channel = inventory_router
            .in_process()
            .as_service(&"cart".into(), None);
        let carts = Carts::new(database.db().clone(), channel, options);
        let router = Router::new(rpc::Options::default()).add(carts.server());
        Self {
            guest: Client::new(router.in_process()),
            account: account_client(&router),
            carts,
            inventory,
            clock,
            router,
            _inventory_router: inventory_router,
        }
    }
}

/// A client of a new account.
fn account_client(router: &Router) -> Client {
    let caller = Caller::Account(rpc::AccountId(Uuid::new_v4()));
    Client::new(router.in_process().with_caller(caller))
}

fn books(book_ids: impl IntoIterator<Item = i32>) -> Vec<Book> {
    let book = |book_id| {
        let title = format!("Book {book_id}");
        fakes::book(book_id, &title, "Author", BookCategory::Mystery)
    };
    book_ids.into_iter().map(book).collect()
}

/// The calls, each for the cart of the account if `cart_id` is empty.
async fn get(client: &Client, cart_id: &str) -> Result<Cart, Status> {
    let request = GetCartRequest {
        cart_id: cart_id.to_owned(),
    };
    let response = client.clone().get_cart(request).await?.into_inner();
    Ok(response.cart.expect("the response has it"))
}

async fn put(client: &Client, cart_id: &str, book_id: i32, quantity: i32) -> Result<Cart, Status> {
    let request = PutItemRequest {
        cart_id: cart_id.to_owned(),
        book_id,
        quantity,
    };
    let response = client.clone().put_item(request).await?.into_inner();
    Ok(response.cart.expect("the response has it"))
}

async fn remove(client: &Client, cart_id: &str, book_id: i32) -> Result<Cart, Status> {
    let request = RemoveItemRequest {
        cart_id: cart_id.to_owned(),
        book_id,
    };
    let response = client.clone().remove_item(request).await?.into_inner();
    Ok(response.cart.expect("the response has it"))
}

async fn merge(client: &Client, guest_cart_id: &str) -> Result<Cart, Status> {
    let request = MergeCartRequest {
        guest_cart_id: guest_cart_id.to_owned(),
    };
    let response = client.clone().merge_cart(request).await?.into_inner();
    Ok(response.cart.expect("the response has it"))
}

fn guest_cart_id() -> String {
    Uuid::new_v4().to_string()
}

/// The ids and quantities of the lines.
fn quantities(cart: &Cart) -> Vec<(i32, i32)> {
    let lines = cart.lines.iter();
    lines.map(|line| (line.book_id, line.quantity)).collect()
}

/// The code and the reason of a failed call.
fn failure(outcome: Result<Cart, Status>) -> (Code, String) {
    let status = outcome.expect_err("the call fails");
    let info = status.get_details_error_info();
    let reason = info.map(|info| info.reason).unwrap_or_default();
    (status.code(), reason)
}

//! A shop with buyers for the tests of Checkout: fake Inventory and Transactions, a clock that
//! only the test moves, and a worker that runs only when the test says so.

use std::{sync::Arc, time::Duration};

use contract::bookstore::{
    accounts::v1::{Address, account_service_server::AccountServiceServer},
    cart::v1::{
        CancelOrderRequest, GetOrderRequest, Order, PlaceOrderRequest, ShipOrderRequest,
        checkout_service_client::CheckoutServiceClient,
    },
    inventory::v1::inventory_service_server::InventoryServiceServer,
    transactions::v1::{PaymentMethod, transaction_service_server::TransactionServiceServer},
};
use fakes::{FakeAccounts, FakeInventory, FakeTransactions};
use rpc::{Caller, Channel, Router};
use service::{Clock, ManualClock, PeriodicTask};
use store::{Db, outbox, testing::TestDb};
use tonic::Status;
use uuid::Uuid;

use super::{Client, books, get, put};
use crate::{Carts, Checkout, CheckoutOptions, Options, OrderId, store as rows};

pub(super) type CheckoutClient = CheckoutServiceClient<Channel>;

pub(super) struct TestShop {
    pub(super) checkout: Checkout,
    pub(super) inventory: FakeInventory,
    pub(super) transactions: FakeTransactions,
    pub(super) accounts: FakeAccounts,
    pub(super) clock: Arc<ManualClock>,
    others: Arc<Router>,
    router: Router,
}

/// A buyer with an account.
pub(super) struct Buyer {
    pub(super) account_id: Uuid,
    pub(super) cart: Client,
    pub(super) checkout: CheckoutClient,
}

impl TestShop {
    /// A shop with ten books, each with ten copies.
    pub(super) fn open(database: &TestDb) -> Self {
        let inventory = FakeInventory::of(&books(1..=10));
        for book_id in 1..=10 {
            inventory.set_on_hand(book_id, 10);
        }
        let transactions = FakeTransactions::default();
        let accounts = FakeAccounts::default();
        let others = Router::new(rpc::Options::default())
            .add(InventoryServiceServer::new(inventory.clone()))
            .add(TransactionServiceServer::new(transactions.clone()))
            .add(AccountServiceServer::new(accounts.clone()));
        let now = "2026-02-03T04:05:06Z".parse().expect("the time parses");
        let clock = Arc::new(ManualClock::at(now));
        let options = CheckoutOptions {
            clock: Arc::clone(&clock) as Arc<dyn Clock>,
            ..CheckoutOptions::default()
        };
        let checkout = checkout(database.db(), &others, options);
        let router = serve(&checkout);
        let shop = Self {
            checkout,
            inventory,
            transactions,
            accounts,
            clock,
            others: Arc::new(others),
            router,
        };
        shop.advance(Duration::ZERO);
        shop
    }

    pub(super) fn options(&self) -> CheckoutOptions {
        CheckoutOptions {
            clock: Arc::clone(&self.clock) as Arc<dyn Clock>,
            ..CheckoutOptions::default()
        }
    }

    /// Another process with the same database and the same other services.
    pub(super) fn restarted(&self, db: &Db, options: CheckoutOptions) -> Self {
        let checkout = checkout(db, &self.others, options);
        Self {
            router: serve(&checkout),
            checkout,
            inventory: self.inventory.clone(),
            transactions: self.transactions.clone(),
            accounts: self.accounts.clone(),
            clock: Arc::clone(&self.clock),
            others: Arc::clone(&self.others),
        }
    }

    /// Moves the clocks of all services.
    pub(super) fn advance(&self, by: Duration) {
        self.clock.advance(by);
        self.inventory.set_time(self.clock.now().as_second());
    }

    pub(super) fn buyer(&self) -> Buyer {
        self.buyer_with(Uuid::new_v4())
    }

    pub(super) fn buyer_with(&self, account_id: Uuid) -> Buyer {
        let email = format!("{account_id}@example.org");
        self.accounts.add_with_id(account_id, &email);
        let caller = Caller::Account(rpc::AccountId(account_id));
        let channel = self.router.in_process().with_caller(caller);
        Buyer {
            account_id,
            cart: Client::new(channel.clone()),
            checkout: CheckoutClient::new(channel),
        }
    }

    /// Does all steps that can be done now.
    pub(super) async fn work(&self) {
        let worked = self.checkout.worker().run().await;
        worked.expect("the database answers");
    }

    /// Works until no order has a next step, at most for `rounds` backoffs.
    pub(super) async fn finish(&self, rounds: u32) {
        for _ in 0..rounds {
            self.work().await;
            if self.pending().await == 0 {
                return;
            }
            // Longer than the lease of a crashed worker and than any backoff.
            self.advance(Duration::from_secs(61));
        }
        assert_eq!(self.pending().await, 0, "orders that are not finished");
    }

    pub(super) async fn pending(&self) -> i64 {
        let statistics = store::read!(self.checkout.db(), connection => {
            outbox::statistics(connection, "orders").await
        });
        let statistics = statistics.expect("the database answers");
        assert_eq!(statistics.dead, 0);
        statistics.pending
    }

    /// The order as it is stored.
    pub(super) async fn stored(&self, order: &Order) -> crate::Order {
        let order_id = OrderId(order.order_id.parse().expect("it is a UUID"));
        let found = store::read!(self.checkout.db(), connection => {
            rows::orders::get(connection, order_id).await
        });
        found.expect("the database answers").expect("it is stored")
    }

    /// A channel to the shop, for a caller that it does not state.
    pub(super) fn channel(&self) -> Channel {
        self.router.in_process()
    }

    pub(super) fn operator(&self) -> CheckoutClient {
        CheckoutClient::new(self.router.in_process().with_caller(Caller::Operator))
    }

    pub(super) async fn ship(&self, order: &Order) -> Result<Order, Status> {
        let request = ShipOrderRequest {
            order_id: order.order_id.clone(),
            tracking_number: "Parcel 7".to_owned(),
        };
        let response = self.operator().ship_order(request).await?;
        Ok(response.into_inner().order.expect("the response has it"))
    }

    /// A client that calls as another service.
    pub(super) fn service(&self, name: &'static str) -> CheckoutClient {
        CheckoutClient::new(self.router.in_process().as_service(&name.into(), None))
    }

    /// The copies of a book that are free, held and sold, of ten.
    pub(super) fn copies(&self, book_id: i32) -> (i32, i32, i32) {
        let level = self.inventory.level(book_id);
        (level.available, level.reserved, 10 - level.on_hand)
    }
}

fn checkout(db: &Db, others: &Router, options: CheckoutOptions) -> Checkout {
    let channel = others.in_process().as_service(&"cart".into(), None);
    let carts = Carts::new(
        db.clone(),
        channel.clone(),
        Options {
            clock: Arc::clone(&options.clock),
            ..Options::default()
        },
    );
    Checkout::new(carts, channel.clone(), channel.clone(), channel, options)
}

fn serve(checkout: &Checkout) -> Router {
    Router::new(rpc::Options::default())
        .add(checkout.server())
        .add(checkout.carts().server())
}

/// A request for the cart with this etag.
pub(super) fn request(cart_etag: &str, token: &str) -> PlaceOrderRequest {
    PlaceOrderRequest {
        request_id: Uuid::new_v4().to_string(),
        cart_etag: cart_etag.to_owned(),
        shipping_address: Some(Address {
            recipient: "Ada Lovelace".to_owned(),
            street_lines: vec!["12 St James's Square".to_owned()],
            city: "London".to_owned(),
            region: String::new(),
            postal_code: "SW1Y 4JH".to_owned(),
            country_code: "GB".to_owned(),
        }),
        payment_method: Some(PaymentMethod {
            token: token.to_owned(),
        }),
    }
}

impl Buyer {
    /// Puts books into the cart and requests an order of the whole cart.
    pub(super) async fn request(&self, items: &[(i32, i32)], token: &str) -> PlaceOrderRequest {
        for (book_id, quantity) in items {
            let added = put(&self.cart, "", *book_id, *quantity).await;
            added.expect("there is room");
        }
        let cart = get(&self.cart, "").await.expect("read");
        request(&cart.etag, token)
    }

    pub(super) async fn place(&self, request: &PlaceOrderRequest) -> Result<Order, Status> {
        let response = self.checkout.clone().place_order(request.clone()).await?;
        Ok(response.into_inner().order.expect("the response has it"))
    }

    /// Orders books.
    pub(super) async fn order(&self, items: &[(i32, i32)], token: &str) -> Order {
        let request = self.request(items, token).await;
        self.place(&request).await.expect("it is placed")
    }

    pub(super) async fn get(&self, order: &Order) -> Result<Order, Status> {
        let request = GetOrderRequest {
            order_id: order.order_id.clone(),
        };
        let response = self.checkout.clone().get_order(request).await?;
        Ok(response.into_inner().order.expect("the response has it"))
    }

    pub(super) async fn read(&self, order: &Order) -> Order {
        self.get(order).await.expect("it is the buyer's")
    }

    pub(super) async fn cancel(&self, order: &Order) -> Result<Order, Status> {
        let request = CancelOrderRequest {
            order_id: order.order_id.clone(),
        };
        let response = self.checkout.clone().cancel_order(request).await?;
        Ok(response.into_inner().order.expect("the response has it"))
    }
}

//! Tests of the shop against fake services that work, are slow, fail or are down.

mod addresses;
mod book_lists;
mod browser;
mod cart;
mod faults;
mod forms;
mod hostile_input;
mod mails;
mod monitor;
mod operator;
mod orders;
mod outages;
mod pages;
mod receipts;
mod recent;
mod recommended;
mod reviews;
mod search;
mod sessions;

use std::{sync::Arc, time::Duration};

use axum::{
    Router,
    body::Body,
    http::{HeaderMap, Method, Request, StatusCode},
};
use contract::bookstore::{
    accounts::v1::{
        account_service_client::AccountServiceClient, account_service_server::AccountServiceServer,
        session_service_client::SessionServiceClient, session_service_server::SessionServiceServer,
    },
    cart::v1::{
        cart_service_client::CartServiceClient, cart_service_server::CartServiceServer,
        checkout_service_client::CheckoutServiceClient,
        checkout_service_server::CheckoutServiceServer,
    },
    faults::v1::fault_service_client::FaultServiceClient,
    inventory::v1::{
        Book, BookCategory, inventory_service_client::InventoryServiceClient,
        inventory_service_server::InventoryServiceServer,
    },
    recommendations::v1::{
        recommendation_service_client::RecommendationServiceClient,
        recommendation_service_server::RecommendationServiceServer,
    },
    reviews::v1::{
        review_service_client::ReviewServiceClient, review_service_server::ReviewServiceServer,
    },
    transactions::v1::{
        transaction_service_client::TransactionServiceClient,
        transaction_service_server::TransactionServiceServer,
    },
};
use http_body_util::BodyExt;
use tower::ServiceExt;

use crate::{Clients, FaultClient, OperatorClients, Options, app};
use browser::Browser;
use fakes::{
    FakeAccounts, FakeCarts, FakeCheckout, FakeInventory, FakeRecommendations, FakeReviews,
    FakeTransactions, Fault, FaultSwitch, book,
};

/// The token of the operator in tests.
const OPERATOR_TOKEN: &str = "0123456789abcdef0123456789abcdef";

const RECOMMENDATIONS: &str = "bookstore.recommendations.v1.RecommendationService";

/// The page timeout in tests.
const PAGE_TIMEOUT: Duration = Duration::from_millis(400);

/// A shop over fake services, with switches for their faults.
struct TestShop {
    router: Router,
    inventory: FaultSwitch,
    recommendations: FaultSwitch,
    recommender: FakeRecommendations,
    accounts: FakeAccounts,
    carts: FakeCarts,
    checkout: FakeCheckout,
    reviews: FakeReviews,
    transactions: FakeTransactions,
    stock: FakeInventory,
}

/// The response to a request.
struct TestResponse {
    status: StatusCode,
    headers: HeaderMap,
    body: String,
}

impl TestShop {
    fn of(books: &[Book]) -> Self {
        let options = Options {
            operator_token: rpc::OperatorToken::new(Some(OPERATOR_TOKEN)),
            ..Options::default()
        };
        Self::with(books, options)
    }

    fn with(books: &[Book], options: Options) -> Self {
        Self::with_faults(books, options, rpc::Faults::new(true))
    }

    /// A shop whose services inject faults, if they are allowed.
    fn with_faults(books: &[Book], options: Options, injected: rpc::Faults) -> Self {
        let inventory = FakeInventory::of(books);
        let recommendations = FakeRecommendations::of(books);
        let faults = (inventory.faults.clone(), recommendations.faults.clone());
        let (accounts, carts) = (FakeAccounts::default(), FakeCarts::of(books));
        let checkout = FakeCheckout::of(&carts);
        let (reviews, transactions) = (FakeReviews::default(), FakeTransactions::default());
        let (stock, recommender) = (inventory.clone(), recommendations.clone());
        let router_options = rpc::Options {
            faults: Some(injected),
            ..rpc::Options::default()
        };
        let channel = rpc::Router::new(router_options)
            .add(InventoryServiceServer::new(inventory))
            .add(RecommendationServiceServer::new(recommendations))
            .add(AccountServiceServer::new(accounts.clone()))
            .add(SessionServiceServer::new(accounts.clone()))
            .add(CartServiceServer::new(carts.clone()))
            .add(CheckoutServiceServer::new(checkout.clone()))
            .add(ReviewServiceServer::new(reviews.clone()))
            .add(TransactionServiceServer::new(transactions.clone()))
            .verifying_tokens_by(Arc::new(accounts.clone()))
            .in_process()
            .as_service(&"marketplace".into(), None);
        let clients = Clients {
            inventory: InventoryServiceClient::new(channel.clone()),
            recommendations: RecommendationServiceClient::new(channel.clone()),
            accounts: AccountServiceClient::new(channel.clone()),
            sessions: SessionServiceClient::new(channel.clone()),
            carts: CartServiceClient::new(channel.clone()),
            checkout: CheckoutServiceClient::new(channel.clone()),
            reviews: ReviewServiceClient::new(channel.clone()),
            transactions: TransactionServiceClient::new(channel.clone()),
        };
        let options = Options {
            operator: Some(operator_clients(&channel)),
            page_timeout: PAGE_TIMEOUT,
            ..options
        };
        Self {
            router: app(clients, options),
            inventory: faults.0,
            recommendations: faults.1,
            recommender,
            accounts,
            carts,
            checkout,
            reviews,
            transactions,
            stock,
        }
    }

    async fn get(&self, path: &str) -> TestResponse {
        self.send(Method::GET, path, &[]).await
    }

    /// Sends a request from this machine.
    async fn send(&self, method: Method, path: &str, headers: &[(&str, &str)]) -> TestResponse {
        self.send_from([127, 0, 0, 1], method, path, headers).await
    }

    async fn send_from(
        &self,
        peer: [u8; 4],
        method: Method,
        path: &str,
        headers: &[(&str, &str)],
    ) -> TestResponse {
        self.send_body(peer, method, path, headers, "").await
    }

    async fn send_body(
        &self,
        peer: [u8; 4],
        method: Method,
        path: &str,
        headers: &[(&str, &str)],
        body: &str,
    ) -> TestResponse {
        let peer = rpc::PeerAddress((peer, 1234).into());
        let mut request = Request::builder().method(method).uri(path).extension(peer);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let request = request
            .body(Body::from(body.to_owned()))
            .expect("a request");
        let response = self
            .router
            .clone()
            .oneshot(request)
            .await
            .expect("infallible");
        let (parts, body) = response.into_parts();
        let body = body.collect().await.expect("a complete body").to_bytes();
        TestResponse {
            status: parts.status,
            headers: parts.headers,
            body: String::from_utf8(body.into()).expect("text"),
        }
    }
}

impl TestResponse {
    fn header(&self, name: &str) -> &str {
        let value = self.headers.get(name).and_then(|value| value.to_str().ok());
        value.unwrap_or_default()
    }

    /// The notice about missing parts of the page, if there is one.
    fn notice(&self) -> Option<&str> {
        let (_, rest) = self
            .body
            .split_once("<div class=\"notices wide\" role=\"status\">")?;
        rest.split_once("</div>").map(|(notice, _)| notice)
    }

    fn count(&self, text: &str) -> usize {
        self.body.matches(text).count()
    }
}

fn operator_clients(channel: &rpc::Channel) -> OperatorClients {
    let channel = channel.clone().with_caller(rpc::Caller::Operator);
    OperatorClients {
        checkout: CheckoutServiceClient::new(channel.clone()),
        transactions: TransactionServiceClient::new(channel.clone()),
        inventory: InventoryServiceClient::new(channel.clone()),
        reviews: ReviewServiceClient::new(channel.clone()),
        accounts: AccountServiceClient::new(channel.clone()),
        audit: audit::Services::new(channel.clone(), channel.clone(), channel.clone()),
        faults: [
            ("inventory", "bookstore.inventory.v1.InventoryService"),
            ("recommendations", RECOMMENDATIONS),
        ]
        .map(|(name, grpc_service)| FaultClient {
            name: name.to_owned(),
            grpc_services: vec![grpc_service.to_owned()],
            client: FaultServiceClient::new(channel.clone()),
        })
        .into(),
    }
}

/// 60 mysteries, 10 books of science fiction, and two of self-help.
fn catalogue() -> Vec<Book> {
    let mystery = (1..=60).map(|number| {
        book(
            number,
            &format!("Mystery {number}"),
            "Agatha Christie",
            BookCategory::Mystery,
        )
    });
    let fiction = (101..=110).map(|number| {
        book(
            number,
            &format!("Star {number}"),
            "Ursula K. Le Guin",
            BookCategory::ScienceFiction,
        )
    });
    let advice = (201..=202).map(|number| {
        book(
            number,
            &format!("Advice {number}"),
            "Dale Carnegie",
            BookCategory::SelfHelp,
        )
    });
    mystery.chain(fiction).chain(advice).collect()
}

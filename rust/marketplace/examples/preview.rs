//! Runs the shop with the fake services of the tests and the shipped catalogue:
//! `cargo run -p marketplace --example preview [ADDRESS] [SERVICE=FAULT ...]`. SERVICE is
//! `inventory`, `recommendations`, `accounts`, `cart`, `reviews` or `transactions`; FAULT is `slow`, `failing` or `down`.

use std::{
    error::Error,
    fmt::Write,
    sync::Arc,
    time::{Duration, Instant},
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
    r#type::v1::Money,
};
use fakes::{
    FakeAccounts, FakeCarts, FakeCheckout, FakeInventory, FakeRecommendations, FakeReviews,
    FakeTransactions, Fault,
};
use marketplace::{Clients, Options};

const CATALOGUE: &str = include_str!("../../inventory/catalogue.csv");

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let books = books()?;
    let (inventory, recommendations) = (FakeInventory::of(&books), FakeRecommendations::of(&books));
    let (accounts, carts) = (FakeAccounts::default(), FakeCarts::of(&books));
    let (reviews, transactions) = (FakeReviews::default(), FakeTransactions::default());
    accounts.add("ada@example.org", "correct horse", "Ada");
    let mut address = "127.0.0.1:0".to_owned();
    for argument in std::env::args().skip(1) {
        let Some((service, fault)) = argument.split_once('=') else {
            address = argument;
            continue;
        };
        let fault = match fault {
            "slow" => Fault::Slow(Duration::from_secs(5)),
            "failing" => Fault::Failing,
            "down" => Fault::Down,
            other => return Err(format!("no such fault: {other:?}").into()),
        };
        match service {
            "inventory" => inventory.faults.set("*", fault),
            "recommendations" => recommendations.faults.set("*", fault),
            "accounts" => accounts.faults.set("*", fault),
            "cart" => carts.faults.set("*", fault),
            "reviews" => reviews.faults.set("*", fault),
            "transactions" => transactions.faults.set("*", fault),
            other => return Err(format!("no such service: {other:?}").into()),
        }
    }
    for (book_id, other) in (1..=700).zip(2..) {
        recommendations.set_also_bought(book_id, &[other, other + 40, other + 80, other + 200]);
    }
    let channel = rpc::Router::new(rpc::Options::default())
        .add(InventoryServiceServer::new(inventory))
        .add(RecommendationServiceServer::new(recommendations))
        .add(AccountServiceServer::new(accounts.clone()))
        .add(SessionServiceServer::new(accounts.clone()))
        .add(CheckoutServiceServer::new(FakeCheckout::of(&carts)))
        .add(CartServiceServer::new(carts))
        .add(ReviewServiceServer::new(reviews))
        .add(TransactionServiceServer::new(transactions))
        .verifying_tokens_by(Arc::new(accounts))
        .in_process();
    let clients = Clients {
        inventory: InventoryServiceClient::new(channel.clone()),
        recommendations: RecommendationServiceClient::new(channel.clone()),
        accounts: AccountServiceClient::new(channel.clone()),
        sessions: SessionServiceClient::new(channel.clone()),
        carts: CartServiceClient::new(channel.clone()),
        checkout: CheckoutServiceClient::new(channel.clone()),
        reviews: ReviewServiceClient::new(channel.clone()),
        transactions: TransactionServiceClient::new(channel),
    };
    let started = Instant::now();
    let options = Options {
        metrics_text: Arc::new(move || metrics(started.elapsed().as_secs_f64())),
        health: Arc::new(|| {
            let names = [
                ("bookstore.inventory.v1.InventoryService", true),
                ("bookstore.recommendations.v1.RecommendationService", true),
                ("payment.PaymentService", false),
            ];
            Box::pin(async move {
                names
                    .map(|(name, serving)| (name.to_owned(), serving))
                    .into()
            })
        }),
        ..Options::default()
    };
    let listener = tokio::net::TcpListener::bind(&address).await?;
    println!("http://{}", listener.local_addr()?);
    axum::serve(listener, marketplace::app(clients, options)).await?;
    Ok(())
}

/// Invented metrics of traffic that rises and falls.
fn metrics(seconds: f64) -> String {
    let mut text = String::new();
    for (service, rate, milliseconds) in [
        ("bookstore.inventory.v1.InventoryService", 84.0, 3.0),
        (
            "bookstore.recommendations.v1.RecommendationService",
            31.0,
            1.2,
        ),
    ] {
        let calls = rate * (seconds + 6.0 * (seconds / 9.0).sin());
        let failed = calls * 0.004 + (seconds / 21.0).sin().max(0.0) * 2.0;
        for (code, count) in [("OK", calls - failed), ("Unavailable", failed)] {
            let _ = writeln!(
                text,
                "grpc_server_handled_total{{grpc_service=\"{service}\",grpc_method=\"M\",grpc_code=\"{code}\"}} {count}"
            );
        }
        for step in 0..10 {
            let bound = 0.0005 * f64::from(1 << step);
            let mean = milliseconds * (1.0 + 0.3 * (seconds / 13.0).sin()) / 1000.0;
            let share = 1.0 - (-bound / mean).exp();
            let _ = writeln!(
                text,
                "grpc_server_handling_seconds_bucket{{grpc_service=\"{service}\",grpc_method=\"M\",le=\"{bound}\"}} {}",
                calls * share
            );
        }
        let _ = writeln!(
            text,
            "grpc_server_handling_seconds_bucket{{grpc_service=\"{service}\",grpc_method=\"M\",le=\"+Inf\"}} {calls}"
        );
    }
    text
}

fn books() -> Result<Vec<Book>, Box<dyn Error>> {
    let mut books = Vec::new();
    for row in csv::Reader::from_reader(CATALOGUE.as_bytes()).records() {
        let row = row?;
        let name = format!("BOOK_CATEGORY_{}", row[4].to_uppercase());
        let category = BookCategory::from_str_name(&name).ok_or("an unknown category")?;
        let cents = row[5].replace('.', "").parse()?;
        books.push(Book {
            book_id: row[0].parse()?,
            title: row[1].to_owned(),
            authors: row[2]
                .split("; ")
                .filter(|name| !name.is_empty())
                .map(str::to_owned)
                .collect(),
            publication_year: row[3].parse().ok(),
            category: category.into(),
            price: Some(Money {
                currency_code: "USD".to_owned(),
                amount_minor: Some(cents),
            }),
            series: row[7].to_owned(),
            series_number: row[8].to_owned(),
            ..Book::default()
        });
    }
    books.sort_by(|one, other| one.title.cmp(&other.title));
    Ok(books)
}

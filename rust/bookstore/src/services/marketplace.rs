//! Marketplace: the web shop.

use std::sync::Arc;

use contract::bookstore::{
    accounts::v1::{
        account_service_client::AccountServiceClient, session_service_client::SessionServiceClient,
    },
    cart::v1::{
        cart_service_client::CartServiceClient, checkout_service_client::CheckoutServiceClient,
    },
    inventory::v1::inventory_service_client::InventoryServiceClient,
    recommendations::v1::recommendation_service_client::RecommendationServiceClient,
    reviews::v1::review_service_client::ReviewServiceClient,
    transactions::v1::transaction_service_client::TransactionServiceClient,
};
use futures::{FutureExt, future};
use marketplace::{Clients, Options};

use super::{Definition, Service};
use crate::{assembly::Assembly, health};

pub static DEFINITION: Definition = Definition {
    calls: &[
        Service::Inventory,
        Service::Recommendations,
        Service::Accounts,
        Service::Cart,
        Service::Reviews,
        Service::Transactions,
    ],
    grpc_services: &[],
    needs_data_folder: false,
    start: |assembly| future::ready(start(assembly)).boxed(),
};

fn start(assembly: &mut Assembly) -> anyhow::Result<()> {
    let clients = Clients {
        inventory: InventoryServiceClient::new(assembly.channel(Service::Inventory)?),
        recommendations: RecommendationServiceClient::new(
            assembly.channel(Service::Recommendations)?,
        ),
        accounts: AccountServiceClient::new(assembly.channel(Service::Accounts)?),
        sessions: SessionServiceClient::new(assembly.channel(Service::Accounts)?),
        carts: CartServiceClient::new(assembly.channel(Service::Cart)?),
        checkout: CheckoutServiceClient::new(assembly.channel(Service::Cart)?),
        reviews: ReviewServiceClient::new(assembly.channel(Service::Reviews)?),
        transactions: TransactionServiceClient::new(assembly.channel(Service::Transactions)?),
    };
    let mut monitored = Vec::new();
    for service in DEFINITION.calls {
        let channel = assembly.channel(*service)?;
        for name in service.definition().grpc_services {
            monitored.push((*name, channel.clone()));
        }
    }
    let metrics = assembly.metrics().clone();
    let options = Options {
        metrics_text: Arc::new(move || metrics.render()),
        health: health::probe(monitored),
        operator_token: rpc::OperatorToken::new(assembly.operator_token()),
        secure_cookies: assembly.shop_url().starts_with("https://"),
        mails: assembly.mailer().kept().cloned(),
        ..Options::default()
    };
    assembly.serve_pages(marketplace::app(clients, options));
    Ok(())
}

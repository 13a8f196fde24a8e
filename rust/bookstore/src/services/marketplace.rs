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
use marketplace::{Clients, OperatorClients, Options};

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
    let operator = operator_clients(assembly)?;
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
        operator,
        secure_cookies: assembly.shop_url().starts_with("https://"),
        mails: assembly.mailer().kept().cloned(),
        ..Options::default()
    };
    assembly.serve_pages(marketplace::app(clients, options));
    Ok(())
}

/// The clients of the operator's pages; `None` if this process does not have the operator token.
fn operator_clients(assembly: &Assembly) -> anyhow::Result<Option<OperatorClients>> {
    let Some(token) = assembly.operator_token() else {
        return Ok(None);
    };
    // Services of the same process believe who calls; those of others verify the token.
    let channel = |service| -> anyhow::Result<rpc::Channel> {
        let channel = assembly.channel(service)?.with_operator_token(token);
        Ok(channel.with_caller(rpc::Caller::Operator))
    };
    let (cart, inventory) = (channel(Service::Cart)?, channel(Service::Inventory)?);
    let transactions = channel(Service::Transactions)?;
    Ok(Some(OperatorClients {
        checkout: CheckoutServiceClient::new(cart.clone()),
        transactions: TransactionServiceClient::new(transactions.clone()),
        inventory: InventoryServiceClient::new(inventory.clone()),
        reviews: ReviewServiceClient::new(channel(Service::Reviews)?),
        accounts: AccountServiceClient::new(channel(Service::Accounts)?),
        audit: audit::Services::new(cart, inventory, transactions),
    }))
}

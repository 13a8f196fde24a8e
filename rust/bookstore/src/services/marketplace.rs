//! Marketplace: the web shop.

use std::sync::Arc;

use contract::bookstore::{
    accounts::v1::{
        account_service_client::AccountServiceClient, session_service_client::SessionServiceClient,
    },
    cart::v1::{
        cart_service_client::CartServiceClient, checkout_service_client::CheckoutServiceClient,
    },
    faults::v1::fault_service_client::FaultServiceClient,
    inventory::v1::inventory_service_client::InventoryServiceClient,
    recommendations::v1::recommendation_service_client::RecommendationServiceClient,
    reviews::v1::review_service_client::ReviewServiceClient,
    transactions::v1::transaction_service_client::TransactionServiceClient,
};
use futures::{FutureExt, future};
use marketplace::{ActiveFaults, Clients, FaultClient, MonitoredService, OperatorClients, Options};

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
    schema: None,
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
    let channels = channels_by_grpc_service(assembly)?;
    let api = rpc::HttpApi::new(
        channels.iter().cloned().collect(),
        &rpc::Options::default(),
        "/api",
    );
    let metrics = assembly.metrics().clone();
    let options = Options {
        metrics_text: Arc::new(move || metrics.render()),
        health: health::probe(channels),
        services: Service::all().iter().copied().map(on_the_map).collect(),
        notable_calls: Arc::new(rpc::notable_calls),
        active_faults: active_faults(assembly),
        trace_url: assembly.trace_url()?,
        operator_token: rpc::OperatorToken::new(assembly.operator_token()),
        operator,
        shop_url: assembly.shop_url().to_owned(),
        secure_cookies: assembly.shop_url().starts_with("https://"),
        mails: assembly.mailer().kept().cloned(),
        ..Options::default()
    };
    assembly.serve_pages(with_api(marketplace::app(clients, options), api));
    Ok(())
}

/// A channel for each gRPC service that the shop calls.
fn channels_by_grpc_service(
    assembly: &Assembly,
) -> anyhow::Result<Vec<(&'static str, rpc::Channel)>> {
    let mut channels = Vec::new();
    for service in DEFINITION.calls {
        let channel = assembly.channel(*service)?;
        let names = service.definition().grpc_services.iter();
        channels.extend(names.map(|&name| (name, channel.clone())));
    }
    Ok(channels)
}

/// Adds the API over HTTP: all of it under `/api`, and the two paths of the contract that are
/// the same on every port.
fn with_api(pages: axum::Router, api: rpc::HttpApi) -> axum::Router {
    axum::Router::new()
        .nest_service("/api", api.clone())
        .route_service("/products", api.clone())
        .route_service("/users", api)
        .merge(pages)
}

/// What the monitor shows of a service.
fn on_the_map(service: Service) -> MonitoredService {
    let definition = service.definition();
    let grpc_services = definition.grpc_services.iter();
    MonitoredService {
        name: service.name(),
        grpc_services: grpc_services.map(|&name| name.to_owned()).collect(),
        calls: definition
            .calls
            .iter()
            .map(|called| called.name())
            .collect(),
    }
}

/// The faults of this process.
fn active_faults(assembly: &Assembly) -> ActiveFaults {
    let faults = assembly.faults().cloned();
    Arc::new(move || faults.as_ref().map(rpc::Faults::list).unwrap_or_default())
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
    let faults = DEFINITION.calls.iter().map(|&service| {
        let MonitoredService {
            name,
            grpc_services,
            ..
        } = on_the_map(service);
        anyhow::Ok(FaultClient {
            name,
            grpc_services,
            client: FaultServiceClient::new(channel(service)?),
        })
    });
    let faults = faults.collect::<anyhow::Result<_>>()?;
    Ok(Some(OperatorClients {
        checkout: CheckoutServiceClient::new(cart.clone()),
        transactions: TransactionServiceClient::new(transactions.clone()),
        inventory: InventoryServiceClient::new(inventory.clone()),
        reviews: ReviewServiceClient::new(channel(Service::Reviews)?),
        accounts: AccountServiceClient::new(channel(Service::Accounts)?),
        audit: audit::Services::new(cart, inventory, transactions),
        faults,
    }))
}

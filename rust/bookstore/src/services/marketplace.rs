//! Marketplace: the web shop.

use std::sync::Arc;

use contract::bookstore::{
    inventory::v1::inventory_service_client::InventoryServiceClient,
    recommendations::v1::recommendation_service_client::RecommendationServiceClient,
};
use futures::{FutureExt, future};
use marketplace::{Clients, Options};

use super::{Definition, Service};
use crate::{assembly::Assembly, health};

pub static DEFINITION: Definition = Definition {
    calls: &[Service::Inventory, Service::Recommendations],
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
        ..Options::default()
    };
    assembly.serve_pages(marketplace::app(clients, options));
    Ok(())
}

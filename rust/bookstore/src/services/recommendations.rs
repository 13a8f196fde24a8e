//! Recommendations, and the first tutorial's contract.

use futures::{FutureExt, future};
use recommendations::{Options, Recommendations};

use super::{Definition, Service};
use crate::assembly::Assembly;

pub static DEFINITION: Definition = Definition {
    calls: &[Service::Inventory, Service::Cart, Service::Reviews],
    grpc_services: &["bookstore.recommendations.v1.RecommendationService"],
    needs_data_folder: false,
    schema: None,
    start: |assembly| future::ready(start(assembly)).boxed(),
};

fn start(assembly: &mut Assembly) -> anyhow::Result<()> {
    let inventory = assembly.channel(Service::Inventory)?;
    // The orders are in the service Cart.
    let checkout = assembly.channel(Service::Cart)?;
    let reviews = assembly.channel(Service::Reviews)?;
    let recommendations = Recommendations::new(inventory, checkout, reviews, Options::default());
    assembly.add_server(recommendations.server());
    assembly.add_server(recommendations.legacy_server());
    assembly.run_in_background(move || recommendations.run_in_background());
    Ok(())
}

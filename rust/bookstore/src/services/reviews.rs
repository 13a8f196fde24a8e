//! Reviews: what readers think of books, and the ratings of books.

use futures::FutureExt;
use reviews::{Options, Reviews};

use super::{Definition, Service};
use crate::assembly::Assembly;

pub static DEFINITION: Definition = Definition {
    calls: &[Service::Inventory, Service::Cart],
    grpc_services: &["bookstore.reviews.v1.ReviewService"],
    needs_data_folder: true,
    schema: Some(&reviews::SCHEMA),
    start: |assembly| start(assembly).boxed(),
};

async fn start(assembly: &mut Assembly) -> anyhow::Result<()> {
    let inventory = assembly.channel(Service::Inventory)?;
    // The orders are in the service Cart.
    let checkout = assembly.channel(Service::Cart)?;
    let db = assembly.storage().open(&reviews::SCHEMA).await?;
    let reviews = Reviews::new(db, inventory, checkout, Options::default());
    assembly.add_server_with_database(reviews.server(), reviews.db());
    assembly.run_in_background(move || reviews.run_in_background());
    Ok(())
}

//! An example of a client: it asks for one book, and shows how an error is handled.

use anyhow::Context as _;
use contract::bookstore::inventory::v1::{
    GetBookRequest, inventory_service_client::InventoryServiceClient,
};
use interop_peer::client::CallError;
use rpc::Channel;

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let address = std::env::args().nth(1).context("usage: get_book ADDRESS")?;
    let mut inventory =
        InventoryServiceClient::new(Channel::connect(&format!("http://{address}"))?);
    let found = inventory.get_book(GetBookRequest { book_id: 1 }).await?;
    println!("{}", found.into_inner().book.unwrap_or_default().title);
    if let Err(status) = inventory.get_book(GetBookRequest::default()).await {
        for violation in CallError::from(status).violations {
            println!("{} {}", violation.field, violation.rule);
        }
    }
    Ok(())
}

//! The client of Inventory: whether a book exists.

use contract::bookstore::inventory::v1::{
    GetBookRequest, inventory_service_client::InventoryServiceClient,
};
use rpc::Channel;
use service::BookId;
use tonic::Code;

use crate::ReviewsError;

/// The client.
#[derive(Debug, Clone)]
pub(crate) struct Catalogue(InventoryServiceClient<Channel>);

impl Catalogue {
    pub(crate) fn new(inventory: Channel) -> Self {
        Self(InventoryServiceClient::new(inventory))
    }

    /// Fails with [`ReviewsError::BookNotFound`] if the book is not in the catalogue.
    pub(crate) async fn require(&self, book_id: BookId) -> Result<(), ReviewsError> {
        let request = GetBookRequest { book_id: book_id.0 };
        match self.0.clone().get_book(request).await {
            Ok(_) => Ok(()),
            Err(status) if status.code() == Code::NotFound => {
                Err(ReviewsError::BookNotFound(book_id))
            }
            Err(status) => {
                tracing::warn!(%status, "Inventory does not respond");
                Err(ReviewsError::CatalogueUnavailable)
            }
        }
    }
}

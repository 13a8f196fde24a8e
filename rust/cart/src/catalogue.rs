//! The client of Inventory: titles, prices and stock of the books in a cart.

use std::collections::{HashMap, HashSet};

use contract::bookstore::inventory::v1::{
    BatchGetBooksRequest, BatchGetStockRequest, inventory_service_client::InventoryServiceClient,
};
use futures::future;
use rpc::Channel;
use service::{BookId, Money, convert};
use tonic::Status;

use crate::CartError;

/// How many books Inventory returns at once.
const BATCH_SIZE: usize = 100;

/// What the shop offers: a book with its price and its stock.
#[derive(Debug, Clone)]
pub(crate) struct Offer {
    pub(crate) title: String,
    pub(crate) unit_price: Money,
    pub(crate) available: i32,
}

/// The offers that were read during one call.
#[derive(Debug, Default)]
pub(crate) struct Offers {
    asked: HashSet<BookId>,
    found: HashMap<BookId, Offer>,
}

impl Offers {
    /// The offer of a book; `None` if it is not in the catalogue or was not read.
    pub(crate) fn get(&self, book_id: BookId) -> Option<&Offer> {
        self.found.get(&book_id)
    }

    /// Whether the book was read and is not in the catalogue.
    pub(crate) fn is_gone(&self, book_id: BookId) -> bool {
        self.asked.contains(&book_id) && !self.found.contains_key(&book_id)
    }

    /// Reads the books that were not read yet.
    pub(crate) async fn read(
        &mut self,
        catalogue: &Catalogue,
        book_ids: impl IntoIterator<Item = BookId>,
    ) -> Result<(), CartError> {
        let asked = &mut self.asked;
        let new = book_ids
            .into_iter()
            .filter(|book_id| asked.insert(*book_id));
        let new: Vec<i32> = new.map(|book_id| book_id.0).collect();
        for batch in new.chunks(BATCH_SIZE) {
            self.found.extend(catalogue.offers(batch).await?);
        }
        Ok(())
    }
}

/// The client.
#[derive(Debug, Clone)]
pub(crate) struct Catalogue(InventoryServiceClient<Channel>);

impl Catalogue {
    pub(crate) fn new(inventory: Channel) -> Self {
        Self(InventoryServiceClient::new(inventory))
    }

    /// The offers of books, at most [`BATCH_SIZE`].
    async fn offers(&self, book_ids: &[i32]) -> Result<Vec<(BookId, Offer)>, CartError> {
        let (mut books, mut stock) = (self.0.clone(), self.0.clone());
        let (books, stock) = future::try_join(
            books.batch_get_books(BatchGetBooksRequest {
                book_ids: book_ids.to_vec(),
            }),
            stock.batch_get_stock(BatchGetStockRequest {
                book_ids: book_ids.to_vec(),
            }),
        )
        .await
        .map_err(|status| unavailable(&status))?;
        let levels = stock.into_inner().levels.into_iter();
        let available: HashMap<i32, i32> = levels
            .map(|level| (level.book_id, level.available))
            .collect();
        let books = books.into_inner().books.into_iter();
        books
            .map(|book| {
                let offer = Offer {
                    unit_price: convert::money("book.price", book.price)?,
                    // A book that was added between the two reads.
                    available: available.get(&book.book_id).copied().unwrap_or(0),
                    title: book.title,
                };
                Ok((BookId(book.book_id), offer))
            })
            .collect()
    }
}

fn unavailable(status: &Status) -> CartError {
    tracing::warn!(%status, "Inventory does not respond");
    CartError::CatalogueUnavailable
}

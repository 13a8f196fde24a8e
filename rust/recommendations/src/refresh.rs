//! The background task that keeps the copy of the catalogue up to date.
//!
//! It polls the catalogue revision with one small call, and lists all books only when the
//! revision has changed. It does not use a stream: a poll every two seconds costs almost
//! nothing, while a silent stream could mean either no change or a broken connection. Each
//! call has the deadline and the retries of its channel.

use std::sync::Arc;

use contract::bookstore::inventory::v1::{
    Book, BookCategory as CategoryFilter, ListBooksRequest, ListCategoriesRequest,
    inventory_service_client::InventoryServiceClient,
};
use service::{BookCategory, BookId, PeriodicTask};
use tonic::{Request, Status};

use crate::{
    catalogue::Publisher,
    domain::{Snapshot, SnapshotBuilder},
};

type Inventory = InventoryServiceClient<rpc::Channel>;

/// The largest page size that Inventory allows.
const PAGE_SIZE: i32 = 200;

/// Why a refresh failed. The copy of the catalogue then stays unchanged.
#[derive(Debug, thiserror::Error)]
pub(crate) enum RefreshError {
    #[error("inventory answered {:?}: {}", .0.code(), .0.message())]
    Call(#[from] Status),
    #[error(
        "inventory returned the page token {0:?} of the same page as the token of the next page"
    )]
    PageTokenLoop(String),
}

/// The task that polls Inventory and publishes each new snapshot of the catalogue.
pub(crate) struct Refresh {
    inventory: Inventory,
    publisher: Publisher,
    /// The revision of the published catalogue; `None` until the first one is read.
    current_revision: Option<i64>,
}

impl Refresh {
    pub(crate) fn new(inventory: rpc::Channel, publisher: Publisher) -> Self {
        Self {
            inventory: Inventory::new(inventory),
            publisher,
            current_revision: None,
        }
    }
}

impl PeriodicTask for Refresh {
    const NAME: &'static str = "refresh the catalogue from inventory";

    type Error = RefreshError;

    /// Reads and publishes the catalogue if its revision differs from the current one.
    ///
    /// The revision is read before the books. If the books change in between, the next poll
    /// sees a newer revision and reads again, so a mixture of two revisions does not stay. A
    /// smaller revision counts as a change too, because a database may have been restored.
    async fn run(&mut self) -> Result<(), RefreshError> {
        let request = in_background(ListCategoriesRequest {});
        let categories = self.inventory.list_categories(request);
        let revision = categories.await?.into_inner().catalogue_revision;
        if self.current_revision != Some(revision) {
            let snapshot = read_all(&mut self.inventory).await?;
            tracing::debug!(
                revision,
                books = snapshot.book_count(),
                "read the catalogue"
            );
            self.publisher.send_replace(Some(Arc::new(snapshot)));
            self.current_revision = Some(revision);
        }
        Ok(())
    }
}

/// A request that the access log shows only at DEBUG.
fn in_background<Message>(message: Message) -> Request<Message> {
    let mut request = Request::new(message);
    request.extensions_mut().insert(rpc::BackgroundCall);
    request
}

async fn read_all(inventory: &mut Inventory) -> Result<Snapshot, RefreshError> {
    let mut snapshot = SnapshotBuilder::default();
    let mut page_token = String::new();
    loop {
        let request = in_background(ListBooksRequest {
            category: CategoryFilter::Unspecified.into(),
            page_size: PAGE_SIZE,
            page_token: page_token.clone(),
        });
        let page = inventory.list_books(request).await?.into_inner();
        page.books.iter().for_each(|book| add(&mut snapshot, book));
        if page.next_page_token.is_empty() {
            return Ok(snapshot.finish());
        }
        if page.next_page_token == page_token {
            return Err(RefreshError::PageTokenLoop(page_token));
        }
        page_token = page.next_page_token;
    }
}

/// Adds a book to the catalogue, unless its category is one that this build does not know and
/// so no request can ask for.
fn add(snapshot: &mut SnapshotBuilder, book: &Book) {
    let Some(category) = BookCategory::from_number(book.category) else {
        tracing::warn!(
            book_id = book.book_id,
            category = book.category,
            "left out a book of an unknown category"
        );
        return;
    };
    snapshot.add(category, BookId(book.book_id), &book.title);
}

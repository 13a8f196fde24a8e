//! The background task that keeps the copy of the catalogue up to date.
//!
//! It polls the catalogue revision with one small call, and lists all books only when the
//! revision has changed. It does not use a stream: a poll every two seconds costs almost
//! nothing, while a silent stream could mean either no change or a broken connection.

use std::{sync::Arc, time::Duration};

use contract::bookstore::inventory::v1::{
    BookCategory, ListBooksRequest, ListCategoriesRequest,
    inventory_service_client::InventoryServiceClient,
};
use service::PeriodicTask;
use tokio::time;
use tonic::{Request, Response, Status};

use crate::catalogue::{Publisher, Snapshot};

type Inventory = InventoryServiceClient<rpc::Channel>;

/// The largest page size that Inventory allows.
const PAGE_SIZE: i32 = 200;

/// The deadline of each call. Inventory normally answers within milliseconds.
const CALL_TIMEOUT: Duration = Duration::from_secs(5);

/// Why a refresh failed. The copy of the catalogue then stays unchanged.
#[derive(Debug, thiserror::Error)]
pub(crate) enum RefreshError {
    #[error("inventory answered {:?}: {}", .0.code(), .0.message())]
    Call(#[from] Status),
    #[error("inventory did not answer within {CALL_TIMEOUT:?}")]
    Timeout(#[from] time::error::Elapsed),
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
        let request = with_deadline(ListCategoriesRequest {});
        let categories = receive(self.inventory.list_categories(request)).await?;
        let revision = categories.catalogue_revision;
        if self.current_revision != Some(revision) {
            let snapshot = read_all(&mut self.inventory).await?;
            tracing::info!(
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

async fn read_all(inventory: &mut Inventory) -> Result<Snapshot, RefreshError> {
    let mut snapshot = Snapshot::default();
    let mut page_token = String::new();
    loop {
        let page = receive(inventory.list_books(with_deadline(ListBooksRequest {
            category: BookCategory::Unspecified.into(),
            page_size: PAGE_SIZE,
            page_token: page_token.clone(),
        })))
        .await?;
        page.books.into_iter().for_each(|book| snapshot.add(book));
        if page.next_page_token.is_empty() {
            return Ok(snapshot);
        }
        if page.next_page_token == page_token {
            return Err(RefreshError::PageTokenLoop(page_token));
        }
        page_token = page.next_page_token;
    }
}

/// A request with the header `grpc-timeout`, so that Inventory stops work after the
/// deadline.
fn with_deadline<Message>(message: Message) -> Request<Message> {
    let mut request = Request::new(message);
    request.set_timeout(CALL_TIMEOUT);
    request
}

/// Waits for a response until [`CALL_TIMEOUT`].
async fn receive<Message>(
    call: impl Future<Output = Result<Response<Message>, Status>>,
) -> Result<Message, RefreshError> {
    Ok(time::timeout(CALL_TIMEOUT, call).await??.into_inner())
}

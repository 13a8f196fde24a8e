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
use rand::RngExt;
use tokio::time;
use tonic::{Request, Response, Status};

use crate::catalogue::{Publisher, Snapshot};

type Inventory = InventoryServiceClient<rpc::Channel>;

/// The largest page size that Inventory allows.
const PAGE_SIZE: i32 = 200;

/// The deadline of each call. Inventory normally answers within milliseconds.
const CALL_TIMEOUT: Duration = Duration::from_secs(5);

/// The pause after the first failure; it doubles with each further failure. It is short
/// because in one process the first poll often comes before Inventory is ready.
const FIRST_BACKOFF: Duration = Duration::from_millis(50);

/// The backoff is at most this many refresh intervals.
const BACKOFF_LIMIT: u32 = 5;

/// Why a refresh failed. The copy of the catalogue then stays unchanged.
#[derive(Debug, thiserror::Error)]
enum RefreshError {
    #[error("inventory answered {:?}: {}", .0.code(), .0.message())]
    Call(#[from] Status),
    #[error("inventory did not answer within {CALL_TIMEOUT:?}")]
    Timeout(#[from] time::error::Elapsed),
    #[error(
        "inventory returned the page token {0:?} of the same page as the token of the next page"
    )]
    PageTokenLoop(String),
}

/// Polls Inventory endlessly and publishes each new snapshot of the catalogue.
pub(crate) async fn run(channel: rpc::Channel, publisher: Publisher, pause: Duration) {
    let mut inventory = Inventory::new(channel);
    let mut current_revision: Option<i64> = None;
    let mut failures: u32 = 0;
    loop {
        match refresh(&mut inventory, &publisher, current_revision).await {
            Ok(revision) => {
                if failures > 0 {
                    tracing::info!(failures, "inventory answers again");
                }
                current_revision = Some(revision);
                failures = 0;
            }
            Err(error) => {
                failures = failures.saturating_add(1);
                tracing::warn!(%error, failures, current_revision, "cannot refresh the catalogue");
            }
        }
        time::sleep(next_pause(pause, failures)).await;
    }
}

/// Reads and publishes the catalogue if its revision differs from `current_revision`.
/// Returns the revision of the published catalogue.
///
/// The revision is read before the books. If the books change in between, the next poll
/// sees a newer revision and reads again, so a mixture of two revisions does not stay. A
/// smaller revision counts as a change too, because a database may have been restored.
async fn refresh(
    inventory: &mut Inventory,
    publisher: &Publisher,
    current_revision: Option<i64>,
) -> Result<i64, RefreshError> {
    let categories =
        receive(inventory.list_categories(with_deadline(ListCategoriesRequest {}))).await?;
    let revision = categories.catalogue_revision;
    if current_revision != Some(revision) {
        let snapshot = read_all(inventory).await?;
        tracing::info!(
            revision,
            books = snapshot.book_count(),
            "read the catalogue"
        );
        publisher.send_replace(Some(Arc::new(snapshot)));
    }
    Ok(revision)
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

/// The pause before the next poll. It has jitter, so that several replicas do not poll at
/// the same time: 10 % around the refresh interval, or the upper half of the backoff.
fn next_pause(pause: Duration, failures: u32) -> Duration {
    let mut rng = rand::rng();
    match failures.checked_sub(1) {
        None => pause.mul_f64(rng.random_range(0.9..1.1)),
        Some(earlier) => FIRST_BACKOFF
            .saturating_mul(1_u32.checked_shl(earlier).unwrap_or(u32::MAX))
            .min(pause.saturating_mul(BACKOFF_LIMIT))
            .mul_f64(rng.random_range(0.5..1.0)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn backoff_doubles_up_to_its_limit() {
        let pause = Duration::from_secs(2);
        for (failures, longest) in [(1, 50), (2, 100), (5, 800), (9, 10_000), (u32::MAX, 10_000)] {
            let longest = Duration::from_millis(longest);
            for _ in 0..100 {
                let actual = next_pause(pause, failures);
                assert!(actual >= longest / 2 && actual <= longest, "{actual:?}");
            }
        }
    }

    #[test]
    fn interval_has_a_jitter_of_ten_percent() {
        let pause = Duration::from_secs(2);
        for _ in 0..100 {
            let actual = next_pause(pause, 0).as_millis();
            assert!((1799..=2201).contains(&actual), "{actual} ms");
        }
    }
}

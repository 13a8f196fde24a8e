//! The task that keeps the copy of the catalogue like Inventory's.
//!
//! It polls the catalogue's revision, one small call, and lists all books only
//! when the revision differs. It does not watch a stream: a poll every two
//! seconds costs nothing, and there is no connection whose silence could mean
//! either that nothing has changed or that nobody is there.

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

/// The greatest page that Inventory gives.
const PAGE_SIZE: i32 = 200;

/// No call of the task may hang longer: a page is read in milliseconds.
const CALL_TIMEOUT: Duration = Duration::from_secs(5);

/// The pause after the first failure; it doubles with each further one. Short,
/// because in one process the first poll often comes before Inventory serves.
const FIRST_BACKOFF: Duration = Duration::from_millis(50);

/// The backoff grows up to this many ordinary pauses.
const BACKOFF_LIMIT: u32 = 5;

/// Why a refresh failed. The copy stays as it was.
#[derive(Debug, thiserror::Error)]
enum Failed {
    #[error("inventory answered {:?}: {}", .0.code(), .0.message())]
    Refused(#[from] Status),
    #[error("inventory did not answer within {CALL_TIMEOUT:?}")]
    Hung(#[from] time::error::Elapsed),
    #[error("inventory gave the page token {0:?} for the page of that token")]
    Circle(String),
}

/// Polls Inventory for ever and publishes each new state of the catalogue.
pub(crate) async fn keep_fresh(channel: rpc::Channel, publisher: Publisher, pause: Duration) {
    let mut inventory = Inventory::new(channel);
    let mut held: Option<i64> = None;
    let mut failures: u32 = 0;
    loop {
        match refresh(&mut inventory, &publisher, held).await {
            Ok(revision) => {
                if failures > 0 {
                    tracing::info!(failures, "inventory answers again");
                }
                held = Some(revision);
                failures = 0;
            }
            Err(error) => {
                failures = failures.saturating_add(1);
                tracing::warn!(%error, failures, held, "the catalogue could not be refreshed");
            }
        }
        time::sleep(next_pause(pause, failures)).await;
    }
}

/// Publishes the catalogue if its revision is not the one held. Returns the
/// revision that is held then.
///
/// The revision is read before the books. If they change in between, the next
/// poll sees a later revision and reads again, so that a mixture of two states
/// does not last. A smaller revision counts as well: a database may be restored.
async fn refresh(
    inventory: &mut Inventory,
    publisher: &Publisher,
    held: Option<i64>,
) -> Result<i64, Failed> {
    let categories = answer(inventory.list_categories(limited(ListCategoriesRequest {}))).await?;
    let revision = categories.catalogue_revision;
    if held != Some(revision) {
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

async fn read_all(inventory: &mut Inventory) -> Result<Snapshot, Failed> {
    let mut snapshot = Snapshot::default();
    let mut page_token = String::new();
    loop {
        let page = answer(inventory.list_books(limited(ListBooksRequest {
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
            return Err(Failed::Circle(page_token));
        }
        page_token = page.next_page_token;
    }
}

/// A request that tells Inventory when its answer would come too late.
fn limited<Message>(message: Message) -> Request<Message> {
    let mut request = Request::new(message);
    request.set_timeout(CALL_TIMEOUT);
    request
}

async fn answer<Message>(
    call: impl Future<Output = Result<Response<Message>, Status>>,
) -> Result<Message, Failed> {
    Ok(time::timeout(CALL_TIMEOUT, call).await??.into_inner())
}

/// The pause before the next poll. Jitter keeps many replicas from polling in
/// step: a tenth around the ordinary pause, the upper half of a backoff.
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
    fn backoff_doubles_up_to_its_limit_and_never_panics() {
        let pause = Duration::from_secs(2);
        for (failures, greatest) in [(1, 50), (2, 100), (5, 800), (9, 10_000), (u32::MAX, 10_000)] {
            let greatest = Duration::from_millis(greatest);
            for _ in 0..100 {
                let actual = next_pause(pause, failures);
                assert!(actual >= greatest / 2 && actual <= greatest, "{actual:?}");
            }
        }
    }

    #[test]
    fn ordinary_pauses_vary_by_a_tenth() {
        let pause = Duration::from_secs(2);
        for _ in 0..100 {
            let actual = next_pause(pause, 0).as_millis();
            assert!((1799..=2201).contains(&actual), "{actual} ms");
        }
    }
}

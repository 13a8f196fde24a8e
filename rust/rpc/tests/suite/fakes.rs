//! Fake services. The number of the requested book selects their behaviour.

use std::{
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use contract::bookstore::{
    inventory::v1::{inventory_service_server::InventoryService, *},
    recommendations::v1::{
        BookRecommendation, ListAlsoBoughtRequest, ListAlsoBoughtResponse, RecommendRequest,
        RecommendResponse, recommendation_service_server::RecommendationService,
    },
    r#type::v1::Money,
};
use futures::{Stream, StreamExt, stream};
use inventory_service_client::InventoryServiceClient;
use rpc::{CallContext, Caller, Channel, failure};
use tokio::sync::{Notify, Semaphore};
use tonic::{Request, Response, Status, Streaming};

/// Returns the metadata of the request as the title of the book.
pub const ECHO: i32 = 1;
pub const PANICS: i32 = 2;
pub const NEVER_ANSWERS: i32 = 3;
pub const MISSING: i32 = 4;
/// Returns when the gate is opened.
pub const WAITS_FOR_GATE: i32 = 5;
pub const INTERNAL_ERROR: i32 = 6;
/// Sends stock levels without end.
pub const FLOODS: i32 = 7;
/// Waits for one of [`WORKERS`], and takes one of [`WORK_MILLISECONDS`] in turns.
pub const TAKES_A_WORKER: i32 = 8;

pub const WORKERS: usize = 32;
pub const WORK_MILLISECONDS: [u64; 3] = [25, 50, 75];

/// Blocks the calls for the book [`WAITS_FOR_GATE`].
pub struct CallGate {
    /// A permit for each call that has begun to wait.
    waiting: Semaphore,
    opened: Notify,
    /// Imports whose handler has seen the end of its stream.
    pub imports: AtomicUsize,
    /// A permit for each import that has ended, also if it was dropped.
    ended_imports: Semaphore,
    /// A permit for each import that has received its first message.
    begun_imports: Semaphore,
    workers: Semaphore,
    worked: AtomicUsize,
}

impl Default for CallGate {
    fn default() -> Self {
        Self {
            waiting: Semaphore::new(0),
            opened: Notify::new(),
            imports: AtomicUsize::new(0),
            ended_imports: Semaphore::new(0),
            begun_imports: Semaphore::new(0),
            workers: Semaphore::new(WORKERS),
            worked: AtomicUsize::new(0),
        }
    }
}

impl CallGate {
    /// Waits until this many more calls have reached the gate.
    pub async fn wait_for_calls(&self, calls: u32) {
        let permits = self.waiting.acquire_many(calls).await;
        permits.expect("never closed").forget();
    }

    /// Waits until an import has received its first message.
    pub async fn wait_for_begin_of_import(&self) {
        let permit = self.begun_imports.acquire().await;
        permit.expect("never closed").forget();
    }

    /// Waits until one more import has ended, in any way.
    pub async fn wait_for_end_of_import(&self) {
        let permit = self.ended_imports.acquire().await;
        permit.expect("never closed").forget();
    }

    /// Lets all waiting calls continue.
    pub fn open(&self) {
        self.opened.notify_waiters();
    }
}

/// Counts an import as ended when it is dropped.
struct EndOfImport(Arc<CallGate>);

impl Drop for EndOfImport {
    fn drop(&mut self) {
        self.0.ended_imports.add_permits(1);
    }
}

pub struct FakeInventory(pub Arc<CallGate>);

type StockStream = Pin<Box<dyn Stream<Item = Result<WatchStockResponse, Status>> + Send>>;

#[tonic::async_trait]
impl InventoryService for FakeInventory {
    async fn get_book(
        &self,
        request: Request<GetBookRequest>,
    ) -> Result<Response<GetBookResponse>, Status> {
        let book_id = request.get_ref().book_id;
        let title = match book_id {
            PANICS => panic!("a bug"),
            NEVER_ANSWERS => std::future::pending().await,
            MISSING => {
                let message = format!("no book has number {book_id}");
                return Err(
                    failure(contract::errors::inventory::BOOK_NOT_FOUND, message)
                        .with("book_id", book_id)
                        .into_status(),
                );
            }
            WAITS_FOR_GATE => {
                let opened = self.0.opened.notified();
                self.0.waiting.add_permits(1);
                opened.await;
                "waited".to_owned()
            }
            TAKES_A_WORKER => {
                let _worker = self.0.workers.acquire().await.expect("never closed");
                let turn = self.0.worked.fetch_add(1, Ordering::Relaxed);
                let milliseconds = WORK_MILLISECONDS[turn % WORK_MILLISECONDS.len()];
                tokio::time::sleep(Duration::from_millis(milliseconds)).await;
                "worked".to_owned()
            }
            INTERNAL_ERROR => {
                return Err(rpc::internal(&std::io::Error::other("the disk is full")));
            }
            _ => echo(&request),
        };
        Ok(Response::new(GetBookResponse {
            book: Some(book(book_id, title)),
        }))
    }

    async fn set_stock(
        &self,
        request: Request<SetStockRequest>,
    ) -> Result<Response<SetStockResponse>, Status> {
        assert_eq!(Caller::of(&request), Caller::Operator);
        let SetStockRequest {
            book_id, on_hand, ..
        } = request.into_inner();
        let on_hand = on_hand.expect("required");
        Ok(Response::new(SetStockResponse {
            level: Some(level(book_id, on_hand)),
        }))
    }

    async fn import_books(
        &self,
        request: Request<Streaming<ImportBooksRequest>>,
    ) -> Result<Response<ImportBooksResponse>, Status> {
        let _ended = EndOfImport(Arc::clone(&self.0));
        let mut created = 0;
        let mut messages = request.into_inner();
        while let Some(message) = messages.message().await? {
            if created == 0 {
                self.0.begun_imports.add_permits(1);
            }
            created += message.books.len() as i64;
        }
        self.0.imports.fetch_add(1, Ordering::Relaxed);
        Ok(Response::new(ImportBooksResponse {
            created,
            ..Default::default()
        }))
    }

    type WatchStockStream = StockStream;

    /// Sends one level, and then, depending on the book: the length of the request id as
    /// a level, a panic, or nothing.
    async fn watch_stock(
        &self,
        request: Request<WatchStockRequest>,
    ) -> Result<Response<StockStream>, Status> {
        let book_id = request.get_ref().book_ids[0];
        if book_id == FLOODS {
            let levels = stream::repeat_with(|| Ok(stock_response(level(FLOODS, 0))));
            return Ok(Response::new(Box::pin(levels)));
        }
        let first = stream::once(async move { Ok(stock_response(level(book_id, 0))) });
        let rest = stream::once(async move {
            // Ensures that the first level is sent in a frame of its own.
            tokio::task::yield_now().await;
            match book_id {
                PANICS => panic!("a bug in a stream"),
                ECHO => {
                    let call = CallContext::current().expect("the stream keeps its context");
                    let length = i32::try_from(call.request_id().len()).expect("short");
                    Ok(stock_response(level(book_id, length)))
                }
                _ => std::future::pending().await,
            }
        });
        Ok(Response::new(Box::pin(first.chain(rest))))
    }

    async fn batch_get_books(
        &self,
        _: Request<BatchGetBooksRequest>,
    ) -> Result<Response<BatchGetBooksResponse>, Status> {
        Err(not_implemented())
    }

    async fn list_books(
        &self,
        _: Request<ListBooksRequest>,
    ) -> Result<Response<ListBooksResponse>, Status> {
        Err(not_implemented())
    }

    async fn list_categories(
        &self,
        _: Request<ListCategoriesRequest>,
    ) -> Result<Response<ListCategoriesResponse>, Status> {
        Err(not_implemented())
    }

    async fn search_books(
        &self,
        _: Request<SearchBooksRequest>,
    ) -> Result<Response<SearchBooksResponse>, Status> {
        Err(not_implemented())
    }

    async fn batch_get_stock(
        &self,
        _: Request<BatchGetStockRequest>,
    ) -> Result<Response<BatchGetStockResponse>, Status> {
        Err(not_implemented())
    }

    async fn reserve_stock(
        &self,
        _: Request<ReserveStockRequest>,
    ) -> Result<Response<ReserveStockResponse>, Status> {
        Err(not_implemented())
    }

    async fn get_reservation(
        &self,
        _: Request<GetReservationRequest>,
    ) -> Result<Response<GetReservationResponse>, Status> {
        Err(not_implemented())
    }

    async fn list_reservations(
        &self,
        _: Request<ListReservationsRequest>,
    ) -> Result<Response<ListReservationsResponse>, Status> {
        Err(not_implemented())
    }

    async fn commit_reservation(
        &self,
        _: Request<CommitReservationRequest>,
    ) -> Result<Response<CommitReservationResponse>, Status> {
        Err(not_implemented())
    }

    async fn release_reservation(
        &self,
        _: Request<ReleaseReservationRequest>,
    ) -> Result<Response<ReleaseReservationResponse>, Status> {
        Err(not_implemented())
    }
}

/// Recommends the one book whose number is `max_results`, which it gets from the
/// inventory by a nested call.
pub struct FakeRecommendations(pub Channel);

#[tonic::async_trait]
impl RecommendationService for FakeRecommendations {
    async fn recommend(
        &self,
        request: Request<RecommendRequest>,
    ) -> Result<Response<RecommendResponse>, Status> {
        let book_id = request.into_inner().max_results;
        let mut inventory = InventoryServiceClient::new(self.0.clone());
        let response = inventory.get_book(GetBookRequest { book_id }).await?;
        let book = response.into_inner().book.expect("required");
        Ok(Response::new(RecommendResponse {
            recommendations: vec![BookRecommendation {
                book_id,
                title: book.title,
            }],
        }))
    }

    async fn list_also_bought(
        &self,
        _: Request<ListAlsoBoughtRequest>,
    ) -> Result<Response<ListAlsoBoughtResponse>, Status> {
        Err(not_implemented())
    }
}

/// The metadata of the request, separated by spaces: request id of the context, header
/// `x-request-id`, `traceparent`, `grpc-timeout`, caller.
fn echo<T>(request: &Request<T>) -> String {
    let header = |name| {
        let value = request.metadata().get(name);
        value.map_or("none", |value| value.to_str().expect("visible ASCII"))
    };
    let context = CallContext::current().expect("a handler has a context");
    format!(
        "{} {} {} {} {:?}",
        context.request_id(),
        header("x-request-id"),
        header("traceparent"),
        header("grpc-timeout"),
        request
            .extensions()
            .get::<Caller>()
            .expect("every request has a caller"),
    )
}

pub fn book(book_id: i32, title: String) -> Book {
    Book {
        book_id,
        title,
        category: BookCategory::Mystery.into(),
        price: Some(Money {
            currency_code: "USD".to_owned(),
            amount_minor: Some(1299),
        }),
        ..Default::default()
    }
}

fn level(book_id: i32, on_hand: i32) -> StockLevel {
    StockLevel {
        book_id,
        on_hand,
        reserved: 0,
        available: on_hand,
    }
}

fn stock_response(level: StockLevel) -> WatchStockResponse {
    WatchStockResponse { level: Some(level) }
}

fn not_implemented() -> Status {
    Status::unimplemented("the fake does not implement this method")
}

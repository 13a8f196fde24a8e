//! The gRPC service `bookstore.inventory.v1`: converts messages and calls [`Inventory`].
//! The codec has validated every request before it arrives here.

pub(crate) mod from_proto;
mod import_stream;
mod to_proto;

use std::pin::Pin;

use contract::bookstore::inventory::v1::{
    BatchGetBooksRequest, BatchGetBooksResponse, BatchGetStockRequest, BatchGetStockResponse,
    CategoryCount, CommitReservationRequest, CommitReservationResponse, GetBookRequest,
    GetBookResponse, GetReservationRequest, GetReservationResponse, ImportBooksRequest,
    ImportBooksResponse, ListBooksRequest, ListBooksResponse, ListCategoriesRequest,
    ListCategoriesResponse, ListReservationsRequest, ListReservationsResponse,
    ReleaseReservationRequest, ReleaseReservationResponse, ReserveStockRequest,
    ReserveStockResponse, SearchBooksRequest, SearchBooksResponse, SetStockRequest,
    SetStockResponse, WatchStockRequest, WatchStockResponse,
    inventory_service_server::{InventoryService, InventoryServiceServer},
};
use futures::{FutureExt as _, Stream, StreamExt as _, future::try_join};
use service::{BookId, page_size};
use tonic::{Request, Response, Status, Streaming};

use self::import_stream::next_batch;
use crate::{ImportCounts, Inventory};

/// The handler of `bookstore.inventory.v1.InventoryService`.
#[derive(Debug, Clone)]
pub struct Grpc(Inventory);

impl Inventory {
    /// The gRPC service `bookstore.inventory.v1`, to be added to a router.
    pub fn server(&self) -> InventoryServiceServer<Grpc> {
        InventoryServiceServer::new(Grpc(self.clone()))
    }
}

type RpcResult<T> = Result<Response<T>, Status>;

#[tonic::async_trait]
impl InventoryService for Grpc {
    async fn get_book(&self, request: Request<GetBookRequest>) -> RpcResult<GetBookResponse> {
        let book = self.0.book(BookId(request.into_inner().book_id)).await?;
        Ok(Response::new(GetBookResponse {
            book: Some(book.into()),
        }))
    }

    async fn batch_get_books(
        &self,
        request: Request<BatchGetBooksRequest>,
    ) -> RpcResult<BatchGetBooksResponse> {
        let (books, missing) = self
            .0
            .books(&book_ids(request.into_inner().book_ids))
            .await?;
        Ok(Response::new(BatchGetBooksResponse {
            books: books.into_iter().map(Into::into).collect(),
            missing_book_ids: missing.into_iter().map(|book_id| book_id.0).collect(),
        }))
    }

    async fn list_books(&self, request: Request<ListBooksRequest>) -> RpcResult<ListBooksResponse> {
        let request = request.into_inner();
        let category = from_proto::category_filter(request.category)?;
        let size = page_size(request.page_size)?;
        let page = self.0.list(category, size, &request.page_token).await?;
        Ok(Response::new(ListBooksResponse {
            books: page.items.into_iter().map(Into::into).collect(),
            next_page_token: page.next_page_token,
        }))
    }

    async fn list_categories(
        &self,
        _request: Request<ListCategoriesRequest>,
    ) -> RpcResult<ListCategoriesResponse> {
        let categories = self.0.categories().await?;
        let counts = categories
            .counts
            .iter()
            .map(|(category, book_count)| CategoryCount {
                category: category.number(),
                book_count: *book_count,
            });
        Ok(Response::new(ListCategoriesResponse {
            categories: counts.collect(),
            catalogue_revision: categories.revision,
        }))
    }

    async fn search_books(
        &self,
        request: Request<SearchBooksRequest>,
    ) -> RpcResult<SearchBooksResponse> {
        let search = from_proto::book_search(request.into_inner())?;
        Ok(Response::new(self.0.search(search).await?.into()))
    }

    async fn import_books(
        &self,
        request: Request<Streaming<ImportBooksRequest>>,
    ) -> RpcResult<ImportBooksResponse> {
        let mut stream = request.into_inner();
        let mut total = ImportCounts::default();
        let mut batch = next_batch(&mut stream).await;
        while batch.end.is_none() {
            // The next messages are received while these are stored.
            let importing = self.0.import_lists(batch.messages);
            let receiving = next_batch(&mut stream).map(Ok);
            let (counts, next) = try_join(importing, receiving).await?;
            total += counts;
            batch = next;
        }
        total += self.0.import_lists(batch.messages).await?;
        batch.end.transpose()?;
        self.0.index_own_changes().await;
        Ok(Response::new(ImportBooksResponse {
            created: total.created,
            updated: total.updated,
            unchanged: total.unchanged,
        }))
    }

    async fn batch_get_stock(
        &self,
        request: Request<BatchGetStockRequest>,
    ) -> RpcResult<BatchGetStockResponse> {
        let levels = self
            .0
            .levels(&book_ids(request.into_inner().book_ids))
            .await?;
        Ok(Response::new(BatchGetStockResponse {
            levels: levels.into_iter().map(Into::into).collect(),
        }))
    }

    async fn set_stock(&self, request: Request<SetStockRequest>) -> RpcResult<SetStockResponse> {
        let request = request.into_inner();
        let level = self
            .0
            .set_stock(
                BookId(request.book_id),
                request.on_hand(),
                request.expected_on_hand,
            )
            .await?;
        Ok(Response::new(SetStockResponse {
            level: Some(level.into()),
        }))
    }

    async fn reserve_stock(
        &self,
        request: Request<ReserveStockRequest>,
    ) -> RpcResult<ReserveStockResponse> {
        let reservation_request = from_proto::reservation_request(request.into_inner())?;
        let reservation = self.0.reserve(&reservation_request).await?;
        Ok(Response::new(ReserveStockResponse {
            reservation: Some(reservation.into()),
        }))
    }

    async fn get_reservation(
        &self,
        request: Request<GetReservationRequest>,
    ) -> RpcResult<GetReservationResponse> {
        let id = from_proto::reservation_id(&request.into_inner().reservation_id)?;
        let reservation = self.0.reservation(id).await?;
        Ok(Response::new(GetReservationResponse {
            reservation: Some(reservation.into()),
        }))
    }

    async fn list_reservations(
        &self,
        request: Request<ListReservationsRequest>,
    ) -> RpcResult<ListReservationsResponse> {
        let request = request.into_inner();
        let size = page_size(request.page_size)?;
        let page = self.0.reservations(size, &request.page_token).await?;
        Ok(Response::new(ListReservationsResponse {
            reservations: page.items.into_iter().map(Into::into).collect(),
            next_page_token: page.next_page_token,
        }))
    }

    async fn commit_reservation(
        &self,
        request: Request<CommitReservationRequest>,
    ) -> RpcResult<CommitReservationResponse> {
        let id = from_proto::reservation_id(&request.into_inner().reservation_id)?;
        let reservation = self.0.commit(id).await?;
        Ok(Response::new(CommitReservationResponse {
            reservation: Some(reservation.into()),
        }))
    }

    async fn release_reservation(
        &self,
        request: Request<ReleaseReservationRequest>,
    ) -> RpcResult<ReleaseReservationResponse> {
        let id = from_proto::reservation_id(&request.into_inner().reservation_id)?;
        let reservation = self.0.release(id).await?;
        Ok(Response::new(ReleaseReservationResponse {
            reservation: Some(reservation.into()),
        }))
    }

    type WatchStockStream = Pin<Box<dyn Stream<Item = Result<WatchStockResponse, Status>> + Send>>;

    async fn watch_stock(
        &self,
        request: Request<WatchStockRequest>,
    ) -> RpcResult<Self::WatchStockStream> {
        let levels = self
            .0
            .watch(&book_ids(request.into_inner().book_ids))
            .await?;
        let responses = levels.map(|level| {
            Ok(WatchStockResponse {
                level: Some(level?.into()),
            })
        });
        Ok(Response::new(Box::pin(responses)))
    }
}

fn book_ids(numbers: Vec<i32>) -> Vec<BookId> {
    numbers.into_iter().map(BookId).collect()
}

//! `bookstore.inventory.v1` over the domain: messages in, messages out. The codec has
//! held every request to the rules of the contract before it comes here.

pub(crate) mod domain;
mod messages;

use std::{pin::Pin, time::Duration};

use contract::bookstore::inventory::v1::{
    BatchGetBooksRequest, BatchGetBooksResponse, BatchGetStockRequest, BatchGetStockResponse,
    CategoryCount, CommitReservationRequest, CommitReservationResponse, GetBookRequest,
    GetBookResponse, GetReservationRequest, GetReservationResponse, ImportBooksRequest,
    ImportBooksResponse, ListBooksRequest, ListBooksResponse, ListCategoriesRequest,
    ListCategoriesResponse, ReleaseReservationRequest, ReleaseReservationResponse,
    ReserveStockRequest, ReserveStockResponse, SearchBooksRequest, SearchBooksResponse,
    SetStockRequest, SetStockResponse, WatchStockRequest, WatchStockResponse,
    inventory_service_server::{InventoryService, InventoryServiceServer},
};
use futures::{Stream, StreamExt as _};
use tonic::{Request, Response, Status, Streaming};

use crate::{BookId, Hold, ImportCounts, Inventory};

/// The handler of `bookstore.inventory.v1.InventoryService`.
#[derive(Debug, Clone)]
pub struct Grpc(Inventory);

impl Inventory {
    /// Serves `bookstore.inventory.v1`, behind whatever router it is added to.
    pub fn server(&self) -> InventoryServiceServer<Grpc> {
        InventoryServiceServer::new(Grpc(self.clone()))
    }
}

/// Books a page, if the caller does not say.
const DEFAULT_PAGE_SIZE: u32 = 20;

type Answer<T> = Result<Response<T>, Status>;

#[tonic::async_trait]
impl InventoryService for Grpc {
    async fn get_book(&self, request: Request<GetBookRequest>) -> Answer<GetBookResponse> {
        let book = self.0.book(BookId(request.into_inner().book_id)).await?;
        Ok(Response::new(GetBookResponse {
            book: Some(book.into()),
        }))
    }

    async fn batch_get_books(
        &self,
        request: Request<BatchGetBooksRequest>,
    ) -> Answer<BatchGetBooksResponse> {
        let (books, missing) = self
            .0
            .books(&book_ids(request.into_inner().book_ids))
            .await?;
        Ok(Response::new(BatchGetBooksResponse {
            books: books.into_iter().map(Into::into).collect(),
            missing_book_ids: missing.into_iter().map(|book_id| book_id.0).collect(),
        }))
    }

    async fn list_books(&self, request: Request<ListBooksRequest>) -> Answer<ListBooksResponse> {
        let request = request.into_inner();
        let category = domain::category(request.category);
        let size = page_size(request.page_size);
        let page = self.0.list(category, size, &request.page_token).await?;
        Ok(Response::new(ListBooksResponse {
            books: page.books.into_iter().map(Into::into).collect(),
            next_page_token: page.next_page_token,
        }))
    }

    async fn list_categories(
        &self,
        _request: Request<ListCategoriesRequest>,
    ) -> Answer<ListCategoriesResponse> {
        let categories = self.0.categories().await?;
        let counts = categories
            .counts
            .iter()
            .map(|(category, book_count)| CategoryCount {
                category: (*category).into(),
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
    ) -> Answer<SearchBooksResponse> {
        let request = request.into_inner();
        let category = domain::category(request.category);
        let size = page_size(request.page_size);
        let page = self
            .0
            .search(&request.query, category, size, &request.page_token)
            .await?;
        Ok(Response::new(SearchBooksResponse {
            books: page.books.into_iter().map(Into::into).collect(),
            next_page_token: page.next_page_token,
        }))
    }

    async fn import_books(
        &self,
        request: Request<Streaming<ImportBooksRequest>>,
    ) -> Answer<ImportBooksResponse> {
        let mut stream = request.into_inner();
        let mut total = ImportCounts::default();
        while let Some(message) = stream.message().await? {
            let books = message
                .books
                .into_iter()
                .filter_map(domain::new_book)
                .collect();
            total += self.0.import(books).await?;
        }
        Ok(Response::new(ImportBooksResponse {
            created: total.created,
            updated: total.updated,
            unchanged: total.unchanged,
        }))
    }

    async fn batch_get_stock(
        &self,
        request: Request<BatchGetStockRequest>,
    ) -> Answer<BatchGetStockResponse> {
        let levels = self
            .0
            .levels(&book_ids(request.into_inner().book_ids))
            .await?;
        Ok(Response::new(BatchGetStockResponse {
            levels: levels.into_iter().map(Into::into).collect(),
        }))
    }

    async fn set_stock(&self, request: Request<SetStockRequest>) -> Answer<SetStockResponse> {
        let request = request.into_inner();
        let level = self
            .0
            .set_stock(BookId(request.book_id), request.on_hand())
            .await?;
        Ok(Response::new(SetStockResponse {
            level: Some(level.into()),
        }))
    }

    async fn reserve_stock(
        &self,
        request: Request<ReserveStockRequest>,
    ) -> Answer<ReserveStockResponse> {
        let request = request.into_inner();
        let hold = Hold {
            request_id: domain::uuid(&request.request_id),
            lines: request.lines.into_iter().map(Into::into).collect(),
            // Refused by the codec where it is negative.
            duration: request.hold.and_then(|hold| Duration::try_from(hold).ok()),
        };
        let reservation = self.0.reserve(&hold).await?;
        Ok(Response::new(ReserveStockResponse {
            reservation: Some(reservation.into()),
        }))
    }

    async fn get_reservation(
        &self,
        request: Request<GetReservationRequest>,
    ) -> Answer<GetReservationResponse> {
        let id = domain::reservation_id(&request.into_inner().reservation_id);
        let reservation = self.0.reservation(id).await?;
        Ok(Response::new(GetReservationResponse {
            reservation: Some(reservation.into()),
        }))
    }

    async fn commit_reservation(
        &self,
        request: Request<CommitReservationRequest>,
    ) -> Answer<CommitReservationResponse> {
        let id = domain::reservation_id(&request.into_inner().reservation_id);
        let reservation = self.0.commit(id).await?;
        Ok(Response::new(CommitReservationResponse {
            reservation: Some(reservation.into()),
        }))
    }

    async fn release_reservation(
        &self,
        request: Request<ReleaseReservationRequest>,
    ) -> Answer<ReleaseReservationResponse> {
        let id = domain::reservation_id(&request.into_inner().reservation_id);
        let reservation = self.0.release(id).await?;
        Ok(Response::new(ReleaseReservationResponse {
            reservation: Some(reservation.into()),
        }))
    }

    type WatchStockStream = Pin<Box<dyn Stream<Item = Result<WatchStockResponse, Status>> + Send>>;

    async fn watch_stock(
        &self,
        request: Request<WatchStockRequest>,
    ) -> Answer<Self::WatchStockStream> {
        let levels = self
            .0
            .watch(&book_ids(request.into_inner().book_ids))
            .await?;
        let answers = levels.map(|level| {
            Ok(WatchStockResponse {
                level: Some(level?.into()),
            })
        });
        Ok(Response::new(Box::pin(answers)))
    }
}

fn book_ids(numbers: Vec<i32>) -> Vec<BookId> {
    numbers.into_iter().map(BookId).collect()
}

fn page_size(asked: i32) -> u32 {
    match u32::try_from(asked) {
        Ok(0) | Err(_) => DEFAULT_PAGE_SIZE,
        Ok(size) => size,
    }
}

//! An in-memory inventory service; `stock` implements stock and reservations.

use std::{collections::BTreeMap, pin::Pin, sync::Arc};

use contract::{
    bookstore::inventory::v1::{
        BatchGetBooksRequest, BatchGetBooksResponse, BatchGetStockRequest, BatchGetStockResponse,
        Book, BookImport, CategoryCount, CommitReservationRequest, CommitReservationResponse,
        GetBookRequest, GetBookResponse, GetReservationRequest, GetReservationResponse,
        ImportBooksRequest, ImportBooksResponse, ListBooksRequest, ListBooksResponse,
        ListCategoriesRequest, ListCategoriesResponse, ListReservationsRequest,
        ListReservationsResponse, ReleaseReservationRequest, ReleaseReservationResponse,
        ReservationState, ReserveStockRequest, ReserveStockResponse, SearchBooksRequest,
        SearchBooksResponse, SetStockRequest, SetStockResponse, WatchStockRequest,
        WatchStockResponse, inventory_service_server::InventoryService,
    },
    errors::inventory as errors,
};
use futures::{Stream, StreamExt, stream};
use rpc::failure;
use tonic::{Request, Response, Status, Streaming};

use super::{
    catalogue::{Catalogue, State},
    stock,
};

/// `bookstore.inventory.v1.InventoryService`, over the shared catalogue.
pub(super) struct Inventory(pub Arc<Catalogue>);

/// Returns a page of the books, sorted by title, and the next page token, which is `scope`
/// and the position of the next book: `list-1@20`.
fn page(
    mut books: Vec<Book>,
    scope: &str,
    size: i32,
    token: &str,
    skip: usize,
) -> Result<(Vec<Book>, String), Status> {
    books.sort_by(|left, right| (&left.title, left.book_id).cmp(&(&right.title, right.book_id)));
    let first = if token.is_empty() {
        0
    } else {
        let position = token
            .strip_prefix(scope)
            .and_then(|it| it.strip_prefix('@'));
        let position = position.and_then(|position| position.parse().ok());
        let position =
            position.filter(|position| *position > 0 && token == format!("{scope}@{position}"));
        position.ok_or_else(|| {
            let message = "the page token is not one that this method gave for the same books";
            failure(errors::PAGE_TOKEN_INVALID, message).into_status()
        })?
    };
    let first = books.len().min(first + skip);
    let size = match usize::try_from(size) {
        Ok(0) | Err(_) => 20,
        Ok(size) => size,
    };
    let end = (first + size).min(books.len());
    let next = if end == books.len() {
        String::new()
    } else {
        format!("{scope}@{end}")
    };
    let books = books.into_iter().skip(first).take(size).collect();
    Ok((books, next))
}

fn import(
    state: &mut State,
    import: BookImport,
    done: &mut ImportBooksResponse,
) -> Result<(), Status> {
    let Some(book) = import.book else {
        return Ok(());
    };
    let number = book.book_id;
    if let Some(on_hand) = import.on_hand {
        stock::set(state, number, on_hand, None)?;
    }
    match state.books.get(&number) {
        None => done.created += 1,
        Some(before) if *before == book => {
            done.unchanged += 1;
            return Ok(());
        }
        Some(_) => done.updated += 1,
    }
    state.revision += 1;
    state.books.insert(number, book);
    Ok(())
}

#[tonic::async_trait]
impl InventoryService for Inventory {
    async fn get_book(
        &self,
        request: Request<GetBookRequest>,
    ) -> Result<Response<GetBookResponse>, Status> {
        let book = self.0.state().book(request.into_inner().book_id)?.clone();
        Ok(Response::new(GetBookResponse { book: Some(book) }))
    }

    async fn batch_get_books(
        &self,
        request: Request<BatchGetBooksRequest>,
    ) -> Result<Response<BatchGetBooksResponse>, Status> {
        let state = self.0.state();
        let mut response = BatchGetBooksResponse::default();
        for number in request.into_inner().book_ids {
            match state.books.get(&number) {
                Some(book) => response.books.push(book.clone()),
                None => response.missing_book_ids.push(number),
            }
        }
        Ok(Response::new(response))
    }

    async fn list_books(
        &self,
        request: Request<ListBooksRequest>,
    ) -> Result<Response<ListBooksResponse>, Status> {
        let request = request.into_inner();
        let state = self.0.state();
        let books = state.books.values();
        let books = books.filter(|it| request.category == 0 || it.category == request.category);
        let scope = format!("list-{}", request.category);
        let (books, next_page_token) = page(
            books.cloned().collect(),
            &scope,
            request.page_size,
            &request.page_token,
            0,
        )?;
        Ok(Response::new(ListBooksResponse {
            books,
            next_page_token,
        }))
    }

    async fn list_categories(
        &self,
        _: Request<ListCategoriesRequest>,
    ) -> Result<Response<ListCategoriesResponse>, Status> {
        let state = self.0.state();
        let mut counts = BTreeMap::new();
        for book in state.books.values() {
            *counts.entry(book.category).or_insert(0) += 1;
        }
        let counts = counts.into_iter();
        Ok(Response::new(ListCategoriesResponse {
            categories: counts
                .map(|(category, book_count)| CategoryCount {
                    category,
                    book_count,
                })
                .collect(),
            catalogue_revision: state.revision,
        }))
    }

    async fn search_books(
        &self,
        request: Request<SearchBooksRequest>,
    ) -> Result<Response<SearchBooksResponse>, Status> {
        let request = request.into_inner();
        let state = self.0.state();
        let query = request.query.trim().to_lowercase();
        let books = state.books.values();
        let books = books.filter(|it| request.category == 0 || it.category == request.category);
        let books = books.filter(|it| it.title.to_lowercase().contains(&query));
        let books: Vec<_> = books.cloned().collect();
        let total_count = i32::try_from(books.len()).unwrap_or(i32::MAX);
        let scope = format!("find-{}-{query}", request.category);
        // The length of a token is bounded; the query may be longer.
        let scope: String = scope.chars().take(110).collect();
        let (books, next_page_token) = page(
            books,
            &scope,
            request.page_size,
            &request.page_token,
            usize::try_from(request.skip).unwrap_or_default(),
        )?;
        Ok(Response::new(SearchBooksResponse {
            books,
            next_page_token,
            total_count,
            ..SearchBooksResponse::default()
        }))
    }

    async fn import_books(
        &self,
        request: Request<Streaming<ImportBooksRequest>>,
    ) -> Result<Response<ImportBooksResponse>, Status> {
        let mut messages = request.into_inner();
        let mut done = ImportBooksResponse::default();
        while let Some(message) = messages.message().await? {
            let mut state = self.0.state();
            for book in message.books {
                import(&mut state, book, &mut done)?;
            }
        }
        Ok(Response::new(done))
    }

    async fn batch_get_stock(
        &self,
        request: Request<BatchGetStockRequest>,
    ) -> Result<Response<BatchGetStockResponse>, Status> {
        let state = self.0.state();
        let numbers = request.into_inner().book_ids.into_iter();
        Ok(Response::new(BatchGetStockResponse {
            levels: numbers.map(|number| state.level(number)).collect(),
        }))
    }

    async fn set_stock(
        &self,
        request: Request<SetStockRequest>,
    ) -> Result<Response<SetStockResponse>, Status> {
        let request = request.into_inner();
        let mut state = self.0.state();
        state.book(request.book_id)?;
        stock::set(
            &mut state,
            request.book_id,
            request.on_hand.unwrap_or_default(),
            request.expected_on_hand,
        )?;
        Ok(Response::new(SetStockResponse {
            level: Some(state.level(request.book_id)),
        }))
    }

    async fn reserve_stock(
        &self,
        request: Request<ReserveStockRequest>,
    ) -> Result<Response<ReserveStockResponse>, Status> {
        let reservation = stock::reserve(&mut self.0.state(), request.into_inner())?;
        Ok(Response::new(ReserveStockResponse {
            reservation: Some(reservation),
        }))
    }

    async fn get_reservation(
        &self,
        request: Request<GetReservationRequest>,
    ) -> Result<Response<GetReservationResponse>, Status> {
        let state = self.0.state();
        let reservation = stock::reservation(&state, &request.into_inner().reservation_id)?;
        Ok(Response::new(GetReservationResponse {
            reservation: Some(reservation),
        }))
    }

    async fn list_reservations(
        &self,
        request: Request<ListReservationsRequest>,
    ) -> Result<Response<ListReservationsResponse>, Status> {
        let request = request.into_inner();
        let state = self.0.state();
        let (reservations, next_page_token) =
            stock::page(&state, request.page_size, &request.page_token)?;
        Ok(Response::new(ListReservationsResponse {
            reservations,
            next_page_token,
        }))
    }

    async fn commit_reservation(
        &self,
        request: Request<CommitReservationRequest>,
    ) -> Result<Response<CommitReservationResponse>, Status> {
        let id = request.into_inner().reservation_id;
        let reservation = stock::finish(&mut self.0.state(), &id, ReservationState::Committed)?;
        Ok(Response::new(CommitReservationResponse {
            reservation: Some(reservation),
        }))
    }

    async fn release_reservation(
        &self,
        request: Request<ReleaseReservationRequest>,
    ) -> Result<Response<ReleaseReservationResponse>, Status> {
        let id = request.into_inner().reservation_id;
        let reservation = stock::finish(&mut self.0.state(), &id, ReservationState::Released)?;
        Ok(Response::new(ReleaseReservationResponse {
            reservation: Some(reservation),
        }))
    }

    type WatchStockStream = Pin<Box<dyn Stream<Item = Result<WatchStockResponse, Status>> + Send>>;

    async fn watch_stock(
        &self,
        request: Request<WatchStockRequest>,
    ) -> Result<Response<Self::WatchStockStream>, Status> {
        let state = self.0.state();
        let numbers = request.into_inner().book_ids;
        let mut levels = Vec::new();
        for number in numbers {
            state.book(number)?;
            let level = Some(state.level(number));
            levels.push(Ok(WatchStockResponse { level }));
        }
        // Changes are not reported, but the stream stays open, as the contract requires.
        let levels = stream::iter(levels).chain(stream::pending());
        Ok(Response::new(Box::pin(levels)))
    }
}

//! An InventoryService with five books, and with a fault if wanted.

use std::{
    collections::HashMap,
    pin::Pin,
    sync::{
        Mutex,
        atomic::{AtomicI32, Ordering},
    },
};

use contract::{
    DeclaredError,
    bookstore::{
        inventory::v1::{inventory_service_server::*, *},
        r#type::v1::Money,
    },
    errors::inventory as errors,
};
use rpc::failure;
use tokio_stream::{Stream, StreamExt};
use tonic::{Request, Response, Status, Streaming};

/// The single fault of a server.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fault {
    None,
    OverlappingPages,
    PageSizeIgnored,
    EndlessPages,
    AnyPageTokenAccepted,
    AnswersDiffer,
    ReplayExecutedAgain,
    ReplayAcceptsAnyBody,
    WrongHealth,
    /// Not a fault: another client removes the first book while pages of one book are read.
    BookRemoved,
}

pub(super) struct Books {
    fault: Fault,
    /// The reserved lines and the answer, by request id.
    replays: Mutex<HashMap<String, (Vec<ReservationLine>, Reservation)>>,
    calls: AtomicI32,
}

impl Books {
    pub(super) fn new(fault: Fault) -> Self {
        Self {
            fault,
            replays: Mutex::default(),
            calls: AtomicI32::new(0),
        }
    }

    /// A page of the five books. Page tokens are the number of the next book.
    fn page(&self, size: i32, token: &str) -> Result<(Vec<Book>, String), Status> {
        if self.fault == Fault::BookRemoved && size == 1 && token == "2" {
            self.calls.store(1, Ordering::Relaxed);
        }
        let first = match token {
            "" if self.fault == Fault::BookRemoved => Some(1 + self.calls.load(Ordering::Relaxed)),
            "" => Some(1),
            token => token.parse().ok().filter(|first| (1..=5).contains(first)),
        };
        let first = match first {
            Some(first) => first,
            None if self.fault == Fault::AnyPageTokenAccepted => 1,
            None => {
                let failure = failure(errors::PAGE_TOKEN_INVALID, "not ours");
                return Err(failure.into_status());
            }
        };
        let size = match size {
            0 => 20,
            _ if self.fault == Fault::PageSizeIgnored => 4,
            size => size,
        };
        let last = i32::saturating_add(first, size - 1).min(5);
        let next = match (last, self.fault) {
            (5, Fault::EndlessPages) => "5".to_owned(),
            (5, _) => String::new(),
            (last, Fault::OverlappingPages) if size > 1 => last.to_string(),
            (last, _) => (last + 1).to_string(),
        };
        Ok(((first..=last).map(book).collect(), next))
    }
}

type Answer<T> = Result<Response<T>, Status>;

fn book(book_id: i32) -> Book {
    Book {
        book_id,
        title: format!("Book {book_id}"),
        category: BookCategory::Mystery.into(),
        price: Some(Money {
            currency_code: "USD".to_owned(),
            amount_minor: Some(1299),
        }),
        ..Book::default()
    }
}

fn level(book_id: i32) -> StockLevel {
    StockLevel {
        book_id,
        on_hand: 5,
        reserved: 0,
        available: 5,
    }
}

fn missing(error: DeclaredError) -> Status {
    failure(error, "there is none").into_status()
}

#[tonic::async_trait]
impl InventoryService for Books {
    async fn get_book(&self, request: Request<GetBookRequest>) -> Answer<GetBookResponse> {
        match request.into_inner().book_id {
            book_id @ 1..=5 => {
                let mut book = book(book_id);
                if self.fault == Fault::AnswersDiffer {
                    book.title = self.calls.fetch_add(1, Ordering::Relaxed).to_string();
                }
                Ok(Response::new(GetBookResponse { book: Some(book) }))
            }
            _ => Err(missing(errors::BOOK_NOT_FOUND)),
        }
    }

    async fn batch_get_books(
        &self,
        request: Request<BatchGetBooksRequest>,
    ) -> Answer<BatchGetBooksResponse> {
        let (found, missing) = request
            .into_inner()
            .book_ids
            .into_iter()
            .partition::<Vec<i32>, _>(|book_id| *book_id <= 5);
        Ok(Response::new(BatchGetBooksResponse {
            books: found.into_iter().map(book).collect(),
            missing_book_ids: missing,
        }))
    }

    async fn list_books(&self, request: Request<ListBooksRequest>) -> Answer<ListBooksResponse> {
        let request = request.into_inner();
        let (books, next_page_token) = self.page(request.page_size, &request.page_token)?;
        Ok(Response::new(ListBooksResponse {
            books,
            next_page_token,
        }))
    }

    async fn list_categories(
        &self,
        _: Request<ListCategoriesRequest>,
    ) -> Answer<ListCategoriesResponse> {
        Ok(Response::new(ListCategoriesResponse::default()))
    }

    async fn search_books(
        &self,
        request: Request<SearchBooksRequest>,
    ) -> Answer<SearchBooksResponse> {
        let request = request.into_inner();
        let (books, next_page_token) = self.page(request.page_size, &request.page_token)?;
        Ok(Response::new(SearchBooksResponse {
            books,
            next_page_token,
            ..SearchBooksResponse::default()
        }))
    }

    async fn import_books(
        &self,
        request: Request<Streaming<ImportBooksRequest>>,
    ) -> Answer<ImportBooksResponse> {
        let mut messages = request.into_inner();
        let mut created = 0;
        while let Some(message) = messages.message().await? {
            created += i64::try_from(message.books.len()).expect("few");
        }
        Ok(Response::new(ImportBooksResponse {
            created,
            ..ImportBooksResponse::default()
        }))
    }

    async fn batch_get_stock(
        &self,
        request: Request<BatchGetStockRequest>,
    ) -> Answer<BatchGetStockResponse> {
        let levels = request.into_inner().book_ids.into_iter().map(level);
        Ok(Response::new(BatchGetStockResponse {
            levels: levels.collect(),
        }))
    }

    async fn set_stock(&self, request: Request<SetStockRequest>) -> Answer<SetStockResponse> {
        let request = request.into_inner();
        let level = StockLevel {
            on_hand: request.on_hand(),
            available: request.on_hand(),
            ..level(request.book_id)
        };
        Ok(Response::new(SetStockResponse { level: Some(level) }))
    }

    async fn reserve_stock(
        &self,
        request: Request<ReserveStockRequest>,
    ) -> Answer<ReserveStockResponse> {
        let request = request.into_inner();
        let mut replays = self.replays.lock().expect("no panic");
        let number = self.calls.fetch_add(1, Ordering::Relaxed);
        let made = Reservation {
            reservation_id: format!("01890000-0000-7000-8000-{number:012}"),
            lines: request.lines.clone(),
            state: ReservationState::Held.into(),
            expire_time: Some(prost_types::Timestamp::default()),
        };
        let reservation = match replays.get(&request.request_id) {
            Some((lines, _))
                if *lines != request.lines && self.fault != Fault::ReplayAcceptsAnyBody =>
            {
                let failure = failure(errors::REQUEST_ID_REUSED, "used");
                return Err(failure.into_status());
            }
            Some((_, earlier)) if self.fault != Fault::ReplayExecutedAgain => earlier.clone(),
            _ => {
                replays.insert(request.request_id, (request.lines, made.clone()));
                made
            }
        };
        Ok(Response::new(ReserveStockResponse {
            reservation: Some(reservation),
        }))
    }

    async fn get_reservation(
        &self,
        _: Request<GetReservationRequest>,
    ) -> Answer<GetReservationResponse> {
        Err(missing(errors::RESERVATION_NOT_FOUND))
    }

    async fn list_reservations(
        &self,
        request: Request<ListReservationsRequest>,
    ) -> Answer<ListReservationsResponse> {
        // There are no reservations, and so no page after the first one.
        if !request.into_inner().page_token.is_empty() {
            return Err(failure(errors::PAGE_TOKEN_INVALID, "not ours").into_status());
        }
        Ok(Response::new(ListReservationsResponse::default()))
    }

    async fn commit_reservation(
        &self,
        _: Request<CommitReservationRequest>,
    ) -> Answer<CommitReservationResponse> {
        Err(missing(errors::RESERVATION_NOT_FOUND))
    }

    async fn release_reservation(
        &self,
        _: Request<ReleaseReservationRequest>,
    ) -> Answer<ReleaseReservationResponse> {
        Err(missing(errors::RESERVATION_NOT_FOUND))
    }

    type WatchStockStream = Pin<Box<dyn Stream<Item = Result<WatchStockResponse, Status>> + Send>>;

    async fn watch_stock(
        &self,
        request: Request<WatchStockRequest>,
    ) -> Answer<Self::WatchStockStream> {
        let levels: Vec<_> = request
            .into_inner()
            .book_ids
            .into_iter()
            .map(|book_id| {
                Ok(WatchStockResponse {
                    level: Some(level(book_id)),
                })
            })
            .collect();
        let stream = tokio_stream::iter(levels).chain(tokio_stream::pending());
        Ok(Response::new(Box::pin(stream)))
    }
}

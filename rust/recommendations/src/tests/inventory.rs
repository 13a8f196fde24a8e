//! A fake Inventory with the books of a test, which can be made unavailable.

use std::sync::{Arc, Mutex, MutexGuard};

use contract::bookstore::{
    inventory::v1::{inventory_service_server::InventoryService, *},
    r#type::v1::Money,
};
use tonic::{Request, Response, Status, Streaming, codegen::BoxStream};

/// The fake. Clones share the same books.
#[derive(Debug, Clone, Default)]
pub struct FakeInventory(Arc<Mutex<State>>);

#[derive(Debug, Default)]
struct State {
    books: Vec<Book>,
    revision: i64,
    down: bool,
    lists: usize,
}

impl FakeInventory {
    /// A fake with these books.
    pub fn with(books: impl IntoIterator<Item = (i32, impl ToString, BookCategory)>) -> Self {
        let inventory = Self::default();
        inventory.replace(books);
        inventory
    }

    /// A fake that is unavailable.
    pub fn down() -> Self {
        let inventory = Self::default();
        inventory.set_down(true);
        inventory
    }

    /// Replaces the catalogue and increases its revision.
    pub fn replace(&self, books: impl IntoIterator<Item = (i32, impl ToString, BookCategory)>) {
        let mut state = self.state();
        state.books = books
            .into_iter()
            .map(|(book_id, title, category)| book(book_id, title.to_string(), category))
            .collect();
        state.revision += 1;
    }

    /// While `down` is set, every call fails with UNAVAILABLE.
    pub fn set_down(&self, down: bool) {
        self.state().down = down;
    }

    /// The number of pages that were listed so far.
    pub fn pages_read(&self) -> usize {
        self.state().lists
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().expect("no test panics with the lock")
    }

    fn state_if_up(&self) -> Result<MutexGuard<'_, State>, Status> {
        let state = self.state();
        if state.down {
            Err(Status::unavailable("the fake inventory is down"))
        } else {
            Ok(state)
        }
    }
}

fn book(book_id: i32, title: String, category: BookCategory) -> Book {
    Book {
        book_id,
        title,
        category: category.into(),
        price: Some(Money {
            currency_code: "USD".to_owned(),
            amount_minor: Some(1299),
        }),
        ..Book::default()
    }
}

fn not_faked<T>() -> Result<Response<T>, Status> {
    Err(Status::unimplemented("not part of the fake"))
}

#[tonic::async_trait]
impl InventoryService for FakeInventory {
    async fn list_categories(
        &self,
        _: Request<ListCategoriesRequest>,
    ) -> Result<Response<ListCategoriesResponse>, Status> {
        Ok(Response::new(ListCategoriesResponse {
            categories: Vec::new(),
            catalogue_revision: self.state_if_up()?.revision,
        }))
    }

    /// Page tokens are positions in the list.
    async fn list_books(
        &self,
        request: Request<ListBooksRequest>,
    ) -> Result<Response<ListBooksResponse>, Status> {
        let request = request.into_inner();
        let mut state = self.state_if_up()?;
        state.lists += 1;
        let start: usize = request.page_token.parse().unwrap_or(0);
        let end = (start + request.page_size as usize).min(state.books.len());
        let next_page_token = if end < state.books.len() {
            end.to_string()
        } else {
            String::new()
        };
        Ok(Response::new(ListBooksResponse {
            books: state.books[start.min(end)..end].to_vec(),
            next_page_token,
        }))
    }

    async fn get_book(
        &self,
        _: Request<GetBookRequest>,
    ) -> Result<Response<GetBookResponse>, Status> {
        not_faked()
    }

    async fn batch_get_books(
        &self,
        _: Request<BatchGetBooksRequest>,
    ) -> Result<Response<BatchGetBooksResponse>, Status> {
        not_faked()
    }

    async fn search_books(
        &self,
        _: Request<SearchBooksRequest>,
    ) -> Result<Response<SearchBooksResponse>, Status> {
        not_faked()
    }

    async fn import_books(
        &self,
        _: Request<Streaming<ImportBooksRequest>>,
    ) -> Result<Response<ImportBooksResponse>, Status> {
        not_faked()
    }

    async fn batch_get_stock(
        &self,
        _: Request<BatchGetStockRequest>,
    ) -> Result<Response<BatchGetStockResponse>, Status> {
        not_faked()
    }

    async fn set_stock(
        &self,
        _: Request<SetStockRequest>,
    ) -> Result<Response<SetStockResponse>, Status> {
        not_faked()
    }

    async fn reserve_stock(
        &self,
        _: Request<ReserveStockRequest>,
    ) -> Result<Response<ReserveStockResponse>, Status> {
        not_faked()
    }

    async fn get_reservation(
        &self,
        _: Request<GetReservationRequest>,
    ) -> Result<Response<GetReservationResponse>, Status> {
        not_faked()
    }

    async fn commit_reservation(
        &self,
        _: Request<CommitReservationRequest>,
    ) -> Result<Response<CommitReservationResponse>, Status> {
        not_faked()
    }

    async fn release_reservation(
        &self,
        _: Request<ReleaseReservationRequest>,
    ) -> Result<Response<ReleaseReservationResponse>, Status> {
        not_faked()
    }

    type WatchStockStream = BoxStream<WatchStockResponse>;

    async fn watch_stock(
        &self,
        _: Request<WatchStockRequest>,
    ) -> Result<Response<Self::WatchStockStream>, Status> {
        not_faked()
    }
}

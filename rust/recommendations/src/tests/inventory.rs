//! An Inventory that holds what the test gives it and fails when told to.

use std::sync::{Arc, Mutex, MutexGuard};

use contract::bookstore::{
    inventory::v1::{inventory_service_server::InventoryService, *},
    r#type::v1::Money,
};
use tonic::{Request, Response, Status, Streaming, codegen::BoxStream};

/// Clones are the same Inventory.
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
    /// An Inventory with these books.
    pub fn with(books: impl IntoIterator<Item = (i32, impl ToString, BookCategory)>) -> Self {
        let inventory = Self::default();
        inventory.replace(books);
        inventory
    }

    /// An Inventory that does not answer yet.
    pub fn down() -> Self {
        let inventory = Self::default();
        inventory.set_down(true);
        inventory
    }

    /// Changes the catalogue, and its revision with it.
    pub fn replace(&self, books: impl IntoIterator<Item = (i32, impl ToString, BookCategory)>) {
        let mut state = self.state();
        state.books = books
            .into_iter()
            .map(|(book_id, title, category)| book(book_id, title.to_string(), category))
            .collect();
        state.revision += 1;
    }

    /// Makes every call fail, or none.
    pub fn set_down(&self, down: bool) {
        self.state().down = down;
    }

    /// How many pages of the catalogue were read.
    pub fn pages_read(&self) -> usize {
        self.state().lists
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().expect("no test panics with the lock")
    }

    fn up(&self) -> Result<MutexGuard<'_, State>, Status> {
        let state = self.state();
        match state.down {
            true => Err(Status::unavailable("the fake inventory is down")),
            false => Ok(state),
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

fn not_faked<Answer>() -> Result<Response<Answer>, Status> {
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
            catalogue_revision: self.up()?.revision,
        }))
    }

    /// Page tokens are positions in the list.
    async fn list_books(
        &self,
        request: Request<ListBooksRequest>,
    ) -> Result<Response<ListBooksResponse>, Status> {
        let request = request.into_inner();
        let mut state = self.up()?;
        state.lists += 1;
        let start: usize = request.page_token.parse().unwrap_or(0);
        let end = (start + request.page_size as usize).min(state.books.len());
        let next_page_token = match end < state.books.len() {
            true => end.to_string(),
            false => String::new(),
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

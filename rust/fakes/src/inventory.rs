//! The fake of `bookstore.inventory.v1`.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
};

use contract::{
    bookstore::inventory::v1::{inventory_service_server::InventoryService, *},
    errors::inventory as errors,
};
use rpc::failure;
use text_normalization::slug;
use tonic::{Request, Response, Status, Streaming, codegen::BoxStream};

use crate::{Fault, FaultSwitch, lock, stock::Stock};

/// A fake Inventory. Clones share the same books and faults.
#[derive(Clone, Debug, Default)]
pub struct FakeInventory {
    state: Arc<Mutex<State>>,
    /// Its faults.
    pub faults: FaultSwitch,
}

#[derive(Debug, Default)]
struct State {
    books: Vec<Book>,
    revision: i64,
    stock: Stock,
    did_you_mean: String,
}

impl FakeInventory {
    /// An Inventory with these books. Until it is set, the number of copies is the last digit
    /// of the book id, or 40 if that digit is above 5.
    pub fn of(books: &[Book]) -> Self {
        let inventory = Self::default();
        inventory.replace(books);
        inventory
    }

    /// An Inventory without books, whose calls fail with UNAVAILABLE.
    pub fn down() -> Self {
        let inventory = Self::default();
        inventory.set_down(true);
        inventory
    }

    /// Replaces the catalogue and increases its revision.
    pub fn replace(&self, books: &[Book]) {
        let mut state = lock(&self.state);
        state.books = books.to_vec();
        state.revision += 1;
    }

    /// Sets the other spelling that all searches suggest.
    pub fn set_did_you_mean(&self, query: &str) {
        query.clone_into(&mut lock(&self.state).did_you_mean);
    }

    /// While `down` is set, all calls fail with UNAVAILABLE.
    pub fn set_down(&self, down: bool) {
        let fault = if down { Fault::Down } else { Fault::None };
        self.faults.set("*", fault);
    }

    /// Sets the number of copies of a book, with the reserved ones.
    pub fn set_on_hand(&self, book_id: i32, on_hand: i32) {
        lock(&self.state).stock.set_on_hand(book_id, on_hand);
    }

    /// Sets the time by which reservations are made and expire, in seconds since 1970.
    pub fn set_time(&self, seconds: i64) {
        lock(&self.state).stock.set_time(seconds);
    }

    /// The stock of a book.
    pub fn level(&self, book_id: i32) -> StockLevel {
        lock(&self.state).stock.level(book_id)
    }

    fn find(&self, id: i32) -> Option<Book> {
        let state = lock(&self.state);
        state.books.iter().find(|book| book.book_id == id).cloned()
    }
}

fn not_faked<A>() -> Result<Response<A>, Status> {
    Err(Status::unimplemented("not part of the fake"))
}

/// One page of a list. The token `at/N` starts at position N.
fn page(books: &[Book], size: i32, token: &str) -> Result<(Vec<Book>, String), Status> {
    let start = match token {
        "" => 0,
        token => token
            .strip_prefix("at/")
            .and_then(|at| at.parse().ok())
            .ok_or_else(|| Status::invalid_argument("not a token of this method"))?,
    };
    let end = books
        .len()
        .min(start + usize::try_from(size).unwrap_or_default());
    let next = if end < books.len() {
        format!("at/{end}")
    } else {
        String::new()
    };
    Ok((books[start.min(end)..end].to_vec(), next))
}

#[tonic::async_trait]
impl InventoryService for FakeInventory {
    async fn get_book(
        &self,
        request: Request<GetBookRequest>,
    ) -> Result<Response<GetBookResponse>, Status> {
        self.faults.apply("get_book").await?;
        let book = self.find(request.into_inner().book_id);
        let book = book.ok_or_else(|| Status::not_found("no book has this number"))?;
        Ok(Response::new(GetBookResponse { book: Some(book) }))
    }

    async fn batch_get_books(
        &self,
        request: Request<BatchGetBooksRequest>,
    ) -> Result<Response<BatchGetBooksResponse>, Status> {
        self.faults.apply("batch_get_books").await?;
        let ids = request.into_inner().book_ids;
        Ok(Response::new(BatchGetBooksResponse {
            books: ids.iter().filter_map(|id| self.find(*id)).collect(),
            missing_book_ids: Vec::new(),
        }))
    }

    async fn list_books(
        &self,
        request: Request<ListBooksRequest>,
    ) -> Result<Response<ListBooksResponse>, Status> {
        self.faults.apply("list_books").await?;
        let request = request.into_inner();
        let state = lock(&self.state);
        let of_category = |book: &&Book| [0, book.category].contains(&request.category);
        let books: Vec<_> = state.books.iter().filter(of_category).cloned().collect();
        let (books, next_page_token) = page(&books, request.page_size, &request.page_token)?;
        Ok(Response::new(ListBooksResponse {
            books,
            next_page_token,
        }))
    }

    async fn list_categories(
        &self,
        _: Request<ListCategoriesRequest>,
    ) -> Result<Response<ListCategoriesResponse>, Status> {
        self.faults.apply("list_categories").await?;
        let mut counts = BTreeMap::new();
        let state = lock(&self.state);
        for book in &state.books {
            *counts.entry(book.category).or_default() += 1;
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
        self.faults.apply("search_books").await?;
        let request = request.into_inner();
        let words = request.query.to_lowercase();
        let matches = |book: &&Book| {
            let authors = book.authors.join(" ");
            let text = format!("{} {authors} {}", book.title, book.series).to_lowercase();
            words.split_whitespace().all(|word| text.contains(word))
        };
        let state = lock(&self.state);
        let price = |book: &Book| book.price.as_ref().and_then(|price| price.amount_minor);
        let passes = |book: &&Book| {
            [0, book.category].contains(&request.category)
                && request
                    .min_price_minor
                    .is_none_or(|min| price(book) >= Some(min))
                && request
                    .max_price_minor
                    .is_none_or(|max| price(book) <= Some(max))
        };
        let is_in_stock = |book: &Book| state.stock.level(book.book_id).available > 0;
        let is_by_author = |book: &&Book| {
            let mut names = book.authors.iter();
            request.author.is_empty() || names.any(|name| slug(name) == slug(&request.author))
        };
        let is_of_series =
            |book: &&Book| request.series.is_empty() || slug(&book.series) == slug(&request.series);
        let all = state.books.iter().filter(matches);
        let all = all.filter(is_by_author).filter(is_of_series);
        let all: Vec<_> = all.cloned().collect();
        let passing: Vec<_> = all.iter().filter(passes).cloned().collect();
        let in_stock_count = passing.iter().filter(|book| is_in_stock(book)).count();
        let found = passing.into_iter();
        let found = found.filter(|book| !request.in_stock_only || is_in_stock(book));
        let mut found: Vec<_> = found.collect();
        if request.order() == SearchOrder::PriceAscending {
            found.sort_by_key(price);
        }
        if request.order() == SearchOrder::Series {
            found.sort_by(|left, right| left.series_number.cmp(&right.series_number));
        }
        let mut counts = BTreeMap::new();
        for book in &all {
            *counts.entry(book.category).or_default() += 1;
        }
        let categories = counts
            .into_iter()
            .map(|(category, book_count)| CategoryFacet {
                category,
                book_count,
            });
        let facets = SearchFacets {
            categories: categories.collect(),
            in_stock_count: i32::try_from(in_stock_count).unwrap_or(i32::MAX),
            ..SearchFacets::default()
        };
        let skipped = found
            .len()
            .min(usize::try_from(request.skip).unwrap_or_default());
        let (books, next_page_token) =
            page(&found[skipped..], request.page_size, &request.page_token)?;
        Ok(Response::new(SearchBooksResponse {
            books,
            next_page_token,
            total_count: i32::try_from(found.len()).unwrap_or(i32::MAX),
            did_you_mean: state.did_you_mean.clone(),
            facets: request.with_facets.then_some(facets),
        }))
    }

    async fn batch_get_stock(
        &self,
        request: Request<BatchGetStockRequest>,
    ) -> Result<Response<BatchGetStockResponse>, Status> {
        self.faults.apply("batch_get_stock").await?;
        let ids = request.into_inner().book_ids;
        let ids = ids.into_iter().filter(|id| self.find(*id).is_some());
        Ok(Response::new(BatchGetStockResponse {
            levels: ids.map(|book_id| self.level(book_id)).collect(),
        }))
    }

    async fn import_books(
        &self,
        _: Request<Streaming<ImportBooksRequest>>,
    ) -> Result<Response<ImportBooksResponse>, Status> {
        not_faked()
    }

    async fn set_stock(
        &self,
        request: Request<SetStockRequest>,
    ) -> Result<Response<SetStockResponse>, Status> {
        self.faults.apply("set_stock").await?;
        let request = request.into_inner();
        let before = self.level(request.book_id).on_hand;
        let is_expected = request.expected_on_hand.is_none_or(|it| it == before);
        if !is_expected && before != request.on_hand() {
            let refused = failure(errors::STOCK_CHANGED, "it has changed");
            return Err(refused.with("on_hand", before).into_status());
        }
        self.set_on_hand(request.book_id, request.on_hand());
        let level = Some(self.level(request.book_id));
        Ok(Response::new(SetStockResponse { level }))
    }

    async fn reserve_stock(
        &self,
        request: Request<ReserveStockRequest>,
    ) -> Result<Response<ReserveStockResponse>, Status> {
        let reserve = || lock(&self.state).stock.reserve(request.into_inner());
        let response = self.faults.serve("reserve_stock", reserve).await?;
        Ok(Response::new(response))
    }

    async fn get_reservation(
        &self,
        _: Request<GetReservationRequest>,
    ) -> Result<Response<GetReservationResponse>, Status> {
        not_faked()
    }

    async fn list_reservations(
        &self,
        _: Request<ListReservationsRequest>,
    ) -> Result<Response<ListReservationsResponse>, Status> {
        not_faked()
    }

    async fn commit_reservation(
        &self,
        request: Request<CommitReservationRequest>,
    ) -> Result<Response<CommitReservationResponse>, Status> {
        let id = request.into_inner().reservation_id;
        let commit = || lock(&self.state).stock.commit(&id);
        let reservation = Some(self.faults.serve("commit_reservation", commit).await?);
        Ok(Response::new(CommitReservationResponse { reservation }))
    }

    async fn release_reservation(
        &self,
        request: Request<ReleaseReservationRequest>,
    ) -> Result<Response<ReleaseReservationResponse>, Status> {
        let id = request.into_inner().reservation_id;
        let release = || lock(&self.state).stock.release(&id);
        let reservation = Some(self.faults.serve("release_reservation", release).await?);
        Ok(Response::new(ReleaseReservationResponse { reservation }))
    }

    type WatchStockStream = BoxStream<WatchStockResponse>;

    async fn watch_stock(
        &self,
        _: Request<WatchStockRequest>,
    ) -> Result<Response<Self::WatchStockStream>, Status> {
        not_faked()
    }
}

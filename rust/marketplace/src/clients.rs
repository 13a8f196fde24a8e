//! What the shop asks of its services, one function a method.

use std::collections::{HashMap, HashSet};

use contract::bookstore::{
    inventory::v1::{
        BatchGetBooksRequest, BatchGetStockRequest, Book, BookCategory, GetBookRequest,
        ListBooksRequest, ListCategoriesRequest, SearchBooksRequest,
    },
    recommendations::v1::{BookRecommendation, RecommendRequest},
};

use crate::{
    category::CategoryInfo,
    deadline::{Deadline, Failure},
    options::Clients,
};

/// The most that BatchGetBooks and BatchGetStock accept.
const BATCH_LIMIT: usize = 100;

/// Part of a list, with the token of what comes after it; empty at the end.
#[derive(Debug, Default)]
pub(crate) struct BookListPage {
    pub books: Vec<Book>,
    pub next_page_token: String,
}

/// Calls a method of a client: clones the client, since generated methods borrow
/// theirs for the length of the call.
macro_rules! call {
    ($deadline:expr, $client:expr, $method:ident, $message:expr) => {{
        let mut client = $client.clone();
        $deadline
            .call(stringify!($method), $message, async move |request| {
                client.$method(request).await
            })
            .await
    }};
}

impl Clients {
    /// The shelves that hold books, with how many.
    pub(crate) async fn categories(
        &self,
        deadline: Deadline,
    ) -> Result<Vec<(&'static CategoryInfo, u64)>, Failure> {
        let request = ListCategoriesRequest {};
        let answer = call!(deadline, self.inventory, list_categories, request)?;
        let counts: HashMap<_, _> = answer
            .categories
            .iter()
            .map(|count| (count.category, count.book_count))
            .collect();
        let in_order = crate::category::CATEGORIES.iter().filter_map(|category| {
            let count = *counts.get(&(category.id as i32))?;
            Some((
                category,
                u64::try_from(count).ok().filter(|count| *count > 0)?,
            ))
        });
        Ok(in_order.collect())
    }

    /// One book.
    pub(crate) async fn book(&self, deadline: Deadline, book_id: i32) -> Result<Book, Failure> {
        let request = GetBookRequest { book_id };
        let answer = call!(deadline, self.inventory, get_book, request)?;
        answer.book.ok_or(Failure::Unavailable)
    }

    /// Those of the books that exist, by number.
    pub(crate) async fn books(
        &self,
        deadline: Deadline,
        ids: impl IntoIterator<Item = i32>,
    ) -> Result<HashMap<i32, Book>, Failure> {
        let book_ids = distinct(ids);
        if book_ids.is_empty() {
            return Ok(HashMap::new());
        }
        let request = BatchGetBooksRequest { book_ids };
        let answer = call!(deadline, self.inventory, batch_get_books, request)?;
        let books = answer.books.into_iter();
        Ok(books.map(|book| (book.book_id, book)).collect())
    }

    /// How many copies of the books can be sold, by number.
    pub(crate) async fn stock(
        &self,
        deadline: Deadline,
        ids: impl IntoIterator<Item = i32>,
    ) -> Result<HashMap<i32, i32>, Failure> {
        let book_ids = distinct(ids);
        if book_ids.is_empty() {
            return Ok(HashMap::new());
        }
        let request = BatchGetStockRequest { book_ids };
        let answer = call!(deadline, self.inventory, batch_get_stock, request)?;
        let levels = answer.levels.into_iter();
        Ok(levels
            .map(|level| (level.book_id, level.available))
            .collect())
    }

    /// Some books of a category, drawn at random.
    pub(crate) async fn recommend(
        &self,
        deadline: Deadline,
        category: BookCategory,
        max_results: i32,
    ) -> Result<Vec<BookRecommendation>, Failure> {
        let request = RecommendRequest {
            // Nobody is signed in.
            user_id: String::new(),
            category: category.into(),
            max_results,
        };
        let answer = call!(deadline, self.recommendations, recommend, request)?;
        Ok(answer.recommendations)
    }

    /// A part of a category, by title.
    pub(crate) async fn list(
        &self,
        deadline: Deadline,
        category: BookCategory,
        page_size: i32,
        page_token: String,
    ) -> Result<BookListPage, Failure> {
        let request = ListBooksRequest {
            category: category.into(),
            page_size,
            page_token,
        };
        let answer = call!(deadline, self.inventory, list_books, request)?;
        Ok(BookListPage {
            books: answer.books,
            next_page_token: answer.next_page_token,
        })
    }

    /// A part of what matches a query, best first. `Unspecified` searches all
    /// categories.
    pub(crate) async fn search(
        &self,
        deadline: Deadline,
        query: String,
        category: BookCategory,
        page_size: i32,
        page_token: String,
    ) -> Result<BookListPage, Failure> {
        let request = SearchBooksRequest {
            query,
            category: category.into(),
            page_size,
            page_token,
        };
        let answer = call!(deadline, self.inventory, search_books, request)?;
        Ok(BookListPage {
            books: answer.books,
            next_page_token: answer.next_page_token,
        })
    }
}

/// Batch methods refuse a number that occurs twice.
fn distinct(ids: impl IntoIterator<Item = i32>) -> Vec<i32> {
    let mut seen = HashSet::new();
    let fresh = ids.into_iter().filter(|id| seen.insert(*id));
    fresh.take(BATCH_LIMIT).collect()
}

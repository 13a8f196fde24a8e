//! The calls that the shop makes to its services: one function for each method.

use std::collections::{HashMap, HashSet};

use contract::bookstore::{
    inventory::v1::{
        BatchGetBooksRequest, BatchGetStockRequest, Book, BookCategory, GetBookRequest,
        ListBooksRequest, ListCategoriesRequest, SearchBooksRequest, SearchBooksResponse,
    },
    recommendations::v1::{BookRecommendation, ListAlsoBoughtRequest, RecommendRequest},
    reviews::v1::{GetRatingRequest, ListReviewsRequest, Rating, Review, ReviewOrder},
};

use crate::{
    category::CategoryInfo,
    deadline::{Deadline, Failure},
    options::Clients,
    visitor::Visitor,
};

/// The largest number of ids that BatchGetBooks and BatchGetStock accept.
const MAX_BATCH_SIZE: usize = 100;

/// One page of a list. `next_page_token` is empty on the last page.
#[derive(Debug, Default)]
pub(crate) struct BookListPage {
    pub books: Vec<Book>,
    pub next_page_token: String,
}

/// Calls a method of a client. It clones the client because generated methods borrow it
/// mutably during the call.
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
    /// The categories that contain books, with the number of books, in display order.
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
        let non_empty = crate::category::CATEGORIES.iter().filter_map(|category| {
            let count = *counts.get(&(category.id as i32))?;
            Some((
                category,
                u64::try_from(count).ok().filter(|count| *count > 0)?,
            ))
        });
        Ok(non_empty.collect())
    }

    /// The revision of the catalogue, which grows with every change of it.
    pub(crate) async fn catalogue_revision(&self, deadline: Deadline) -> Result<i64, Failure> {
        let request = ListCategoriesRequest {};
        let answer = call!(deadline, self.inventory, list_categories, request)?;
        Ok(answer.catalogue_revision)
    }

    /// Gets one book.
    pub(crate) async fn book(&self, deadline: Deadline, book_id: i32) -> Result<Book, Failure> {
        let request = GetBookRequest { book_id };
        let answer = call!(deadline, self.inventory, get_book, request)?;
        answer.book.ok_or(Failure::Unavailable)
    }

    /// Gets the books that exist, by id.
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

    /// The number of available copies of each book, by id.
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

    /// Recommended books of a category: for the reader who is signed in, or chosen at random
    /// if nobody is, and if nothing is known about the reader in half of the time.
    pub(crate) async fn recommend_to(
        &self,
        visitor: &Visitor,
        deadline: Deadline,
        category: BookCategory,
        max_results: i32,
    ) -> Result<Vec<BookRecommendation>, Failure> {
        if let Some(account) = &visitor.account {
            let request = RecommendRequest {
                user_id: account.account_id.clone(),
                category: category.into(),
                max_results,
            };
            let deadline = deadline.fraction(0.5);
            let answer = call!(deadline, self.recommendations, recommend, request);
            if let Ok(answer) = answer {
                return Ok(answer.recommendations);
            }
        }
        self.recommend(deadline, category, max_results).await
    }

    /// Recommended books of a category, chosen at random.
    pub(crate) async fn recommend(
        &self,
        deadline: Deadline,
        category: BookCategory,
        max_results: i32,
    ) -> Result<Vec<BookRecommendation>, Failure> {
        let request = RecommendRequest {
            user_id: String::new(),
            category: category.into(),
            max_results,
        };
        let answer = call!(deadline, self.recommendations, recommend, request)?;
        Ok(answer.recommendations)
    }

    /// The books that readers of a book have also bought, the best match first.
    pub(crate) async fn also_bought(
        &self,
        deadline: Deadline,
        book_id: i32,
        max_results: i32,
    ) -> Result<Vec<BookRecommendation>, Failure> {
        let request = ListAlsoBoughtRequest {
            book_id,
            max_results,
        };
        let answer = call!(deadline, self.recommendations, list_also_bought, request)?;
        Ok(answer.recommendations)
    }

    /// One page of a category, ordered by title.
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

    /// The rating of a book.
    pub(crate) async fn rating(&self, deadline: Deadline, book_id: i32) -> Result<Rating, Failure> {
        let request = GetRatingRequest { book_id };
        let answer = call!(deadline, self.reviews, get_rating, request)?;
        answer.rating.ok_or(Failure::Unavailable)
    }

    /// One page of the reviews of a book, and the token of the next, which is empty on the
    /// last page.
    pub(crate) async fn reviews(
        &self,
        deadline: Deadline,
        book_id: i32,
        order: ReviewOrder,
        page_size: i32,
        page_token: &str,
    ) -> Result<(Vec<Review>, String), Failure> {
        let request = ListReviewsRequest {
            book_id,
            order: order.into(),
            page_size,
            page_token: page_token.to_owned(),
        };
        let answer = call!(deadline, self.reviews, list_reviews, request)?;
        Ok((answer.reviews, answer.next_page_token))
    }

    /// One page of the books that match a query.
    pub(crate) async fn search(
        &self,
        deadline: Deadline,
        request: SearchBooksRequest,
    ) -> Result<SearchBooksResponse, Failure> {
        call!(deadline, self.inventory, search_books, request)
    }
}

/// Removes duplicates, which batch methods refuse, and cuts at the batch size.
fn distinct(ids: impl IntoIterator<Item = i32>) -> Vec<i32> {
    let mut seen = HashSet::new();
    let unique = ids.into_iter().filter(|id| seen.insert(*id));
    unique.take(MAX_BATCH_SIZE).collect()
}

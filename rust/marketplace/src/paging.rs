//! Numbered pages over lists that only know "what comes next".
//!
//! Addresses carry page numbers, which can be read, kept and sent to a friend; the
//! services hand out opaque tokens. The shop remembers the token of each page that
//! it has passed, and walks forward from the nearest one where it has not.

use contract::bookstore::inventory::v1::{Book, BookCategory};

use crate::{
    clients::BookListPage,
    deadline::{Deadline, Failure},
    shop::Shop,
};

/// Books on a page: fills rows of two, three, four and six.
pub(crate) const PAGE_SIZE: u32 = 24;
/// Pages skipped by one call: 192 books, of the 200 that a call may ask for.
const PAGES_PER_SKIP: u32 = 8;
/// The highest page number that is looked for.
pub(crate) const MAX_PAGE_NUMBER: u32 = 10_000;

/// A list that has pages.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Listing {
    /// The books of a category, by title.
    Category(BookCategory),
    /// The books that match a query, best first.
    Search {
        /// The words.
        query: String,
        /// `Unspecified` for all.
        category: BookCategory,
    },
}

/// A page of a list.
#[derive(Debug)]
pub(crate) struct Page {
    pub books: Vec<Book>,
    pub number: u32,
    pub has_next: bool,
}

/// Why there is no page.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum PageError {
    /// The list ends before.
    BeyondEnd {
        /// The last page that it has.
        last: u32,
    },
    /// The service gave no answer.
    Failed(Failure),
}

/// Reads a page. Its books are remembered.
pub(crate) async fn read_page(
    shop: &Shop,
    deadline: Deadline,
    listing: &Listing,
    number: u32,
) -> Result<Page, PageError> {
    let known = shop.cache.nearest_token(listing, number);
    let from_cache = known.is_some();
    let (page, token) = known.unwrap_or((1, String::new()));
    match read_from(shop, deadline, listing, page, token, number).await {
        // A token that Inventory does not know any more: from the start, once.
        Err(PageError::Failed(Failure::InvalidArgument)) if from_cache => {
            shop.cache.remove_tokens(listing);
            read_from(shop, deadline, listing, 1, String::new(), number).await
        }
        result => result,
    }
}

async fn read_from(
    shop: &Shop,
    deadline: Deadline,
    listing: &Listing,
    mut page: u32,
    mut token: String,
    number: u32,
) -> Result<Page, PageError> {
    while page < number {
        let pages = (number - page).min(PAGES_PER_SKIP);
        let skipped = fetch(shop, deadline, listing, pages * PAGE_SIZE, token).await?;
        if skipped.next_page_token.is_empty() {
            let count = u32::try_from(skipped.books.len()).unwrap_or(u32::MAX);
            let last = page - 1 + count.div_ceil(PAGE_SIZE);
            return Err(PageError::BeyondEnd { last: last.max(1) });
        }
        page += pages;
        token = skipped.next_page_token;
        shop.cache.insert_token(listing, page, token.clone());
    }
    let list_page = fetch(shop, deadline, listing, PAGE_SIZE, token).await?;
    if list_page.books.is_empty() && number > 1 {
        return Err(PageError::BeyondEnd { last: number - 1 });
    }
    shop.cache.insert_books(&list_page.books);
    let has_next = !list_page.next_page_token.is_empty();
    if has_next {
        shop.cache
            .insert_token(listing, number + 1, list_page.next_page_token);
    }
    Ok(Page {
        books: list_page.books,
        number,
        has_next,
    })
}

async fn fetch(
    shop: &Shop,
    deadline: Deadline,
    listing: &Listing,
    size: u32,
    token: String,
) -> Result<BookListPage, PageError> {
    let size = i32::try_from(size).unwrap_or(i32::MAX);
    let answer = match listing {
        Listing::Category(category) => shop.clients.list(deadline, *category, size, token).await,
        Listing::Search { query, category } => {
            let query = query.clone();
            shop.clients
                .search(deadline, query, *category, size, token)
                .await
        }
    };
    answer.map_err(PageError::Failed)
}

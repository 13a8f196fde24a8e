//! Numbered pages over lists that only have "next page" tokens.
//!
//! URLs of the shop contain page numbers, which can be bookmarked and shared; the services
//! return opaque page tokens. The shop caches the token of each page that it has read. For
//! a page without a cached token it reads forward from the nearest page that has one.

use contract::bookstore::inventory::v1::{Book, BookCategory};

use crate::{
    clients::BookListPage,
    deadline::{Deadline, Failure},
    shop::Shop,
};

/// The number of books on a page: divisible by 2, 3, 4 and 6, the possible numbers of
/// columns.
pub(crate) const PAGE_SIZE: u32 = 24;
/// The number of pages that one call skips: 192 books; a call may request at most 200.
const PAGES_PER_SKIP: u32 = 8;
/// The highest page number that is accepted.
pub(crate) const MAX_PAGE_NUMBER: u32 = 10_000;

/// A list of books that is shown in pages.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Listing {
    /// The books of a category, ordered by title.
    Category(BookCategory),
}

/// One page of a list.
#[derive(Debug)]
pub(crate) struct NumberedPage {
    pub books: Vec<Book>,
    pub number: u32,
    pub has_next: bool,
}

/// Why a page could not be read.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum PageError {
    /// The list ends before this page.
    BeyondEnd {
        /// The number of its last page.
        last: u32,
    },
    /// The call failed.
    Failed(Failure),
}

/// Reads a page and stores its books and tokens in the cache.
pub(crate) async fn read_page(
    shop: &Shop,
    deadline: Deadline,
    listing: &Listing,
    number: u32,
) -> Result<NumberedPage, PageError> {
    let cached = shop.cache.nearest_token(listing, number);
    let from_cache = cached.is_some();
    let (page, token) = cached.unwrap_or((1, String::new()));
    match read_from(shop, deadline, listing, page, token, number).await {
        // Inventory no longer accepts the cached token: start again from page 1, once.
        Err(PageError::Failed(Failure::InvalidArgument)) if from_cache => {
            shop.cache.remove_tokens(listing);
            read_from(shop, deadline, listing, 1, String::new(), number).await
        }
        result => result,
    }
}

/// Reads forward from page `page`, which starts at `token`, to page `number`.
async fn read_from(
    shop: &Shop,
    deadline: Deadline,
    listing: &Listing,
    mut page: u32,
    mut token: String,
    number: u32,
) -> Result<NumberedPage, PageError> {
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
    Ok(NumberedPage {
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
    };
    answer.map_err(PageError::Failed)
}

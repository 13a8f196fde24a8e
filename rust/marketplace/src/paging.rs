//! Numbered pages over lists that only know "what comes next".
//!
//! Addresses carry page numbers, which can be read, kept and sent to a friend; the
//! services hand out opaque tokens. The shop remembers the token of each page that
//! it has passed, and walks forward from the nearest one where it has not.

use contract::bookstore::inventory::v1::{Book, BookCategory};

use crate::{
    budget::{Budget, Failure},
    shop::Shop,
    upstream::Slice,
};

/// Books on a page: fills rows of two, three, four and six.
pub(crate) const PAGE_SIZE: u32 = 24;
/// Pages skipped by one call: 192 books, of the 200 that a call may ask for.
const STRIDE: u32 = 8;
/// The highest page number that is looked for.
pub(crate) const LAST_PAGE: u32 = 10_000;

/// A list that has pages.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Listing {
    /// The books of a category, by title.
    Shelf(BookCategory),
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
pub(crate) enum NoPage {
    /// The list ends before.
    BeyondEnd {
        /// The last page that it has.
        last: u32,
    },
    /// The service gave no answer.
    Failed(Failure),
}

/// Reads a page. Its books are remembered.
pub(crate) async fn read(
    shop: &Shop,
    budget: Budget,
    listing: &Listing,
    number: u32,
) -> Result<Page, NoPage> {
    let known = shop.memory.token_before(listing, number);
    let from_memory = known.is_some();
    let (page, token) = known.unwrap_or((1, String::new()));
    match walk(shop, budget, listing, page, token, number).await {
        // A token that Inventory does not know any more: from the start, once.
        Err(NoPage::Failed(Failure::Refused)) if from_memory => {
            shop.memory.forget_tokens(listing);
            walk(shop, budget, listing, 1, String::new(), number).await
        }
        result => result,
    }
}

async fn walk(
    shop: &Shop,
    budget: Budget,
    listing: &Listing,
    mut page: u32,
    mut token: String,
    number: u32,
) -> Result<Page, NoPage> {
    while page < number {
        let pages = (number - page).min(STRIDE);
        let skipped = fetch(shop, budget, listing, pages * PAGE_SIZE, token).await?;
        if skipped.next_token.is_empty() {
            let count = u32::try_from(skipped.books.len()).unwrap_or(u32::MAX);
            let last = page - 1 + count.div_ceil(PAGE_SIZE);
            return Err(NoPage::BeyondEnd { last: last.max(1) });
        }
        page += pages;
        token = skipped.next_token;
        shop.memory.keep_token(listing, page, token.clone());
    }
    let slice = fetch(shop, budget, listing, PAGE_SIZE, token).await?;
    if slice.books.is_empty() && number > 1 {
        return Err(NoPage::BeyondEnd { last: number - 1 });
    }
    shop.memory.keep_books(&slice.books);
    let has_next = !slice.next_token.is_empty();
    if has_next {
        shop.memory
            .keep_token(listing, number + 1, slice.next_token);
    }
    Ok(Page {
        books: slice.books,
        number,
        has_next,
    })
}

async fn fetch(
    shop: &Shop,
    budget: Budget,
    listing: &Listing,
    size: u32,
    token: String,
) -> Result<Slice, NoPage> {
    let size = i32::try_from(size).unwrap_or(i32::MAX);
    let answer = match listing {
        Listing::Shelf(category) => shop.clients.list(budget, *category, size, token).await,
        Listing::Search { query, category } => {
            let query = query.clone();
            shop.clients
                .search(budget, query, *category, size, token)
                .await
        }
    };
    answer.map_err(NoPage::Failed)
}

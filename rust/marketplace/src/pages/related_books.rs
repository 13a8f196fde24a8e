//! The books that the page of a book recommends.

use contract::bookstore::{inventory::v1::Book, recommendations::v1::BookRecommendation};
use futures::future::join;

use crate::{
    category::CategoryInfo,
    deadline::{Deadline, Failure},
    shop::Shop,
    view::BookCard,
    visitor::Visitor,
};

/// The largest number of books in one row.
const MAX_SHOWN: usize = 6;
/// The share of the time of the page for what readers also bought. The page has other
/// recommendations, and is complete without these.
const ALSO_BOUGHT_SHARE: f32 = 0.5;

/// Other books of the category.
pub(super) async fn of_category(
    shop: &Shop,
    deadline: Deadline,
    book: &Book,
) -> Result<Vec<BookCard>, Failure> {
    let Some(category) = CategoryInfo::from_number(book.category) else {
        return Ok(Vec::new());
    };
    // One more than needed, because the book itself may be recommended.
    let max_results = i32::try_from(MAX_SHOWN + 1).unwrap_or(i32::MAX);
    let visitor = Visitor::current();
    let recommended = shop
        .clients
        .recommend_to(&visitor, deadline, category.id, max_results)
        .await?;
    let others = recommended
        .iter()
        .filter(|other| other.book_id != book.book_id);
    cards(shop, deadline, others.take(MAX_SHOWN)).await
}

/// Some books of a category.
pub(super) async fn recommended_in(
    shop: &Shop,
    deadline: Deadline,
    category: &CategoryInfo,
) -> Result<Vec<BookCard>, Failure> {
    let max_results = i32::try_from(MAX_SHOWN).unwrap_or(i32::MAX);
    let visitor = Visitor::current();
    let recommended = shop
        .clients
        .recommend_to(&visitor, deadline, category.id, max_results)
        .await?;
    cards(shop, deadline, recommended.iter()).await
}

/// What readers of the book have also bought.
pub(super) async fn also_bought(
    shop: &Shop,
    deadline: Deadline,
    book_id: i32,
) -> Result<Vec<BookCard>, Failure> {
    let deadline = deadline.fraction(ALSO_BOUGHT_SHARE);
    let max_results = i32::try_from(MAX_SHOWN).unwrap_or(i32::MAX);
    let bought = shop.clients.also_bought(deadline, book_id, max_results);
    cards(shop, deadline, bought.await?.iter()).await
}

/// The cards of recommended books. A book that Inventory no longer has is left out.
async fn cards<'r>(
    shop: &Shop,
    deadline: Deadline,
    recommended: impl Iterator<Item = &'r BookRecommendation>,
) -> Result<Vec<BookCard>, Failure> {
    let ids: Vec<i32> = recommended.map(|book| book.book_id).collect();
    let (books, stock) = join(
        shop.clients.books(deadline, ids.iter().copied()),
        shop.clients.stock(deadline, ids.iter().copied()),
    )
    .await;
    let (books, stock) = (books?, stock.unwrap_or_default());
    shop.cache.insert_books(books.values());
    let found = ids.iter().filter_map(|id| books.get(id));
    Ok(found.map(|book| BookCard::new(book, &stock)).collect())
}

//! An in-memory cache of earlier answers of the services. Entries may disappear at any
//! time and do not survive a restart.

use std::{
    collections::HashMap,
    hash::Hash,
    sync::{Mutex, MutexGuard, PoisonError},
};

use contract::bookstore::{
    inventory::v1::{Book, BookCategory},
    recommendations::v1::BookRecommendation,
};

use crate::{
    category::{CATEGORIES, CategoryInfo},
    paging::Listing,
};

/// About 4 MB of books.
const MAX_BOOKS: usize = 10_000;
/// About 2 MB of page tokens.
const MAX_TOKENS: usize = 10_000;

/// Books, non-empty categories and page tokens from earlier answers.
#[derive(Debug, Default)]
pub(crate) struct Cache {
    books: Mutex<HashMap<i32, Book>>,
    categories: Mutex<Vec<&'static CategoryInfo>>,
    tokens: Mutex<HashMap<(Listing, u32), String>>,
}

impl Cache {
    /// Stores books: for their covers, which browsers request one by one, and for pages
    /// while Inventory does not answer. Descriptions, which are long, are not stored.
    pub fn insert_books<'a>(&self, books: impl IntoIterator<Item = &'a Book>) {
        let mut cached = lock(&self.books);
        for book in books {
            let book = Book {
                description: String::new(),
                ..book.clone()
            };
            insert_bounded(&mut cached, MAX_BOOKS, book.book_id, book);
        }
    }

    /// The book in its last known state.
    pub fn book(&self, book_id: i32) -> Option<Book> {
        lock(&self.books).get(&book_id).cloned()
    }

    /// The recommended book in its last known state, or, if it is not cached, with only
    /// the id, title and category that Recommendations returned.
    pub fn recommended_book(&self, book: &BookRecommendation, category: BookCategory) -> Book {
        let mut books = lock(&self.books);
        if let Some(book) = books.get(&book.book_id) {
            return book.clone();
        }
        let partial = Book {
            book_id: book.book_id,
            title: book.title.clone(),
            category: category.into(),
            ..Book::default()
        };
        // The browser will request its cover.
        insert_bounded(&mut books, MAX_BOOKS, book.book_id, partial.clone());
        partial
    }

    /// Stores which categories contain books.
    pub fn set_categories(&self, categories: impl IntoIterator<Item = &'static CategoryInfo>) {
        *lock(&self.categories) = categories.into_iter().collect();
    }

    /// The categories that contained books at the last successful call; all categories
    /// before the first one.
    pub fn categories(&self) -> Vec<&'static CategoryInfo> {
        let categories = lock(&self.categories);
        if categories.is_empty() {
            return CATEGORIES.iter().collect();
        }
        categories.clone()
    }

    /// Stores the token with which a page of a list starts.
    pub fn insert_token(&self, listing: &Listing, page: u32, token: String) {
        let key = (listing.clone(), page);
        insert_bounded(&mut lock(&self.tokens), MAX_TOKENS, key, token);
    }

    /// The highest page up to `page` whose token is cached, with the token.
    pub fn nearest_token(&self, listing: &Listing, page: u32) -> Option<(u32, String)> {
        let tokens = lock(&self.tokens);
        let mut key = (listing.clone(), page);
        while key.1 > 1 {
            if let Some(token) = tokens.get(&key) {
                return Some((key.1, token.clone()));
            }
            key.1 -= 1;
        }
        None
    }

    /// Removes the tokens of a list.
    pub fn remove_tokens(&self, listing: &Listing) {
        lock(&self.tokens).retain(|(of, _), _| of != listing);
    }
}

/// Clears the map when it is full: tracking the order of use would cost more than fetching
/// the entries again.
fn insert_bounded<K: Eq + Hash, V>(map: &mut HashMap<K, V>, limit: usize, key: K, value: V) {
    if map.len() >= limit && !map.contains_key(&key) {
        map.clear();
    }
    map.insert(key, value);
}

/// Ignores poisoning: no entry can be half-written when another thread panics.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn map_size_is_bounded() {
        let mut map = HashMap::new();
        for number in 0..1000 {
            insert_bounded(&mut map, 10, number, ());
            assert!(map.len() <= 10);
            assert!(map.contains_key(&number));
        }
    }

    #[test]
    fn nearest_token_at_or_before_the_page_is_found() {
        let cache = Cache::default();
        let category = Listing::Category(BookCategory::Poetry);
        assert_eq!(cache.nearest_token(&category, 9), None);
        cache.insert_token(&category, 3, "three".to_owned());
        cache.insert_token(&category, 7, "seven".to_owned());
        assert_eq!(
            cache.nearest_token(&category, 6),
            Some((3, "three".to_owned()))
        );
        assert_eq!(
            cache.nearest_token(&category, 7),
            Some((7, "seven".to_owned()))
        );
        cache.remove_tokens(&category);
        assert_eq!(cache.nearest_token(&category, 7), None);
    }
}

//! What the shop remembers of earlier answers. Only hints: everything here may be
//! gone at any time, and is after a restart.

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
const BOOK_LIMIT: usize = 10_000;
/// About 2 MB of page tokens.
const TOKEN_LIMIT: usize = 10_000;

/// Hints from earlier answers.
#[derive(Debug, Default)]
pub(crate) struct Cache {
    books: Mutex<HashMap<i32, Book>>,
    categories: Mutex<Vec<&'static CategoryInfo>>,
    tokens: Mutex<HashMap<(Listing, u32), String>>,
}

impl Cache {
    /// Remembers books: for their covers, which are asked for one by one, and for
    /// the times when Inventory does not answer.
    pub fn insert_books<'a>(&self, books: impl IntoIterator<Item = &'a Book>) {
        let mut cached = lock(&self.books);
        for book in books {
            insert_bounded(&mut cached, BOOK_LIMIT, book.book_id, book.clone());
        }
    }

    /// The book as it was seen last.
    pub fn book(&self, book_id: i32) -> Option<Book> {
        lock(&self.books).get(&book_id).cloned()
    }

    /// The book that was recommended, as it was seen last; or, if it never was, as
    /// far as Recommendations knows it.
    pub fn recommended_book(&self, book: &BookRecommendation, category: BookCategory) -> Book {
        let mut books = lock(&self.books);
        if let Some(book) = books.get(&book.book_id) {
            return book.clone();
        }
        let known = Book {
            book_id: book.book_id,
            title: book.title.clone(),
            category: category.into(),
            ..Book::default()
        };
        // Its cover will be asked for.
        insert_bounded(&mut books, BOOK_LIMIT, book.book_id, known.clone());
        known
    }

    /// Remembers which shelves hold books.
    pub fn set_categories(&self, categories: impl IntoIterator<Item = &'static CategoryInfo>) {
        *lock(&self.categories) = categories.into_iter().collect();
    }

    /// The shelves that held books when last asked; all if that never worked.
    pub fn categories(&self) -> Vec<&'static CategoryInfo> {
        let categories = lock(&self.categories);
        if categories.is_empty() {
            return CATEGORIES.iter().collect();
        }
        categories.clone()
    }

    /// Remembers by which token a page of a list begins.
    pub fn insert_token(&self, listing: &Listing, page: u32, token: String) {
        let key = (listing.clone(), page);
        insert_bounded(&mut lock(&self.tokens), TOKEN_LIMIT, key, token);
    }

    /// The last page up to `page` whose token is known, and the token.
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

    /// Forgets the tokens of a list.
    pub fn remove_tokens(&self, listing: &Listing) {
        lock(&self.tokens).retain(|(of, _), _| of != listing);
    }
}

/// Begins anew when full: these are hints, and the order of use costs more to keep
/// than they cost to fetch again.
fn insert_bounded<K: Eq + Hash, V>(map: &mut HashMap<K, V>, limit: usize, key: K, value: V) {
    if map.len() >= limit && !map.contains_key(&key) {
        map.clear();
    }
    map.insert(key, value);
}

/// Hints can't be left half-written: a panic elsewhere does not spoil them.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_is_bounded() {
        let mut map = HashMap::new();
        for number in 0..1000 {
            insert_bounded(&mut map, 10, number, ());
            assert!(map.len() <= 10);
            assert!(map.contains_key(&number));
        }
    }

    #[test]
    fn the_nearest_token_is_found() {
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

//! The books that the visitor has looked at last. Only the cookie of the browser has them.

use crate::pages::book::parse_book_id;

/// The number of books that are remembered: those of a row, and the one that is shown now.
const MAX_BOOKS: usize = 7;

/// Different books, the last one first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct RecentBooks(Vec<i32>);

impl RecentBooks {
    /// The books in the value of a cookie, which the visitor can change: what is not the id of
    /// a book is left out.
    pub fn parse(value: &str) -> Self {
        let ids = value.split('.').filter_map(parse_book_id).take(MAX_BOOKS);
        ids.fold(Self::default(), |mut books, id| {
            if !books.0.contains(&id) {
                books.0.push(id);
            }
            books
        })
    }

    /// The value of the cookie, such as `4.17.101`.
    pub fn cookie(&self) -> String {
        let ids: Vec<_> = self.0.iter().map(ToString::to_string).collect();
        ids.join(".")
    }

    /// The books after looking at one.
    #[must_use]
    pub fn with(&self, book_id: i32) -> Self {
        let others = self.without(book_id);
        let ids = std::iter::once(book_id).chain(others);
        Self(ids.take(MAX_BOOKS).collect())
    }

    /// The ids of the other books.
    pub fn without(&self, book_id: i32) -> impl Iterator<Item = i32> {
        self.0.iter().copied().filter(move |id| *id != book_id)
    }

    /// The ids.
    pub fn ids(&self) -> impl Iterator<Item = i32> {
        self.0.iter().copied()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn parse(value: &str) -> Vec<i32> {
        RecentBooks::parse(value).0
    }

    #[test]
    fn last_book_is_the_first_and_each_is_there_once() {
        let books = RecentBooks::parse("4.17");
        assert_eq!(books.with(101).cookie(), "101.4.17");
        assert_eq!(books.with(17).cookie(), "17.4");
        assert_eq!(books.without(4).collect::<Vec<_>>(), [17]);
        let many = (1..=20).fold(RecentBooks::default(), |books, id| books.with(id));
        assert_eq!(many.cookie(), "20.19.18.17.16.15.14");
    }

    #[test]
    fn what_is_no_book_id_is_left_out() {
        assert_eq!(parse(""), Vec::<i32>::new());
        assert_eq!(parse("4..x.-1.017.17.4.99999999999.<b>"), [4, 17]);
        assert_eq!(parse(&"1.".repeat(10_000)), [1]);
    }

    proptest! {
        #[test]
        fn any_cookie_is_bounded_and_stable(value in "[0-9.x%-]{0,80}") {
            let books = RecentBooks::parse(&value);
            prop_assert!(books.0.len() <= MAX_BOOKS);
            prop_assert_eq!(RecentBooks::parse(&books.cookie()), books);
        }
    }
}

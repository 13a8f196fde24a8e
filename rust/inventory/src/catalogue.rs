//! The catalogue that ships with the product: facts about well-known books, with the
//! nine of the first tutorial under their numbers.

use crate::{NewBook, grpc::domain, import::Reader};

const CATALOGUE: &str = include_str!("../catalogue.csv");

/// The shipped books, read as any imported file is.
pub(crate) fn shipped() -> Vec<NewBook> {
    let reader = match Reader::new(CATALOGUE.as_bytes()) {
        Ok(reader) => reader,
        Err(error) => unreachable!("the tests read the shipped catalogue: {error}"),
    };
    reader
        .filter_map(|row| match row {
            Ok((_, book)) => domain::new_book(book),
            Err(_) => None,
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use contract::bookstore::inventory::v1::BookCategory;

    use super::*;

    #[test]
    fn every_row_of_the_shipped_catalogue_is_good() {
        let reader = Reader::new(CATALOGUE.as_bytes()).expect("the header is known");
        for row in reader {
            let (line, book) = row.expect("the row is good");
            assert!(domain::new_book(book).is_some(), "line {line}");
        }
    }

    #[test]
    fn the_shipped_books_have_numbers_and_titles_of_their_own() {
        let books = shipped();
        assert!((300..=1000).contains(&books.len()), "{}", books.len());
        let numbers: HashSet<_> = books.iter().map(|new| new.book.book_id).collect();
        let titles: HashSet<_> = books
            .iter()
            .map(|new| (&new.book.title, &new.book.authors))
            .collect();
        assert_eq!((numbers.len(), titles.len()), (books.len(), books.len()));
        // Imported goodbooks have numbers from a million on.
        assert!(numbers.iter().all(|number| number.0 < 1_000_000));
    }

    #[test]
    fn the_nine_books_of_the_first_tutorial_keep_their_numbers() {
        use BookCategory::{Mystery, ScienceFiction, SelfHelp};
        let expected = [
            ("The Maltese Falcon", Mystery),
            ("Murder on the Orient Express", Mystery),
            ("The Hound of the Baskervilles", Mystery),
            ("The Hitchhiker's Guide To The Galaxy", ScienceFiction),
            ("Ender's Game", ScienceFiction),
            ("The Dune Chronicles", ScienceFiction),
            ("The 7 Habits of Highly Effective People", SelfHelp),
            ("How to Win Friends and Influence People", SelfHelp),
            ("Man\u{2019}s Search for Meaning", SelfHelp),
        ];
        let books = shipped();
        for (number, (title, category)) in (1..).zip(expected) {
            let new = books.iter().find(|new| new.book.book_id.0 == number);
            let book = &new.expect("the book is there").book;
            assert_eq!((book.title.as_str(), book.category), (title, category));
        }
    }
}

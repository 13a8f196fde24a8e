//! The catalogue that ships with the product: facts about well-known books. The nine books
//! of the first tutorial keep their ids.

use crate::{
    ImportCounts, ImportedBook, Inventory, InventoryError,
    grpc::from_proto,
    import::{Options, Reader},
    store as rows,
};

const CATALOGUE: &str = include_str!("../catalogue.csv");

/// What tells whether a catalogue is the one that was there before.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CatalogueState {
    /// The id of the catalogue, which no other database has.
    pub catalogue_id: String,
    /// The number of changes so far.
    pub revision: i64,
    /// Whether there are no books.
    pub is_empty: bool,
}

impl Inventory {
    /// The state of the catalogue.
    ///
    /// # Errors
    /// [`InventoryError::Store`] if the database failed.
    pub async fn catalogue_state(&self) -> Result<CatalogueState, InventoryError> {
        store::read!(self.db(), connection => {
            let catalogue = rows::books::catalogue(connection).await?;
            let is_empty = rows::books::is_empty(connection).await?;
            Ok::<_, InventoryError>(CatalogueState {
                catalogue_id: catalogue.id,
                revision: catalogue.revision,
                is_empty,
            })
        })
    }

    /// Imports the catalogue that ships with the product if there are no books yet. Returns
    /// `None` if there are.
    ///
    /// # Errors
    /// [`InventoryError::Store`] if the database failed.
    pub async fn load_shipped_catalogue(&self) -> Result<Option<ImportCounts>, InventoryError> {
        let empty = store::read!(self.db(), connection => rows::books::is_empty(connection).await)?;
        if !empty {
            return Ok(None);
        }
        // One transaction, so that a database with any books has the whole catalogue.
        self.import(shipped()).await.map(Some)
    }
}

/// The shipped books, parsed like any imported file.
fn shipped() -> Vec<ImportedBook> {
    let reader = match Reader::new(CATALOGUE.as_bytes(), Options::default()) {
        Ok(reader) => reader,
        Err(error) => unreachable!("a test checks that the shipped catalogue is valid: {error}"),
    };
    reader
        .filter_map(|row| match row {
            Ok((_, book)) => from_proto::imported_book(book).ok(),
            Err(_) => None,
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use service::BookCategory;

    use super::*;

    #[test]
    fn every_row_of_the_shipped_catalogue_is_valid() {
        let reader =
            Reader::new(CATALOGUE.as_bytes(), Options::default()).expect("the header is known");
        for row in reader {
            let (line, book) = row.expect("the row is valid");
            assert!(from_proto::imported_book(book).is_ok(), "line {line}");
        }
    }

    #[test]
    fn shipped_books_have_unique_ids_and_titles() {
        let books = shipped();
        assert!((300..=1000).contains(&books.len()), "{}", books.len());
        let ids: HashSet<_> = books.iter().map(|new| new.book.book_id).collect();
        let titles: HashSet<_> = books
            .iter()
            .map(|new| (&new.book.title, &new.book.authors))
            .collect();
        assert_eq!((ids.len(), titles.len()), (books.len(), books.len()));
        // Books imported from goodbooks-10k have ids above a million.
        assert!(ids.iter().all(|id| id.0 < 1_000_000));
    }

    #[test]
    fn books_of_the_first_tutorial_keep_their_ids() {
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
        for (id, (title, category)) in (1..).zip(expected) {
            let new = books.iter().find(|new| new.book.book_id.0 == id);
            let book = &new.expect("the catalogue has the book").book;
            assert_eq!((book.title.as_str(), book.category), (title, category));
        }
    }
}

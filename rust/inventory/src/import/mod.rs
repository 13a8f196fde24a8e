//! Importing files of books: `bookstore import FILE.csv`.
//!
//! A [`Reader`] makes books of the rows of a CSV file, in constant memory; [`run`] sends
//! them to a server of the contract in messages of some hundred, as fast as it takes
//! them.
//!
//! # The files
//! Two headers are understood, in any order of their columns; further columns are
//! ignored, and so is the case of the names. A byte order mark is passed over.
//!
//! **`id,title,authors,year,category,price,stock`**: our own. `authors` are separated by
//! `;`. `year` may be empty (not known) or negative (before the common era). `category`
//! is a name of the contract in lower case: `science_fiction`. `price` is in US dollars:
//! `12.99`. An empty `stock` leaves the stock as it is; a new book starts with none.
//!
//! **goodbooks-10k** (`book_id,authors,original_publication_year,title,...`): the number
//! is 1,000,000 + `book_id`, so that no shipped book is overwritten; the category is
//! `general`; the stock is left alone. The file has no prices, so each book gets one by
//! its number: 4.99 + (7 * `book_id` modulo 26) US dollars, which is 4.99 to 29.99 and
//! the same at every import. `authors` are separated by `, `, except before `Jr.` and
//! its kind. Without a `title` the `original_title` is taken.
//!
//! # Bad rows
//! A row that is no book by the rules of the contract is reported with its line and
//! skipped; the others are imported. A number that comes twice is no error: the later
//! row replaces the earlier, and counts as updated.

mod bounded;
mod layout;
mod reader;
mod row;
mod run;

pub use reader::{OpenError, Reader, RowError};
pub use run::{BAD_ROWS_KEPT, Progress, RunError, Summary, run};

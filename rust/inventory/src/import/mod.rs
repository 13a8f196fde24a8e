//! Import of CSV files of books: `bookstore import FILE.csv`.
//!
//! A [`Reader`] parses the rows of a CSV file in constant memory. [`upload`] sends the
//! books to a server in messages of up to 500, as fast as the server accepts them.
//!
//! # File formats
//! Two headers are supported. The columns may be in any order, additional columns are
//! ignored, and so are the case of the names and a byte order mark.
//!
//! **`id,title,authors,year,category,price,stock`**, the format of the bookstore.
//! `authors` are separated by `;`. `year` may be empty (unknown) or negative (before the
//! common era). `category` is a name of the contract in lower case, for example
//! `science_fiction`. `price` is in US dollars, for example `12.99`. An empty `stock` keeps
//! the current stock, which is 0 for a new book.
//!
//! **goodbooks-10k** (`book_id,authors,original_publication_year,title,...`). The id is
//! 1,000,000 + `book_id`, so that no shipped book is overwritten. The category is `general`
//! and the stock is kept. The file has no prices, so the price is computed from the id: 4.99
//! plus (7 * `book_id` modulo 26) US dollars, which is 4.99 to 29.99 and the same at every
//! import. `authors` are separated by `, `, except before a suffix such as `Jr.`. If the
//! `title` is empty, the `original_title` is used.
//!
//! # Invalid rows
//! A row that violates the rules of the contract is reported with its line number and
//! skipped; the other rows are imported. A duplicate id is not an error: the later row
//! replaces the earlier one and counts as updated.

mod bounded_reader;
mod csv_format;
mod reader;
mod row;
mod upload;

pub use reader::{OpenError, Reader, RowError};
pub use upload::{MAX_LISTED_BAD_ROWS, Progress, Summary, UploadError, upload};

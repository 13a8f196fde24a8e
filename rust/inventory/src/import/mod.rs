//! Import of files of books: `bookstore import FILE`.
//!
//! A [`Reader`] parses the books of a file in constant memory. [`upload`] sends them to a server
//! in messages of up to 500, as fast as the server accepts them; [`compare`] only tells what that
//! would change.
//!
//! # Formats
//! The format is detected by the beginning of the file, and so are the encoding (UTF-8, UTF-16,
//! Windows-1252 and other legacy encodings), the delimiter of a CSV file and its quotation marks.
//!
//! **CSV** has a header such as `id,title,authors,year,category,price,stock`, of which only `title`
//! and an `id` or `isbn` are needed; `currency`, `isbn10`, `original_title`, `language`, `rating`,
//! `rating_count`, `description`, `publisher`, `page_count`, `series`, `series_number`, `image_url`
//! and `tags` are known as well. The columns may be in any order, and others are
//! ignored. `authors` are separated by `;`. `year` may be empty (unknown)
//! or negative (before the common era). `category` is a name of the contract in lower case, for
//! example `science_fiction`. `price` is in US dollars unless there is a `currency`. An empty
//! `stock` keeps the current stock, which is 0 for a new book.
//!
//! **JSON lines** have one object on each line, with the same names as keys; `authors` and `tags`
//! may be arrays.
//!
//! **ONIX 3.0** and 3.1, with reference tags or short tags. The category follows from the codes of
//! Thema or BISAC, and the id from the ISBN.
//!
//! # Foreign files
//! A [`Mapping`] names the columns (in JSON the keys, or paths of keys with dots) and categories of
//! a foreign file. That of **goodbooks-10k** (`mappings/goodbooks.toml`) is built in and used when
//! the header is that of its `books.csv`. [`BookTags`] are tags in files of their own, such as its
//! `tags.csv` and `book_tags.csv`, from which the categories follow.
//!
//! Nothing is invented: a book without a price is refused unless [`Options`] has a default price,
//! and what is decided or left out for a valid book is counted in [`Notes`].
//!
//! # Invalid rows
//! A row that violates the rules of the contract is reported with its line number and
//! skipped; the other rows are imported. A duplicate id is not an error: the later row
//! replaces the earlier one and counts as updated.

pub(crate) mod amount;
mod book_tags;
mod bounded_reader;
pub(crate) mod categories;
mod comparison;
mod convert;
pub(crate) mod csv_escape;
mod csv_records;
mod details;
mod dialect;
mod encoding;
pub(crate) mod field;
mod json_records;
pub(crate) mod language;
mod mapping;
mod notes;
pub(crate) mod onix;
mod options;
mod plain_text;
mod reader;
mod record;
mod upload;

pub use book_tags::{BookTags, BookTagsError, TagNames};
pub use comparison::{Comparison, Example, compare};
pub use mapping::{Mapping, MappingError};
pub use notes::{Note, Notes};
pub use options::{OptionError, Options};
pub use reader::{OpenError, Reader, RowError};
pub use upload::{MAX_LISTED_BAD_ROWS, Progress, Summary, UploadError, upload};

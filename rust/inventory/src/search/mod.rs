//! The full-text search over the catalogue: an index of tantivy in the process, the same for
//! both databases.
//!
//! - [`SearchIndex`] holds the index: a folder of files that are mapped into memory, or memory
//!   where there is no folder. The use cases in `service` write the changes of the catalogue to
//!   it, and it remembers up to which one ([`Position`]).
//! - `execute` runs a search. Each word of the query is looked up in the dictionaries (`postings`),
//!   the documents that have all words are found (`matching`), filtered, counted and sorted by
//!   what the index knows of them (`collect`, `ranking`), and if there are none, other spellings
//!   are tried (`spelling`).
//! - [`relevance`] orders the best of them by their texts, which are in the database.
//!
//! Tantivy's own queries score by the frequency of words, which says little about titles, and
//! cannot count by properties while they search; its dictionaries, posting lists, columns,
//! automata and files are what is used here. All documents with a word are visited once, so that
//! the numbers of books are exact, and nothing is done twice for a document.

mod cancellation;
mod collect;
mod columns;
mod execute;
mod facets;
mod filter;
mod index;
mod matching;
mod points;
mod postings;
mod query;
mod ranking;
pub(crate) mod relevance;
mod schema;
mod spelling;
mod title;
mod top;
mod traits;

pub(crate) use self::{
    cancellation::Cancellation,
    execute::{Found, RERANKED},
    index::{Position, SearchIndex, Writer},
    title::series_in_title,
};
use crate::domain::{SearchFilters, SearchOrder};

/// What to search for, and which part of the result is wanted.
#[derive(Debug, Clone)]
pub(crate) struct SearchRequest {
    pub(crate) text: String,
    pub(crate) filters: SearchFilters,
    pub(crate) order: SearchOrder,
    pub(crate) offset: usize,
    pub(crate) limit: usize,
    pub(crate) with_facets: bool,
}

/// Why a search or a change of the index failed.
#[derive(Debug, thiserror::Error)]
pub enum SearchError {
    /// Nobody waits for the result any more.
    #[error("the search was cancelled")]
    Cancelled,
    /// The index does not have all books yet.
    #[error(
        "the search index is being made and does not have all books yet: try again in a few seconds"
    )]
    NotReady,
    /// The files of the index are damaged or cannot be read or written.
    #[error("the search index: {0}")]
    Index(#[from] tantivy::TantivyError),
    /// The folder of the index cannot be read or written.
    #[error("the search index: {0}")]
    Io(#[from] std::io::Error),
    /// The thread of the search has panicked, as it may if files are damaged.
    #[error("the search index failed: {0}")]
    Panicked(#[source] tokio::task::JoinError),
}

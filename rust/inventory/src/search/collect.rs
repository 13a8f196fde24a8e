//! Filters, counts and sorts the matching documents of all segments.

use tantivy::{SegmentReader, columnar::ColumnValues};

use super::{
    SearchError, SearchRequest,
    cancellation::Cancellation,
    columns::{self, Values},
    facets::FacetCounts,
    filter::SegmentFilter,
    matching::Candidate,
    ranking,
    schema::{BOOK_ID, PRICE, RATING, SERIES_NUMBER, TITLE_KEYS, TRAITS, YEAR},
    top::{Entry, Top},
    traits::Traits,
};
use crate::domain::SearchOrder;

/// How many documents are collected between two checks of the cancellation.
const CHECK_INTERVAL: usize = 1024;

/// What is known of the documents so far.
pub(super) struct Collector<'r> {
    request: &'r SearchRequest,
    query_words: u32,
    pub(super) top: Top,
    pub(super) facets: Option<FacetCounts>,
    /// The number of documents that the filters let pass.
    pub(super) total: i32,
    /// The number of documents that match, also if a filter refuses them.
    pub(super) matched: usize,
}

impl<'r> Collector<'r> {
    /// `count` is the number of first books that are needed.
    pub(super) fn new(request: &'r SearchRequest, query_words: usize, count: usize) -> Self {
        Self {
            request,
            query_words: u32::try_from(query_words).unwrap_or(u32::MAX),
            top: Top::new(count),
            facets: request.with_facets.then(FacetCounts::new),
            total: 0,
            matched: 0,
        }
    }

    pub(super) fn collect(
        &mut self,
        segment: &SegmentReader,
        candidates: &[Candidate],
        cancellation: &Cancellation,
    ) -> Result<(), SearchError> {
        if candidates.is_empty() {
            return Ok(());
        }
        let alive = segment.alive_bitset();
        let traits = columns::values(segment, TRAITS)?;
        let book_ids = columns::values(segment, BOOK_ID)?;
        let keys = SortKeys::new(segment, self.request.order)?;
        let filter = SegmentFilter::new(segment, &self.request.filters)?;
        for chunk in candidates.chunks(CHECK_INTERVAL) {
            cancellation.check()?;
            for candidate in chunk {
                let doc = candidate.doc;
                if alive.is_some_and(|alive| !alive.is_alive(doc)) {
                    continue;
                }
                let traits = Traits(traits.get_val(doc));
                let failed = filter.check(doc, traits);
                self.matched += 1;
                if let Some(facets) = &mut self.facets {
                    facets.count(traits, failed);
                }
                if !failed.is_none() {
                    continue;
                }
                self.total += 1;
                let score = ranking::score(*candidate, traits, self.query_words);
                let key = keys.key(doc, score);
                if self.top.accepts(key) {
                    let book_id = i32::try_from(book_ids.get_val(doc)).unwrap_or_default();
                    self.top.push(Entry { key, book_id });
                }
            }
        }
        Ok(())
    }
}

/// The keys of one segment by which the result is sorted, the largest first.
enum SortKeys {
    Relevance,
    Titles([Values; 2]),
    Ascending(Values),
    Descending(Values),
}

impl SortKeys {
    fn new(segment: &SegmentReader, order: SearchOrder) -> Result<Self, SearchError> {
        let column = |name| columns::values(segment, name);
        Ok(match order {
            SearchOrder::Relevance => Self::Relevance,
            SearchOrder::Title => {
                let [first, second] = TITLE_KEYS;
                Self::Titles([column(first)?, column(second)?])
            }
            SearchOrder::PriceAscending => Self::Ascending(column(PRICE)?),
            SearchOrder::PriceDescending => Self::Descending(column(PRICE)?),
            SearchOrder::Newest => Self::Descending(column(YEAR)?),
            SearchOrder::Rating => Self::Descending(column(RATING)?),
            SearchOrder::Series => Self::Ascending(column(SERIES_NUMBER)?),
        })
    }

    /// Equal values are sorted by the score, except equal titles.
    fn key(&self, doc: u32, score: u64) -> [u64; 2] {
        match self {
            Self::Relevance => [score, 0],
            Self::Titles([first, second]) => [!first.get_val(doc), !second.get_val(doc)],
            Self::Ascending(values) => [!values.get_val(doc), score],
            Self::Descending(values) => [values.get_val(doc), score],
        }
    }
}

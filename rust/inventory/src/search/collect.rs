//! Filters, counts and sorts the matching documents of all segments.

use tantivy::{SegmentReader, columnar::ColumnValues};

use super::{
    SearchError, SearchRequest,
    cancellation::Cancellation,
    columns::{self, Values},
    facets::FacetCounts,
    filter::SegmentFilter,
    matching::Candidate,
    ranking::Ranking,
    schema::{BOOK_ID, PRICE, RATING, SERIES_NUMBER, TITLE_KEYS, TRAITS, YEAR},
    top::{Entry, Top},
    traits::Traits,
};
use crate::domain::SearchOrder;

/// How many documents are collected at a time: their traits are read together, because one call
/// for each would cost more than reading them. Between two chunks the cancellation is checked.
const CHUNK: usize = 1024;

/// What is known of the documents so far.
pub(super) struct Collector<'r> {
    request: &'r SearchRequest,
    ranking: Ranking,
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
            ranking: Ranking::new(query_words),
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
        let all_traits = columns::values(segment, TRAITS)?;
        let book_ids = columns::values(segment, BOOK_ID)?;
        let keys = SortKeys::new(segment, self.request.order)?;
        let filter = SegmentFilter::new(segment, &self.request.filters)?;
        let mut docs = Vec::with_capacity(CHUNK);
        let mut traits = vec![0; CHUNK];
        for chunk in candidates.chunks(CHUNK) {
            cancellation.check()?;
            docs.clear();
            docs.extend(chunk.iter().map(|candidate| candidate.doc));
            all_traits.get_vals(&docs, &mut traits[..chunk.len()]);
            for (candidate, traits) in chunk.iter().zip(&traits) {
                let doc = candidate.doc;
                if alive.is_some_and(|alive| !alive.is_alive(doc)) {
                    continue;
                }
                let traits = Traits(*traits);
                let failed = filter.check(doc, traits);
                self.matched += 1;
                if let Some(facets) = &mut self.facets {
                    facets.count(traits, failed);
                }
                if !failed.is_none() {
                    continue;
                }
                self.total += 1;
                let score = self.ranking.score(*candidate, traits);
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

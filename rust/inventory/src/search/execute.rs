//! Runs a search on the index: the query as it is written, and if it finds nothing, other
//! spellings of it.

use tantivy::{DocSet, Searcher, TERMINATED};

use super::{
    SearchError, SearchRequest,
    cancellation::Cancellation,
    collect::Collector,
    matching::{self, Candidate},
    points::MAX_POINTS,
    query::Query,
    schema::Fields,
    spelling,
};
use crate::{
    domain::{Facets, SearchOrder},
    isbn,
};

/// So many of the best matches are ordered by their texts as well, see `relevance`.
pub(crate) const RERANKED: usize = 100;

/// If fewer books match, a rare word of the query may be a misspelled frequent one.
const FEW_BOOKS: usize = 3;

/// The result of a search.
#[derive(Debug, Default)]
pub(crate) struct Found {
    /// The ids of books in their order, beginning at `first`.
    pub(crate) book_ids: Vec<i32>,
    /// The place of the first id in the result: the offset of the request, or 0 if the first
    /// books are still to be ordered by their texts.
    pub(crate) first: usize,
    /// The number of books that match and that the filters let pass.
    pub(crate) total: i32,
    pub(crate) facets: Option<Facets>,
    /// The words by which the books were found.
    pub(crate) query: Query,
    /// Whether other spellings than those of the visitor were searched.
    pub(crate) is_respelled: bool,
    /// A query that finds books, if this one finds none.
    pub(crate) suggestion: Option<String>,
    matched: usize,
}

struct Search<'s> {
    searcher: &'s Searcher,
    fields: &'s Fields,
    request: &'s SearchRequest,
    cancellation: &'s Cancellation,
}

pub(super) fn execute(
    searcher: &Searcher,
    fields: &Fields,
    request: &SearchRequest,
    cancellation: &Cancellation,
) -> Result<Found, SearchError> {
    let search = Search {
        searcher,
        fields,
        request,
        cancellation,
    };
    if let Some(isbn) = isbn::parse(&request.text) {
        let found = search.by_isbn(&isbn)?;
        if found.matched > 0 {
            return Ok(found);
        }
    }
    search.by_words()
}

impl Search<'_> {
    fn by_isbn(&self, isbn: &str) -> Result<Found, SearchError> {
        let term = self.fields.isbn_term(isbn);
        self.collect(Query::default(), |segment| {
            let mut candidates = Vec::new();
            let index = segment.inverted_index(term.field())?;
            if let Some(mut docs) = index.read_postings(&term, Default::default())? {
                while docs.doc() != TERMINATED {
                    candidates.push(Candidate {
                        doc: docs.doc(),
                        points: MAX_POINTS as u16,
                        title_words: 0,
                    });
                    docs.advance();
                }
            }
            Ok(candidates)
        })
    }

    fn by_words(&self) -> Result<Found, SearchError> {
        let mut found = self.run(Query::parse(&self.request.text))?;
        if found.matched >= FEW_BOOKS || found.query.words.is_empty() {
            return Ok(found);
        }
        if found.matched == 0 {
            for text in spelling::other_separations(self.searcher, self.fields, &found.query)? {
                let other = self.run(Query::parse(&text))?;
                if other.matched > found.matched {
                    found = other;
                    found.is_respelled = true;
                }
            }
        }
        if found.is_respelled {
            return Ok(found);
        }
        let mut similar = found.query.clone();
        let any = spelling::add_similar_words(
            self.searcher,
            self.fields,
            &mut similar.words,
            found.matched > 0,
            self.cancellation,
        )?;
        if any {
            let other = self.run(similar)?;
            if other.matched > found.matched {
                found = other;
                found.is_respelled = true;
            }
        }
        if found.matched == 0 {
            found.suggestion = self.shorter_query(&found.query)?;
        }
        Ok(found)
    }

    /// The query without one of its words, if it finds books then.
    fn shorter_query(&self, query: &Query) -> Result<Option<String>, SearchError> {
        let mut places = Vec::new();
        for (place, word) in query.words.iter().enumerate() {
            if !word.is_optional {
                let count = spelling::document_count(self.searcher, self.fields, &word.text)?;
                places.push((count, place));
            }
        }
        places.sort_unstable();
        for (_, place) in places.into_iter().filter(|_| query.words.len() > 1) {
            let text = query.without(place);
            if self.run(Query::parse(&text))?.matched > 0 {
                return Ok(Some(text));
            }
        }
        Ok(None)
    }

    fn run(&self, query: Query) -> Result<Found, SearchError> {
        let words = query.words.clone();
        self.collect(query, |segment| {
            matching::find(segment, self.fields, &words, self.cancellation)
        })
    }

    fn collect(
        &self,
        query: Query,
        candidates: impl Fn(&tantivy::SegmentReader) -> Result<Vec<Candidate>, SearchError>,
    ) -> Result<Found, SearchError> {
        let SearchRequest { offset, limit, .. } = *self.request;
        let is_reranked = self.request.order == SearchOrder::Relevance && offset < RERANKED;
        let (first, count) = if is_reranked {
            (0, RERANKED.max(offset.saturating_add(limit)))
        } else {
            (offset, offset.saturating_add(limit))
        };
        let terms = self.fields.required_terms(&self.request.filters);
        let mut collector = Collector::new(self.request, query.words.len(), count);
        for segment in self.searcher.segment_readers() {
            let mut candidates = candidates(segment)?;
            matching::retain_with_terms(segment, &mut candidates, &terms)?;
            collector.collect(segment, &candidates, self.cancellation)?;
        }
        Ok(Found {
            book_ids: collector.top.into_ids_after(first),
            first,
            total: collector.total,
            facets: collector.facets.map(|facets| facets.finish()),
            query,
            is_respelled: false,
            suggestion: None,
            matched: collector.matched,
        })
    }
}

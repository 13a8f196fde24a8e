//! Finds the words of a query in the dictionaries of one segment of the index.

use std::sync::Arc;

use tantivy::{
    InvertedIndexReader, SegmentReader, Term, postings::TermInfo, schema::IndexRecordOption,
};

use super::{
    SearchError,
    points::{Match, points},
    query::QueryWord,
    schema::{Fields, SHORT_PREFIX_CHARS, WordField, short_prefix},
};

/// At most so many words of a field that begin with the last word of a query are looked at.
const MAX_PREFIX_WORDS: usize = 5000;

/// The documents of one word of the index.
pub(super) struct Postings {
    pub(super) index: Arc<InvertedIndexReader>,
    pub(super) info: TermInfo,
    pub(super) field: WordField,
    pub(super) points: u8,
}

impl Postings {
    pub(super) fn document_count(&self) -> usize {
        self.info.doc_freq as usize
    }

    pub(super) const OPTION: IndexRecordOption = IndexRecordOption::Basic;
}

/// All words of the segment that a word of a query may stand for, those with the most points
/// first.
pub(super) fn find(
    segment: &SegmentReader,
    fields: &Fields,
    word: &QueryWord,
) -> Result<Vec<Postings>, SearchError> {
    let mut found = Vec::new();
    for field in WordField::ALL {
        let index = segment.inverted_index(fields.words(field))?;
        let mut push = |info: TermInfo, how: Match| {
            found.push(Postings {
                index: Arc::clone(&index),
                info,
                field,
                points: points(field, how),
            });
        };
        let spellings = [(&word.text, Match::Exact)].into_iter();
        let others = word.alternatives.iter().map(|(text, how)| (text, *how));
        for (text, how) in spellings.chain(others) {
            let term = Term::from_field_text(fields.words(field), text);
            if let Some(info) = index.get_term_info(&term)? {
                push(info, how);
            }
        }
        if word.is_prefix {
            for info in longer_words(&index, &word.text)? {
                push(info, Match::Prefix);
            }
        }
    }
    found.sort_by_key(|postings| std::cmp::Reverse(postings.points));
    Ok(found)
}

/// The words that begin with a text.
fn longer_words(index: &InvertedIndexReader, text: &str) -> Result<Vec<TermInfo>, SearchError> {
    if text.chars().count() <= SHORT_PREFIX_CHARS {
        return Ok(index.terms().get(short_prefix(text))?.into_iter().collect());
    }
    let mut longer = Vec::new();
    let mut words = index.terms().range().gt(text).into_stream()?;
    while let Some((word, info)) = words.next() {
        if !word.starts_with(text.as_bytes()) || longer.len() == MAX_PREFIX_WORDS {
            break;
        }
        longer.push(info.clone());
    }
    Ok(longer)
}

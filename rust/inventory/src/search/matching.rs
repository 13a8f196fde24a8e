//! Finds the documents of one segment that match all words of a query.

use tantivy::{DocId, DocSet, SegmentReader, TERMINATED, Term};

use super::{
    SearchError,
    cancellation::Cancellation,
    postings::{self, Postings},
    query::QueryWord,
    schema::{Fields, WordField},
};

/// A document that matches.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Candidate {
    pub(super) doc: DocId,
    /// The points of all words.
    pub(super) points: u16,
    /// The number of words that are in the main title.
    pub(super) title_words: u8,
}

/// What a word gives to a document: its points, and whether it is in the main title.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
struct Hit(u8);

impl Hit {
    const IN_TITLE: u8 = 0x80;

    fn of(postings: &Postings) -> Self {
        match postings.field {
            WordField::Title => Self(postings.points | Self::IN_TITLE),
            WordField::Authors | WordField::Rest => Self(postings.points),
        }
    }

    fn is_none(self) -> bool {
        self.0 == 0
    }

    fn add_to(self, candidate: &mut Candidate) {
        candidate.points += u16::from(self.0 & !Self::IN_TITLE);
        candidate.title_words += u8::from(self.0 & Self::IN_TITLE != 0);
    }
}

/// The matching documents of a segment in the order of their numbers, deleted ones included.
pub(super) fn find(
    segment: &SegmentReader,
    fields: &Fields,
    words: &[QueryWord],
    cancellation: &Cancellation,
) -> Result<Vec<Candidate>, SearchError> {
    let mut required = Vec::new();
    let mut optional = Vec::new();
    for word in words {
        cancellation.check()?;
        let found = postings::find(segment, fields, word)?;
        if word.is_optional {
            optional.push(found);
        } else if found.is_empty() {
            return Ok(Vec::new());
        } else {
            required.push(found);
        }
    }
    // The rarest word first, so that the others are looked up for few documents.
    required.sort_by_key(|word| document_count(word));
    let Some((first, others)) = required.split_first() else {
        return Ok(Vec::new());
    };
    let mut candidates = documents(segment, first, cancellation)?;
    for word in others {
        add_word(segment, &mut candidates, word, true, cancellation)?;
    }
    for word in &optional {
        add_word(segment, &mut candidates, word, false, cancellation)?;
    }
    Ok(candidates)
}

/// Keeps the candidates that have all of some terms.
pub(super) fn retain_with_terms(
    segment: &SegmentReader,
    candidates: &mut Vec<Candidate>,
    terms: &[Term],
) -> Result<(), SearchError> {
    for term in terms {
        let index = segment.inverted_index(term.field())?;
        let Some(mut docs) = index.read_postings(term, Postings::OPTION)? else {
            candidates.clear();
            return Ok(());
        };
        candidates.retain(|candidate| {
            if docs.doc() < candidate.doc {
                docs.seek(candidate.doc);
            }
            docs.doc() == candidate.doc
        });
    }
    Ok(())
}

fn document_count(word: &[Postings]) -> usize {
    word.iter().map(Postings::document_count).sum()
}

/// All documents with a word.
fn documents(
    segment: &SegmentReader,
    word: &[Postings],
    cancellation: &Cancellation,
) -> Result<Vec<Candidate>, SearchError> {
    let with_hit = |doc: DocId, hit: Hit| {
        let mut candidate = Candidate {
            doc,
            points: 0,
            title_words: 0,
        };
        hit.add_to(&mut candidate);
        candidate
    };
    let count = document_count(word);
    let is_rare = count < segment.max_doc() as usize / 16;
    if is_rare {
        let mut hits = Vec::with_capacity(count);
        for_each_block(word.iter(), cancellation, |docs, hit| {
            hits.extend(docs.iter().map(|doc| (*doc, hit)));
        })?;
        // The sort is stable, so the best hit of a document stays first.
        hits.sort_by_key(|(doc, _)| *doc);
        hits.dedup_by_key(|(doc, _)| *doc);
        return Ok(hits
            .into_iter()
            .map(|(doc, hit)| with_hit(doc, hit))
            .collect());
    }
    let hits = hits_of_all(segment, word, cancellation)?;
    // Each document is written behind the last match, and becomes one if it has the word: a branch
    // that nobody can predict would cost more. The last place is for what is not a match.
    let mut candidates = vec![with_hit(0, Hit::default()); count.min(hits.len()) + 1];
    let mut matches = 0;
    for (doc, hit) in (0..).zip(hits) {
        candidates[matches] = with_hit(doc, hit);
        matches += usize::from(!hit.is_none());
    }
    candidates.truncate(matches);
    Ok(candidates)
}

/// Adds the points of a word to the candidates that have it. A required word removes the others.
fn add_word(
    segment: &SegmentReader,
    candidates: &mut Vec<Candidate>,
    word: &[Postings],
    is_required: bool,
    cancellation: &Cancellation,
) -> Result<(), SearchError> {
    cancellation.check()?;
    let cost_of_seeking = candidates.len() * word.len() * 8;
    let hits = if cost_of_seeking < document_count(word) {
        hits_of_candidates(candidates, word, cancellation)?
    } else {
        let all = hits_of_all(segment, word, cancellation)?;
        let docs = candidates.iter().map(|candidate| candidate.doc as usize);
        docs.map(|doc| all[doc]).collect()
    };
    for (candidate, hit) in candidates.iter_mut().zip(&hits) {
        hit.add_to(candidate);
    }
    if is_required {
        let mut hits = hits.into_iter();
        candidates.retain(|_| hits.next().is_some_and(|hit| !hit.is_none()));
    }
    Ok(())
}

/// The best hit of each document of the segment.
fn hits_of_all(
    segment: &SegmentReader,
    word: &[Postings],
    cancellation: &Cancellation,
) -> Result<Vec<Hit>, SearchError> {
    let mut hits = vec![Hit::default(); segment.max_doc() as usize];
    // The best hits are written last, over the others.
    for_each_block(word.iter().rev(), cancellation, |docs, hit| {
        for doc in docs {
            hits[*doc as usize] = hit;
        }
    })?;
    Ok(hits)
}

/// The best hit of each candidate, found by skipping the documents between them.
fn hits_of_candidates(
    candidates: &[Candidate],
    word: &[Postings],
    cancellation: &Cancellation,
) -> Result<Vec<Hit>, SearchError> {
    let mut hits = vec![Hit::default(); candidates.len()];
    for postings in word {
        cancellation.check()?;
        let mut docs = postings
            .index
            .read_postings_from_terminfo(&postings.info, Postings::OPTION)?;
        for (candidate, best) in candidates.iter().zip(&mut hits) {
            if docs.doc() < candidate.doc && docs.seek(candidate.doc) == TERMINATED {
                break;
            }
            if docs.doc() == candidate.doc && best.is_none() {
                *best = Hit::of(postings);
            }
        }
    }
    Ok(hits)
}

/// Calls `visit` with blocks of the documents of all postings, one posting list after the other.
fn for_each_block<'p>(
    word: impl Iterator<Item = &'p Postings>,
    cancellation: &Cancellation,
    mut visit: impl FnMut(&[DocId], Hit),
) -> Result<(), SearchError> {
    for postings in word {
        let hit = Hit::of(postings);
        let mut blocks = postings
            .index
            .read_block_postings_from_terminfo(&postings.info, Postings::OPTION)?;
        loop {
            cancellation.check()?;
            let docs = blocks.docs();
            if docs.is_empty() {
                break;
            }
            visit(docs, hit);
            blocks.advance();
        }
    }
    Ok(())
}

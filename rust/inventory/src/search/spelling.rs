//! Words of the catalogue that are spelled like a word of a query.

use std::collections::HashMap;

use tantivy::{Searcher, Term, query::FuzzyTermQuery};

use super::{
    SearchError,
    cancellation::Cancellation,
    points::Match,
    query::{Query, QueryWord},
    schema::{Fields, WordField},
};

/// Words of fewer letters must be spelled right: too many others differ in one letter.
const MIN_LETTERS: usize = 3;

/// From this number of letters on, two of them may be wrong.
const MIN_LETTERS_FOR_TWO_EDITS: usize = 5;

/// When a word is separated, each of the two has at least so many letters: "da vinci".
const MIN_SEPARATED_LETTERS: usize = 2;

/// At most so many other spellings of a word are searched.
const MAX_SPELLINGS: usize = 50;

/// How much more frequent a similar word must be than a word that a few books have, so that the
/// word is taken for a misspelling.
const MUCH_MORE_FREQUENT: u64 = 20;

/// A word that more documents have is not taken for a misspelling, however frequent a similar one
/// is.
const MAX_MISSPELLED: u64 = 20;

/// Adds to each word the words of the catalogue that differ from it by one letter, or by two
/// letters in long words. Two neighbours in the wrong order count as one. Returns whether there
/// are such words; `only_rare` ignores words that are not much rarer than the similar ones.
pub(super) fn add_similar_words(
    searcher: &Searcher,
    fields: &Fields,
    words: &mut [QueryWord],
    only_rare: bool,
    cancellation: &Cancellation,
) -> Result<bool, SearchError> {
    let mut any = false;
    // An unfinished word is rare as well.
    let may_be_misspelled =
        |word: &&mut QueryWord| !(word.is_optional || only_rare && word.is_prefix);
    for word in words.iter_mut().filter(may_be_misspelled) {
        let least_count = if only_rare {
            let count = document_count(searcher, fields, &word.text)?;
            if count > MAX_MISSPELLED {
                continue;
            }
            MUCH_MORE_FREQUENT * count.max(1)
        } else {
            1
        };
        for similar in similar_words(searcher, fields, &word.text, cancellation)? {
            let is_known = word
                .alternatives
                .iter()
                .any(|(text, _)| *text == similar.text);
            if !is_known && similar.count >= least_count {
                word.alternatives.push((similar.text, similar.how));
                any = true;
            }
        }
    }
    Ok(any)
}

struct SimilarWord {
    text: String,
    how: Match,
    /// The number of documents that have it.
    count: u64,
}

/// The number of documents that have a word in one of the fields.
pub(super) fn document_count(
    searcher: &Searcher,
    fields: &Fields,
    text: &str,
) -> Result<u64, SearchError> {
    let mut count = 0;
    for field in WordField::ALL {
        count += searcher.doc_freq(&Term::from_field_text(fields.words(field), text))?;
    }
    Ok(count)
}

fn similar_words(
    searcher: &Searcher,
    fields: &Fields,
    text: &str,
    cancellation: &Cancellation,
) -> Result<Vec<SimilarWord>, SearchError> {
    let letters = text.chars().count();
    let has_digit = text.chars().any(char::is_numeric);
    if letters < MIN_LETTERS || has_digit {
        return Ok(Vec::new());
    }
    let mut counts = word_counts(searcher, fields, text, 1, "", cancellation)?;
    // Hardly anybody gets the first letter and another one wrong. The words with the same first
    // letter are a small part of the dictionary, so that the search for two edits is as fast as
    // that for one.
    let first_letter: String = text.chars().take(1).collect();
    if letters >= MIN_LETTERS_FOR_TWO_EDITS {
        let others = word_counts(searcher, fields, text, 2, &first_letter, cancellation)?;
        for (word, count) in others {
            counts.entry(word).or_insert(count);
        }
    }
    let mut similar: Vec<_> = counts
        .into_iter()
        .map(|(word, count)| (strsim::osa_distance(text, &word), count, word))
        .collect();
    similar.sort_by(|left, right| (left.0, right.1, &left.2).cmp(&(right.0, left.1, &right.2)));
    similar.truncate(MAX_SPELLINGS);
    let similar = similar
        .into_iter()
        .map(|(distance, count, text)| SimilarWord {
            text,
            how: if distance <= 1 {
                Match::OneEdit
            } else {
                Match::TwoEdits
            },
            count,
        });
    Ok(similar.collect())
}

/// The words of the catalogue that differ from a text by at most some edits and begin with a
/// prefix, with the numbers of documents that have them.
fn word_counts(
    searcher: &Searcher,
    fields: &Fields,
    text: &str,
    edits: u8,
    prefix: &str,
    cancellation: &Cancellation,
) -> Result<HashMap<String, u64>, SearchError> {
    let mut counts = HashMap::new();
    // The automaton is the same for all fields.
    let term = Term::from_field_text(fields.words(WordField::Title), text);
    let automaton = FuzzyTermQuery::new(term, edits, true).automaton()?;
    for field in WordField::ALL {
        for segment in searcher.segment_readers() {
            cancellation.check()?;
            let index = segment.inverted_index(fields.words(field))?;
            let mut similar = index.terms().search(&automaton).ge(prefix);
            if let Some(end) = end_of_prefix(prefix) {
                similar = similar.lt(end);
            }
            let mut similar = similar.into_stream()?;
            while let Some((word, info)) = similar.next() {
                // Other bytes are marked beginnings of words.
                if let Ok(word) = str::from_utf8(word)
                    && word != text
                    && word.chars().all(char::is_alphanumeric)
                {
                    *counts.entry(word.to_owned()).or_default() += u64::from(info.doc_freq);
                }
            }
        }
    }
    Ok(counts)
}

/// The first bytes behind all texts with a prefix; `None` if there are none. No byte of a text is
/// the largest one.
fn end_of_prefix(prefix: &str) -> Option<Vec<u8>> {
    let mut end = prefix.as_bytes().to_vec();
    *end.last_mut()? += 1;
    Some(end)
}

/// Other ways to separate the words: two neighbours as one word, or one word as two, if the
/// catalogue has the resulting words. "hitch hiker" becomes "hitchhiker".
pub(super) fn other_separations(
    searcher: &Searcher,
    fields: &Fields,
    query: &Query,
) -> Result<Vec<String>, SearchError> {
    let texts: Vec<&str> = query.sequence().map(|word| word.text.as_str()).collect();
    let mut separations = Vec::new();
    for (first, pair) in texts.windows(2).enumerate() {
        let joined = pair.concat();
        if document_count(searcher, fields, &joined)? > 0 {
            separations.push(
                [&texts[..first], &[&joined], &texts[first + 2..]]
                    .concat()
                    .join(" "),
            );
        }
    }
    for (place, text) in texts.iter().enumerate() {
        if text.chars().count() < MIN_LETTERS + MIN_SEPARATED_LETTERS
            || document_count(searcher, fields, text)? > 0
        {
            continue;
        }
        let mut best = (0, None);
        for (end, _) in text.char_indices().skip(MIN_SEPARATED_LETTERS) {
            let (left, right) = text.split_at(end);
            if right.chars().count() < MIN_SEPARATED_LETTERS {
                break;
            }
            let left_count = document_count(searcher, fields, left)?;
            let count = left_count.min(document_count(searcher, fields, right)?);
            if count > best.0 {
                best = (count, Some(format!("{left} {right}")));
            }
        }
        if let (_, Some(split)) = best {
            separations.push(
                [&texts[..place], &[&split], &texts[place + 1..]]
                    .concat()
                    .join(" "),
            );
        }
    }
    Ok(separations)
}

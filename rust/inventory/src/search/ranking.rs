//! The order of the matches by what the index knows of them. The first of them are ordered again
//! by their texts, see `relevance`.

use super::{matching::Candidate, points::MAX_POINTS, traits::Traits};

/// The score of a match, higher for a better one. It depends on the book and the query only, and
/// not on other books, so that it does not change while a visitor turns the pages.
pub(super) fn score(candidate: Candidate, traits: Traits, query_words: u32) -> u64 {
    let best = MAX_POINTS * query_words.max(1);
    let quality = 320 * u32::from(candidate.points) / best;
    // How much of the main title the query has: all of "Dune", a quarter of "The Road to Dune".
    let found = u32::from(candidate.title_words);
    let coverage = 120 * found / traits.title_words().max(found).max(1);
    let score = 200 + quality + coverage + traits.popularity();
    let demotion = 60 * u32::from(traits.is_set()) + 40 * u32::from(traits.is_companion());
    u64::from(score.saturating_sub(demotion))
}

#[cfg(test)]
mod tests {
    use super::*;
    use service::{BookCategory, BookId};

    use crate::Book;

    fn score_of(title: &str, rating_count: i64, points: u16, title_words: u8) -> u64 {
        let book = Book {
            title: title.to_owned(),
            rating_count,
            ..Book::new(BookId(1), BookCategory::General)
        };
        let candidate = Candidate {
            doc: 0,
            points,
            title_words,
        };
        score(candidate, Traits::of(&book), 1)
    }

    #[test]
    fn whole_title_popularity_and_single_works_rank_higher() {
        let dune = score_of("Dune", 1000, 20, 1);
        assert!(dune > score_of("The Road to Dune", 1000, 20, 1));
        assert!(dune > score_of("Dune", 10, 20, 1));
        assert!(dune > score_of("Dune (Dune, #1-3)", 1000, 20, 1));
        assert!(dune > score_of("Dune Companion", 1000, 20, 1));
        assert!(dune > score_of("Other", 1000, 17, 0));
    }

    #[test]
    fn score_is_never_negative() {
        assert!(score_of("A Boxset Companion", 0, 0, 0) > 0);
    }
}

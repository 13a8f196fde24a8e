//! The order of the matches by what the index knows of them. The first of them are ordered again
//! by their texts, see `relevance`.

use super::{matching::Candidate, points::MAX_POINTS, traits::Traits};

/// The scores of the matches of one query. The parts that cost a division are computed once for
/// all values that they can have.
pub(super) struct Ranking {
    /// How well the words match, by the points of all words.
    quality: Vec<u32>,
    /// How much of the main title the query has, by the number of its words that are in the main
    /// title and by the number of words of the main title: all of "Dune", a quarter of "The Road
    /// to Dune".
    coverage: Vec<[u32; TITLE_WORDS]>,
}

/// The number of values of [`Traits::title_words`].
const TITLE_WORDS: usize = 32;

impl Ranking {
    pub(super) fn new(query_words: usize) -> Self {
        let best = MAX_POINTS * u32::try_from(query_words).unwrap_or(u32::MAX).max(1);
        let coverage = (0..=query_words).map(|found| {
            std::array::from_fn(|title_words| 120 * found / title_words.max(found).max(1))
                .map(|points| u32::try_from(points).unwrap_or_default())
        });
        Self {
            quality: (0..=best).map(|points| 320 * points / best).collect(),
            coverage: coverage.collect(),
        }
    }

    /// The score of a match, higher for a better one. It depends on the book and the query only,
    /// and not on other books, so that it does not change while a visitor turns the pages.
    pub(super) fn score(&self, candidate: Candidate, traits: Traits) -> u64 {
        let quality = self.quality[usize::from(candidate.points)];
        let coverage = self.coverage[usize::from(candidate.title_words)];
        let coverage = coverage[traits.title_words() as usize % TITLE_WORDS];
        let score = 200 + quality + coverage + traits.popularity();
        let demotion = 60 * u32::from(traits.is_set()) + 40 * u32::from(traits.is_companion());
        u64::from(score.saturating_sub(demotion))
    }
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
        Ranking::new(1).score(candidate, Traits::of(&book))
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

//! How many points a word of a query gives to a book in which it is found.

use super::schema::WordField;

/// How well a word of a book matches a word of a query, best first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Match {
    /// The same word.
    Exact,
    /// Its singular or plural, or the same number in another spelling.
    Variant,
    /// A longer word that begins with it.
    Prefix,
    /// A word with one letter changed.
    OneEdit,
    /// A word with two letters changed.
    TwoEdits,
}

/// The points of a match, from 1 to [`MAX_POINTS`].
pub(super) fn points(field: WordField, how: Match) -> u8 {
    let [exact, variant, prefix, one_edit, two_edits] = match field {
        WordField::Title => [20, 18, 15, 10, 7],
        WordField::Authors => [17, 14, 12, 9, 6],
        WordField::Rest => [13, 12, 9, 6, 4],
    };
    match how {
        Match::Exact => exact,
        Match::Variant => variant,
        Match::Prefix => prefix,
        Match::OneEdit => one_edit,
        Match::TwoEdits => two_edits,
    }
}

/// The points of the best match.
pub(super) const MAX_POINTS: u32 = 20;

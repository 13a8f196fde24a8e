//! The properties of one book as a file has them, whatever its format.

use std::borrow::Cow;

use super::field::Field;

/// The texts of a row of a CSV file, of a JSON object or of a product of ONIX. Empty means that
/// the file does not have it.
#[derive(Debug, Default)]
pub(super) struct Record<'r> {
    texts: [Cow<'r, str>; Field::COUNT],
    /// The authors, if the format has lists.
    pub(super) authors: Vec<String>,
    /// The tags, if the format has lists.
    pub(super) tags: Vec<String>,
    /// The text by which [`BookTags`](super::BookTags) name the book.
    pub(super) tagged_as: Cow<'r, str>,
    /// Whether an export of the bookstore has written it, so that every character counts.
    pub(super) is_exact: bool,
}

impl<'r> Record<'r> {
    pub(super) fn new(is_exact: bool) -> Self {
        Self {
            is_exact,
            ..Self::default()
        }
    }

    pub(super) fn text(&self, field: Field) -> &str {
        &self.texts[field as usize]
    }

    pub(super) fn set(&mut self, field: Field, text: impl Into<Cow<'r, str>>) {
        self.texts[field as usize] = text.into();
    }
}

/// A source of records: one format of files.
pub(super) trait Records {
    /// Reads the next record.
    fn advance(&mut self) -> Advance;

    /// The record that was read last.
    ///
    /// # Errors
    /// A message for the user, if it cannot be decoded.
    fn record(&self) -> Result<Record<'_>, String>;
}

/// What [`Records::advance`] has found.
pub(super) enum Advance {
    /// A record that begins on this line.
    Record { line: u64 },
    /// The end of the file.
    End,
    /// The rest of the file cannot be read, from this line on.
    Failed { line: u64, message: String },
}

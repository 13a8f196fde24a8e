//! Which columns a file has.

use csv::ByteRecord;

/// The columns of our own files.
pub(super) const MINIMAL: [&str; 7] = [
    "id", "title", "authors", "year", "category", "price", "stock",
];

/// The columns of goodbooks-10k that are read.
pub(super) const GOODBOOKS: [&str; 5] = [
    "book_id",
    "authors",
    "original_publication_year",
    "original_title",
    "title",
];

/// Where the columns stand in a row, in the order of the constants.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Layout {
    Minimal([usize; MINIMAL.len()]),
    Goodbooks([usize; GOODBOOKS.len()]),
}

impl Layout {
    /// Recognises a header; `None` if it is neither.
    pub(super) fn of(header: &ByteRecord) -> Option<Self> {
        let names: Vec<String> = header
            .iter()
            .map(|name| String::from_utf8_lossy(name).trim().to_lowercase())
            .collect();
        positions(&names, MINIMAL)
            .map(Self::Minimal)
            .or_else(|| positions(&names, GOODBOOKS).map(Self::Goodbooks))
    }
}

fn positions<const N: usize>(names: &[String], columns: [&str; N]) -> Option<[usize; N]> {
    let mut positions = [0; N];
    for (position, column) in positions.iter_mut().zip(columns) {
        *position = names.iter().position(|name| name == column)?;
    }
    Some(positions)
}

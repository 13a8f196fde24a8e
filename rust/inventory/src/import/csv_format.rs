//! The CSV formats that can be imported, and their columns.

use csv::ByteRecord;

/// The columns of the bookstore's own format.
pub(super) const BOOKSTORE_COLUMNS: [&str; 7] = [
    "id", "title", "authors", "year", "category", "price", "stock",
];

/// The columns of goodbooks-10k that are used. The file has more.
pub(super) const GOODBOOKS_COLUMNS: [&str; 5] = [
    "book_id",
    "authors",
    "original_publication_year",
    "original_title",
    "title",
];

/// The format of a file, with the position of each column in a row. The positions are in
/// the order of the column constants.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum CsvFormat {
    Bookstore([usize; BOOKSTORE_COLUMNS.len()]),
    Goodbooks([usize; GOODBOOKS_COLUMNS.len()]),
}

impl CsvFormat {
    /// Detects the format by the header; `None` if it is unknown.
    pub(super) fn detect(header: &ByteRecord) -> Option<Self> {
        let names: Vec<String> = header
            .iter()
            .map(|name| String::from_utf8_lossy(name).trim().to_lowercase())
            .collect();
        positions(&names, BOOKSTORE_COLUMNS)
            .map(Self::Bookstore)
            .or_else(|| positions(&names, GOODBOOKS_COLUMNS).map(Self::Goodbooks))
    }
}

fn positions<const N: usize>(names: &[String], columns: [&str; N]) -> Option<[usize; N]> {
    let mut positions = [0; N];
    for (position, column) in positions.iter_mut().zip(columns) {
        *position = names.iter().position(|name| name == column)?;
    }
    Some(positions)
}

//! What an import decided by itself or left out, so that it can say so.

use std::{collections::BTreeMap, fmt};

/// Something that is worth mentioning about a valid row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Note {
    /// The price is the default price of the command line.
    DefaultPrice,
    /// The stock is the default stock of the command line.
    DefaultStock,
    /// No category is known, so that it is `general`.
    NoCategory,
    /// There is an ISBN, but its digits are damaged or its check digit is wrong.
    InvalidIsbn,
    /// There is a rating that is not a number from 0 to 5.
    InvalidRating,
    /// The description is longer than the contract allows.
    LongDescription,
    /// There is a number in the series that has no digits.
    InvalidSeriesNumber,
    /// There is an address of an image that is not one of https.
    InvalidImageUrl,
}

impl fmt::Display for Note {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::DefaultPrice => "have no price and get the default price",
            Self::DefaultStock => "have no stock and get the default stock",
            Self::NoCategory => "have no category that is known and are in general",
            Self::InvalidIsbn => "have an ISBN that is not valid and is left out",
            Self::InvalidRating => "have a rating that is not from 0 to 5 and is left out",
            Self::LongDescription => "have a description of over 4,000 characters, which is cut",
            Self::InvalidSeriesNumber => {
                "have a number in the series that is not decimal and is left out"
            }
            Self::InvalidImageUrl => {
                "have an address of an image that is not valid (only https is) and is left out"
            }
        })
    }
}

/// How many rows have each note, and the line of the first one.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Notes(BTreeMap<Note, (u64, u64)>);

impl Notes {
    /// The notes with the number of rows and the line of the first one.
    pub fn iter(&self) -> impl Iterator<Item = (Note, u64, u64)> {
        let notes = self.0.iter();
        notes.map(|(note, (rows, line))| (*note, *rows, *line))
    }

    pub(super) fn add(&mut self, note: Note, line: u64) {
        self.0.entry(note).or_insert((0, line)).0 += 1;
    }
}

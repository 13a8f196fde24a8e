//! What the ranking and the counts need to know about a book, in one number.
//!
//! Reading one column for each matching book is what keeps searches for the commonest words
//! cheap, so all of it is packed into the bits of a `u64`.

use text_normalization::query_words;

use super::title::TitleParts;
use crate::Book;

/// Titles with more words are ranked like those with so many.
const MAX_TITLE_WORDS: u64 = 31;

/// The lower ends of the ranges of prices that are counted, in the smallest unit of the
/// currency. The last range has no upper end.
pub(crate) const PRICE_RANGES: [i64; 7] = [0, 500, 1000, 1500, 2000, 3000, 5000];

/// The first years of the ranges of years that are counted. Earlier books belong to the first
/// range, and the last one has no end.
pub(crate) const YEAR_RANGES: [i32; 8] = [-3000, 1900, 1950, 1980, 1990, 2000, 2010, 2020];

/// The traits of a book. From the lowest bit: 5 bits number of words of the main title, 7 bits
/// popularity, 1 bit set, 1 bit companion, 6 bits category, 4 bits price range, 4 bits year range
/// plus one (0 if unknown), 15 bits language, 3 bits whole stars of the average rating (0 if
/// unknown), 1 bit in stock.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Traits(pub(crate) u64);

impl Traits {
    pub(crate) fn of(book: &Book) -> Self {
        let parts = TitleParts::of(&book.title);
        let series_number = book.series_number.as_deref().unwrap_or_default();
        let is_set = parts.is_set || series_number.contains('-');
        let words = query_words(parts.main).len() as u64;
        let category = u64::try_from(book.category.number()).unwrap_or_default();
        let price = range(&PRICE_RANGES, &book.price.amount_minor);
        let year = book
            .publication_year
            .map_or(0, |year| range(&YEAR_RANGES, &year) + 1);
        Self(
            words.min(MAX_TITLE_WORDS)
                | (popularity(book) << 5)
                | (u64::from(is_set) << 12)
                | (u64::from(parts.is_companion) << 13)
                | ((category & 63) << 14)
                | (price << 20)
                | (year << 24)
                | (language_number(book.language.as_deref()) << 28)
                | (stars(book.rating_hundredths) << 43),
        )
    }

    /// The same, with whether copies are available, which is not a part of the book.
    pub(crate) fn with_stock(self, is_in_stock: bool) -> Self {
        Self(self.0 | (u64::from(is_in_stock) << 46))
    }

    /// The number of words of the main title, at most 31.
    pub(crate) fn title_words(self) -> u32 {
        self.bits(0, 5)
    }

    /// The number of ratings on a logarithmic scale, from 0 to 127: four steps double it.
    pub(crate) fn popularity(self) -> u32 {
        self.bits(5, 7)
    }

    pub(crate) fn is_set(self) -> bool {
        self.bits(12, 1) == 1
    }

    pub(crate) fn is_companion(self) -> bool {
        self.bits(13, 1) == 1
    }

    /// The number of the category.
    pub(crate) fn category(self) -> usize {
        self.bits(14, 6) as usize
    }

    /// The index of the range in [`PRICE_RANGES`].
    pub(crate) fn price_range(self) -> usize {
        self.bits(20, 4) as usize
    }

    /// The index of the range in [`YEAR_RANGES`] plus one; 0 if the year is unknown.
    pub(crate) fn year_range(self) -> usize {
        self.bits(24, 4) as usize
    }

    /// The number of the language, see [`language_number`]; 0 if it is unknown.
    pub(crate) fn language(self) -> u32 {
        self.bits(28, 15)
    }

    /// The whole stars of the average rating, from 0 to 5.
    pub(crate) fn stars(self) -> usize {
        self.bits(43, 3) as usize
    }

    /// Whether copies are available.
    pub(crate) fn is_in_stock(self) -> bool {
        self.bits(46, 1) == 1
    }

    fn bits(self, first: u32, count: u32) -> u32 {
        ((self.0 >> first) & ((1 << count) - 1)) as u32
    }
}

/// The index of the last range that begins at or below a value.
fn range<T: Ord>(lower_ends: &[T], value: &T) -> u64 {
    let begun = lower_ends.partition_point(|lower| lower <= value);
    begun.saturating_sub(1) as u64
}

fn popularity(book: &Book) -> u64 {
    let ratings = u64::try_from(book.rating_count).unwrap_or_default();
    // The fractional part of the logarithm, from the two bits below the highest one.
    let ratings = ratings + 1;
    let exponent = u64::from(ratings.ilog2());
    let quarters = ((ratings << 2) >> exponent) & 3;
    (4 * exponent + quarters).min(127)
}

fn stars(rating_hundredths: Option<i32>) -> u64 {
    rating_hundredths.map_or(0, |rating| {
        (rating.clamp(0, 500) / 100).unsigned_abs().into()
    })
}

/// Codes of two or three letters as numbers with the digits 1 to 26; 0 for none.
pub(crate) fn language_number(code: Option<&str>) -> u64 {
    let letters = code.unwrap_or_default().bytes().take(3);
    letters.fold(0, |number, letter| {
        number * 27 + u64::from(letter.wrapping_sub(b'a' - 1).min(26))
    })
}

/// The code of a [`language_number`].
pub(crate) fn language_code(number: u32) -> String {
    let digits = [number / (27 * 27), (number / 27) % 27, number % 27];
    let letters = digits.into_iter().filter(|digit| *digit > 0);
    letters
        .filter_map(|digit| char::from_u32(u32::from(b'a') - 1 + digit))
        .collect()
}

#[cfg(test)]
mod tests {
    use service::{BookCategory, BookId, Money};

    use super::*;

    fn book() -> Book {
        Book {
            book_id: BookId(1),
            title: "Harry Potter Boxset (Harry Potter, #1-7)".to_owned(),
            publication_year: Some(1998),
            category: BookCategory::General,
            price: Money {
                currency_code: "USD".to_owned(),
                amount_minor: 1499,
            },
            language: Some("fil".to_owned()),
            rating_hundredths: Some(474),
            rating_count: 4_800_000,
            ..Book::new(BookId(1), BookCategory::General)
        }
    }

    #[test]
    fn traits_are_read_as_they_were_packed() {
        let traits = Traits::of(&book());
        assert_eq!(traits.title_words(), 3);
        assert!(traits.is_set() && !traits.is_companion());
        assert_eq!(traits.category(), 17);
        assert_eq!(PRICE_RANGES[traits.price_range()], 1000);
        assert_eq!(YEAR_RANGES[traits.year_range() - 1], 1990);
        assert_eq!(language_code(traits.language()), "fil");
        assert_eq!((traits.stars(), traits.popularity()), (4, 88));
        assert!(!traits.is_in_stock());
        let in_stock = traits.with_stock(true);
        assert!(in_stock.is_in_stock());
        assert_eq!(in_stock.stars(), 4);
    }

    #[test]
    fn unknown_values_are_zero() {
        let traits = Traits::of(&Book::new(BookId(1), BookCategory::Mystery));
        assert_eq!((traits.year_range(), traits.language()), (0, 0));
        assert_eq!((traits.stars(), traits.popularity()), (0, 0));
        let ancient = Book {
            publication_year: Some(-3000),
            ..book()
        };
        assert_eq!(Traits::of(&ancient).year_range(), 1);
    }

    #[test]
    fn popularity_grows_with_the_number_of_ratings() {
        let popularity = |rating_count| {
            Traits::of(&Book {
                rating_count,
                ..book()
            })
            .popularity()
        };
        let values = [0, 1, 2, 10, 1000, 10_000, 1_000_000, i64::MAX].map(popularity);
        assert!(values.is_sorted(), "{values:?}");
        assert_eq!(popularity(-1), 0);
    }

    #[test]
    fn language_codes_survive_the_conversion() {
        for code in ["en", "de", "aa", "zz", "zzz", "fil"] {
            let number = language_number(Some(code));
            assert!(number < 1 << 15);
            assert_eq!(language_code(u32::try_from(number).expect("15 bits")), code);
        }
        assert_eq!(language_code(0), "");
    }
}

//! Which of the matching books the filters of a search let pass.

use tantivy::{SegmentReader, columnar::ColumnValues};

use super::{
    SearchError,
    columns::{self, Values},
    schema::{PRICE, RATING, YEAR, YEAR_OFFSET},
    traits::{Traits, language_number},
};
use crate::domain::SearchFilters;

/// A property that can be filtered and that is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Property {
    Category = 1,
    Price = 2,
    Year = 4,
    Language = 8,
    Rating = 16,
    Stock = 32,
}

impl Property {
    pub(super) const ALL: [Self; 6] = [
        Self::Category,
        Self::Price,
        Self::Year,
        Self::Language,
        Self::Rating,
        Self::Stock,
    ];
}

/// The properties whose filters refuse a book, as a set of bits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Failed(u8);

impl Failed {
    /// Whether no filter refuses the book.
    pub(super) fn is_none(self) -> bool {
        self.0 == 0
    }

    /// Whether no filter of another property refuses the book.
    pub(super) fn only_possibly(self, property: Property) -> bool {
        self.0 & !(property as u8) == 0
    }

    fn add(&mut self, property: Property, passes: bool) {
        if !passes {
            self.0 |= property as u8;
        }
    }
}

/// The filters of a search for one segment. Columns without a filter are not read.
pub(super) struct SegmentFilter<'f> {
    /// Whether there is a filter at all.
    is_set: bool,
    filters: &'f SearchFilters,
    language: u32,
    price: Option<Values>,
    year: Option<Values>,
    rating: Option<Values>,
}

impl<'f> SegmentFilter<'f> {
    pub(super) fn new(
        segment: &SegmentReader,
        filters: &'f SearchFilters,
    ) -> Result<Self, SearchError> {
        let column = |name, is_needed: bool| {
            is_needed
                .then(|| columns::values(segment, name))
                .transpose()
        };
        let language = language_number(filters.language.as_deref());
        Ok(Self {
            is_set: filters.category.is_some()
                || filters.price.is_set()
                || filters.year.is_set()
                || language != 0
                || filters.min_rating_hundredths.is_some()
                || filters.in_stock_only,
            language: u32::try_from(language).unwrap_or_default(),
            price: column(PRICE, filters.price.is_set())?,
            year: column(YEAR, filters.year.is_set())?,
            rating: column(RATING, filters.min_rating_hundredths.is_some())?,
            filters,
        })
    }

    /// The filters that refuse a document.
    pub(super) fn check(&self, doc: u32, traits: Traits) -> Failed {
        let mut failed = Failed::default();
        if !self.is_set {
            return failed;
        }
        if let Some(category) = self.filters.category {
            let number = usize::try_from(category.number()).unwrap_or_default();
            failed.add(Property::Category, traits.category() == number);
        }
        if self.language != 0 {
            failed.add(Property::Language, traits.language() == self.language);
        }
        if let Some(prices) = &self.price {
            let price = i64::try_from(prices.get_val(doc)).unwrap_or(i64::MAX);
            failed.add(Property::Price, self.filters.price.contains(price));
        }
        if let Some(years) = &self.year {
            let year = i32::try_from(years.get_val(doc)).unwrap_or_default();
            let passes = year > 0 && self.filters.year.contains(year - YEAR_OFFSET);
            failed.add(Property::Year, passes);
        }
        if let (Some(ratings), Some(min)) = (&self.rating, self.filters.min_rating_hundredths) {
            let min = u64::try_from(min).unwrap_or_default();
            failed.add(Property::Rating, ratings.get_val(doc) >= min);
        }
        failed.add(
            Property::Stock,
            !self.filters.in_stock_only || traits.is_in_stock(),
        );
        failed
    }
}

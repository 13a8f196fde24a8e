//! Counts the found books by their properties.

use service::BookCategory;

use super::{
    filter::{Failed, Property},
    traits::{PRICE_RANGES, Traits, YEAR_RANGES, language_code},
};
use crate::domain::{Facets, Range};

// The numbers of values that the bits of the traits can have, so that each value has a count.
const CATEGORIES: usize = 1 << 6;
const PRICES: usize = 1 << 4;
const YEARS: usize = 1 << 4;
const LANGUAGES: usize = 1 << 15;
const STARS: usize = 1 << 3;

/// The languages with the most books that are listed.
const MAX_LANGUAGES: usize = 20;

/// The numbers of books by each property.
#[derive(Debug)]
pub(super) struct FacetCounts {
    categories: [i32; CATEGORIES],
    prices: [i32; PRICES],
    years: [i32; YEARS],
    languages: Vec<i32>,
    stars: [i32; STARS],
    in_stock: i32,
}

impl FacetCounts {
    pub(super) fn new() -> Self {
        Self {
            categories: [0; CATEGORIES],
            prices: [0; PRICES],
            years: [0; YEARS],
            languages: vec![0; LANGUAGES],
            stars: [0; STARS],
            in_stock: 0,
        }
    }

    /// Counts a book by all properties whose filter is the only one that may have refused it.
    pub(super) fn count(&mut self, traits: Traits, failed: Failed) {
        if failed.is_none() {
            return self.count_by_all(traits);
        }
        for property in Property::ALL {
            if failed.only_possibly(property) {
                self.count_by(property, traits);
            }
        }
    }

    fn count_by_all(&mut self, traits: Traits) {
        for property in Property::ALL {
            self.count_by(property, traits);
        }
    }

    #[inline(always)]
    fn count_by(&mut self, property: Property, traits: Traits) {
        match property {
            Property::Category => self.categories[traits.category() % CATEGORIES] += 1,
            Property::Price => self.prices[traits.price_range() % PRICES] += 1,
            Property::Year => self.years[traits.year_range() % YEARS] += 1,
            Property::Language => self.languages[traits.language() as usize] += 1,
            Property::Rating => self.stars[traits.stars() % STARS] += 1,
            Property::Stock => self.in_stock += i32::from(traits.is_in_stock()),
        }
    }

    pub(super) fn finish(self) -> Facets {
        let with_books = |(_, count): &(i32, i32)| *count > 0;
        let categories = (0..).zip(self.categories).filter(with_books);
        let categories = categories
            .filter_map(|(number, count)| Some((BookCategory::from_number(number)?, count)));
        let prices = PRICE_RANGES.iter().enumerate().map(|(place, min)| Range {
            min: Some(*min),
            max: PRICE_RANGES.get(place + 1).map(|next| next - 1),
            count: self.prices[place],
        });
        let years = YEAR_RANGES.iter().enumerate().map(|(place, min)| Range {
            min: Some(*min).filter(|_| place > 0),
            max: YEAR_RANGES.get(place + 1).map(|next| next - 1),
            count: self.years[place + 1],
        });
        let languages = (1..).zip(self.languages.into_iter().skip(1));
        let mut languages: Vec<_> = languages
            .filter(|(_, count)| *count > 0)
            .map(|(number, count)| (language_code(number), count))
            .collect();
        languages.sort_by(|left, right| (right.1, &left.0).cmp(&(left.1, &right.0)));
        languages.truncate(MAX_LANGUAGES);
        Facets {
            categories: categories.collect(),
            prices: prices.filter(|range| range.count > 0).collect(),
            years: years.filter(|range| range.count > 0).collect(),
            languages,
            ratings: at_least(self.stars),
            in_stock: self.in_stock,
        }
    }
}

/// The numbers of books with at least 4, 3, 2 and 1 stars, without equal ones at the end.
fn at_least(stars: [i32; STARS]) -> Vec<(i32, i32)> {
    let mut books = stars[5];
    let mut ratings = Vec::new();
    for least in [4, 3, 2, 1] {
        books += stars[least];
        if books > 0 {
            ratings.push((100 * i32::try_from(least).unwrap_or_default(), books));
        }
    }
    ratings
}

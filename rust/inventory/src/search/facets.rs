//! Counts the found books by their properties.

use service::BookCategory;

use super::{
    filter::{Failed, Property},
    traits::{PRICE_RANGES, Traits, YEAR_RANGES, language_code},
};
use crate::domain::{Facets, Range};

const CATEGORIES: usize = 64;
const LANGUAGES: usize = 1 << 15;
/// The languages with the most books that are listed.
const MAX_LANGUAGES: usize = 20;

/// The numbers of books by each property.
#[derive(Debug)]
pub(super) struct FacetCounts {
    categories: [i32; CATEGORIES],
    prices: [i32; PRICE_RANGES.len()],
    years: [i32; YEAR_RANGES.len() + 1],
    languages: Vec<i32>,
    stars: [i32; 6],
    in_stock: i32,
}

impl FacetCounts {
    pub(super) fn new() -> Self {
        Self {
            categories: [0; CATEGORIES],
            prices: [0; PRICE_RANGES.len()],
            years: [0; YEAR_RANGES.len() + 1],
            languages: vec![0; LANGUAGES],
            stars: [0; 6],
            in_stock: 0,
        }
    }

    /// Counts a book by all properties whose filter is the only one that may have refused it.
    pub(super) fn count(&mut self, traits: Traits, failed: Failed) {
        for property in Property::ALL {
            if !failed.only_possibly(property) {
                continue;
            }
            let count = match property {
                Property::Category => self.categories.get_mut(traits.category()),
                Property::Price => self.prices.get_mut(traits.price_range()),
                Property::Year => self.years.get_mut(traits.year_range()),
                Property::Language => self.languages.get_mut(traits.language() as usize),
                Property::Rating => self.stars.get_mut(traits.stars()),
                Property::Stock => Some(&mut self.in_stock).filter(|_| traits.is_in_stock()),
            };
            if let Some(count) = count {
                *count += 1;
            }
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
fn at_least(stars: [i32; 6]) -> Vec<(i32, i32)> {
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

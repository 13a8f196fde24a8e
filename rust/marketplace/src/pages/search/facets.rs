//! The filters beside the result, each with the number of books that it would leave.

use contract::bookstore::{
    inventory::v1::{PriceFacet, SearchFacets, YearFacet},
    r#type::v1::Money,
};

use super::criteria::{Bounds, Criteria};
use crate::{
    category::CategoryInfo,
    currency::{self, with_thousands_separators},
};

/// The names of frequent languages. Others are shown by their code.
const LANGUAGES: [(&str, &str); 20] = [
    ("ar", "Arabic"),
    ("cs", "Czech"),
    ("da", "Danish"),
    ("de", "German"),
    ("el", "Greek"),
    ("en", "English"),
    ("es", "Spanish"),
    ("fa", "Persian"),
    ("fi", "Finnish"),
    ("fr", "French"),
    ("id", "Indonesian"),
    ("it", "Italian"),
    ("ja", "Japanese"),
    ("nl", "Dutch"),
    ("no", "Norwegian"),
    ("pl", "Polish"),
    ("pt", "Portuguese"),
    ("ru", "Russian"),
    ("sv", "Swedish"),
    ("zh", "Chinese"),
];

/// The values of one property.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct FacetGroup {
    pub name: &'static str,
    pub options: Vec<FacetOption>,
}

/// A value of a property.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct FacetOption {
    pub label: String,
    pub count: String,
    /// The same search with this filter; without it, if it is set already.
    pub url: String,
    pub is_chosen: bool,
}

/// The groups with an option that changes the result, or with one that is chosen. `total` is the
/// number of found books, and `currency_code` the currency of their prices.
pub(super) fn groups(
    criteria: &Criteria,
    facets: &SearchFacets,
    total: i32,
    currency_code: &str,
) -> Vec<FacetGroup> {
    let option = |label: String, count: i32, chosen: &Criteria, cleared: &Criteria| {
        let is_chosen = chosen == criteria;
        FacetOption {
            label,
            count: with_thousands_separators(u64::try_from(count).unwrap_or_default()),
            url: if is_chosen { cleared } else { chosen }.url(),
            is_chosen,
        }
    };
    let with = |change: &dyn Fn(&mut Criteria)| {
        let mut changed = criteria.clone();
        change(&mut changed);
        changed
    };
    let categories = facets.categories.iter().filter_map(|facet| {
        let category = CategoryInfo::from_number(facet.category)?;
        let chosen = with(&|criteria| criteria.category = Some(category));
        let cleared = with(&|criteria| criteria.category = None);
        let label = category.name.to_owned();
        Some(option(label, facet.book_count, &chosen, &cleared))
    });
    let prices = facets.prices.iter().map(|facet| {
        let bounds = Bounds {
            min: Some(facet.min_price_minor).filter(|min| *min > 0),
            max: facet.max_price_minor,
        };
        let chosen = with(&|criteria| criteria.price = bounds);
        let cleared = with(&|criteria| criteria.price = Bounds::default());
        let label = price_label(facet, currency_code);
        option(label, facet.book_count, &chosen, &cleared)
    });
    let years = facets.years.iter().map(|facet| {
        let bounds = Bounds {
            min: facet.min_year.map(i64::from),
            max: facet.max_year.map(i64::from),
        };
        let chosen = with(&|criteria| criteria.year = bounds);
        let cleared = with(&|criteria| criteria.year = Bounds::default());
        option(year_label(facet), facet.book_count, &chosen, &cleared)
    });
    let languages = facets.languages.iter().map(|facet| {
        let chosen = with(&|criteria| criteria.language.clone_from(&facet.language));
        let cleared = with(&|criteria| criteria.language.clear());
        let label = language_name(&facet.language);
        option(label, facet.book_count, &chosen, &cleared)
    });
    let ratings = facets.ratings.iter().map(|facet| {
        let stars = facet.min_rating_hundredths / 100;
        let chosen = with(&|criteria| criteria.stars = Some(stars.into()));
        let cleared = with(&|criteria| criteria.stars = None);
        let label = format!("{stars} stars or more");
        option(label, facet.book_count, &chosen, &cleared)
    });
    let in_stock = {
        let chosen = with(&|criteria| criteria.in_stock = true);
        let cleared = with(&|criteria| criteria.in_stock = false);
        let label = "In stock".to_owned();
        option(label, facets.in_stock_count, &chosen, &cleared)
    };
    let some_are_sold_out = (1..total).contains(&facets.in_stock_count);
    let groups = [
        ("Category", categories.collect::<Vec<_>>()),
        ("Price", prices.collect()),
        ("First published", years.collect()),
        ("Language", languages.collect()),
        ("Rating", ratings.collect()),
    ];
    let groups = groups
        .into_iter()
        .filter(|(_, options)| options.len() > 1 || options.iter().any(|it| it.is_chosen));
    let availability = ("Availability", vec![in_stock]);
    let availability = Some(availability).filter(|_| some_are_sold_out || criteria.in_stock);
    let groups = availability.into_iter().chain(groups);
    groups
        .map(|(name, options)| FacetGroup { name, options })
        .collect()
}

fn price_label(facet: &PriceFacet, currency_code: &str) -> String {
    let amount = |amount_minor| {
        let money = Money {
            currency_code: currency_code.to_owned(),
            amount_minor: Some(amount_minor),
        };
        currency::price(&money).unwrap_or_default()
    };
    match facet.max_price_minor {
        Some(max) if facet.min_price_minor == 0 => format!("up to {}", amount(max)),
        Some(max) => format!("{} to {}", amount(facet.min_price_minor), amount(max)),
        None => format!("{} and more", amount(facet.min_price_minor)),
    }
}

fn year_label(facet: &YearFacet) -> String {
    match (facet.min_year, facet.max_year) {
        (None, Some(max)) => format!("before {}", i64::from(max) + 1),
        (Some(min), Some(max)) => format!("{min} to {max}"),
        (Some(min), None) => format!("since {min}"),
        (None, None) => "any year".to_owned(),
    }
}

/// The name of a language, or its code if the name is not known here.
pub(crate) fn language_name(code: &str) -> String {
    let known = LANGUAGES.iter().find(|(known, _)| *known == code);
    known.map_or(code, |(_, name)| name).to_owned()
}

#[cfg(test)]
mod tests {
    use contract::bookstore::inventory::v1::{CategoryFacet, LanguageFacet};

    use super::*;

    fn facets() -> SearchFacets {
        let category = |category, book_count| CategoryFacet {
            category,
            book_count,
        };
        SearchFacets {
            categories: vec![category(1, 1234), category(4, 2)],
            prices: vec![PriceFacet {
                min_price_minor: 0,
                max_price_minor: Some(499),
                book_count: 3,
            }],
            languages: vec![LanguageFacet {
                language: "en".to_owned(),
                book_count: 3,
            }],
            ..SearchFacets::default()
        }
    }

    #[test]
    fn groups_with_one_value_are_left_out_unless_it_is_chosen() {
        let criteria = Criteria::of("sea");
        let names = |criteria: &Criteria| -> Vec<_> {
            let groups = groups(criteria, &facets(), 3, "USD").into_iter();
            groups.map(|group| group.name).collect()
        };
        assert_eq!(names(&criteria), ["Category"]);
        let english = Criteria {
            language: "en".to_owned(),
            ..criteria
        };
        assert_eq!(names(&english), ["Category", "Language"]);
    }

    #[test]
    fn chosen_option_links_to_the_search_without_it() {
        let mystery = Criteria {
            category: CategoryInfo::from_number(1),
            ..Criteria::of("sea")
        };
        let group = &groups(&mystery, &facets(), 3, "USD")[0];
        let urls: Vec<_> = group.options.iter().map(|it| it.url.as_str()).collect();
        assert_eq!(urls, ["/search?q=sea", "/search?q=sea&category=fantasy"]);
        assert_eq!(group.options[0].count, "1,234");
        assert!(group.options[0].is_chosen && !group.options[1].is_chosen);
    }

    #[test]
    fn availability_is_offered_if_some_books_are_sold_out() {
        let availability = |in_stock_count, in_stock| {
            let criteria = Criteria {
                in_stock,
                ..Criteria::of("sea")
            };
            let facets = SearchFacets {
                in_stock_count,
                ..SearchFacets::default()
            };
            groups(&criteria, &facets, 3, "USD").pop()
        };
        assert_eq!(availability(0, false), None);
        assert_eq!(availability(3, false), None);
        let offered = availability(2, false).expect("one book is sold out");
        let option = &offered.options[0];
        assert_eq!(option.url, "/search?q=sea&availability=in-stock");
        assert_eq!((option.count.as_str(), option.is_chosen), ("2", false));
        let chosen = availability(3, true).expect("it can be cleared");
        assert_eq!(chosen.options[0].url, "/search?q=sea");
    }

    #[test]
    fn ranges_have_readable_names() {
        let price = |min, max| {
            let facet = PriceFacet {
                min_price_minor: min,
                max_price_minor: max,
                book_count: 1,
            };
            price_label(&facet, "USD")
        };
        assert_eq!(price(0, Some(499)), "up to $4.99");
        assert_eq!(price(500, Some(999)), "$5.00 to $9.99");
        assert_eq!(price(5000, None), "$50.00 and more");
        let year = |min_year, max_year| {
            year_label(&YearFacet {
                min_year,
                max_year,
                book_count: 1,
            })
        };
        assert_eq!(year(None, Some(1899)), "before 1900");
        assert_eq!(year(Some(1900), Some(1949)), "1900 to 1949");
        assert_eq!(year(Some(2020), None), "since 2020");
        assert_eq!(
            (language_name("de"), language_name("fil")),
            ("German".into(), "fil".into())
        );
    }
}

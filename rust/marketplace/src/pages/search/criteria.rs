//! What a visitor searches for: the query with its filters and order, in the URL and in the call.

use std::ops::RangeInclusive;

use axum::http::StatusCode;
use contract::bookstore::inventory::v1::{SearchBooksRequest, SearchOrder};

use super::form_urlencode;
use crate::{
    category::CategoryInfo,
    pages::{MessagePage, QueryParams},
};

/// The longest query that the contract allows, in characters.
pub(crate) const MAX_QUERY_CHARACTERS: usize = 100;
/// The years that the contract allows.
const YEARS: RangeInclusive<i64> = -3000..=2100;
/// The amounts that the contract allows.
const AMOUNTS: RangeInclusive<i64> = 0..=9_007_199_254_740_991;

/// The value of the parameter `availability` for books of which copies are available.
const IN_STOCK: &str = "in-stock";

/// The orders with their names in URLs and on the page, in the order of the page.
pub(super) const ORDERS: [(SearchOrder, &str, &str); 6] = [
    (SearchOrder::Relevance, "", "best match first"),
    (SearchOrder::Title, "title", "by title"),
    (SearchOrder::PriceAscending, "price", "lowest price first"),
    (
        SearchOrder::PriceDescending,
        "-price",
        "highest price first",
    ),
    (SearchOrder::Newest, "newest", "newest first"),
    (SearchOrder::Rating, "rating", "best rating first"),
];

/// The lowest and the highest value of a filter.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Bounds {
    pub min: Option<i64>,
    pub max: Option<i64>,
}

/// A search with filters and an order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Criteria {
    /// Without control characters and superfluous spaces. Empty if the visitor has typed nothing.
    pub query: String,
    /// `None` for all categories.
    pub category: Option<&'static CategoryInfo>,
    /// In the smallest unit of the currency.
    pub(super) price: Bounds,
    pub(super) year: Bounds,
    /// The code of a language; empty for all.
    pub(super) language: String,
    /// The least number of stars.
    pub(super) stars: Option<i64>,
    /// Only books of which copies are available.
    pub(super) in_stock: bool,
    pub(super) order: SearchOrder,
}

impl Criteria {
    /// A search without filters.
    pub fn of(query: &str) -> Self {
        Self {
            query: query.to_owned(),
            category: None,
            price: Bounds::default(),
            year: Bounds::default(),
            language: String::new(),
            stars: None,
            in_stock: false,
            order: SearchOrder::Relevance,
        }
    }

    /// Reads the parameters of a URL. Filters that make no sense are refused with a message.
    pub fn parse(params: &QueryParams) -> Result<Self, Box<MessagePage>> {
        let query = normalize_whitespace(params.get("q").unwrap_or_default());
        let length = query.chars().count();
        if length > MAX_QUERY_CHARACTERS {
            let text = format!(
                "We can search for up to {MAX_QUERY_CHARACTERS} characters at once, and these are {length}. A few words of the title or the author will do."
            );
            return Err(refused(&query, "That is too long to search for", text));
        }
        let slug = params.get("category").unwrap_or_default();
        let category = CategoryInfo::from_slug(slug);
        if category.is_none() && !slug.is_empty() {
            let text = "There is no such category to search in. These are the ones that we have.";
            return Err(refused(
                &query,
                "We don’t have that category",
                text.to_owned(),
            ));
        }
        let filters = || {
            let order = params.get("sort").unwrap_or_default();
            Some(Self {
                query: query.clone(),
                category,
                price: parse_bounds(params.get("price"), AMOUNTS)?,
                year: parse_bounds(params.get("year"), YEARS)?,
                language: parse_language(params.get("language").unwrap_or_default())?,
                stars: parse_number(params.get("rating").unwrap_or_default(), 0..=5)?,
                in_stock: parse_availability(params.get("availability").unwrap_or_default())?,
                order: ORDERS.iter().find(|(_, name, _)| *name == order)?.0,
            })
        };
        filters().ok_or_else(|| {
            let text =
                "This link has a filter or an order that we don’t have. Search again without it.";
            refused(&query, "We can’t search like that", text.to_owned())
        })
    }

    /// The URL of the first page.
    pub fn url(&self) -> String {
        let mut fields = self.filter_fields();
        let order = ORDERS.iter().find(|(order, ..)| *order == self.order);
        fields.extend(order.map(|(_, name, _)| ("sort", (*name).to_owned())));
        let mut url = format!("/search?q={}", form_urlencode(&self.query));
        for (name, value) in fields.iter().filter(|(_, value)| !value.is_empty()) {
            url.push('&');
            url.push_str(name);
            url.push('=');
            url.push_str(&form_urlencode(value));
        }
        url
    }

    /// The parameters of the filters that are set.
    pub(super) fn filter_fields(&self) -> Vec<(&'static str, String)> {
        let fields = [
            (
                "category",
                self.category.map(|category| category.slug.to_owned()),
            ),
            ("price", self.price.text()),
            ("year", self.year.text()),
            ("language", Some(self.language.clone())),
            ("rating", self.stars.map(|stars| stars.to_string())),
            ("availability", self.in_stock.then(|| IN_STOCK.to_owned())),
        ];
        let fields = fields
            .into_iter()
            .filter_map(|(name, value)| Some((name, value?)));
        fields.filter(|(_, value)| !value.is_empty()).collect()
    }

    /// Whether any filter is set.
    pub fn is_filtered(&self) -> bool {
        let unfiltered = Self {
            order: self.order,
            ..Self::of(&self.query)
        };
        *self != unfiltered
    }

    /// The same query and order without filters.
    pub fn without_filters(&self) -> Self {
        Self {
            order: self.order,
            ..Self::of(&self.query)
        }
    }

    /// The call for a page of the result.
    pub(super) fn request(&self, page_size: i32, skip: i32) -> SearchBooksRequest {
        let year = |year: Option<i64>| year.and_then(|year| i32::try_from(year).ok());
        let stars = self.stars.and_then(|stars| i32::try_from(stars).ok());
        SearchBooksRequest {
            query: self.query.clone(),
            category: self.category.map_or(0, |category| category.id.into()),
            page_size,
            page_token: String::new(),
            order: self.order.into(),
            min_price_minor: self.price.min,
            max_price_minor: self.price.max,
            min_year: year(self.year.min),
            max_year: year(self.year.max),
            language: self.language.clone(),
            min_rating_hundredths: stars.map(|stars| 100 * stars),
            skip,
            with_facets: false,
            in_stock_only: self.in_stock,
            author: String::new(),
            series: String::new(),
        }
    }
}

impl Bounds {
    /// As in URLs: `500..999`, `500..` or `..1899`; `None` if there is no limit.
    fn text(self) -> Option<String> {
        let number = |number: Option<i64>| number.map(|number| number.to_string());
        let (min, max) = (number(self.min), number(self.max));
        (min.is_some() || max.is_some())
            .then(|| format!("{}..{}", min.unwrap_or_default(), max.unwrap_or_default()))
    }
}

fn refused(query: &str, heading: &'static str, text: String) -> Box<MessagePage> {
    let message = MessagePage::new(StatusCode::BAD_REQUEST, heading, text);
    Box::new(message.with_query(query))
}

fn parse_bounds(text: Option<&str>, allowed: RangeInclusive<i64>) -> Option<Bounds> {
    let text = text.unwrap_or_default();
    if text.is_empty() {
        return Some(Bounds::default());
    }
    let (min, max) = text.split_once("..")?;
    Some(Bounds {
        min: parse_number(min, allowed.clone())?,
        max: parse_number(max, allowed)?,
    })
}

/// `Some(None)` if the text is empty, `None` if it is not a number that is allowed.
fn parse_number(text: &str, allowed: RangeInclusive<i64>) -> Option<Option<i64>> {
    if text.is_empty() {
        return Some(None);
    }
    let number = text.parse().ok().filter(|number| allowed.contains(number));
    number.map(Some)
}

fn parse_language(code: &str) -> Option<String> {
    let is_code =
        matches!(code.len(), 0 | 2 | 3) && code.bytes().all(|byte| byte.is_ascii_lowercase());
    is_code.then(|| code.to_owned())
}

fn parse_availability(text: &str) -> Option<bool> {
    (text.is_empty() || text == IN_STOCK).then_some(!text.is_empty())
}

/// Replaces control characters, which databases may refuse, and reduces white space to single
/// spaces between words, so that `sea ` is the same query as `sea`.
fn normalize_whitespace(text: &str) -> String {
    let text = text.replace(char::is_control, " ");
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The URL of a search, for links on other pages.
pub(crate) fn search_url(query: &str) -> String {
    let query: String = query.chars().take(MAX_QUERY_CHARACTERS).collect();
    Criteria::of(&query).url()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(url: &str) -> Option<Criteria> {
        let query = url.split_once('?').expect("there are parameters").1;
        Criteria::parse(&QueryParams::from_query(query)).ok()
    }

    #[test]
    fn criteria_survive_the_url() {
        for url in [
            "/search?q=sea",
            "/search?q=garc%C3%ADa+%26+co&category=mystery&price=500..999&year=..1899",
            "/search?q=sea&year=-750..&language=en&rating=4&sort=-price",
            "/search?q=sea&availability=in-stock&sort=title",
        ] {
            assert_eq!(
                parsed(url).map(|criteria| criteria.url()).as_deref(),
                Some(url)
            );
        }
        assert!(!Criteria::of("sea").is_filtered());
        assert!(parsed("/search?q=sea&rating=4").is_some_and(|criteria| criteria.is_filtered()));
        assert_eq!(
            parsed("/search?q=sea&price=&year=&language=&rating=&availability=&sort="),
            Some(Criteria::of("sea"))
        );
    }

    #[test]
    fn filters_that_make_no_sense_are_refused() {
        for filter in [
            "price=5",
            "price=-1..",
            "price=1e3..",
            "price=99999999999999999999..",
            "year=..9999",
            "language=english",
            "language=EN",
            "rating=6",
            "availability=sold-out",
            "sort=random",
        ] {
            assert_eq!(parsed(&format!("/search?q=sea&{filter}")), None, "{filter}");
        }
    }

    #[test]
    fn white_space_and_control_characters_are_normalized() {
        assert_eq!(
            normalize_whitespace("  the\u{0}sea \n wolf\t"),
            "the sea wolf"
        );
        assert_eq!(normalize_whitespace(" \u{3000} "), "");
    }
}

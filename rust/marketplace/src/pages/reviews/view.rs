//! View models: ratings and reviews.

use contract::bookstore::reviews::v1::{Rating, Review};

use crate::{currency::with_thousands_separators, pages::account::date};

/// The outline of five stars side by side, each in a square of 20 units.
pub(crate) const FIVE_STARS: &str = concat!(
    "M10 1.5l2.23 5.93 6.33.29-4.95 3.95 1.68 6.11-5.29-3.48-5.29 3.48 1.68-6.11-4.95-3.95 6.33-.29z",
    "m20 0l2.23 5.93 6.33.29-4.95 3.95 1.68 6.11-5.29-3.48-5.29 3.48 1.68-6.11-4.95-3.95 6.33-.29z",
    "m20 0l2.23 5.93 6.33.29-4.95 3.95 1.68 6.11-5.29-3.48-5.29 3.48 1.68-6.11-4.95-3.95 6.33-.29z",
    "m20 0l2.23 5.93 6.33.29-4.95 3.95 1.68 6.11-5.29-3.48-5.29 3.48 1.68-6.11-4.95-3.95 6.33-.29z",
    "m20 0l2.23 5.93 6.33.29-4.95 3.95 1.68 6.11-5.29-3.48-5.29 3.48 1.68-6.11-4.95-3.95 6.33-.29z",
);

/// A number of stars, drawn and in words.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Stars {
    /// The width of the full stars, of 100.
    pub width: i32,
    /// Such as "4.3 of 5 stars".
    pub text: String,
}

impl Stars {
    fn from_hundredths(hundredths: i32) -> Self {
        Self {
            width: hundredths / 5,
            text: format!("{} of 5 stars", decimal(hundredths)),
        }
    }
}

/// The rating of a book with at least one review.
#[derive(Debug)]
pub(crate) struct RatingView {
    /// Such as "4.3".
    pub average: String,
    pub stars: Stars,
    /// Such as "1 review" or "1,204 reviews".
    pub count: String,
    /// From five stars to one.
    pub bars: Vec<Bar>,
}

/// How many reviews have a number of stars.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Bar {
    /// Such as "5 stars".
    pub label: String,
    pub count: String,
    /// The share of all reviews, of 100.
    pub share: i64,
}

impl RatingView {
    /// `None` if the book has no reviews.
    pub fn new(rating: &Rating) -> Option<Self> {
        let average = rating.average_hundredths?;
        let total = rating.review_count.max(1);
        let mut bars: Vec<_> = (1..)
            .zip(&rating.star_counts)
            .map(|(stars, count)| Bar {
                label: format!("{stars} {}", if stars == 1 { "star" } else { "stars" }),
                count: formatted(*count),
                share: count * 100 / total,
            })
            .collect();
        bars.reverse();
        let noun = if total == 1 { "review" } else { "reviews" };
        Some(Self {
            average: decimal(average),
            stars: Stars::from_hundredths(average),
            count: format!("{} {noun}", formatted(total)),
            bars,
        })
    }
}

/// A review as readers see it.
#[derive(Debug)]
pub(crate) struct ReviewView {
    pub stars: Stars,
    pub title: String,
    pub body: String,
    pub author: String,
    /// The day of the last change.
    pub day: String,
    pub is_verified: bool,
    /// Why readers don't see it; empty if they do.
    pub hidden_reason: String,
}

impl ReviewView {
    pub fn new(review: &Review) -> Self {
        let author = review.author_name.trim();
        Self {
            stars: Stars::from_hundredths(review.stars * 100),
            title: review.title.clone(),
            body: review.body.clone(),
            author: if author.is_empty() {
                "Anonymous".to_owned()
            } else {
                author.to_owned()
            },
            day: date(review.update_time),
            is_verified: review.verified_purchase,
            hidden_reason: review.hidden_reason.clone(),
        }
    }
}

/// One decimal, rounded half up, which whole numbers don't have.
fn decimal(hundredths: i32) -> String {
    let tenths = (hundredths + 5) / 10;
    match (tenths / 10, tenths % 10) {
        (whole, 0) => whole.to_string(),
        (whole, tenth) => format!("{whole}.{tenth}"),
    }
}

fn formatted(count: i64) -> String {
    with_thousands_separators(u64::try_from(count).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rating_is_told_in_words_and_widths() {
        let rating = Rating {
            book_id: 4,
            review_count: 1204,
            average_hundredths: Some(433),
            star_counts: vec![4, 0, 200, 300, 700],
        };
        let view = RatingView::new(&rating).expect("there are reviews");
        assert_eq!((view.average.as_str(), view.stars.width), ("4.3", 86));
        assert_eq!(view.stars.text, "4.3 of 5 stars");
        assert_eq!(view.count, "1,204 reviews");
        let bars: Vec<_> = view
            .bars
            .iter()
            .map(|bar| (bar.label.as_str(), bar.count.as_str(), bar.share))
            .collect();
        let expected = [
            ("5 stars", "700", 58),
            ("4 stars", "300", 24),
            ("3 stars", "200", 16),
            ("2 stars", "0", 0),
            ("1 star", "4", 0),
        ];
        assert_eq!(bars, expected);
        assert!(RatingView::new(&Rating::default()).is_none());
    }

    #[test]
    fn averages_have_one_decimal_unless_they_are_whole() {
        let texts = [100, 104, 105, 399, 450, 500].map(decimal);
        assert_eq!(texts, ["1", "1", "1.1", "4", "4.5", "5"]);
    }
}

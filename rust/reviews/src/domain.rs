//! Reviews and ratings: their rules, without any I/O.

use jiff::Timestamp;
use service::{AccountId, BookId};
use uuid::Uuid;

/// A number of stars, from 1 (worst) to 5 (best).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Stars(u8);

impl Stars {
    /// The number of stars; `None` if it is not from 1 to 5.
    pub fn new(number: i64) -> Option<Self> {
        let number = u8::try_from(number).ok()?;
        (1..=5).contains(&number).then_some(Self(number))
    }

    /// The number, from 1 to 5.
    pub fn number(self) -> u8 {
        self.0
    }
}

/// What a reader writes about a book. Empty texts are texts that the reader did not give.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReviewContent {
    /// How good the book is.
    pub stars: Stars,
    /// The headline.
    pub title: String,
    /// The text.
    pub body: String,
    /// The name under which the review is shown.
    pub author_name: String,
}

/// A review as it is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Review {
    /// The id, which stays when the review changes.
    pub review_id: Uuid,
    /// The book.
    pub book_id: BookId,
    /// What its author has written.
    pub content: ReviewContent,
    /// When the review was first written.
    pub created_at: Timestamp,
    /// When its author last changed it.
    pub updated_at: Timestamp,
    /// Whether its author has bought the book, as far as it is known.
    pub verified_purchase: bool,
    /// Why the operator has hidden it; `None` if it is visible.
    pub hidden_reason: Option<String>,
}

impl Review {
    /// Whether readers see the review, and it counts in the rating.
    pub fn is_visible(&self) -> bool {
        self.hidden_reason.is_none()
    }
}

/// The order of the reviews of a book. Equal ones are listed newest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReviewOrder {
    /// The most recently written or changed reviews first.
    NewestFirst,
    /// The reviews with the most stars first.
    MostStarsFirst,
    /// The reviews with the fewest stars first.
    FewestStarsFirst,
}

/// How many reviews have 1, 2, 3, 4 and 5 stars.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct StarCounts(pub [i64; 5]);

impl StarCounts {
    /// Counts a review more.
    pub fn add(&mut self, stars: Stars) {
        *self.count_mut(stars) += 1;
    }

    /// Counts a review less.
    pub fn remove(&mut self, stars: Stars) {
        *self.count_mut(stars) -= 1;
    }

    fn count_mut(&mut self, stars: Stars) -> &mut i64 {
        // From 0 to 4.
        &mut self.0[usize::from(stars.0 - 1)]
    }

    /// The number of reviews.
    pub fn total(&self) -> i64 {
        self.0.iter().sum()
    }

    /// The average number of stars in hundredths, rounded half up; `None` without reviews.
    pub fn average_hundredths(&self) -> Option<i32> {
        let total = self.total();
        let counts = (1..).zip(self.0);
        let stars: i64 = counts.map(|(stars, count): (i64, i64)| stars * count).sum();
        // Twice the sum in hundredths and half a hundredth more: whole numbers all the way.
        let average = (200 * stars + total).checked_div(2 * total)?;
        i32::try_from(average).ok()
    }
}

/// The rating of a book. A book without reviews has one too.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rating {
    /// The book.
    pub book_id: BookId,
    /// How many visible reviews have how many stars.
    pub star_counts: StarCounts,
}

/// How an account has rated a book in a visible review.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReaderRating {
    /// The review.
    pub review_id: Uuid,
    /// Its author.
    pub account_id: AccountId,
    /// The book.
    pub book_id: BookId,
    /// How good the author finds the book.
    pub stars: Stars,
}

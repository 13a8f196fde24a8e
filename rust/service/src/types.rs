//! The domain types that several services share.

use std::fmt;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// The id of a book, from 1 to 999,999,999.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct BookId(pub i32);

impl fmt::Display for BookId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(formatter)
    }
}

/// The id of a customer's account, a UUID.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AccountId(pub Uuid);

impl fmt::Display for AccountId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(formatter)
    }
}

/// A postal address. It is stored and exported as JSON with these names.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Address {
    /// Who receives the parcel.
    pub recipient: String,
    /// One to three lines before the city.
    pub street_lines: Vec<String>,
    /// The city.
    pub city: String,
    /// The state or province; may be empty.
    pub region: String,
    /// The postal code; may be empty.
    pub postal_code: String,
    /// The country code of ISO 3166-1, such as `NL`.
    pub country_code: String,
}

/// An amount of money, in the smallest unit of its currency.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Money {
    /// The currency code of ISO 4217, for example `USD`.
    pub currency_code: String,
    /// The amount in minor units, for example cents for US dollars.
    pub amount_minor: i64,
}

impl Money {
    /// The largest amount in minor units, the same as in `bookstore.type.v1.Money`. Up to
    /// this amount an `f64` represents every minor unit distinctly.
    pub const MAX_AMOUNT_MINOR: i64 = 1_000_000_000_000;
}

/// The category under which the shop lists a book; every book has exactly one. The numbers
/// are those of the contract and of the databases.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum BookCategory {
    /// Fiction about crimes and their investigation.
    Mystery = 1,
    /// Fiction about imagined science and technology.
    ScienceFiction = 2,
    /// Practical advice for habits, relationships and well-being.
    SelfHelp = 3,
    /// Fiction with magic or in invented worlds.
    Fantasy = 4,
    /// Literature that is still widely read long after its time.
    Classics = 5,
    /// Fiction whose main story is a love story.
    Romance = 6,
    /// Suspense fiction in which the main characters are in danger.
    Thriller = 7,
    /// Fiction that is meant to frighten its readers.
    Horror = 8,
    /// Fiction set in a period long before it was written.
    HistoricalFiction = 9,
    /// The story of a real person's life.
    Biography = 10,
    /// Non-fiction about past events, periods and societies.
    History = 11,
    /// Non-fiction about mathematics and the natural sciences.
    Science = 12,
    /// Non-fiction about knowledge, ethics and the meaning of life.
    Philosophy = 13,
    /// Poems and collections of poems.
    Poetry = 14,
    /// Books for children.
    Children = 15,
    /// Non-fiction about companies, management, work and money.
    Business = 16,
    /// Books whose category is unknown to the source of the import.
    General = 17,
}

impl BookCategory {
    /// All categories, in the order of their numbers.
    pub const ALL: [Self; 17] = [
        Self::Mystery,
        Self::ScienceFiction,
        Self::SelfHelp,
        Self::Fantasy,
        Self::Classics,
        Self::Romance,
        Self::Thriller,
        Self::Horror,
        Self::HistoricalFiction,
        Self::Biography,
        Self::History,
        Self::Science,
        Self::Philosophy,
        Self::Poetry,
        Self::Children,
        Self::Business,
        Self::General,
    ];

    /// Its number in the contract and in the databases, which never changes.
    pub fn number(self) -> i32 {
        self as i32
    }

    /// The category with this number; `None` for 0, which the contract calls unspecified, and
    /// for the numbers of later versions.
    pub fn from_number(number: i32) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|category| category.number() == number)
    }
}

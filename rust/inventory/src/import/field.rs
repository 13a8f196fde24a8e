//! The properties of a book that a file can have, and the names that they have there.

/// A property of a book in a file. Its name is the name of the column of a CSV file, the key of a
/// JSON object, and what stands before `=` in `--map`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Field {
    /// The id of the book.
    Id,
    /// The title.
    Title,
    /// The names of the authors.
    Authors,
    /// The year of the first publication.
    Year,
    /// The category.
    Category,
    /// Words that describe the book, of which the first one that means a category counts.
    Tags,
    /// The price, such as `12.99`.
    Price,
    /// The currency of the price.
    Currency,
    /// The copies in the warehouse.
    Stock,
    /// The ISBN-13 or ISBN-10.
    Isbn,
    /// Another ISBN, which is taken if [`Field::Isbn`] is empty or damaged.
    Isbn10,
    /// The title of the first edition.
    OriginalTitle,
    /// The language of the text.
    Language,
    /// The average rating, such as `4.33` stars.
    Rating,
    /// The number of ratings.
    RatingCount,
    /// What the book is about.
    Description,
    /// The name of the publisher.
    Publisher,
    /// The number of pages.
    PageCount,
    /// The name of the series.
    Series,
    /// The number in the series, such as `2` or `1.5`.
    SeriesNumber,
    /// The address of an image of the cover.
    ImageUrl,
}

impl Field {
    /// The number of fields.
    pub(super) const COUNT: usize = Self::ALL.len();

    /// All fields, in the order in which an export writes them.
    pub(crate) const ALL: [Self; 21] = [
        Self::Id,
        Self::Title,
        Self::Authors,
        Self::Year,
        Self::Category,
        Self::Tags,
        Self::Price,
        Self::Currency,
        Self::Stock,
        Self::Isbn,
        Self::Isbn10,
        Self::OriginalTitle,
        Self::Language,
        Self::Rating,
        Self::RatingCount,
        Self::Description,
        Self::Publisher,
        Self::PageCount,
        Self::Series,
        Self::SeriesNumber,
        Self::ImageUrl,
    ];

    /// Its name in files.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Id => "id",
            Self::Title => "title",
            Self::Authors => "authors",
            Self::Year => "year",
            Self::Category => "category",
            Self::Tags => "tags",
            Self::Price => "price",
            Self::Currency => "currency",
            Self::Stock => "stock",
            Self::Isbn => "isbn",
            Self::Isbn10 => "isbn10",
            Self::OriginalTitle => "original_title",
            Self::Language => "language",
            Self::Rating => "rating",
            Self::RatingCount => "rating_count",
            Self::Description => "description",
            Self::Publisher => "publisher",
            Self::PageCount => "page_count",
            Self::Series => "series",
            Self::SeriesNumber => "series_number",
            Self::ImageUrl => "image_url",
        }
    }

    /// The field of a name, in upper or lower case.
    pub(super) fn from_name(name: &str) -> Option<Self> {
        let mut all = Self::ALL.into_iter();
        all.find(|field| field.name().eq_ignore_ascii_case(name))
    }

    /// All names, for messages.
    pub(super) fn names() -> String {
        Self::ALL.map(Self::name).join(", ")
    }
}

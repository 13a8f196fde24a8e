//! The fields of the index, and how a book becomes a document.

use service::BookId;
use tantivy::{
    TantivyDocument, Term,
    schema::{FAST, Field, INDEXED, IndexRecordOption, Schema, TextFieldIndexing, TextOptions},
};

use text_normalization::{index_words, query_words, slug, sort_key};

use super::{title::TitleParts, traits::Traits};
use crate::{
    Book,
    domain::{IndexedBook, SearchFilters},
};

/// The version of the index. Must be changed with the fields, with what a document contains and
/// with the normalization of words, so that an index of another version is made again.
pub(super) const VERSION: u32 = 3;

/// The columns, which are read by name.
pub(super) const BOOK_ID: &str = "book_id";
pub(super) const TRAITS: &str = "traits";
pub(super) const PRICE: &str = "price";
pub(super) const YEAR: &str = "year";
pub(super) const RATING: &str = "rating";
pub(super) const SERIES_NUMBER: &str = "series_number";
pub(super) const TITLE_KEYS: [&str; 2] = ["title_key", "title_key_2"];

/// Years are stored above this number, because columns are unsigned; 0 is an unknown year.
pub(super) const YEAR_OFFSET: i32 = 10_000;

/// Up to this length, the beginnings of words are words of the index themselves, with a
/// [`SHORT_PREFIX_MARK`] behind them: too many words begin with one to three letters to look up
/// all of them.
pub(super) const SHORT_PREFIX_CHARS: usize = 3;

/// No normalized word contains it.
const SHORT_PREFIX_MARK: char = '*';

/// The fields with words: where a word of a query is looked up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum WordField {
    /// The main title.
    Title,
    /// The authors.
    Authors,
    /// The subtitle, the series and the original title.
    Rest,
}

impl WordField {
    pub(super) const ALL: [Self; 3] = [Self::Title, Self::Authors, Self::Rest];
}

/// The schema and its fields.
#[derive(Debug, Clone)]
pub(super) struct Fields {
    pub(super) schema: Schema,
    book_id: Field,
    isbn: Field,
    title: Field,
    authors: Field,
    rest: Field,
    author_slugs: Field,
    series_slug: Field,
    traits: Field,
    price: Field,
    year: Field,
    rating: Field,
    series_number: Field,
    title_keys: [Field; 2],
}

impl Fields {
    pub(super) fn new() -> Self {
        let mut schema = Schema::builder();
        // Words are normalized before; the ranking needs neither frequencies nor positions.
        let words = TextFieldIndexing::default()
            .set_tokenizer("raw")
            .set_index_option(IndexRecordOption::Basic)
            .set_fieldnorms(false);
        let words = TextOptions::default().set_indexing_options(words);
        Self {
            book_id: schema.add_u64_field(BOOK_ID, FAST | INDEXED),
            isbn: schema.add_text_field("isbn", words.clone()),
            title: schema.add_text_field("title", words.clone()),
            authors: schema.add_text_field("authors", words.clone()),
            rest: schema.add_text_field("rest", words.clone()),
            author_slugs: schema.add_text_field("author_slugs", words.clone()),
            series_slug: schema.add_text_field("series_slug", words),
            traits: schema.add_u64_field(TRAITS, FAST),
            price: schema.add_u64_field(PRICE, FAST),
            year: schema.add_u64_field(YEAR, FAST),
            rating: schema.add_u64_field(RATING, FAST),
            series_number: schema.add_u64_field(SERIES_NUMBER, FAST),
            title_keys: TITLE_KEYS.map(|name| schema.add_u64_field(name, FAST)),
            schema: schema.build(),
        }
    }

    pub(super) fn words(&self, field: WordField) -> Field {
        match field {
            WordField::Title => self.title,
            WordField::Authors => self.authors,
            WordField::Rest => self.rest,
        }
    }

    /// The term by which the document of a book is deleted.
    pub(super) fn book_term(&self, book_id: BookId) -> Term {
        Term::from_field_u64(self.book_id, unsigned(book_id.0))
    }

    /// The term of an ISBN-13.
    pub(super) fn isbn_term(&self, isbn: &str) -> Term {
        Term::from_field_text(self.isbn, isbn)
    }

    /// The terms that a book must have to pass the filters.
    pub(super) fn required_terms(&self, filters: &SearchFilters) -> Vec<Term> {
        let names = [
            (self.author_slugs, &filters.author),
            (self.series_slug, &filters.series),
        ];
        let names = names.into_iter();
        let terms = names.filter_map(|(field, name)| {
            let name = name.as_deref()?;
            Some(Term::from_field_text(field, &slug(name)))
        });
        terms.collect()
    }

    pub(super) fn document(&self, indexed: &IndexedBook) -> TantivyDocument {
        let book = &indexed.book;
        let parts = TitleParts::of(&book.title);
        let original_title = book.original_title.as_deref().unwrap_or_default();
        let mut document = TantivyDocument::default();
        document.add_u64(self.book_id, unsigned(book.book_id.0));
        if let Some(isbn) = &book.isbn {
            document.add_text(self.isbn, isbn);
        }
        let series = book.series.as_deref().unwrap_or_default();
        let series_slug = slug(series);
        if !series_slug.is_empty() {
            document.add_text(self.series_slug, &series_slug);
        }
        // A search by the address of a series has the words of the slug.
        let rest = format!(
            "{} \n {original_title} \n {series} \n {series_slug}",
            parts.rest
        );
        let authors = book.authors.join(" \n ");
        let initials = book.authors.iter().filter_map(|author| initials(author));
        let slugs: Vec<_> = book.authors.iter().map(|author| slug(author)).collect();
        for slug in slugs.iter().filter(|slug| !slug.is_empty()) {
            document.add_text(self.author_slugs, slug);
        }
        // A search by the address of an author has the words of the slug.
        let of_slugs = slugs.iter().flat_map(|slug| query_words(slug));
        let authors = index_words(&authors).into_iter();
        let authors = authors.chain(initials).chain(of_slugs);
        for (field, words) in [
            (self.title, index_words(parts.main)),
            (self.authors, authors.collect()),
            (self.rest, index_words(&rest)),
        ] {
            for word in with_short_prefixes(words) {
                document.add_text(field, &word);
            }
        }
        let traits = Traits::of(book).with_stock(indexed.is_in_stock);
        document.add_u64(self.traits, traits.0);
        let price = u64::try_from(book.price.amount_minor).unwrap_or_default();
        document.add_u64(self.price, price);
        let year = book.publication_year.map_or(0, |year| year + YEAR_OFFSET);
        document.add_u64(self.year, unsigned(year));
        let rating = book.rating_hundredths.unwrap_or_default();
        document.add_u64(self.rating, unsigned(rating));
        document.add_u64(self.series_number, series_place(book));
        for (field, key) in self.title_keys.iter().zip(title_keys(&book.title)) {
            document.add_u64(*field, key);
        }
        document
    }
}

/// The place of a book in its series: the number in thousandths, or for a set of several books its
/// first number behind all numbers, or for a book without a number a place behind all others.
fn series_place(book: &Book) -> u64 {
    const SETS: u64 = 1 << 32;
    let Some(number) = book.series_number.as_deref() else {
        return u64::MAX;
    };
    let (first, sets) = match number.split_once('-') {
        Some((first, _)) => (first, SETS),
        None => (number, 0),
    };
    let (units, fraction) = first.split_once('.').unwrap_or((first, ""));
    let thousandths = format!("{units}{fraction:0<3}").parse();
    thousandths.map_or(u64::MAX, |thousandths: u32| sets + u64::from(thousandths))
}

fn unsigned(number: i32) -> u64 {
    u64::try_from(number).unwrap_or_default()
}

/// The words, each once, and the beginnings of up to [`SHORT_PREFIX_CHARS`] letters.
fn with_short_prefixes(words: Vec<String>) -> Vec<String> {
    let prefixes = words.iter().flat_map(|word| {
        let ends = word.char_indices().skip(1).map(|(end, _)| end);
        let ends = ends.chain([word.len()]).take(SHORT_PREFIX_CHARS);
        ends.map(|end| short_prefix(&word[..end]))
    });
    let mut all: Vec<_> = prefixes.collect();
    all.extend(words);
    all.sort_unstable();
    all.dedup();
    all
}

/// The word of the index for all words that begin with up to [`SHORT_PREFIX_CHARS`] letters.
pub(super) fn short_prefix(letters: &str) -> String {
    format!("{letters}{SHORT_PREFIX_MARK}")
}

/// The initials of a name with at least three parts: `grrm` of "George R.R. Martin".
fn initials(author: &str) -> Option<String> {
    let words = query_words(author);
    let initials = words.iter().filter_map(|word| word.chars().next());
    (words.len() >= 3).then(|| initials.collect())
}

/// The first letters of the sort key of a title as two numbers, in the same order: twelve letters
/// each, as digits to the base 39.
fn title_keys(title: &str) -> [u64; 2] {
    const LETTERS: usize = 12;
    let key = sort_key(title);
    let mut letters = key.chars();
    [(); 2].map(|()| {
        let mut number = 0;
        for _ in 0..LETTERS {
            number = number * 39 + letters.next().map_or(0, title_digit);
        }
        number
    })
}

/// The place of a letter in the order of the bytes of UTF-8. All letters outside ASCII share one.
fn title_digit(letter: char) -> u64 {
    match letter {
        ' ' => 1,
        '0'..='9' => 2 + u64::from(letter) - u64::from('0'),
        'a'..='z' => 12 + u64::from(letter) - u64::from('a'),
        _ => 38,
    }
}

#[cfg(test)]
mod tests {
    use service::BookCategory;

    use super::*;

    #[test]
    fn title_keys_are_in_the_order_of_the_sort_keys() {
        let titles = [
            "!!!",
            "1984",
            "A Game of Thrones",
            "Äpfel",
            "Harry Potter",
            "Harry Potter and the Chamber of Secrets",
            "Harry Potter and the Goblet of Fire",
            "Zzzzzzzzzzzzzzzzzzzzzzzzzzzzzz",
            "日本",
        ];
        let keys = titles.map(title_keys);
        assert!(keys.is_sorted(), "{keys:?}");
        assert!(title_keys(&"日".repeat(30))[1] < u64::MAX);
        assert!(titles.map(sort_key).is_sorted());
    }

    #[test]
    fn places_in_a_series_are_numbers_then_sets_then_unnumbered() {
        let place = |number: &str| {
            series_place(&Book {
                series_number: Some(number.to_owned()).filter(|number| !number.is_empty()),
                ..Book::new(BookId(1), BookCategory::Mystery)
            })
        };
        let places = [
            "0.5",
            "1",
            "1.25",
            "1.5",
            "2",
            "10",
            "99999.999",
            "1-3",
            "2.5-3",
            "2.6-9",
            "",
        ];
        let places = places.map(place);
        assert!(
            places.is_sorted_by(|left, right| left < right),
            "{places:?}"
        );
        assert_eq!((place("2"), place("2.0")), (2000, 2000));
    }

    #[test]
    fn initials_of_long_names_are_joined() {
        assert_eq!(initials("George R.R. Martin").as_deref(), Some("grrm"));
        assert_eq!(initials("Stephen King"), None);
        assert_eq!(initials("日本 A B").as_deref(), Some("日ab"));
    }

    #[test]
    fn up_to_three_letters_are_indexed_as_beginnings() {
        let words = ["ab", "abcd", "é"].map(str::to_owned).to_vec();
        let indexed = with_short_prefixes(words);
        assert_eq!(indexed, ["a*", "ab", "ab*", "abc*", "abcd", "é", "é*"]);
    }
}

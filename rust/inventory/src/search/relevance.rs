//! Orders the best matches by their texts: whole titles, phrases, authors and series.

use std::cmp::Reverse;

use text_normalization::query_words;

use super::{
    points::Match,
    query::{Query, QueryWord},
    title::TitleParts,
    traits::Traits,
};
use crate::Book;

/// Words by which a query asks for a set.
const SET_WORDS: [&str; 9] = [
    "box",
    "boxed",
    "boxset",
    "collection",
    "complete",
    "omnibus",
    "set",
    "trilogy",
    "works",
];

const ARTICLES: [&str; 3] = ["the", "a", "an"];

/// Sorts books, which are in the order of the index, by how well their texts match.
pub(crate) fn sort(books: &mut [Book], query: &Query) {
    books.sort_by_cached_key(|book| Reverse(Texts::of(book).score(book, query)));
}

/// The query with the words of a book in the places of misspelled ones; `None` if the words are
/// those of the text that the visitor wrote.
pub(crate) fn respell(text: &str, query: &Query, book: &Book) -> Option<String> {
    let texts = Texts::of(book);
    let words: Vec<&str> = query.sequence().map(|word| texts.spelling(word)).collect();
    (query_words(text) != words).then(|| words.join(" "))
}

/// The normalized words of a book.
struct Texts {
    main: Vec<String>,
    title: Vec<String>,
    original_title: Vec<String>,
    has_subtitle: bool,
    series: Vec<String>,
    series_number: Option<u32>,
    authors: Vec<Vec<String>>,
}

impl Texts {
    fn of(book: &Book) -> Self {
        let parts = TitleParts::of(&book.title);
        let original_title = book.original_title.as_deref().unwrap_or_default();
        let series = book.series.as_deref();
        Self {
            main: query_words(parts.main),
            title: query_words(&book.title),
            original_title: query_words(TitleParts::of(original_title).main),
            has_subtitle: !parts.rest.is_empty() && !parts.rest.trim_start().starts_with('('),
            series: query_words(series.or(parts.series).unwrap_or_default()),
            series_number: match series {
                Some(_) => book.series_number.as_ref().and_then(|it| it.parse().ok()),
                None => parts.series_number,
            },
            authors: book
                .authors
                .iter()
                .map(|author| query_words(author))
                .collect(),
        }
    }

    fn score(&self, book: &Book, query: &Query) -> u32 {
        let sequence: Vec<&QueryWord> = query.sequence().collect();
        let mut aspects = [
            self.title_score(&sequence),
            self.author_score(&sequence),
            self.series_score(&sequence),
        ];
        aspects.sort_unstable_by_key(|points| Reverse(*points));
        let traits = Traits::of(book);
        let score = 200
            + aspects[0]
            + (aspects[1] + aspects[2]) / 4
            + self.word_score(query)
            + self.coverage(&sequence)
            + traits.popularity() * 130 / 127;
        // A set that has the name of its series has its whole title in the query.
        let set = u32::from(traits.is_set()) * (80 + self.title_score(&sequence) / 4);
        let wants_set = sequence
            .iter()
            .any(|word| SET_WORDS.contains(&word.text.as_str()));
        let companion = 50 * u32::from(traits.is_companion());
        let demotion = companion + if wants_set { 0 } else { set };
        score.saturating_sub(demotion)
    }

    /// Up to 160 points for the whole title, fewer for its beginning or another part.
    fn title_score(&self, sequence: &[&QueryWord]) -> u32 {
        // A subtitle tells that the main title alone may be that of another book.
        let main = if self.has_subtitle { 80 } else { 160 };
        let titles = [
            (&self.main, main),
            (&self.title, 160),
            (&self.original_title, 140),
        ];
        let whole = titles
            .iter()
            .map(|(words, points)| points * same(sequence, words) / 100);
        let begins = [(&self.main, 70), (&self.original_title, 50)];
        let begins = begins
            .iter()
            .map(|(words, points)| points * begins_with(sequence, words) / 100);
        let contained = [(&self.main, 45), (&self.title, 35)];
        let contained = contained
            .iter()
            .map(|(words, points)| points * contains(sequence, words) / 100);
        whole.chain(begins).chain(contained).max().unwrap_or(0)
    }

    /// Up to 130 points for a whole name, fewer for a part of one and for later authors.
    fn author_score(&self, sequence: &[&QueryWord]) -> u32 {
        let scores = self.authors.iter().enumerate().map(|(place, name)| {
            let later = 40 * u32::from(place > 0);
            let pairs = sequence.iter().zip(name);
            let is_whole = sequence.len() == name.len()
                && pairs.clone().all(|(word, part)| is_name_part(word, part));
            let is_part = |word: &&QueryWord| name.iter().any(|part| is_name_part(word, part));
            if is_whole || same_letters(sequence, name) {
                130 - later
            } else if !sequence.iter().all(is_part) {
                0
            } else if name
                .last()
                .is_some_and(|last| sequence.iter().any(|word| quality(word, [last]) > 0))
            {
                70 - later / 2
            } else {
                30 - later / 2
            }
        });
        scores.max().unwrap_or(0)
    }

    /// Up to 110 points for the name of the series, more for its first books.
    fn series_score(&self, sequence: &[&QueryWord]) -> u32 {
        let behind_the_name = ["series", "books", "book"];
        let named: Vec<_> = sequence
            .iter()
            .copied()
            .filter(|word| !behind_the_name.contains(&word.text.as_str()))
            .collect();
        let place = 3 * self.series_number.unwrap_or(5).min(12);
        let points = if same(&named, &self.series) > 0 {
            110 * same(&named, &self.series) / 100
        } else {
            80 * begins_with(&named, &self.series) / 100
        };
        points.saturating_sub(place)
    }

    /// Up to 100 points for how well each word is matched by any word of the book.
    fn word_score(&self, query: &Query) -> u32 {
        let required = query.words.iter().filter(|word| !word.is_optional);
        let qualities: Vec<u32> = required.map(|word| quality(word, self.words())).collect();
        let count = u32::try_from(qualities.len()).unwrap_or(u32::MAX);
        qualities.iter().sum::<u32>() / count.max(1)
    }

    /// Up to 60 points for how much of the main title the query has.
    fn coverage(&self, sequence: &[&QueryWord]) -> u32 {
        let words = without_article(&self.main);
        let is_found = |text: &&String| sequence.iter().any(|word| quality(word, [*text]) > 0);
        let found = words.iter().filter(is_found).count();
        u32::try_from(60 * found / words.len().max(1)).unwrap_or_default()
    }

    fn words(&self) -> impl Iterator<Item = &String> {
        let titles = self.title.iter().chain(&self.original_title);
        titles
            .chain(self.authors.iter().flatten())
            .chain(&self.series)
    }

    /// The word of the book for which the word of the query stands, if it is misspelled.
    fn spelling<'a>(&'a self, word: &'a QueryWord) -> &'a str {
        // The first of the best, so that the title comes before the authors.
        let best = self
            .words()
            .min_by_key(|text| Reverse(quality(word, [*text])));
        let misspelled = best.filter(|text| {
            let how = word.alternatives.iter().find(|(other, _)| other == *text);
            how.is_some_and(|(_, how)| *how >= Match::OneEdit)
        });
        misspelled.map_or(&word.text, String::as_str)
    }
}

/// How well a word of a query is matched by the best of some words, from 0 to 100.
fn quality<'w>(word: &QueryWord, texts: impl IntoIterator<Item = &'w String>) -> u32 {
    let qualities = texts.into_iter().map(|text| {
        if *text == word.text {
            return 100;
        }
        match word.alternatives.iter().find(|(other, _)| other == text) {
            Some((_, Match::Exact)) => 100,
            Some((_, Match::Variant)) => 95,
            Some((_, Match::Prefix)) => 80,
            Some((_, Match::OneEdit)) => 75,
            Some((_, Match::TwoEdits)) => 60,
            None if word.is_prefix && text.starts_with(&word.text) => 80,
            None => 0,
        }
    });
    qualities.max().unwrap_or(0)
}

/// How well the words of the query are all the words of a text, in their order, from 0 to 100.
/// A leading article does not matter.
fn same(sequence: &[&QueryWord], words: &[String]) -> u32 {
    let sequence = without_leading_article(sequence);
    let words = without_article(words);
    if sequence.len() == words.len() {
        begins_with(sequence, words)
    } else {
        0
    }
}

/// How well a text begins with the words of the query, from 0 to 100.
fn begins_with(sequence: &[&QueryWord], words: &[String]) -> u32 {
    let sequence = without_leading_article(sequence);
    let words = without_article(words);
    if sequence.is_empty() || sequence.len() > words.len() {
        return 0;
    }
    let pairs = sequence.iter().zip(words);
    pairs
        .map(|(word, text)| quality(word, [text]))
        .min()
        .unwrap_or(0)
}

/// How well a part of a text is the query, from 0 to 100.
fn contains(sequence: &[&QueryWord], words: &[String]) -> u32 {
    let sequence = without_leading_article(sequence);
    if sequence.is_empty() {
        return 0;
    }
    let parts = words.windows(sequence.len()).map(|part| {
        let pairs = sequence.iter().zip(part);
        pairs
            .map(|(word, text)| quality(word, [text]))
            .min()
            .unwrap_or(0)
    });
    parts.max().unwrap_or(0)
}

/// Whether a word of the query is a part of a name or its initial.
fn is_name_part(word: &QueryWord, part: &String) -> bool {
    let is_initial = word.text.chars().count() == 1 && part.starts_with(&word.text);
    is_initial || quality(word, [part]) > 0
}

/// Whether the query is a text with spaces in other places: "jrr tolkien", "J. R. R. Tolkien".
fn same_letters(sequence: &[&QueryWord], words: &[String]) -> bool {
    let query: String = sequence.iter().map(|word| word.text.as_str()).collect();
    query == words.concat()
}

fn without_article(words: &[String]) -> &[String] {
    match words {
        [first, rest @ ..] if !rest.is_empty() && ARTICLES.contains(&first.as_str()) => rest,
        _ => words,
    }
}

fn without_leading_article<'s, 'w>(sequence: &'s [&'w QueryWord]) -> &'s [&'w QueryWord] {
    match sequence {
        [first, rest @ ..] if !rest.is_empty() && ARTICLES.contains(&first.text.as_str()) => rest,
        _ => sequence,
    }
}

#[cfg(test)]
mod tests {
    use service::{BookCategory, BookId};

    use super::*;

    fn sorted(titles: &[(&str, &str, i64)], query: &str) -> Vec<String> {
        let books = (1..).zip(titles);
        let mut books: Vec<_> = books
            .map(|(id, (title, author, rating_count))| Book {
                title: (*title).to_owned(),
                authors: vec![(*author).to_owned()],
                rating_count: *rating_count,
                ..Book::new(BookId(id), BookCategory::General)
            })
            .collect();
        sort(&mut books, &Query::parse(query));
        books.into_iter().map(|book| book.title).collect()
    }

    #[test]
    fn whole_title_comes_before_longer_ones_that_more_people_know() {
        let titles = [
            ("The Road Less Traveled", "M. Scott Peck", 90_000),
            ("On the Road", "Jack Kerouac", 250_000),
            ("The Road", "Cormac McCarthy", 500_000),
        ];
        for query in ["the road", "road", "The ROAD"] {
            assert_eq!(sorted(&titles, query)[0], "The Road", "{query}");
        }
    }

    #[test]
    fn first_book_of_a_series_comes_before_sets_and_companions() {
        let titles = [
            (
                "Harry Potter Boxset (Harry Potter, #1-7)",
                "J.K. Rowling",
                190_000,
            ),
            ("Harry Potter Companion", "Acascias Riphouse", 100),
            (
                "Harry Potter and the Goblet of Fire (Harry Potter, #4)",
                "J.K. Rowling",
                1_700_000,
            ),
            (
                "Harry Potter and the Sorcerer's Stone (Harry Potter, #1)",
                "J.K. Rowling",
                4_600_000,
            ),
        ];
        let order = sorted(&titles, "harry potter");
        assert!(order[0].contains("Sorcerer"), "{order:?}");
        assert!(order[1].contains("Goblet"), "{order:?}");
    }

    #[test]
    fn first_book_of_a_series_that_no_title_names_comes_first() {
        let part = |id: i32, series_number: &str, rating_count| Book {
            title: format!("Volume {id}"),
            series: Some("The Expanse".to_owned()),
            series_number: Some(series_number.to_owned()),
            rating_count,
            ..Book::new(BookId(id), BookCategory::General)
        };
        let mut books = [part(1, "1-3", 900), part(2, "3", 900), part(3, "1", 900)];
        sort(&mut books, &Query::parse("the expanse"));
        assert_eq!(books.map(|book| book.book_id.0), [3, 2, 1]);
    }

    #[test]
    fn books_by_an_author_come_before_books_about_the_author() {
        let titles = [
            ("Stephen King: A Biography", "Albert Rolls", 100),
            ("The Shining (The Shining #1)", "Stephen King", 700_000),
        ];
        assert!(sorted(&titles, "stephen king")[0].contains("Shining"));
        let titles = [
            ("Tolkien: A Biography", "H. Carpenter", 100),
            ("Other", "J.R.R. Tolkien", 900),
        ];
        assert_eq!(sorted(&titles, "jrr tolkien")[0], "Other");
    }
}

//! Categories by tags that stand in files of their own, as in goodbooks-10k: `tags.csv` has the
//! names of the tags, and `book_tags.csv` how often readers have given each tag to each book.

use std::{
    collections::{BTreeMap, HashMap},
    io::Read,
};

use csv::{ByteRecord, Reader};
use service::BookCategory;

use super::{Mapping, categories};

/// The columns with the number and the name of a tag, and with how often a book has it.
const TAG_ID: &str = "tag_id";
const TAG_NAME: &str = "tag_name";
const COUNT: &str = "count";

/// The category of each book that has a tag which means one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BookTags {
    /// The column that names the book, in both the file of tags and the file of books.
    pub(super) column: String,
    categories: HashMap<String, BookCategory>,
}

/// Why the files of tags cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BookTagsError {
    /// A file cannot be read.
    #[error("cannot read it: {0}")]
    Unreadable(#[from] csv::Error),
    /// A file lacks a column.
    #[error("the header {found:?} has no column {column}")]
    MissingColumn {
        /// The name of the column.
        column: &'static str,
        /// The header.
        found: String,
    },
    /// A count is no number.
    #[error("line {line}: the count {count:?} is not a whole number")]
    InvalidCount {
        /// The line of the file.
        line: u64,
        /// The text of the column.
        count: String,
    },
}

/// The names of the tags by their numbers.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TagNames(HashMap<String, String>);

impl TagNames {
    /// Reads a file with the columns `tag_id` and `tag_name`.
    ///
    /// # Errors
    /// [`BookTagsError`].
    pub fn read(file: impl Read) -> Result<Self, BookTagsError> {
        let mut rows = Reader::from_reader(file);
        let header = Header::of(&mut rows)?;
        let (id, name) = (header.position(TAG_ID)?, header.position(TAG_NAME)?);
        let mut names = HashMap::new();
        for row in rows.byte_records() {
            let row = row?;
            names.insert(text(&row, id), text(&row, name));
        }
        Ok(Self(names))
    }
}

impl BookTags {
    /// Reads a file of tags of books. A column with another name than `tag_id`, `tag_name` and
    /// `count` tells the book. Without names, the file has `tag_name` itself; without `count`,
    /// each row counts once. The category with the highest count is that of the book.
    ///
    /// # Errors
    /// [`BookTagsError`].
    pub fn read(
        file: impl Read,
        names: Option<&TagNames>,
        mapping: &Mapping,
    ) -> Result<Self, BookTagsError> {
        let mut rows = Reader::from_reader(file);
        let header = Header::of(&mut rows)?;
        let (column, book) = header.book()?;
        let tag = header.position(if names.is_some() { TAG_ID } else { TAG_NAME })?;
        let count = header.position(COUNT).ok();
        // Few of the many tags mean a category, and each of them is looked up once.
        let mut of_tags: HashMap<String, Option<BookCategory>> = HashMap::new();
        let mut counts: HashMap<String, BTreeMap<i32, (i64, BookCategory)>> = HashMap::new();
        for row in rows.byte_records() {
            let row = row?;
            let tag = text(&row, tag);
            let category = *of_tags.entry(tag).or_insert_with_key(|tag| {
                let name = match names {
                    Some(names) => names.0.get(tag)?,
                    None => tag,
                };
                categories::of_tags(std::iter::once(name.as_str()), &mapping.categories)
            });
            let Some(category) = category else { continue };
            let count = count.map_or(Ok(1), |position| parse_count(&row, position))?;
            let of_book = counts.entry(text(&row, book)).or_default();
            let entry = of_book.entry(category.number()).or_insert((0, category));
            entry.0 = entry.0.saturating_add(count);
        }
        // Of equal counts, the first category of the contract.
        let best = |counts: BTreeMap<i32, (i64, BookCategory)>| {
            let best = counts.into_values().rev().max_by_key(|(count, _)| *count);
            best.map(|(_, category)| category)
        };
        let categories = counts.into_iter();
        let categories = categories.filter_map(|(book, counts)| Some((book, best(counts)?)));
        Ok(Self {
            column,
            categories: categories.collect(),
        })
    }

    /// The category of a book by its text in the column.
    pub(super) fn category(&self, book: &str) -> Option<BookCategory> {
        self.categories.get(book.trim()).copied()
    }
}

/// The names of the columns in lower case.
struct Header(Vec<String>);

impl Header {
    fn of(rows: &mut Reader<impl Read>) -> Result<Self, BookTagsError> {
        let header = rows.byte_headers()?;
        let count = header.len();
        Ok(Self(
            (0..count)
                .map(|it| text(header, it).to_lowercase())
                .collect(),
        ))
    }

    fn position(&self, column: &'static str) -> Result<usize, BookTagsError> {
        let mut names = self.0.iter();
        names
            .position(|name| name == column)
            .ok_or_else(|| self.missing(column))
    }

    /// The name and the position of the column that names the book.
    fn book(&self) -> Result<(String, usize), BookTagsError> {
        let mut names = self.0.iter().enumerate();
        let found = names.find(|(_, name)| ![TAG_ID, TAG_NAME, COUNT].contains(&name.as_str()));
        let (position, name) = found.ok_or_else(|| self.missing("that names the book"))?;
        Ok((name.clone(), position))
    }

    fn missing(&self, column: &'static str) -> BookTagsError {
        BookTagsError::MissingColumn {
            column,
            found: self.0.join(","),
        }
    }
}

fn text(row: &ByteRecord, position: usize) -> String {
    let bytes = row.get(position).unwrap_or_default();
    let text = String::from_utf8_lossy(bytes);
    text.trim().trim_start_matches('\u{feff}').to_owned()
}

fn parse_count(row: &ByteRecord, position: usize) -> Result<i64, BookTagsError> {
    let count = text(row, position);
    count.parse().map_err(|_| BookTagsError::InvalidCount {
        line: row.position().map_or(0, csv::Position::line),
        count,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const TAGS: &str =
        "tag_id,tag_name\n1,to-read\n2,sci-fi\n3,science-fiction\n4,fantasy\n5,krimi\n";

    fn read(book_tags: &str, tags: Option<&str>) -> Result<BookTags, BookTagsError> {
        let names = tags.map(|tags| TagNames::read(tags.as_bytes()).expect("it is valid"));
        let mut mapping = Mapping::default();
        mapping.add_category("krimi=mystery").expect("it is valid");
        BookTags::read(book_tags.as_bytes(), names.as_ref(), &mapping)
    }

    #[test]
    fn category_has_the_highest_count_of_all_its_tags() {
        let book_tags = "goodreads_book_id,tag_id,count\n7,1,900\n7,4,50\n7,2,30\n7,3,30\n\
                         8,1,5\n9,5,1\n9,4,1\n10,99,1\n";
        let tags = read(book_tags, Some(TAGS)).expect("it is valid");
        assert_eq!(tags.column, "goodreads_book_id");
        assert_eq!(tags.category(" 7"), Some(BookCategory::ScienceFiction));
        assert_eq!(tags.category("8"), None, "no tag means a category");
        assert_eq!(
            tags.category("9"),
            Some(BookCategory::Mystery),
            "the first of the contract"
        );
        assert_eq!(tags.category("10"), None, "the tag has no name");
    }

    #[test]
    fn file_may_have_the_names_itself() {
        let tags = read("isbn,tag_name\n1,Fantasy\n", None).expect("it is valid");
        assert_eq!(
            (tags.column.as_str(), tags.category("1")),
            ("isbn", Some(BookCategory::Fantasy))
        );
    }

    #[test]
    fn errors_name_the_column_or_the_line() {
        let error = |book_tags, tags| read(book_tags, tags).expect_err("it is wrong").to_string();
        assert!(error("a,b\n", None).contains("no column tag_name"));
        assert!(error("tag_id,count\n", Some(TAGS)).contains("names the book"));
        let wrong_count = error("book_id,tag_id,count\n1,1,x\n1,4,many\n", Some(TAGS));
        assert!(
            wrong_count.contains("line 3") && wrong_count.contains("many"),
            "{wrong_count}"
        );
    }
}

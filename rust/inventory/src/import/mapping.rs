//! How a foreign file names its columns and categories: a small TOML file, or flags.

use std::collections::BTreeMap;

use serde::Deserialize;
use service::BookCategory;

use super::{categories, field::Field};

/// The mapping of goodbooks-10k, which is recognized by its header. It is also an example.
const GOODBOOKS: &str = include_str!("../../mappings/goodbooks.toml");

/// Which columns of a file have which properties of a book, and which of its categories are which
/// of the contract.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Mapping {
    /// The columns of each field; the first one that is not empty counts.
    pub(super) columns: BTreeMap<Field, Vec<String>>,
    /// By the category of the file in lower case; `*` stands for all others.
    pub(super) categories: BTreeMap<String, BookCategory>,
    pub(super) author_separator: Option<String>,
    pub(super) tag_separator: Option<String>,
    /// Whether titles name the series, as in "Dune (Dune, #1)".
    pub(super) series_in_title: bool,
    /// An address of an image that contains it is that of a placeholder.
    pub(super) image_placeholder: Option<String>,
    /// Is added to each id, so that two files with small ids do not overwrite each other.
    pub(super) id_offset: Option<i32>,
    pub(super) delimiter: Option<String>,
    pub(super) encoding: Option<String>,
}

/// Why a mapping cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum MappingError {
    /// It is not TOML, or has a key that is not known.
    #[error("the mapping cannot be read: {0}")]
    Syntax(String),
    /// There is no such field of a book.
    #[error("{name:?} is no property of a book; it is one of {}", Field::names())]
    UnknownField {
        /// The name.
        name: String,
    },
    /// There is no such category.
    #[error("{name:?} is no category; it is one of {}", categories::names())]
    UnknownCategory {
        /// The name.
        name: String,
    },
    /// A flag has no equals sign.
    #[error("{text:?} has no equals sign; write {example}")]
    NoEqualsSign {
        /// The value of the flag.
        text: String,
        /// A correct value.
        example: &'static str,
    },
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default)]
    columns: BTreeMap<String, OneOrMany>,
    #[serde(default)]
    categories: BTreeMap<String, String>,
    author_separator: Option<String>,
    tag_separator: Option<String>,
    #[serde(default)]
    series_in_title: bool,
    image_placeholder: Option<String>,
    id_offset: Option<i32>,
    delimiter: Option<String>,
    encoding: Option<String>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum OneOrMany {
    One(String),
    Many(Vec<String>),
}

impl Mapping {
    /// Reads a mapping file.
    ///
    /// # Errors
    /// [`MappingError`].
    pub fn parse(text: &str) -> Result<Self, MappingError> {
        let file: File =
            toml::from_str(text).map_err(|error| MappingError::Syntax(error.to_string()))?;
        let mut mapping = Self {
            author_separator: file.author_separator,
            tag_separator: file.tag_separator,
            series_in_title: file.series_in_title,
            image_placeholder: file.image_placeholder,
            id_offset: file.id_offset,
            delimiter: file.delimiter,
            encoding: file.encoding,
            ..Self::default()
        };
        for (name, columns) in file.columns {
            let columns = match columns {
                OneOrMany::One(column) => vec![column],
                OneOrMany::Many(columns) => columns,
            };
            mapping.columns.insert(field(&name)?, columns);
        }
        for (name, category) in file.categories {
            mapping.insert_category(&name, &category)?;
        }
        Ok(mapping)
    }

    /// Adds `title=Titel`: the column `Titel` has the titles. Of several columns of a field the
    /// first one that is not empty counts.
    ///
    /// # Errors
    /// [`MappingError`].
    pub fn add_column(&mut self, text: &str) -> Result<(), MappingError> {
        let (name, column) = split(text, "title=Titel")?;
        let columns = self.columns.entry(field(name)?).or_default();
        columns.push(column.to_owned());
        Ok(())
    }

    /// Adds `Krimi=mystery`: the category `Krimi` of the file is `mystery`.
    ///
    /// # Errors
    /// [`MappingError`].
    pub fn add_category(&mut self, text: &str) -> Result<(), MappingError> {
        let (name, category) = split(text, "Krimi=mystery")?;
        self.insert_category(name, category)
    }

    fn insert_category(&mut self, name: &str, category: &str) -> Result<(), MappingError> {
        let found = categories::by_name(category).ok_or_else(|| MappingError::UnknownCategory {
            name: category.to_owned(),
        })?;
        self.categories.insert(name.trim().to_lowercase(), found);
        Ok(())
    }

    /// This mapping; what it does not say is taken from the other one.
    #[must_use]
    pub fn or(self, other: &Self) -> Self {
        let mut columns = other.columns.clone();
        columns.extend(self.columns);
        let mut categories = other.categories.clone();
        categories.extend(self.categories);
        let or = |own: Option<String>, others: &Option<String>| own.or_else(|| others.clone());
        Self {
            columns,
            categories,
            author_separator: or(self.author_separator, &other.author_separator),
            tag_separator: or(self.tag_separator, &other.tag_separator),
            series_in_title: self.series_in_title || other.series_in_title,
            image_placeholder: or(self.image_placeholder, &other.image_placeholder),
            id_offset: self.id_offset.or(other.id_offset),
            delimiter: or(self.delimiter, &other.delimiter),
            encoding: or(self.encoding, &other.encoding),
        }
    }

    /// The mapping of goodbooks-10k, if these are the columns of its file.
    pub(super) fn built_in(columns: &[String]) -> Option<Self> {
        const TYPICAL: [&str; 4] = ["book_id", "authors", "original_publication_year", "title"];
        let has = |name: &&str| columns.iter().any(|column| column == name);
        TYPICAL.iter().all(has).then(Self::goodbooks)
    }

    fn goodbooks() -> Self {
        match Self::parse(GOODBOOKS) {
            Ok(mapping) => mapping,
            Err(error) => unreachable!("a test reads the mapping of goodbooks-10k: {error}"),
        }
    }
}

fn field(name: &str) -> Result<Field, MappingError> {
    Field::from_name(name.trim()).ok_or_else(|| MappingError::UnknownField {
        name: name.to_owned(),
    })
}

fn split<'t>(text: &'t str, example: &'static str) -> Result<(&'t str, &'t str), MappingError> {
    text.split_once('=')
        .ok_or_else(|| MappingError::NoEqualsSign {
            text: text.to_owned(),
            example,
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mapping_of_goodbooks_is_read() {
        let mapping = Mapping::goodbooks();
        assert_eq!(mapping.columns[&Field::Id], ["book_id"]);
        assert_eq!(mapping.id_offset, Some(1_000_000));
    }

    #[test]
    fn flags_come_before_the_file() {
        let file = "author_separator = \" / \"\n[columns]\ntitle = \"Titel\"\nyear = \"Jahr\"\n\
                    [categories]\nKrimi = \"mystery\"\n";
        let file = Mapping::parse(file).expect("it is valid");
        let mut flags = Mapping::default();
        flags.add_column("title=Name=1").expect("it is valid");
        flags
            .add_category("Science Fiction=science_fiction")
            .expect("it is valid");
        let both = flags.or(&file);
        assert_eq!(both.columns[&Field::Title], ["Name=1"]);
        assert_eq!(both.columns[&Field::Year], ["Jahr"]);
        assert_eq!(both.author_separator.as_deref(), Some(" / "));
        assert_eq!(both.categories["krimi"], BookCategory::Mystery);
        assert_eq!(
            both.categories["science fiction"],
            BookCategory::ScienceFiction
        );
    }

    #[test]
    fn errors_name_what_is_allowed() {
        let error = |text| Mapping::parse(text).expect_err("it is wrong").to_string();
        assert!(error("[columns]\ntitel = \"Titel\"").contains("original_title"));
        assert!(error("[categories]\nKrimi = \"crime\"").contains("mystery"));
        assert!(error("price = \"9.99\"").contains("price"));
        let mut flags = Mapping::default();
        let error = flags.add_column("title").expect_err("it has no column");
        assert!(error.to_string().contains("title=Titel"), "{error}");
    }
}

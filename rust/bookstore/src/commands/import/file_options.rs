//! The flags that describe the file of an import.

use std::{
    fs::{self, File},
    path::PathBuf,
};

use anyhow::{Context, bail};
use clap::Args;
use inventory::import::{BookTags, Mapping, Options, TagNames};

/// What the file does not say by itself.
#[derive(Debug, Args)]
pub struct FileOptions {
    /// A TOML file that names the columns and categories of a foreign file; it begins for example
    /// with [columns] and title = "Titel"
    #[arg(long, value_name = "FILE")]
    mapping: Option<PathBuf>,

    /// The column that has a property of the books, such as title=Titel; can be repeated, also for
    /// one property: the first column that is not empty counts
    #[arg(long = "map", value_name = "PROPERTY=COLUMN")]
    columns: Vec<String>,

    /// The category of the books that the file puts in another one, such as Krimi=mystery; the
    /// name * stands for all that are not known; can be repeated
    #[arg(long = "map-category", value_name = "NAME=CATEGORY")]
    categories: Vec<String>,

    /// A CSV file with the tags of the books, such as book_tags.csv of goodbooks-10k: the columns
    /// tag_id (or tag_name) and count, and a column of the file of books. A book without a
    /// category gets the one that most of its tags mean
    #[arg(long, value_name = "FILE")]
    book_tags: Option<PathBuf>,

    /// A CSV file with the names of the tags, such as tags.csv of goodbooks-10k: the columns tag_id
    /// and tag_name
    #[arg(long, value_name = "FILE", requires = "book_tags")]
    tags: Option<PathBuf>,

    /// The price of books without one, such as 9.99; without it they are refused
    #[arg(long, value_name = "AMOUNT")]
    default_price: Option<String>,

    /// The stock of books without one; without it their stock does not change, and new books have
    /// no copies
    #[arg(long, value_name = "COPIES", value_parser = clap::value_parser!(i32).range(0..=1_000_000))]
    default_stock: Option<i32>,

    /// The currency of prices without one
    #[arg(long, value_name = "CODE", default_value = "USD")]
    currency: String,

    /// Number books that have neither an id nor an ISBN, from this id on
    #[arg(long, value_name = "ID", value_parser = clap::value_parser!(i32).range(1..=999_999_999))]
    first_id: Option<i32>,

    /// The character between the columns, or tab; without it, it is detected
    #[arg(long, value_name = "CHARACTER")]
    delimiter: Option<String>,

    /// The character encoding, such as windows-1252; without it, it is detected
    #[arg(long, value_name = "NAME")]
    encoding: Option<String>,
}

impl FileOptions {
    /// The options of the import.
    ///
    /// # Errors
    /// If a value cannot be used; the message names its flag.
    pub fn options(&self) -> anyhow::Result<Options> {
        let mut flags = Mapping::default();
        for column in &self.columns {
            flags.add_column(column).context("--map is not valid")?;
        }
        for category in &self.categories {
            let added = flags.add_category(category);
            added.context("--map-category is not valid")?;
        }
        let is_code =
            |code: &str| code.len() == 3 && code.bytes().all(|it| it.is_ascii_uppercase());
        if !is_code(&self.currency) {
            bail!(
                "--currency {:?} is not valid: write a code of ISO 4217 such as EUR",
                self.currency
            );
        }
        let mut options = Options {
            mapping: match &self.mapping {
                Some(file) => flags.or(&read_mapping(file)?),
                None => flags,
            },
            default_stock: self.default_stock,
            currency: Some(self.currency.clone()),
            first_id: self.first_id,
            ..Options::default()
        };
        options.book_tags = self.book_tags(&options.mapping)?;
        if let Some(price) = &self.default_price {
            let set = options.set_default_price(price);
            set.context("--default-price is not valid")?;
        }
        if let Some(delimiter) = &self.delimiter {
            let set = options.set_delimiter(delimiter);
            set.context("--delimiter is not valid")?;
        }
        if let Some(encoding) = &self.encoding {
            let set = options.set_encoding(encoding);
            set.context("--encoding is not valid")?;
        }
        Ok(options)
    }
}

impl FileOptions {
    fn book_tags(&self, mapping: &Mapping) -> anyhow::Result<Option<BookTags>> {
        let Some(file) = &self.book_tags else {
            return Ok(None);
        };
        let names = match &self.tags {
            Some(tags) => {
                let name = || format!("--tags {}", tags.display());
                let file = File::open(tags).with_context(name)?;
                Some(TagNames::read(file).with_context(name)?)
            }
            None => None,
        };
        let name = || format!("--book-tags {}", file.display());
        let opened = File::open(file).with_context(name)?;
        let book_tags = BookTags::read(opened, names.as_ref(), mapping);
        Ok(Some(book_tags.with_context(name)?))
    }
}

fn read_mapping(file: &PathBuf) -> anyhow::Result<Mapping> {
    let name = || format!("--mapping {}", file.display());
    let text = fs::read_to_string(file).with_context(name)?;
    Mapping::parse(&text).with_context(name)
}

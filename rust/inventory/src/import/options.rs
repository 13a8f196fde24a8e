//! What a user says about a file.

use contract::bookstore::r#type::v1::Money;
use encoding_rs::Encoding;

use super::{BookTags, Mapping, amount};

/// What is not in the file, or cannot be seen by its beginning.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// The names of the columns and categories.
    pub mapping: Mapping,
    /// The price of books without one. If there is none, they are refused.
    pub default_price: Option<Money>,
    /// The stock of books without one. If there is none, their stock does not change.
    pub default_stock: Option<i32>,
    /// The currency of prices without one; `None` means US dollars.
    pub currency: Option<String>,
    /// The id of the first book without id and ISBN; the next ones follow.
    pub first_id: Option<i32>,
    /// The character between the columns of a CSV file; `None` means that it is detected.
    pub delimiter: Option<u8>,
    /// The encoding; `None` means that it is detected.
    pub encoding: Option<&'static Encoding>,
    /// The categories of books by tags in other files.
    pub book_tags: Option<BookTags>,
}

/// Why a value of a flag cannot be used. The message does not name the flag.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct OptionError(String);

impl Options {
    /// The currency of prices without one.
    pub(super) fn currency(&self) -> &str {
        self.currency.as_deref().unwrap_or("USD")
    }

    /// Sets the price of books without one, such as `9.99`.
    ///
    /// # Errors
    /// If it is no amount of the currency.
    pub fn set_default_price(&mut self, text: &str) -> Result<(), OptionError> {
        let price = amount::parse_price(text, self.currency()).map_err(OptionError)?;
        self.default_price = Some(price);
        Ok(())
    }

    /// Sets the delimiter: one character of ASCII, or `tab`.
    ///
    /// # Errors
    /// If it is neither.
    pub fn set_delimiter(&mut self, text: &str) -> Result<(), OptionError> {
        self.delimiter = Some(match text.as_bytes() {
            [byte] if !matches!(byte, b'"' | b'\r' | b'\n') => *byte,
            b"tab" | b"\\t" => b'\t',
            _ => {
                return Err(OptionError(format!(
                    "{text:?} is no delimiter: write one character such as ; or tab"
                )));
            }
        });
        Ok(())
    }

    /// Sets the encoding by its name, such as `windows-1252`.
    ///
    /// # Errors
    /// If there is no such encoding.
    pub fn set_encoding(&mut self, text: &str) -> Result<(), OptionError> {
        let encoding = Encoding::for_label(text.as_bytes()).ok_or_else(|| {
            OptionError(format!(
                "{text:?} is no encoding that is known: write for example utf-8, utf-16le or windows-1252"
            ))
        })?;
        self.encoding = Some(encoding);
        Ok(())
    }

    /// These options with the delimiter and the encoding of the mapping, if they have none of their
    /// own.
    pub(super) fn with_mapping(mut self) -> Result<Self, OptionError> {
        if self.delimiter.is_none()
            && let Some(delimiter) = self.mapping.delimiter.clone()
        {
            self.set_delimiter(&delimiter)?;
        }
        if self.encoding.is_none()
            && let Some(encoding) = self.mapping.encoding.clone()
        {
            self.set_encoding(&encoding)?;
        }
        Ok(self)
    }
}

//! The rows of a file, one by one.

use std::{
    fmt,
    fs::File,
    io::{self, Read},
    path::Path,
    sync::Arc,
};

use contract::bookstore::inventory::v1::BookImport;
use csv::ByteRecord;

use super::{
    bounded::{Bounded, Counts, LONGEST_ROW},
    layout::{GOODBOOKS, Layout, MINIMAL},
    row,
};

/// Why a file is not read at all.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OpenError {
    /// The system does not open or read the file.
    #[error("cannot read the file: {0}")]
    Unreadable(#[source] io::Error),
    /// The first line is none of the headers that are understood.
    #[error(
        "the header is not known: {found:?}; it must have the columns {}, or those of goodbooks-10k, among them {}",
        MINIMAL.join(","),
        GOODBOOKS.join(",")
    )]
    UnknownHeader {
        /// The beginning of the header.
        found: String,
    },
}

/// A row that is no book.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {message}")]
pub struct RowError {
    /// The line on which the row begins; the header is line 1.
    pub line: u64,
    /// What is wrong with it.
    pub message: String,
}

/// Makes books of the rows of a file: an iterator of lines and books, or of what is
/// wrong with a row. It needs the memory of one row.
pub struct Reader {
    rows: csv::Reader<Box<dyn Read + Send>>,
    layout: Layout,
    columns: usize,
    counts: Arc<Counts>,
    bytes_total: Option<u64>,
    record: ByteRecord,
    ended: bool,
}

impl fmt::Debug for Reader {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Reader")
            .field("layout", &self.layout)
            .field("bytes_read", &self.bytes_read())
            .finish_non_exhaustive()
    }
}

impl Reader {
    /// Opens a file and recognises its header.
    ///
    /// # Errors
    /// [`OpenError`], which does not name the file.
    pub fn open(path: impl AsRef<Path>) -> Result<Self, OpenError> {
        let file = File::open(path).map_err(OpenError::Unreadable)?;
        let metadata = file.metadata().map_err(OpenError::Unreadable)?;
        let mut reader = Self::new(file)?;
        // The length of a pipe is not known.
        reader.bytes_total = metadata.is_file().then_some(metadata.len());
        Ok(reader)
    }

    /// Recognises the header of what is read from `source`, which needs no buffer.
    ///
    /// # Errors
    /// As [`Reader::open`].
    pub fn new(source: impl Read + Send + 'static) -> Result<Self, OpenError> {
        let (source, counts) = Bounded::new(source);
        let mut rows = csv::ReaderBuilder::new()
            // A row of another length is reported as such.
            .flexible(true)
            .buffer_capacity(64 * 1024)
            .from_reader(Box::new(source) as Box<dyn Read + Send>);
        let header = match rows.byte_headers() {
            Ok(header) => header.clone(),
            Err(_) if counts.row_is_too_long() => ByteRecord::new(),
            Err(error) => return Err(OpenError::Unreadable(io_error(error))),
        };
        let layout = Layout::of(&header).ok_or_else(|| OpenError::UnknownHeader {
            found: beginning(&header),
        })?;
        Ok(Self {
            columns: header.len(),
            rows,
            layout,
            counts,
            bytes_total: None,
            record: ByteRecord::new(),
            ended: false,
        })
    }

    /// How many bytes of the file were read so far.
    pub fn bytes_read(&self) -> u64 {
        self.counts.read()
    }

    /// How many bytes the file has, if that is known.
    pub fn bytes_total(&self) -> Option<u64> {
        self.bytes_total
    }

    /// How many line feeds stand within the row.
    fn line_feeds(&self) -> u64 {
        self.record
            .iter()
            .flatten()
            .filter(|byte| **byte == b'\n')
            .count() as u64
    }

    fn row(&self) -> Result<BookImport, String> {
        let found = self.record.len();
        if found != self.columns {
            let spread = match self.line_feeds() {
                0 => String::new(),
                lines => {
                    format!(" and goes on for {lines} more lines: is a quotation mark not closed?")
                }
            };
            return Err(format!(
                "has {found} columns, the header has {}{spread}",
                self.columns
            ));
        }
        row::book(&self.layout, &self.record)
    }
}

impl Iterator for Reader {
    type Item = Result<(u64, BookImport), RowError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.ended {
            return None;
        }
        self.counts.begin_row();
        let began = self.rows.position().line();
        match self.rows.read_byte_record(&mut self.record) {
            Ok(true) => {}
            Ok(false) => {
                self.ended = true;
                return None;
            }
            Err(error) => {
                self.ended = true;
                let message = if self.counts.row_is_too_long() {
                    format!(
                        "longer than {LONGEST_ROW} bytes: is a quotation mark not closed? \
                         The rest of the file is not read"
                    )
                } else {
                    format!("{}; the rest of the file is not read", io_error(error))
                };
                return Some(Err(RowError {
                    line: began,
                    message,
                }));
            }
        }
        // Blank lines before the row are passed over, so its line is told from its end.
        let ended = self.rows.position().line();
        let line = began.max(ended.saturating_sub(1 + self.line_feeds()));
        Some(match self.row() {
            Ok(book) => Ok((line, book)),
            Err(message) => Err(RowError { line, message }),
        })
    }
}

fn io_error(error: csv::Error) -> io::Error {
    match error.into_kind() {
        csv::ErrorKind::Io(error) => error,
        // Nothing else happens to bytes in rows of any length.
        kind => io::Error::other(format!("{kind:?}")),
    }
}

fn beginning(header: &ByteRecord) -> String {
    const SHOWN: usize = 100;
    let whole = header
        .iter()
        .map(String::from_utf8_lossy)
        .collect::<Vec<_>>()
        .join(",");
    whole.chars().take(SHOWN).collect()
}

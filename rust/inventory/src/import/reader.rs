//! Reads and parses the rows of a CSV file one by one.

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
    bounded_reader::{BoundedReader, ByteCounts, MAX_ROW_BYTES},
    csv_format::{BOOKSTORE_COLUMNS, CsvFormat, GOODBOOKS_COLUMNS},
    row,
};

/// Why a file cannot be imported at all.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OpenError {
    /// The operating system cannot open or read the file.
    #[error("cannot read the file: {0}")]
    Unreadable(#[source] io::Error),
    /// The first line is not a supported header.
    #[error(
        "the header is not known: {found:?}; it must have the columns {}, or those of goodbooks-10k, among them {}",
        BOOKSTORE_COLUMNS.join(","),
        GOODBOOKS_COLUMNS.join(",")
    )]
    UnknownHeader {
        /// The first 100 characters of the header.
        found: String,
    },
}

/// An invalid row.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {message}")]
pub struct RowError {
    /// The number of the line on which the row begins. The header is line 1.
    pub line: u64,
    /// What is wrong with the row.
    pub message: String,
}

/// An iterator over the rows of a CSV file. It returns the line number and the book of each
/// row, or a [`RowError`]. It keeps only one row in memory.
pub struct Reader {
    rows: csv::Reader<Box<dyn Read + Send>>,
    format: CsvFormat,
    columns: usize,
    counts: Arc<ByteCounts>,
    bytes_total: Option<u64>,
    record: ByteRecord,
    ended: bool,
}

impl fmt::Debug for Reader {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Reader")
            .field("format", &self.format)
            .field("bytes_read", &self.bytes_read())
            .finish_non_exhaustive()
    }
}

impl Reader {
    /// Opens a file and detects its format by the header.
    ///
    /// # Errors
    /// [`OpenError`]. The message does not contain the path of the file.
    pub fn open(path: impl AsRef<Path>) -> Result<Self, OpenError> {
        let file = File::open(path).map_err(OpenError::Unreadable)?;
        let metadata = file.metadata().map_err(OpenError::Unreadable)?;
        let mut reader = Self::new(file)?;
        // The length of a pipe is unknown.
        reader.bytes_total = metadata.is_file().then_some(metadata.len());
        Ok(reader)
    }

    /// Detects the format of a source, which need not be buffered.
    ///
    /// # Errors
    /// As [`Reader::open`].
    pub fn new(source: impl Read + Send + 'static) -> Result<Self, OpenError> {
        let (source, counts) = BoundedReader::new(source);
        let mut rows = csv::ReaderBuilder::new()
            // The reader itself checks the number of columns, for a better message.
            .flexible(true)
            .buffer_capacity(64 * 1024)
            .from_reader(Box::new(source) as Box<dyn Read + Send>);
        let header = match rows.byte_headers() {
            Ok(header) => header.clone(),
            Err(_) if counts.row_is_too_long() => ByteRecord::new(),
            Err(error) => return Err(OpenError::Unreadable(io_error(error))),
        };
        let format = CsvFormat::detect(&header).ok_or_else(|| OpenError::UnknownHeader {
            found: truncated_header(&header),
        })?;
        Ok(Self {
            columns: header.len(),
            rows,
            format,
            counts,
            bytes_total: None,
            record: ByteRecord::new(),
            ended: false,
        })
    }

    /// The number of bytes that were read so far.
    pub fn bytes_read(&self) -> u64 {
        self.counts.read()
    }

    /// The size of the file in bytes; `None` if unknown.
    pub fn bytes_total(&self) -> Option<u64> {
        self.bytes_total
    }

    /// The number of line feeds within the fields of the current row.
    fn line_feeds(&self) -> u64 {
        self.record
            .iter()
            .flatten()
            .filter(|byte| **byte == b'\n')
            .count() as u64
    }

    /// Parses the current row.
    fn parse_row(&self) -> Result<BookImport, String> {
        let found = self.record.len();
        if found != self.columns {
            let hint = match self.line_feeds() {
                0 => String::new(),
                lines => {
                    format!(" and goes on for {lines} more lines: is a quotation mark not closed?")
                }
            };
            return Err(format!(
                "has {found} columns, the header has {}{hint}",
                self.columns
            ));
        }
        row::parse_row(&self.format, &self.record)
    }
}

impl Iterator for Reader {
    type Item = Result<(u64, BookImport), RowError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.ended {
            return None;
        }
        self.counts.begin_row();
        let first_line = self.rows.position().line();
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
                        "longer than {MAX_ROW_BYTES} bytes: is a quotation mark not closed? \
                         The rest of the file is not read"
                    )
                } else {
                    format!("{}; the rest of the file is not read", io_error(error))
                };
                return Some(Err(RowError {
                    line: first_line,
                    message,
                }));
            }
        }
        // The parser skips blank lines before the row, so its first line is computed from
        // its last line.
        let end_line = self.rows.position().line();
        let line = first_line.max(end_line.saturating_sub(1 + self.line_feeds()));
        Some(match self.parse_row() {
            Ok(book) => Ok((line, book)),
            Err(message) => Err(RowError { line, message }),
        })
    }
}

fn io_error(error: csv::Error) -> io::Error {
    match error.into_kind() {
        csv::ErrorKind::Io(error) => error,
        // A byte record of flexible length causes no other kind of error.
        kind => io::Error::other(format!("{kind:?}")),
    }
}

/// The header for a message, truncated.
fn truncated_header(header: &ByteRecord) -> String {
    const MAX_CHARS: usize = 100;
    let text = header
        .iter()
        .map(String::from_utf8_lossy)
        .collect::<Vec<_>>()
        .join(",");
    text.chars().take(MAX_CHARS).collect()
}

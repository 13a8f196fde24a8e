//! Reads the books of a file one by one.

use std::{
    fmt,
    fs::File,
    io::{self, Cursor, Read},
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use contract::bookstore::inventory::v1::BookImport;
use encoding_rs::UTF_8;

use super::{
    Note, Notes, OptionError, Options,
    bounded_reader::BoundedReader,
    convert::Converter,
    csv_records::CsvRecords,
    dialect::Dialect,
    encoding::decode,
    field::Field,
    json_records::JsonRecords,
    onix::OnixRecords,
    record::{Advance, Records},
};

/// The format is detected by so many bytes at the beginning: 64 KiB.
const SAMPLE_BYTES: u64 = 64 * 1024;

/// Why a file cannot be imported at all.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OpenError {
    /// The operating system cannot open or read the file.
    #[error("cannot read the file: {0}")]
    Unreadable(#[source] io::Error),
    /// The first line is not a header with the columns that a book needs.
    #[error(
        "the header is not known: {found:?}; it must have a title and an id or ISBN, like id,title,authors,year,category,price,stock or the header of goodbooks-10k; name other columns by --map, for example --map title=Titel, or by --mapping FILE"
    )]
    UnknownHeader {
        /// The first 100 characters of the header.
        found: String,
    },
    /// The mapping names a column that the file does not have.
    #[error(
        "there is no column {column:?} for {field} in the header {found:?}; correct the mapping"
    )]
    MissingColumn {
        /// The column.
        column: String,
        /// The name of the field.
        field: &'static str,
        /// The first 100 characters of the header.
        found: String,
    },
    /// The file has no column by which the file of tags names the books.
    #[error(
        "the file of tags names the books by {column:?}, and there is no such column in the header {found:?}"
    )]
    MissingTagColumn {
        /// The column.
        column: String,
        /// The first 100 characters of the header.
        found: String,
    },
    /// A message of ONIX has its subjects itself.
    #[error(
        "the file is a message of ONIX, whose categories follow from its own subjects; leave out the files of tags"
    )]
    TagsOfOnix,
    /// The file is one JSON array.
    #[error(
        "the file is a JSON array; write one object on each line (JSON lines), for example by jq -c '.[]'"
    )]
    JsonArray,
    /// The delimiter or the encoding of the mapping.
    #[error("the mapping has a wrong value: {0}")]
    Mapping(#[from] OptionError),
}

/// A book that is not valid.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {message}")]
pub struct RowError {
    /// The number of the line on which it begins. The first line of the file is line 1.
    pub line: u64,
    /// What is wrong with it.
    pub message: String,
}

/// An iterator over the books of a file. It returns the line number and the book, or a
/// [`RowError`]. It keeps only one book in memory.
pub struct Reader {
    records: Box<dyn Records + Send>,
    converter: Converter,
    notes: Notes,
    format: String,
    bytes_read: Arc<AtomicU64>,
    bytes_total: Option<u64>,
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
    /// Opens a file and detects its format, encoding and dialect by its beginning.
    ///
    /// # Errors
    /// [`OpenError`]. The message does not contain the path of the file.
    pub fn open(path: impl AsRef<Path>, options: Options) -> Result<Self, OpenError> {
        let file = File::open(path).map_err(OpenError::Unreadable)?;
        let metadata = file.metadata().map_err(OpenError::Unreadable)?;
        let mut reader = Self::new(file, options)?;
        // The length of a pipe is unknown.
        reader.bytes_total = metadata.is_file().then_some(metadata.len());
        Ok(reader)
    }

    /// As [`Reader::open`], for a source that need not be buffered.
    ///
    /// # Errors
    /// As [`Reader::open`].
    pub fn new(source: impl Read + Send + 'static, options: Options) -> Result<Self, OpenError> {
        let mut options = options.with_mapping()?;
        let bytes_read = Arc::new(AtomicU64::new(0));
        let counted = CountingReader {
            source,
            bytes_read: Arc::clone(&bytes_read),
        };
        let decoded = decode(counted, options.encoding).map_err(OpenError::Unreadable)?;
        let (mut bounded, counts) = BoundedReader::new(decoded.text);
        let mut sample = Vec::new();
        let sampled = bounded.by_ref().take(SAMPLE_BYTES).read_to_end(&mut sample);
        sampled.map_err(OpenError::Unreadable)?;
        let first = sample.trim_ascii_start().first().copied();
        let text = Box::new(Cursor::new(sample.clone()).chain(bounded));
        let mut format;
        let records: Box<dyn Records + Send> = match first {
            Some(b'{') => {
                format = "JSON lines".to_owned();
                Box::new(JsonRecords::new(text, counts, &options))
            }
            Some(b'<') if options.book_tags.is_some() => return Err(OpenError::TagsOfOnix),
            Some(b'<') => {
                format = "ONIX".to_owned();
                Box::new(OnixRecords::new(text, counts))
            }
            Some(b'[') => return Err(OpenError::JsonArray),
            _ => {
                let mapped = options.mapping.columns.values().flatten();
                let mapped: Vec<String> = mapped.map(|column| column.to_lowercase()).collect();
                let is_known = |name: &str| {
                    mapped.iter().any(|column| column == name) || Field::from_name(name).is_some()
                };
                let dialect = Dialect::detect(&sample, options.delimiter, is_known);
                format = format!("CSV with {:?}", char::from(dialect.delimiter));
                let (records, mapping) = CsvRecords::new(text, dialect, counts, &options)?;
                options.mapping = mapping;
                Box::new(records)
            }
        };
        if decoded.encoding != UTF_8 {
            format = format!("{format} in {}", decoded.encoding.name());
        }
        Ok(Self {
            records,
            converter: Converter::new(options),
            notes: Notes::default(),
            format,
            bytes_read,
            bytes_total: None,
            ended: false,
        })
    }

    /// The format for people: `CSV with ';' in windows-1252`.
    pub fn format(&self) -> &str {
        &self.format
    }

    /// The number of bytes that were read so far.
    pub fn bytes_read(&self) -> u64 {
        self.bytes_read.load(Ordering::Relaxed)
    }

    /// The size of the file in bytes; `None` if unknown.
    pub fn bytes_total(&self) -> Option<u64> {
        self.bytes_total
    }

    /// What was decided or left out in the rows so far.
    pub fn notes(&self) -> &Notes {
        &self.notes
    }
}

impl Iterator for Reader {
    type Item = Result<(u64, BookImport), RowError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.ended {
            return None;
        }
        let line = match self.records.advance() {
            Advance::Record { line } => line,
            Advance::End => {
                self.ended = true;
                return None;
            }
            Advance::Failed { line, message } => {
                self.ended = true;
                return Some(Err(RowError { line, message }));
            }
        };
        let mut notes: Vec<Note> = Vec::new();
        let record = self.records.record();
        let converted = record.and_then(|record| self.converter.convert(&record, &mut notes));
        Some(match converted {
            Ok(book) => {
                for note in notes {
                    self.notes.add(note, line);
                }
                Ok((line, book))
            }
            Err(message) => Err(RowError { line, message }),
        })
    }
}

/// Counts the bytes of the file, before they are decoded.
struct CountingReader<R> {
    source: R,
    bytes_read: Arc<AtomicU64>,
}

impl<R: Read> Read for CountingReader<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.source.read(buffer)?;
        self.bytes_read.fetch_add(count as u64, Ordering::Relaxed);
        Ok(count)
    }
}

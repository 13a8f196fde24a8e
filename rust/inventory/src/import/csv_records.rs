//! The rows of a CSV file as records.

use std::{
    io::{self, Read},
    str::from_utf8,
    sync::Arc,
};

use csv::ByteRecord;

use super::{
    Mapping, OpenError, Options,
    bounded_reader::{ByteCounts, MAX_ROW_BYTES},
    convert::shorten,
    csv_escape::{unescape, unescape_list},
    dialect::{Dialect, names},
    field::Field,
    record::{Advance, Record, Records},
};

/// Columns of which a file has at least one, so that its books have ids.
const IDENTIFYING: [Field; 3] = [Field::Id, Field::Isbn, Field::Isbn10];

/// A CSV file.
pub(super) struct CsvRecords {
    rows: csv::Reader<Box<dyn Read + Send>>,
    columns: Columns,
    counts: Arc<ByteCounts>,
    row: ByteRecord,
}

/// Where the fields are in a row.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Columns {
    /// The number of columns of the header.
    count: usize,
    /// The positions of the columns of each field that the file has.
    positions: Vec<(Field, Vec<usize>)>,
    /// The position of the column by which the tags of other files name a book.
    tagged: Option<usize>,
    /// Whether the header is that of the bookstore, so that backslashes have a meaning.
    is_own: bool,
}

impl CsvRecords {
    /// Reads the header. Returns the mapping that is used as well: the given one over the built-in
    /// one of a file that is known.
    pub(super) fn new(
        text: Box<dyn Read + Send>,
        dialect: Dialect,
        counts: Arc<ByteCounts>,
        options: &Options,
    ) -> Result<(Self, Mapping), OpenError> {
        let mapping = &options.mapping;
        let mut rows = dialect
            .builder()
            .buffer_capacity(64 * 1024)
            .from_reader(text);
        let header = match rows.byte_headers() {
            Ok(header) => header.clone(),
            Err(_) if counts.row_is_too_long() => ByteRecord::new(),
            Err(error) => return Err(OpenError::Unreadable(io_error(error))),
        };
        let header_names = names(&header);
        let used = match Mapping::built_in(&header_names) {
            Some(built_in) => mapping.clone().or(&built_in),
            None => mapping.clone(),
        };
        let find = FindColumns {
            header: &header_names,
            used: &used,
            given: mapping,
            shown: shown(&header),
        };
        let columns = find.columns(options)?;
        let records = Self {
            rows,
            columns,
            counts,
            row: ByteRecord::new(),
        };
        Ok((records, used))
    }

    /// The number of line feeds within the fields of the current row.
    fn line_feeds(&self) -> u64 {
        let bytes = self.row.iter().flatten();
        bytes.filter(|byte| **byte == b'\n').count() as u64
    }

    fn field(&self, field: Field, position: usize) -> Result<&str, String> {
        let bytes = self.row.get(position).unwrap_or_default();
        from_utf8(bytes).map_err(|_| {
            format!(
                "{} is not UTF-8: {:?}; say the encoding of the file by --encoding, for example \
                 --encoding windows-1252",
                field.name(),
                shorten(&String::from_utf8_lossy(bytes))
            )
        })
    }
}

/// Finds the columns of a file.
struct FindColumns<'h> {
    /// The names of the header in lower case.
    header: &'h [String],
    used: &'h Mapping,
    /// The part of the mapping that the user gave. The built-in one names columns that some
    /// versions of a file lack.
    given: &'h Mapping,
    /// The header for messages.
    shown: String,
}

impl FindColumns<'_> {
    fn columns(self, options: &Options) -> Result<Columns, OpenError> {
        let mut positions = Vec::new();
        for field in Field::ALL {
            let found = self.positions(field)?;
            if !found.is_empty() {
                positions.push((field, found));
            }
        }
        let has = |field: &Field| positions.iter().any(|(found, _)| found == field);
        let has_id = options.first_id.is_some() || IDENTIFYING.iter().any(has);
        if !has(&Field::Title) || !has_id {
            return Err(OpenError::UnknownHeader { found: self.shown });
        }
        let tagged =
            match &options.book_tags {
                None => None,
                Some(tags) => Some(self.position(&tags.column).ok_or_else(|| {
                    OpenError::MissingTagColumn {
                        column: tags.column.clone(),
                        found: self.shown.clone(),
                    }
                })?),
            };
        Ok(Columns {
            tagged,
            count: self.header.len(),
            positions,
            is_own: self.used.columns.is_empty() && self.used.author_separator.is_none(),
        })
    }

    fn positions(&self, field: Field) -> Result<Vec<usize>, OpenError> {
        let Some(columns) = self.used.columns.get(&field) else {
            return Ok(self.position(field.name()).into_iter().collect());
        };
        let found: Vec<_> = columns
            .iter()
            .filter_map(|column| self.position(column))
            .collect();
        match columns.first() {
            Some(column) if found.is_empty() && self.given.columns.contains_key(&field) => {
                Err(OpenError::MissingColumn {
                    column: column.clone(),
                    field: field.name(),
                    found: self.shown.clone(),
                })
            }
            _ => Ok(found),
        }
    }

    fn position(&self, name: &str) -> Option<usize> {
        let name = name.trim().to_lowercase();
        self.header.iter().position(|column| *column == name)
    }
}

impl Records for CsvRecords {
    fn advance(&mut self) -> Advance {
        self.counts.begin_row();
        let first_line = self.rows.position().line();
        match self.rows.read_byte_record(&mut self.row) {
            Ok(true) => {}
            Ok(false) => return Advance::End,
            Err(error) => {
                let message = if self.counts.row_is_too_long() {
                    format!(
                        "longer than {MAX_ROW_BYTES} bytes: is a quotation mark not closed? \
                         The rest of the file is not read"
                    )
                } else {
                    format!("{}; the rest of the file is not read", io_error(error))
                };
                return Advance::Failed {
                    line: first_line,
                    message,
                };
            }
        }
        // The parser skips blank lines before the row, so its first line is computed from
        // its last line.
        let end_line = self.rows.position().line();
        let line = first_line.max(end_line.saturating_sub(1 + self.line_feeds()));
        Advance::Record { line }
    }

    fn record(&self) -> Result<Record<'_>, String> {
        let found = self.row.len();
        let expected = self.columns.count;
        if found != expected {
            let hint = match self.line_feeds() {
                0 => String::new(),
                lines => {
                    format!(" and goes on for {lines} more lines: is a quotation mark not closed?")
                }
            };
            return Err(format!(
                "has {found} columns, the header has {expected}{hint}"
            ));
        }
        let is_own = self.columns.is_own;
        let mut record = Record::new(is_own);
        if let Some(position) = self.columns.tagged {
            let bytes = self.row.get(position).unwrap_or_default();
            record.tagged_as = String::from_utf8_lossy(bytes);
        }
        for (field, positions) in &self.columns.positions {
            for position in positions {
                let text = self.field(*field, *position)?;
                match field {
                    Field::Authors if is_own => record.authors = unescape_list(text),
                    _ if is_own => record.set(*field, unescape(text)),
                    _ => record.set(*field, text.trim()),
                }
                if !record.text(*field).is_empty() {
                    break;
                }
            }
        }
        Ok(record)
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
fn shown(header: &ByteRecord) -> String {
    const MAX_CHARS: usize = 100;
    let names: Vec<_> = header.iter().map(String::from_utf8_lossy).collect();
    names.join(",").chars().take(MAX_CHARS).collect()
}

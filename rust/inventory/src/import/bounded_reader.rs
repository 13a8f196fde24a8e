//! A reader that limits the length of a CSV row and normalizes line ends.
use std::{
    io::{self, Read},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

/// The maximum length of a row. The longest book that the contract allows needs a tenth of
/// it. A longer row has an unclosed quotation mark, or the file is not CSV.
pub(super) const MAX_ROW_BYTES: u64 = 1024 * 1024;

/// Counts the bytes that it reads, and returns an error when a row is too long.
///
/// Every line that it returns, including the last, ends with one line feed, whatever line
/// end the source has. So line numbers can be computed from the line feeds.
pub(super) struct BoundedReader<R> {
    source: R,
    counts: Arc<ByteCounts>,
    last: LastByte,
}

/// The kind of the last byte that was read from the source.
#[derive(Clone, Copy, PartialEq, Eq)]
enum LastByte {
    Nothing,
    CarriageReturn,
    LineFeed,
    Other,
}

/// The byte counts of a [`BoundedReader`], shared with the consumer of its rows.
#[derive(Debug, Default)]
pub(super) struct ByteCounts {
    read: AtomicU64,
    row_began: AtomicU64,
}

impl<R: Read> BoundedReader<R> {
    pub(super) fn new(source: R) -> (Self, Arc<ByteCounts>) {
        let counts = Arc::new(ByteCounts::default());
        let bounded = Self {
            source,
            counts: Arc::clone(&counts),
            last: LastByte::Nothing,
        };
        (bounded, counts)
    }
}

impl ByteCounts {
    /// How many bytes were read from the source. The consumer may have processed up to one
    /// buffer less.
    pub(super) fn read(&self) -> u64 {
        self.read.load(Ordering::Relaxed)
    }

    /// Starts counting the bytes of a new row.
    pub(super) fn begin_row(&self) {
        self.row_began.store(self.read(), Ordering::Relaxed);
    }

    /// Whether the current row has reached [`MAX_ROW_BYTES`].
    pub(super) fn row_is_too_long(&self) -> bool {
        self.read() - self.row_began.load(Ordering::Relaxed) >= MAX_ROW_BYTES
    }
}

impl<R> BoundedReader<R> {
    /// Replaces every line end in the buffer by one line feed, and returns the new length.
    fn normalize_line_ends(&mut self, buffer: &mut [u8]) -> usize {
        let mut kept = 0;
        for position in 0..buffer.len() {
            let previous = self.last;
            let byte = buffer[position];
            self.last = match byte {
                b'\r' => LastByte::CarriageReturn,
                b'\n' => LastByte::LineFeed,
                _ => LastByte::Other,
            };
            if (previous, self.last) == (LastByte::CarriageReturn, LastByte::LineFeed) {
                continue;
            }
            buffer[kept] = if byte == b'\r' { b'\n' } else { byte };
            kept += 1;
        }
        kept
    }
}

impl<R: Read> Read for BoundedReader<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            if self.counts.row_is_too_long() {
                return Err(io::Error::new(
                    io::ErrorKind::InvalidData,
                    format!("a row is longer than {MAX_ROW_BYTES} bytes"),
                ));
            }
            let count = self.source.read(buffer)?;
            self.counts.read.fetch_add(count as u64, Ordering::Relaxed);
            if count == 0 {
                let needs_line_feed = self.last == LastByte::Other && !buffer.is_empty();
                if needs_line_feed {
                    buffer[0] = b'\n';
                    self.last = LastByte::LineFeed;
                }
                return Ok(usize::from(needs_line_feed));
            }
            match self.normalize_line_ends(&mut buffer[..count]) {
                // `Ok(0)` would mean the end of the file, so read on.
                0 => {}
                kept => return Ok(kept),
            }
        }
    }
}

//! A source that stops where one row of it gets too long for memory, and whose lines
//! end in one way.

use std::{
    io::{self, Read},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

/// The most bytes of one row. The longest book that the contract allows has a tenth of
/// it; beyond is a quotation mark that nobody closes, or no CSV at all.
pub(super) const LONGEST_ROW: u64 = 1024 * 1024;

/// Counts what is read, and refuses to read on once the row has too many bytes.
///
/// Each line, also the last, ends with a line feed, whatever ended it in the source: so
/// the line of a row can be told from the line feeds that were read.
pub(super) struct Bounded<R> {
    source: R,
    counts: Arc<Counts>,
    last: Last,
}

/// What came last from the source.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Last {
    Nothing,
    CarriageReturn,
    LineFeed,
    Other,
}

/// The counts of a [`Bounded`] source, for whoever consumes its rows.
#[derive(Debug, Default)]
pub(super) struct Counts {
    read: AtomicU64,
    row_began: AtomicU64,
}

impl<R: Read> Bounded<R> {
    pub(super) fn new(source: R) -> (Self, Arc<Counts>) {
        let counts = Arc::new(Counts::default());
        let bounded = Self {
            source,
            counts: Arc::clone(&counts),
            last: Last::Nothing,
        };
        (bounded, counts)
    }
}

impl Counts {
    /// How many bytes were read from the source; the consumer may be a buffer behind.
    pub(super) fn read(&self) -> u64 {
        self.read.load(Ordering::Relaxed)
    }

    /// Says that a new row begins.
    pub(super) fn begin_row(&self) {
        self.row_began.store(self.read(), Ordering::Relaxed);
    }

    /// Whether the row has used up its bytes.
    pub(super) fn row_is_too_long(&self) -> bool {
        self.read() - self.row_began.load(Ordering::Relaxed) >= LONGEST_ROW
    }
}

impl<R> Bounded<R> {
    /// Makes one line feed of every line end; gives the new length.
    fn end_lines(&mut self, buffer: &mut [u8]) -> usize {
        let mut kept = 0;
        for at in 0..buffer.len() {
            let before = self.last;
            let byte = buffer[at];
            self.last = match byte {
                b'\r' => Last::CarriageReturn,
                b'\n' => Last::LineFeed,
                _ => Last::Other,
            };
            if (before, self.last) == (Last::CarriageReturn, Last::LineFeed) {
                continue;
            }
            buffer[kept] = if byte == b'\r' { b'\n' } else { byte };
            kept += 1;
        }
        kept
    }
}

impl<R: Read> Read for Bounded<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            if self.counts.row_is_too_long() {
                return Err(io::Error::new(
                    io::ErrorKind::InvalidData,
                    format!("a row is longer than {LONGEST_ROW} bytes"),
                ));
            }
            let count = self.source.read(buffer)?;
            self.counts.read.fetch_add(count as u64, Ordering::Relaxed);
            if count == 0 {
                let unended = self.last == Last::Other && !buffer.is_empty();
                if unended {
                    buffer[0] = b'\n';
                    self.last = Last::LineFeed;
                }
                return Ok(usize::from(unended));
            }
            match self.end_lines(&mut buffer[..count]) {
                // The end of the file looks like that, and this is not the end.
                0 => {}
                kept => return Ok(kept),
            }
        }
    }
}

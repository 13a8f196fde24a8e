//! A source that stops where one row of it gets too long for memory.

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
pub(super) struct Bounded<R> {
    source: R,
    counts: Arc<Counts>,
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

impl<R: Read> Read for Bounded<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.counts.row_is_too_long() {
            return Err(io::Error::new(
                io::ErrorKind::InvalidData,
                format!("a row is longer than {LONGEST_ROW} bytes"),
            ));
        }
        let count = self.source.read(buffer)?;
        self.counts.read.fetch_add(count as u64, Ordering::Relaxed);
        Ok(count)
    }
}

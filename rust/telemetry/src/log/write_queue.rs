//! A queue of log lines that a thread writes in batches. One system call per line would
//! cost more than the gRPC call that the line is about, and a reader of the log that stalls
//! would stop the process.

use std::{
    io::{self, Write},
    mem,
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
    thread,
    time::Duration,
};

use tracing::{Level, Metadata};
use tracing_subscriber::fmt::MakeWriter;

/// How long the first line of a batch waits for others. Too short to notice for a person
/// who watches the log; under load, hundreds of lines are written at once.
const FLUSH_DELAY: Duration = Duration::from_millis(20);
/// A batch of this many bytes is written without waiting longer.
const FLUSH_BYTES: usize = 256 * 1024;
/// How many bytes the queue can hold: half a second of the log under full load. When it is
/// full, lines are dropped and counted.
const MAX_PENDING_BYTES: usize = 8 * 1024 * 1024;
/// How long [`WriteQueue::flush`] waits for the reader of the log.
const FLUSH_TIMEOUT: Duration = Duration::from_secs(1);

/// Log lines to be written in order of arrival by a background thread. Nobody else waits
/// for the output. SIGKILL and an abort lose the lines of the last 20 ms.
#[derive(Default)]
pub(super) struct WriteQueue {
    pending: Mutex<Pending>,
    not_empty: Condvar,
    flush_requested: Condvar,
    written: Condvar,
}

#[derive(Default)]
struct Pending {
    lines: Vec<u8>,
    /// Whether the thread should write without waiting for more lines.
    flush: bool,
    /// Whether the thread is writing lines that it has taken.
    writing: bool,
    /// Lines dropped since the last warning.
    dropped: u64,
}

impl WriteQueue {
    /// Starts the background thread.
    pub(super) fn start(writer: impl Write + Send + 'static) -> io::Result<Arc<Self>> {
        let queue = Arc::new(Self::default());
        let background = Arc::clone(&queue);
        thread::Builder::new()
            .name("log".to_owned())
            .spawn(move || background.run(writer))?;
        Ok(queue)
    }

    fn run(&self, mut writer: impl Write) {
        // Swapped with `Pending::lines` at each write, so that both buffers are reused.
        let mut lines = Vec::new();
        loop {
            let pending = lock(&self.pending);
            let pending = self
                .not_empty
                .wait_while(pending, |pending| pending.lines.is_empty())
                .unwrap_or_else(PoisonError::into_inner);
            let (mut pending, _) = self
                .flush_requested
                .wait_timeout_while(pending, FLUSH_DELAY, |pending| {
                    pending.lines.len() < FLUSH_BYTES && !pending.flush
                })
                .unwrap_or_else(PoisonError::into_inner);
            mem::swap(&mut pending.lines, &mut lines);
            pending.flush = false;
            pending.writing = true;
            drop(pending);
            // Errors are ignored: a broken log is no reason to stop the process, and there
            // is no other place to report it.
            let _ = writer.write_all(&lines).and_then(|()| writer.flush());
            lines.clear();
            let mut pending = lock(&self.pending);
            pending.writing = false;
            let dropped = mem::take(&mut pending.dropped);
            drop(pending);
            self.written.notify_all();
            if dropped > 0 {
                tracing::warn!(dropped, "log lines were dropped: the log was not read");
            }
        }
    }

    /// Adds a line, or drops it if the queue is full.
    fn push(&self, line: &[u8], flush: bool) {
        let mut pending = lock(&self.pending);
        if !pending.lines.is_empty() && pending.lines.len() + line.len() > MAX_PENDING_BYTES {
            pending.dropped += 1;
            drop(pending);
            metrics::counter!("bindery_log_lines_dropped_total").increment(1);
            return;
        }
        let before = pending.lines.len();
        pending.lines.extend_from_slice(line);
        let flush = flush || (before < FLUSH_BYTES && pending.lines.len() >= FLUSH_BYTES);
        pending.flush |= flush;
        drop(pending);
        if before == 0 {
            self.not_empty.notify_one();
        }
        if flush {
            self.flush_requested.notify_one();
        }
    }

    /// Waits until all lines are written, but not longer than [`FLUSH_TIMEOUT`].
    pub(super) fn flush(&self) {
        let mut pending = lock(&self.pending);
        pending.flush = true;
        self.flush_requested.notify_one();
        let is_unwritten = |pending: &mut Pending| pending.writing || !pending.lines.is_empty();
        // After the timeout, the lines are lost.
        let _ = self
            .written
            .wait_timeout_while(pending, FLUSH_TIMEOUT, is_unwritten);
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Makes a [`QueueWriter`] for each event.
#[derive(Clone)]
pub(super) struct MakeQueueWriter(pub(super) Arc<WriteQueue>);

/// Puts one line into the queue; an error is written without delay.
pub(super) struct QueueWriter<'a> {
    queue: &'a WriteQueue,
    flush: bool,
}

impl<'a> MakeWriter<'a> for MakeQueueWriter {
    type Writer = QueueWriter<'a>;

    fn make_writer(&'a self) -> Self::Writer {
        QueueWriter {
            queue: &self.0,
            flush: false,
        }
    }

    fn make_writer_for(&'a self, event: &Metadata<'_>) -> Self::Writer {
        QueueWriter {
            queue: &self.0,
            flush: *event.level() == Level::ERROR,
        }
    }
}

impl Write for QueueWriter<'_> {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        self.queue.push(line, self.flush);
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
#[path = "write_queue_tests.rs"]
mod tests;

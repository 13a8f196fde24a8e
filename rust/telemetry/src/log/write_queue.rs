//! A queue of log lines that a thread writes in batches. One system call per line would
//! cost more than the gRPC call that the line is about.

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
/// How many bytes the queue can hold. When it is full, the logging thread writes them
/// itself and so waits for the disk: a log that grows too fast slows the process down,
/// but loses no lines and uses bounded memory.
const MAX_PENDING_BYTES: usize = 1024 * 1024;

/// Log lines to be written to `W`, in order of arrival. A background thread writes them.
/// An event of level ERROR is written, with all lines before it, before the logging
/// thread continues. SIGKILL and an abort lose the lines of the last 20 ms.
pub(super) struct WriteQueue<W> {
    pending: Mutex<Pending>,
    not_empty: Condvar,
    flush_bytes_reached: Condvar,
    /// Lock order: `output` before `pending`.
    output: Mutex<Output<W>>,
}

#[derive(Default)]
struct Pending {
    lines: Vec<u8>,
    closed: bool,
}

struct Output<W> {
    writer: W,
    /// Swapped with `Pending::lines` at each flush, so that both buffers are reused.
    lines: Vec<u8>,
}

impl<W: Write + Send + 'static> WriteQueue<W> {
    /// Starts the background thread.
    pub(super) fn start(writer: W) -> io::Result<Arc<Self>> {
        let queue = Arc::new(Self {
            pending: Mutex::default(),
            not_empty: Condvar::new(),
            flush_bytes_reached: Condvar::new(),
            output: Mutex::new(Output {
                writer,
                lines: Vec::new(),
            }),
        });
        let background = Arc::clone(&queue);
        thread::Builder::new()
            .name("log".to_owned())
            .spawn(move || background.run())?;
        Ok(queue)
    }

    fn run(&self) {
        loop {
            let pending = lock(&self.pending);
            let pending = self
                .not_empty
                .wait_while(pending, |pending| {
                    pending.lines.is_empty() && !pending.closed
                })
                .unwrap_or_else(PoisonError::into_inner);
            let (pending, _) = self
                .flush_bytes_reached
                .wait_timeout_while(pending, FLUSH_DELAY, |pending| {
                    pending.lines.len() < FLUSH_BYTES && !pending.closed
                })
                .unwrap_or_else(PoisonError::into_inner);
            let closed = pending.closed;
            drop(pending);
            self.flush();
            if closed {
                return;
            }
        }
    }

    fn push(&self, line: &[u8]) {
        let mut pending = lock(&self.pending);
        while !pending.lines.is_empty() && pending.lines.len() + line.len() > MAX_PENDING_BYTES {
            drop(pending);
            self.flush();
            pending = lock(&self.pending);
        }
        let before = pending.lines.len();
        pending.lines.extend_from_slice(line);
        let after = pending.lines.len();
        let closed = pending.closed;
        drop(pending);
        if closed {
            self.flush();
        } else if before == 0 {
            self.not_empty.notify_one();
        } else if before < FLUSH_BYTES && after >= FLUSH_BYTES {
            self.flush_bytes_reached.notify_one();
        }
    }

    /// Writes all lines queued so far. Errors are ignored: a broken log is no reason to
    /// stop the process, and there is no other place to report it.
    pub(super) fn flush(&self) {
        let mut output = lock(&self.output);
        let Output { writer, lines } = &mut *output;
        mem::swap(&mut lock(&self.pending).lines, lines);
        let _ = writer.write_all(lines).and_then(|()| writer.flush());
        lines.clear();
    }

    /// Writes all queued lines; later lines are written immediately.
    pub(super) fn close(&self) {
        lock(&self.pending).closed = true;
        self.not_empty.notify_one();
        self.flush_bytes_reached.notify_one();
        self.flush();
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Makes a [`QueueWriter`] for each event.
#[derive(Clone)]
pub(super) struct MakeQueueWriter<W>(pub(super) Arc<WriteQueue<W>>);

/// Puts one line into the queue, and flushes it if the event is an error.
pub(super) struct QueueWriter<'a, W> {
    queue: &'a WriteQueue<W>,
    flush_each_line: bool,
}

impl<'a, W: Write + Send + 'static> MakeWriter<'a> for MakeQueueWriter<W> {
    type Writer = QueueWriter<'a, W>;

    fn make_writer(&'a self) -> Self::Writer {
        QueueWriter {
            queue: &self.0,
            flush_each_line: false,
        }
    }

    fn make_writer_for(&'a self, event: &Metadata<'_>) -> Self::Writer {
        QueueWriter {
            queue: &self.0,
            flush_each_line: *event.level() == Level::ERROR,
        }
    }
}

impl<W: Write + Send + 'static> Write for QueueWriter<'_, W> {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        self.queue.push(line);
        if self.flush_each_line {
            self.queue.flush();
        }
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.queue.flush();
        Ok(())
    }
}

#[cfg(test)]
#[path = "write_queue_tests.rs"]
mod tests;

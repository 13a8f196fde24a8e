//! Where lines wait to be written. One system call a line would cost a server more
//! than the call that the line tells of.

use std::{
    io::{self, Write},
    mem,
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
    thread,
    time::Duration,
};

use tracing::{Level, Metadata};
use tracing_subscriber::fmt::MakeWriter;

/// How long a line waits for others to be written with it. Whoever watches the log
/// doesn't notice; a server under load writes hundreds of lines at once.
const FLUSH_DELAY: Duration = Duration::from_millis(20);
/// How many bytes are written without pending for more.
const FLUSH_BYTES: usize = 256 * 1024;
/// How many bytes may wait. Whoever brings more writes them, and so waits for the
/// disk: a log that grows faster than it is written slows the process down, and
/// neither loses lines nor takes all memory.
const MAX_PENDING_BYTES: usize = 1024 * 1024;

/// MakeQueueWriter on their way to `W`, in the order in which they came. A thread writes them;
/// a line that tells of an error is written, with all before it, before its author
/// goes on. SIGKILL and an abort lose what came in the last 20 ms.
pub(super) struct WriteQueue<W> {
    pending: Mutex<Pending>,
    not_empty: Condvar,
    flush_bytes_reached: Condvar,
    /// Locked before `pending`, where both are.
    output: Mutex<Output<W>>,
}

#[derive(Default)]
struct Pending {
    lines: Vec<u8>,
    closed: bool,
}

struct Output<W> {
    to: W,
    /// The other one of two buffers that take turns.
    lines: Vec<u8>,
}

impl<W: Write + Send + 'static> WriteQueue<W> {
    /// Begins to write in the background.
    pub(super) fn start(to: W) -> io::Result<Arc<Self>> {
        let queue = Arc::new(Self {
            pending: Mutex::default(),
            not_empty: Condvar::new(),
            flush_bytes_reached: Condvar::new(),
            output: Mutex::new(Output {
                to,
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

    /// Writes all lines that came before. A log that can't be written is nothing to
    /// stop for, and there is no other place to say it.
    pub(super) fn flush(&self) {
        let mut output = lock(&self.output);
        let Output { to, lines } = &mut *output;
        mem::swap(&mut lock(&self.pending).lines, lines);
        let _ = to.write_all(lines).and_then(|()| to.flush());
        lines.clear();
    }

    /// Writes what is there, and from here on each line as it comes.
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

/// What the log writes to.
#[derive(Clone)]
pub(super) struct MakeQueueWriter<W>(pub(super) Arc<WriteQueue<W>>);

/// Takes one line.
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

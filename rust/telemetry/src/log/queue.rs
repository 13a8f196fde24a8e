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
const GATHERING: Duration = Duration::from_millis(20);
/// How many bytes are written without waiting for more.
const ENOUGH: usize = 256 * 1024;
/// How many bytes may wait. Whoever brings more writes them, and so waits for the
/// disk: a log that grows faster than it is written slows the process down, and
/// neither loses lines nor takes all memory.
const MOST: usize = 1024 * 1024;

/// Lines on their way to `W`, in the order in which they came. A thread writes them;
/// a line that tells of an error is written, with all before it, before its author
/// goes on. SIGKILL and an abort lose what came in the last 20 ms.
pub(super) struct Queue<W> {
    waiting: Mutex<Waiting>,
    something: Condvar,
    enough: Condvar,
    /// Locked before `waiting`, where both are.
    output: Mutex<Output<W>>,
}

#[derive(Default)]
struct Waiting {
    lines: Vec<u8>,
    closed: bool,
}

struct Output<W> {
    to: W,
    /// The other one of two buffers that take turns.
    lines: Vec<u8>,
}

impl<W: Write + Send + 'static> Queue<W> {
    /// Begins to write in the background.
    pub(super) fn start(to: W) -> io::Result<Arc<Self>> {
        let queue = Arc::new(Self {
            waiting: Mutex::default(),
            something: Condvar::new(),
            enough: Condvar::new(),
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
            let waiting = lock(&self.waiting);
            let waiting = self
                .something
                .wait_while(waiting, |waiting| {
                    waiting.lines.is_empty() && !waiting.closed
                })
                .unwrap_or_else(PoisonError::into_inner);
            let (waiting, _) = self
                .enough
                .wait_timeout_while(waiting, GATHERING, |waiting| {
                    waiting.lines.len() < ENOUGH && !waiting.closed
                })
                .unwrap_or_else(PoisonError::into_inner);
            let closed = waiting.closed;
            drop(waiting);
            self.flush();
            if closed {
                return;
            }
        }
    }

    fn push(&self, line: &[u8]) {
        let mut waiting = lock(&self.waiting);
        while !waiting.lines.is_empty() && waiting.lines.len() + line.len() > MOST {
            drop(waiting);
            self.flush();
            waiting = lock(&self.waiting);
        }
        let before = waiting.lines.len();
        waiting.lines.extend_from_slice(line);
        let after = waiting.lines.len();
        let closed = waiting.closed;
        drop(waiting);
        if closed {
            self.flush();
        } else if before == 0 {
            self.something.notify_one();
        } else if before < ENOUGH && after >= ENOUGH {
            self.enough.notify_one();
        }
    }

    /// Writes all lines that came before. A log that can't be written is nothing to
    /// stop for, and there is no other place to say it.
    pub(super) fn flush(&self) {
        let mut output = lock(&self.output);
        let Output { to, lines } = &mut *output;
        mem::swap(&mut lock(&self.waiting).lines, lines);
        let _ = to.write_all(lines).and_then(|()| to.flush());
        lines.clear();
    }

    /// Writes what is there, and from here on each line as it comes.
    pub(super) fn close(&self) {
        lock(&self.waiting).closed = true;
        self.something.notify_one();
        self.enough.notify_one();
        self.flush();
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// What the log writes to.
#[derive(Clone)]
pub(super) struct Lines<W>(pub(super) Arc<Queue<W>>);

/// Takes one line.
pub(super) struct Pen<'a, W> {
    queue: &'a Queue<W>,
    at_once: bool,
}

impl<'a, W: Write + Send + 'static> MakeWriter<'a> for Lines<W> {
    type Writer = Pen<'a, W>;

    fn make_writer(&'a self) -> Self::Writer {
        Pen {
            queue: &self.0,
            at_once: false,
        }
    }

    fn make_writer_for(&'a self, event: &Metadata<'_>) -> Self::Writer {
        Pen {
            queue: &self.0,
            at_once: *event.level() == Level::ERROR,
        }
    }
}

impl<W: Write + Send + 'static> Write for Pen<'_, W> {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        self.queue.push(line);
        if self.at_once {
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
#[path = "queue_tests.rs"]
mod tests;

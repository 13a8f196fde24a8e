#![expect(
    clippy::disallowed_methods,
    reason = "the tests of a thread run without a runtime"
)]

use std::{
    sync::atomic::{AtomicUsize, Ordering},
    time::Instant,
};

use super::*;

/// Records the bytes and the number of writes; each write takes `delay`.
#[derive(Clone, Default)]
struct FakeDisk {
    written: Arc<Mutex<Vec<u8>>>,
    writes: Arc<AtomicUsize>,
    delay: Duration,
}

impl Write for FakeDisk {
    fn write(&mut self, lines: &[u8]) -> io::Result<usize> {
        thread::sleep(self.delay);
        self.writes.fetch_add(1, Ordering::Relaxed);
        lock(&self.written).extend_from_slice(lines);
        Ok(lines.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl FakeDisk {
    fn text(&self) -> String {
        String::from_utf8(lock(&self.written).clone()).expect("whole lines")
    }
}

fn queue(disk: &FakeDisk) -> Arc<WriteQueue<FakeDisk>> {
    WriteQueue::start(disk.clone()).expect("a thread")
}

#[test]
fn line_is_written_without_an_explicit_flush() {
    let disk = FakeDisk::default();
    queue(&disk).push(b"one\n");
    let began = Instant::now();
    while disk.text() != "one\n" {
        assert!(began.elapsed() < Duration::from_secs(5), "never written");
        thread::sleep(Duration::from_millis(1));
    }
}

#[test]
fn lines_are_written_in_batches() {
    let disk = FakeDisk::default();
    let queue = queue(&disk);
    for _ in 0..1000 {
        queue.push(b"line\n");
    }
    queue.close();
    assert_eq!(disk.text(), "line\n".repeat(1000));
    // About one write is expected; more if the machine is busy.
    assert!(disk.writes.load(Ordering::Relaxed) < 100);
}

#[test]
fn slow_disk_loses_no_lines_and_memory_is_bounded() {
    const THREADS: usize = 4;
    const LINES_PER_THREAD: usize = 40_000;
    let disk = FakeDisk {
        delay: Duration::from_millis(2),
        ..FakeDisk::default()
    };
    let queue = queue(&disk);
    thread::scope(|scope| {
        for thread_index in 0..THREADS {
            let queue = &queue;
            scope.spawn(move || {
                for number in 0..LINES_PER_THREAD {
                    queue.push(format!("{thread_index} {number:040}\n").as_bytes());
                    assert!(lock(&queue.pending).lines.len() <= MAX_PENDING_BYTES);
                }
            });
        }
    });
    queue.close();
    let mut next = [0; THREADS];
    for line in disk.text().lines() {
        let (thread_index, number) = line.split_once(' ').expect("a whole line");
        let thread_index: usize = thread_index.parse().expect("a thread index");
        assert_eq!(number.parse(), Ok(next[thread_index]), "in order");
        next[thread_index] += 1;
    }
    assert_eq!(next, [LINES_PER_THREAD; THREADS]);
}

#[test]
fn lines_after_close_are_written_immediately() {
    let disk = FakeDisk::default();
    let queue = queue(&disk);
    queue.push(b"before\n");
    queue.close();
    queue.push(b"after\n");
    assert_eq!(disk.text(), "before\nafter\n");
}

#[test]
fn error_is_written_before_the_thread_continues() {
    let disk = FakeDisk::default();
    let lines = MakeQueueWriter(queue(&disk));
    let subscriber = tracing_subscriber::fmt()
        .with_writer(lines)
        .without_time()
        .with_ansi(false)
        .finish();
    tracing::subscriber::with_default(subscriber, || {
        tracing::info!("earlier line");
        tracing::error!("the error");
        let text = disk.text();
        assert!(
            text.contains("earlier line") && text.contains("the error"),
            "{text}"
        );
    });
}

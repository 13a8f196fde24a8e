use std::{
    sync::{
        atomic::{AtomicUsize, Ordering},
        mpsc,
    },
    time::Instant,
};

use super::*;

/// Records the bytes and the number of writes.
#[derive(Clone, Default)]
struct FakeDisk {
    written: Arc<Mutex<Vec<u8>>>,
    writes: Arc<AtomicUsize>,
}

impl Write for FakeDisk {
    fn write(&mut self, lines: &[u8]) -> io::Result<usize> {
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

fn queue(disk: &FakeDisk) -> Arc<WriteQueue> {
    WriteQueue::start(disk.clone()).expect("a thread")
}

/// Sends what is written to the test.
struct Announcing(mpsc::Sender<Vec<u8>>);

impl Write for Announcing {
    fn write(&mut self, lines: &[u8]) -> io::Result<usize> {
        self.0.send(lines.to_vec()).expect("the test receives");
        Ok(lines.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn line_is_written_without_an_explicit_flush() {
    let (writes, written) = mpsc::channel();
    let queue = WriteQueue::start(Announcing(writes)).expect("a thread");
    queue.push(b"one\n", false);
    let lines = written.recv_timeout(Duration::from_secs(5));
    assert_eq!(lines.expect("it is written"), b"one\n");
}

#[test]
fn lines_are_written_in_batches() {
    let disk = FakeDisk::default();
    let queue = queue(&disk);
    for _ in 0..1000 {
        queue.push(b"line\n", false);
    }
    queue.flush();
    assert_eq!(disk.text(), "line\n".repeat(1000));
    // About one write is expected; more if the machine is busy.
    assert!(disk.writes.load(Ordering::Relaxed) < 100);
}

/// Blocks until the receiver gets a message for each write.
struct StalledReader(mpsc::Receiver<()>, FakeDisk);

impl Write for StalledReader {
    fn write(&mut self, lines: &[u8]) -> io::Result<usize> {
        self.0.recv().expect("the test reads");
        self.1.write(lines)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn stalled_reader_blocks_nobody_and_memory_is_bounded() {
    let disk = FakeDisk::default();
    let (read, stalled) = mpsc::channel();
    let queue = WriteQueue::start(StalledReader(stalled, disk.clone())).expect("a thread");
    let line = [b'x'; 1023];
    let line = [&line[..], b"\n"].concat();
    // One batch that the thread has taken, and the full queue.
    let room = 2 * MAX_PENDING_BYTES / line.len();
    for _ in 0..room + 100 {
        queue.push(&line, false);
    }
    let pending = lock(&queue.pending);
    assert!(pending.lines.len() <= MAX_PENDING_BYTES);
    assert!(pending.dropped >= 100, "{}", pending.dropped);
    let dropped = usize::try_from(pending.dropped).expect("small");
    drop(pending);
    let began = Instant::now();
    queue.flush();
    assert!(began.elapsed() < FLUSH_TIMEOUT * 2, "it waits for a second");
    for _ in 0..2 {
        read.send(()).expect("the thread writes");
    }
    queue.flush();
    assert_eq!(disk.text().lines().count(), room + 100 - dropped);
    assert_eq!(lock(&queue.pending).dropped, 0, "the warning was logged");
}

#[test]
fn error_is_written_without_delay() {
    let disk = FakeDisk::default();
    let queue = queue(&disk);
    let lines = MakeQueueWriter(Arc::clone(&queue));
    let subscriber = tracing_subscriber::fmt()
        .with_writer(lines)
        .without_time()
        .with_ansi(false)
        .finish();
    tracing::subscriber::with_default(subscriber, || {
        tracing::info!("earlier line");
        tracing::error!("the error");
        assert!(lock(&queue.pending).flush || lock(&queue.pending).lines.is_empty());
        queue.flush();
        let text = disk.text();
        assert!(
            text.contains("earlier line") && text.contains("the error"),
            "{text}"
        );
    });
}

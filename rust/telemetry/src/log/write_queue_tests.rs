use std::{
    sync::atomic::{AtomicUsize, Ordering},
    time::Instant,
};

use super::*;

/// What was written, in how many writes.
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
fn a_line_is_written_soon_without_being_asked_for() {
    let disk = FakeDisk::default();
    queue(&disk).push(b"one\n");
    let began = Instant::now();
    while disk.text() != "one\n" {
        assert!(began.elapsed() < Duration::from_secs(5), "never written");
        thread::sleep(Duration::from_millis(1));
    }
}

#[test]
fn lines_that_come_together_are_written_together() {
    let disk = FakeDisk::default();
    let queue = queue(&disk);
    for _ in 0..1000 {
        queue.push(b"line\n");
    }
    queue.close();
    assert_eq!(disk.text(), "line\n".repeat(1000));
    // A machine that stands still for a while makes a few more.
    assert!(disk.writes.load(Ordering::Relaxed) < 100);
}

#[test]
fn a_slow_disk_loses_nothing_and_fills_no_memory() {
    const THREADS: usize = 4;
    const LINES_PER_THREAD: usize = 40_000;
    let disk = FakeDisk {
        delay: Duration::from_millis(2),
        ..FakeDisk::default()
    };
    let queue = queue(&disk);
    thread::scope(|scope| {
        for thread in 0..THREADS {
            let queue = &queue;
            scope.spawn(move || {
                for number in 0..LINES_PER_THREAD {
                    queue.push(format!("{thread} {number:040}\n").as_bytes());
                    assert!(lock(&queue.pending).lines.len() <= MAX_PENDING_BYTES);
                }
            });
        }
    });
    queue.close();
    let mut next = [0; THREADS];
    for line in disk.text().lines() {
        let (thread, number) = line.split_once(' ').expect("a whole line");
        let thread: usize = thread.parse().expect("an thread");
        assert_eq!(number.parse(), Ok(next[thread]), "in order");
        next[thread] += 1;
    }
    assert_eq!(next, [LINES_PER_THREAD; THREADS]);
}

#[test]
fn after_the_end_lines_are_written_as_they_come() {
    let disk = FakeDisk::default();
    let queue = queue(&disk);
    queue.push(b"before\n");
    queue.close();
    queue.push(b"after\n");
    assert_eq!(disk.text(), "before\nafter\n");
}

#[test]
fn an_error_is_written_before_its_author_goes_on() {
    let disk = FakeDisk::default();
    let lines = MakeQueueWriter(queue(&disk));
    let subscriber = tracing_subscriber::fmt()
        .with_writer(lines)
        .without_time()
        .with_ansi(false)
        .finish();
    tracing::subscriber::with_default(subscriber, || {
        tracing::info!("some news");
        tracing::error!("bad news");
        let text = disk.text();
        assert!(
            text.contains("some news") && text.contains("bad news"),
            "{text}"
        );
    });
}

use std::{
    sync::atomic::{AtomicUsize, Ordering},
    time::Instant,
};

use super::*;

/// What was written, in how many writes.
#[derive(Clone, Default)]
struct Disk {
    written: Arc<Mutex<Vec<u8>>>,
    writes: Arc<AtomicUsize>,
    delay: Duration,
}

impl Write for Disk {
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

impl Disk {
    fn text(&self) -> String {
        String::from_utf8(lock(&self.written).clone()).expect("whole lines")
    }
}

fn queue(disk: &Disk) -> Arc<Queue<Disk>> {
    Queue::start(disk.clone()).expect("a thread")
}

#[test]
fn a_line_is_written_soon_without_being_asked_for() {
    let disk = Disk::default();
    queue(&disk).push(b"one\n");
    let began = Instant::now();
    while disk.text() != "one\n" {
        assert!(began.elapsed() < Duration::from_secs(5), "never written");
        thread::sleep(Duration::from_millis(1));
    }
}

#[test]
fn lines_that_come_together_are_written_together() {
    let disk = Disk::default();
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
    const AUTHORS: usize = 4;
    const EACH: usize = 40_000;
    let disk = Disk {
        delay: Duration::from_millis(2),
        ..Disk::default()
    };
    let queue = queue(&disk);
    thread::scope(|scope| {
        for author in 0..AUTHORS {
            let queue = &queue;
            scope.spawn(move || {
                for number in 0..EACH {
                    queue.push(format!("{author} {number:040}\n").as_bytes());
                    assert!(lock(&queue.waiting).lines.len() <= MOST);
                }
            });
        }
    });
    queue.close();
    let mut next = [0; AUTHORS];
    for line in disk.text().lines() {
        let (author, number) = line.split_once(' ').expect("a whole line");
        let author: usize = author.parse().expect("an author");
        assert_eq!(number.parse(), Ok(next[author]), "in order");
        next[author] += 1;
    }
    assert_eq!(next, [EACH; AUTHORS]);
}

#[test]
fn after_the_end_lines_are_written_as_they_come() {
    let disk = Disk::default();
    let queue = queue(&disk);
    queue.push(b"before\n");
    queue.close();
    queue.push(b"after\n");
    assert_eq!(disk.text(), "before\nafter\n");
}

#[test]
fn an_error_is_written_before_its_author_goes_on() {
    let disk = Disk::default();
    let lines = Lines(queue(&disk));
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

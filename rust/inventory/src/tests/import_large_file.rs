//! Measures the time and the memory of an import of a large file.

use super::{TestInventory, import_files::bookstore_csv};
use crate::import::{Options, Reader, upload};

/// A file of `rows` rows in the bookstore's format, generated while it is read.
fn generated_file(rows: u32) -> impl std::io::Read + Send {
    const WORDS: [&str; 16] = [
        "winter", "garden", "of", "the", "silent", "Éclair", "river", "and", "a", "king", "memory",
        "stone", "light", "house", "last", "journey",
    ];
    struct Rows {
        next: u32,
        rows: u32,
        line: std::io::Cursor<Vec<u8>>,
    }
    impl std::io::Read for Rows {
        fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
            if self.line.position() == self.line.get_ref().len() as u64 && self.next < self.rows {
                self.next += 1;
                let n = self.next as usize;
                let word = |at: usize| WORDS[n.wrapping_mul(2_654_435_761) >> (at % 24) & 15];
                let line = format!(
                    "{n},The {} {} {} {} {n},{}son {}; Ann {},1999,poetry,9.99,5\n",
                    word(1),
                    word(5),
                    word(9),
                    word(13),
                    word(17),
                    word(21),
                    word(3),
                );
                self.line = std::io::Cursor::new(line.into_bytes());
            }
            self.line.read(buffer)
        }
    }
    let header = std::io::Cursor::new(bookstore_csv(&[]));
    std::io::Read::chain(
        header,
        Rows {
            next: 0,
            rows,
            line: std::io::Cursor::default(),
        },
    )
}

/// The peak memory of this process in kB; `None` if the system does not report it.
fn peak_memory() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|line| line.starts_with("VmHWM"))?;
    line.split_whitespace().nth(1)?.parse().ok()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "measures: cargo test --release -p inventory@0.1.0 large_file -- --ignored --nocapture"]
async fn large_file_is_imported_quickly_and_in_constant_memory() {
    for rows in [10_000, 1_000_000] {
        let database = store::testing::sqlite(&crate::SCHEMA).await;
        let mut service = TestInventory::open(&database);
        let reader =
            Reader::new(generated_file(rows), Options::default()).expect("the header is known");
        let start = std::time::Instant::now();
        let summary = upload(&mut service.client, reader, None, &mut |_| {}).await;
        let elapsed = start.elapsed();
        assert_eq!(
            summary.expect("the file is imported").created,
            u64::from(rows)
        );
        let memory = peak_memory();
        println!("{rows} rows: {elapsed:.2?}, at most {memory:?} kB");
        assert!(
            rows > 10_000 || elapsed < std::time::Duration::from_secs(2),
            "{elapsed:?}"
        );
        assert!(
            memory.is_none_or(|kilobytes| kilobytes < 256 * 1024),
            "{memory:?} kB"
        );
    }
}

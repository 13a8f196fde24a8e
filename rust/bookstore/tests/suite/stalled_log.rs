//! A reader of the log that stalls must not stop the process.

use std::{io, time::Duration};

use contract::bookstore::inventory::v1::GetBookRequest;

use crate::test_process::{Folder, TestProcess, get};

/// Enough for much more log than a pipe holds (64 KiB).
const CALLS: usize = 1000;

#[tokio::test]
async fn unread_log_stops_neither_calls_nor_the_shutdown() {
    let folder = Folder::new();
    // The reader stays open, and never reads.
    let (_reader, writer) = io::pipe().expect("a pipe");
    let mut process = TestProcess::with_log(&folder, &["up", "--log=debug"], writer.into());
    let mut inventory = process.inventory();
    let calls = async {
        for _ in 0..CALLS {
            let request = GetBookRequest { book_id: 1 };
            inventory.get_book(request).await.expect("it is answered");
        }
    };
    let calls = tokio::time::timeout(Duration::from_secs(30), calls).await;
    calls.expect("no call waits for the log");
    assert_eq!(get(process.metrics()).await.status, 200);
    process.signal("TERM");
    let (code, took) = process.wait_for_exit(Duration::from_secs(15)).await;
    assert_eq!(code, 0, "after {took:?}");
}

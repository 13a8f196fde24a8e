//! Writes a synthetic image as large as those of big companies, which `just bench --only
//! loading` reads: `cargo run --release -p proofread --example large_image FILE [FILES]`.

use std::{env, fs, io};

#[expect(dead_code, reason = "the example uses one of the helpers for tests")]
#[path = "../src/testing.rs"]
mod testing;

#[path = "../src/testing/large_image.rs"]
mod synthetic;

/// The number of files of googleapis.
const FILES: usize = 4_500;

fn main() -> io::Result<()> {
    let mut arguments = env::args().skip(1);
    let Some(path) = arguments.next() else {
        return Err(io::Error::other("usage: large_image FILE [FILES]"));
    };
    let files = arguments.next().and_then(|text| text.parse().ok());
    fs::write(path, synthetic::large_image(files.unwrap_or(FILES)))
}

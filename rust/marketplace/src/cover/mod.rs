//! Covers, drawn from the title, the authors and the category of a book. The same
//! data always makes the same cover.

mod design;
mod fit;
mod metrics;
mod motif;
mod ornament;
mod palette;
mod paper;
mod wording;

use contract::bookstore::inventory::v1::{Book, BookCategory};

use design::Design;
use paper::Paper;
use wording::Wording;

/// A part of every address, so that a browser does not keep covers of an older
/// style for the year that it may.
const STYLE: u64 = 1;

/// The address of a book's cover. It changes with what the cover is drawn from.
pub(crate) fn address(book: &Book) -> String {
    format!("/covers/{}.svg?v={}", book.book_id, version(book))
}

/// Names the state of what the cover is drawn from.
pub(crate) fn version(book: &Book) -> String {
    format!("{:016x}", seed(book) ^ STYLE)
}

/// The cover, an SVG document of 240 by 360.
pub(crate) fn draw(book: &Book) -> String {
    let category = BookCategory::try_from(book.category).unwrap_or_default();
    let mut rng = SeededRng(seed(book));
    let palette = palette::choose(category, &mut rng);
    let design = Design::choose(category, &mut rng);
    let wording = Wording::of(book);
    let mut paper = Paper::new(&wording.whole);
    design.draw(&mut paper, &palette, &wording, &mut rng);
    paper.finish()
}

/// A cover without a word, for a book of which nothing is known right now.
pub(crate) fn blank() -> String {
    let mut rng = SeededRng(7);
    let palette = palette::choose(BookCategory::General, &mut rng);
    let mut paper = Paper::new("A book");
    motif::cloth(&mut paper, &palette);
    paper.finish()
}

/// FNV-1a over what the cover shows. Not the standard library's hasher, whose
/// results may change with its version: covers should not.
fn seed(book: &Book) -> u64 {
    let words = std::iter::once(&book.title).chain(&book.authors);
    let bytes = words.flat_map(|word| word.bytes().chain([0]));
    let bytes = bytes.chain(book.category.to_le_bytes());
    bytes.fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
    })
}

/// A small generator (SplitMix64), seeded by the book.
#[derive(Clone, Debug)]
struct SeededRng(u64);

impl SeededRng {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number from 0 to less than `end`.
    fn below(&mut self, end: usize) -> usize {
        let end = u64::try_from(end).unwrap_or(u64::MAX).max(1);
        usize::try_from(self.next() % end).unwrap_or_default()
    }

    /// A number from `low` to `high`.
    fn between(&mut self, low: f32, high: f32) -> f32 {
        // The upper 24 bits are what an f32 holds.
        let part = (self.next() >> 40) as f32 / 16_777_216.0;
        low + (high - low) * part
    }

    fn pick<'a, T>(&mut self, of: &'a [T]) -> &'a T {
        let place = self.below(of.len());
        &of[place]
    }
}

#[cfg(test)]
mod tests;

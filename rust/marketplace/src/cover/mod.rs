//! Draws book covers as SVG from the title, the authors and the category of a book. The
//! same data always makes the same cover.

mod design;
mod metrics;
mod motif;
mod ornament;
mod palette;
mod paper;
mod text_layout;
mod wording;

use contract::bookstore::inventory::v1::{Book, BookCategory};

use design::Design;
use paper::Paper;
use wording::Wording;

/// The version of the drawing code. It is part of every cover URL: increase it when the
/// drawing changes, so that browsers do not show cached covers.
const STYLE_VERSION: u64 = 2;

/// The URL of a book's cover. It changes when the data of the cover changes.
pub(crate) fn cover_url(book: &Book) -> String {
    format!("/covers/{}.svg?v={}", book.book_id, version(book))
}

/// A hash of the data from which the cover is drawn.
pub(crate) fn version(book: &Book) -> String {
    format!("{:016x}", seed(book) ^ STYLE_VERSION)
}

/// Draws the cover: an SVG document of 240 by 360 units.
pub(crate) fn draw(book: &Book) -> String {
    let category = BookCategory::try_from(book.category).unwrap_or_default();
    let mut rng = SeededRng(seed(book));
    let palette = palette::choose(category, &mut rng);
    let design = Design::choose(category, &mut rng);
    let wording = Wording::of(book);
    let mut paper = Paper::new(&wording.full_title);
    design.draw(&mut paper, &palette, &wording, &mut rng);
    paper.finish()
}

/// A cover without text, for a book whose data is not available.
pub(crate) fn blank() -> String {
    let mut rng = SeededRng(7);
    let palette = palette::choose(BookCategory::General, &mut rng);
    let mut paper = Paper::new("A book");
    motif::cloth(&mut paper, &palette);
    paper.finish()
}

/// FNV-1a over title, authors and category. The standard library's hasher is not used,
/// because its results may differ between versions of Rust.
fn seed(book: &Book) -> u64 {
    let words = std::iter::once(&book.title).chain(&book.authors);
    let bytes = words.flat_map(|word| word.bytes().chain([0]));
    let bytes = bytes.chain(book.category.to_le_bytes());
    bytes.fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
    })
}

/// A seeded pseudo-random number generator (SplitMix64).
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

    /// An integer from 0 up to and excluding `end`.
    fn below(&mut self, end: usize) -> usize {
        let end = u64::try_from(end).unwrap_or(u64::MAX).max(1);
        usize::try_from(self.next() % end).unwrap_or_default()
    }

    /// A number from `low` up to and excluding `high`.
    fn between(&mut self, low: f32, high: f32) -> f32 {
        // An f32 has 24 significant bits.
        let fraction = (self.next() >> 40) as f32 / 16_777_216.0;
        low + (high - low) * fraction
    }

    fn choose<'a, T>(&mut self, items: &'a [T]) -> &'a T {
        let index = self.below(items.len());
        &items[index]
    }
}

#[cfg(test)]
mod tests;

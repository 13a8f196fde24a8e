//! Patterns that fill a cover, and shapes that fill a part of it.

use std::fmt::Write;

use super::{
    SeededRng,
    palette::Palette,
    paper::{HEIGHT, Paper, WIDTH},
};

/// Repeats a tile over the whole cover.
fn tiles(paper: &mut Paper, palette: &Palette, (width, height): (f32, f32), tile: &str) {
    paper.rect(0.0, 0.0, WIDTH, HEIGHT, palette.ground);
    paper.raw(&format!(
        "<pattern id=\"tile\" width=\"{width}\" height=\"{height}\" patternUnits=\"userSpaceOnUse\">{tile}</pattern>\
         <rect width=\"240\" height=\"360\" fill=\"url(#tile)\"/>"
    ));
}

/// A texture like the cloth of a bound book.
pub(super) fn cloth(paper: &mut Paper, palette: &Palette) {
    let tile = format!(
        "<path d=\"M0 1H2M3 3H4M0 3H1\" stroke=\"{}\" stroke-width=\".7\" opacity=\".45\"/>",
        palette.second
    );
    tiles(paper, palette, (4.0, 4.0), &tile);
}

/// One of seven patterns like those of printed paper bindings.
pub(super) fn paste_paper(paper: &mut Paper, palette: &Palette, rng: &mut SeededRng) {
    let Palette { accent, second, .. } = palette;
    let (size, tile) = match rng.below(7) {
        0 => (
            (24.0, 24.0),
            format!(
                "<path d=\"M0 12L12 0L24 12L12 24Z\" fill=\"{second}\"/><circle cx=\"12\" cy=\"12\" r=\"3.2\" fill=\"{accent}\"/>"
            ),
        ),
        1 => (
            (18.0, 18.0),
            format!(
                "<path d=\"M-2 20L20 -2M-2 2L2 -2M16 20L20 16\" stroke=\"{second}\" stroke-width=\"5\"/><path d=\"M7 20L20 7M-2 11L11 -2\" stroke=\"{accent}\" stroke-width=\"1\"/>"
            ),
        ),
        2 => (
            (30.0, 15.0),
            format!(
                "<path d=\"M0 15A15 15 0 0 1 30 15M5 15A10 10 0 0 1 25 15M10 15A5 5 0 0 1 20 15\" fill=\"none\" stroke=\"{accent}\" stroke-width=\"1.4\"/><path d=\"M-15 15A15 15 0 0 1 15 15M15 15A15 15 0 0 1 45 15\" fill=\"none\" stroke=\"{second}\" stroke-width=\"1.4\"/>"
            ),
        ),
        3 => (
            (22.0, 22.0),
            format!(
                "<circle cx=\"5.5\" cy=\"5.5\" r=\"3.4\" fill=\"{accent}\"/><circle cx=\"16.5\" cy=\"16.5\" r=\"3.4\" fill=\"{second}\"/>"
            ),
        ),
        4 => (
            (28.0, 40.0),
            format!(
                "<path d=\"M14 38C4 28 5 16 14 8C23 16 24 28 14 38Z\" fill=\"{second}\"/><path d=\"M14 40V12\" stroke=\"{accent}\" stroke-width=\"1.2\"/><path d=\"M0 18C-10 8 -9 -4 0 -12C9 -4 10 8 0 18ZM28 18C18 8 19 -4 28 -12C37 -4 38 8 28 18Z\" fill=\"{accent}\" opacity=\".75\"/>"
            ),
        ),
        5 => (
            (26.0, 26.0),
            format!(
                "<path d=\"M13 3L15.4 10.6L23 13L15.4 15.4L13 23L10.6 15.4L3 13L10.6 10.6Z\" fill=\"{accent}\"/><circle r=\"2\" fill=\"{second}\"/><circle cx=\"26\" r=\"2\" fill=\"{second}\"/><circle cy=\"26\" r=\"2\" fill=\"{second}\"/><circle cx=\"26\" cy=\"26\" r=\"2\" fill=\"{second}\"/>"
            ),
        ),
        _ => (
            (40.0, 20.0),
            format!(
                "<path d=\"M0 5Q10 -5 20 5T40 5\" fill=\"none\" stroke=\"{accent}\" stroke-width=\"2\"/><path d=\"M0 15Q10 5 20 15T40 15\" fill=\"none\" stroke=\"{second}\" stroke-width=\"3\"/>"
            ),
        ),
    };
    tiles(paper, palette, size, &tile);
}

/// Hills or waves: curved bands, one in front of the other, down to the bottom of the cover.
pub(super) fn hills(paper: &mut Paper, top: f32, colours: &[&str], rng: &mut SeededRng) {
    let step = (HEIGHT - top) / colours.len() as f32;
    for (index, colour) in colours.iter().enumerate() {
        let base = top + step * index as f32;
        // `S` makes smooth curves: each continues in the direction of the one before.
        let first = base + rng.between(-12.0, 12.0);
        let mut outline = format!("M0 {first:.0}");
        for part in 1..=3 {
            let end = WIDTH / 3.0 * part as f32;
            let control = base + rng.between(-34.0, 26.0);
            let height = base + rng.between(-18.0, 18.0);
            let _ = write!(
                outline,
                "S{:.0} {control:.0} {end:.0} {height:.0}",
                end - 36.0
            );
        }
        let _ = write!(outline, "V{HEIGHT}H0Z");
        paper.path(&outline, colour);
    }
}

/// A grid of quarter circles, triangles and dots in random orientation.
pub(super) fn quarters(
    paper: &mut Paper,
    (left, top): (f32, f32),
    (columns, rows): (usize, usize),
    size: f32,
    (colours, rng): (&[&str], &mut SeededRng),
) {
    for row in 0..rows {
        for column in 0..columns {
            let (x, y) = (left + column as f32 * size, top + row as f32 * size);
            let ground = rng.below(colours.len());
            let shape = (ground + 1 + rng.below(colours.len() - 1)) % colours.len();
            paper.rect(x, y, size + 0.2, size + 0.2, colours[ground]);
            let (right, low) = (x + size, y + size);
            let outline = match rng.below(6) {
                0 => format!("M{x} {y}H{right}A{size} {size} 0 0 1 {x} {low}Z"),
                1 => format!("M{right} {y}V{low}A{size} {size} 0 0 1 {x} {y}Z"),
                2 => format!("M{right} {low}H{x}A{size} {size} 0 0 1 {right} {y}Z"),
                3 => format!("M{x} {low}V{y}A{size} {size} 0 0 1 {right} {low}Z"),
                4 => format!("M{x} {y}L{right} {low}H{x}Z"),
                _ => {
                    let (radius, middle) = (size * 0.28, size / 2.0);
                    paper.circle(x + middle, y + middle, radius, colours[shape]);
                    continue;
                }
            };
            paper.path(&outline, colours[shape]);
        }
    }
}

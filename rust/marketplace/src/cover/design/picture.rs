//! Designs with a picture made of simple shapes.

use std::{f32::consts::PI, fmt::Write};

use super::{VerticalAlign, author, title_style, titles};
use crate::cover::{
    SeededRng, motif,
    palette::Palette,
    paper::{Face, HEIGHT, Paper, WIDTH},
    text_layout::{Align, Area},
    wording::Wording,
};

pub(super) fn discs(paper: &mut Paper, palette: &Palette, wording: &Wording, rng: &mut SeededRng) {
    paper.rect(0.0, 0.0, WIDTH, HEIGHT, palette.ground);
    let side = if rng.below(2) == 0 { 1.0 } else { -1.0 };
    let shift = rng.between(22.0, 44.0) * side;
    let radius = rng.between(52.0, 66.0);
    paper.circle(120.0 + shift, 92.0, radius, palette.second);
    paper.circle(120.0 - shift * 0.7, 112.0, radius * 0.78, palette.accent);
    paper.ring(120.0 + shift, 92.0, radius + 8.0, palette.ink, 0.9);
    let dot = rng.between(-60.0, 60.0);
    paper.circle(120.0 + dot, 192.0, 4.0, palette.ink);
    let area = Area {
        x: 26.0,
        y: 212.0,
        width: 192.0,
        height: 88.0,
    };
    let style = title_style(palette.ink, Face::Serif, Align::Start, 36.0);
    titles(paper, wording, area, VerticalAlign::Top, &style);
    let area = Area {
        x: 26.0,
        y: 306.0,
        width: 192.0,
        height: 30.0,
    };
    author(paper, wording, area, palette.ink, Align::Start);
}

pub(super) fn horizon(
    paper: &mut Paper,
    palette: &Palette,
    wording: &Wording,
    rng: &mut SeededRng,
) {
    paper.rect(0.0, 0.0, WIDTH, HEIGHT, palette.ground);
    let x = rng.between(70.0, 170.0);
    paper.circle(x, 226.0, rng.between(38.0, 54.0), palette.accent);
    motif::hills(
        paper,
        250.0,
        &[palette.second, palette.ink, palette.accent],
        rng,
    );
    let area = Area {
        x: 24.0,
        y: 54.0,
        width: 192.0,
        height: 104.0,
    };
    let style = title_style(palette.ink, Face::Serif, Align::Middle, 38.0);
    titles(paper, wording, area, VerticalAlign::Top, &style);
    let area = Area {
        x: 24.0,
        y: 22.0,
        width: 192.0,
        height: 18.0,
    };
    author(paper, wording, area, palette.ink, Align::Middle);
}

pub(super) fn arches(paper: &mut Paper, palette: &Palette, wording: &Wording, rng: &mut SeededRng) {
    paper.rect(0.0, 0.0, WIDTH, HEIGHT, palette.ground);
    let colours = [palette.second, palette.accent, palette.ink];
    let first = rng.below(colours.len());
    let thickness = rng.between(11.0, 16.0);
    let mut radius = 88.0;
    let mut index = first;
    while radius > 10.0 {
        let (left, right) = (120.0 - radius, 120.0 + radius);
        let outline =
            format!("M{left:.1} 360V262A{radius:.1} {radius:.1} 0 0 1 {right:.1} 262V360Z");
        let gap = index % 2 == 1;
        let colour = if gap {
            palette.ground
        } else {
            colours[(index / 2) % colours.len()]
        };
        paper.path(&outline, colour);
        radius -= if gap { thickness * 0.45 } else { thickness };
        index += 1;
    }
    let area = Area {
        x: 26.0,
        y: 54.0,
        width: 188.0,
        height: 106.0,
    };
    let style = title_style(palette.ink, Face::Serif, Align::Middle, 37.0);
    titles(paper, wording, area, VerticalAlign::Top, &style);
    let area = Area {
        x: 26.0,
        y: 22.0,
        width: 188.0,
        height: 18.0,
    };
    author(paper, wording, area, palette.ink, Align::Middle);
}

pub(super) fn mosaic(paper: &mut Paper, palette: &Palette, wording: &Wording, rng: &mut SeededRng) {
    paper.rect(0.0, 0.0, WIDTH, HEIGHT, palette.ground);
    let colours = [palette.ground, palette.accent, palette.second, palette.ink];
    motif::quarters(paper, (0.0, 0.0), (5, 4), 48.0, (&colours, rng));
    paper.rect(0.0, 192.0, WIDTH, 3.0, palette.ink);
    let area = Area {
        x: 24.0,
        y: 214.0,
        width: 196.0,
        height: 88.0,
    };
    let style = title_style(palette.ink, Face::Sans, Align::Start, 35.0);
    titles(paper, wording, area, VerticalAlign::Top, &style);
    let area = Area {
        x: 24.0,
        y: 308.0,
        width: 196.0,
        height: 30.0,
    };
    author(paper, wording, area, palette.ink, Align::Start);
}

pub(super) fn rays(paper: &mut Paper, palette: &Palette, wording: &Wording, rng: &mut SeededRng) {
    paper.rect(0.0, 0.0, WIDTH, HEIGHT, palette.ground);
    let (x, y) = (120.0 + rng.between(-50.0, 50.0), 300.0);
    let count = 18 + 2 * rng.below(5);
    let turn = rng.between(0.0, PI);
    let mut outline = String::new();
    for ray in 0..count {
        let angle = turn + 2.0 * PI * ray as f32 / count as f32;
        let half = PI / count as f32 / 2.0;
        let (from, to) = (angle - half, angle + half);
        let _ = write!(
            outline,
            "M{x:.1} {y:.1}L{:.1} {:.1}L{:.1} {:.1}Z",
            x + 460.0 * from.cos(),
            y + 460.0 * from.sin(),
            x + 460.0 * to.cos(),
            y + 460.0 * to.sin()
        );
    }
    paper.path(&outline, palette.second);
    paper.circle(x, y, 46.0, palette.accent);
    // A plain background for the text.
    paper.rect(22.0, 24.0, 198.0, 168.0, palette.ground);
    paper.raw(&format!(
        "<rect x=\"22\" y=\"24\" width=\"198\" height=\"168\" fill=\"none\" stroke=\"{}\" stroke-width=\"1.4\"/>",
        palette.ink
    ));
    let area = Area {
        x: 36.0,
        y: 40.0,
        width: 170.0,
        height: 100.0,
    };
    let style = title_style(palette.ink, Face::Serif, Align::Start, 40.0);
    titles(paper, wording, area, VerticalAlign::Top, &style);
    let area = Area {
        x: 36.0,
        y: 150.0,
        width: 170.0,
        height: 28.0,
    };
    author(paper, wording, area, palette.ink, Align::Start);
}

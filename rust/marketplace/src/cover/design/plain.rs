//! Designs of text, frames and patterns, without a picture.

use super::{VerticalAlign, author, title_style, titles};
use crate::cover::{
    SeededRng, motif,
    ornament::{emblem, rule},
    palette::{LABEL, LABEL_INK, Palette},
    paper::{Face, HEIGHT, Paper, WIDTH},
    text_layout::{Align, Area},
    wording::Wording,
};

pub(super) fn bands(paper: &mut Paper, palette: &Palette, wording: &Wording) {
    paper.rect(0.0, 0.0, WIDTH, HEIGHT, palette.ground);
    paper.rect(0.0, 104.0, WIDTH, 152.0, LABEL);
    paper.rect(0.0, 104.0, WIDTH, 4.0, palette.accent);
    paper.rect(0.0, 252.0, WIDTH, 4.0, palette.accent);
    emblem(
        paper,
        palette.category,
        (120.0, 54.0),
        1.25,
        (palette.accent, palette.ground),
    );
    let area = Area {
        x: 28.0,
        y: 120.0,
        width: 186.0,
        height: 120.0,
    };
    let style = title_style(LABEL_INK, Face::Serif, Align::Middle, 35.0);
    titles(paper, wording, area, VerticalAlign::Middle, &style);
    let area = Area {
        x: 26.0,
        y: 280.0,
        width: 190.0,
        height: 32.0,
    };
    author(paper, wording, area, palette.ink, Align::Middle);
    rule(paper, 120.0, 334.0, 46.0, palette.accent);
}

pub(super) fn label(paper: &mut Paper, palette: &Palette, wording: &Wording, rng: &mut SeededRng) {
    motif::paste_paper(paper, palette, rng);
    paper.rect(40.0, 64.0, 166.0, 172.0, palette.ground);
    paper.rect(42.0, 66.0, 162.0, 168.0, LABEL);
    paper.raw(&format!(
        "<rect x=\"47\" y=\"71\" width=\"152\" height=\"158\" fill=\"none\" stroke=\"{LABEL_INK}\" stroke-width=\".8\"/>"
    ));
    let area = Area {
        x: 56.0,
        y: 82.0,
        width: 134.0,
        height: 94.0,
    };
    let style = title_style(LABEL_INK, Face::Serif, Align::Middle, 29.0);
    titles(paper, wording, area, VerticalAlign::Middle, &style);
    rule(paper, 123.0, 188.0, 34.0, LABEL_INK);
    let area = Area {
        x: 54.0,
        y: 195.0,
        width: 138.0,
        height: 26.0,
    };
    author(paper, wording, area, LABEL_INK, Align::Middle);
}

pub(super) fn poster(paper: &mut Paper, palette: &Palette, wording: &Wording) {
    paper.rect(0.0, 0.0, WIDTH, HEIGHT, palette.ground);
    let area = Area {
        x: 26.0,
        y: 30.0,
        width: 192.0,
        height: 176.0,
    };
    let style = title_style(palette.ink, Face::Sans, Align::Start, 50.0);
    let bottom = titles(paper, wording, area, VerticalAlign::Top, &style);
    paper.rect(26.0, bottom + 14.0, 46.0, 6.0, palette.accent);
    emblem(
        paper,
        palette.category,
        (188.0, 306.0),
        1.35,
        (palette.accent, palette.ground),
    );
    let area = Area {
        x: 26.0,
        y: 288.0,
        width: 126.0,
        height: 44.0,
    };
    author(paper, wording, area, palette.ink, Align::Start);
}

pub(super) fn frame(paper: &mut Paper, palette: &Palette, wording: &Wording) {
    paper.rect(0.0, 0.0, WIDTH, HEIGHT, palette.ground);
    paper.frame(17.0, palette.accent, 2.6);
    paper.frame(23.0, palette.accent, 0.9);
    for (x, y) in [(23.0, 23.0), (217.0, 23.0), (23.0, 337.0), (217.0, 337.0)] {
        paper.circle(x, y, 9.5, palette.ground);
        paper.ring(x, y, 7.0, palette.accent, 1.2);
        paper.circle(x, y, 2.4, palette.accent);
    }
    let area = Area {
        x: 40.0,
        y: 56.0,
        width: 160.0,
        height: 120.0,
    };
    let style = title_style(palette.ink, Face::Serif, Align::Middle, 37.0);
    titles(paper, wording, area, VerticalAlign::Middle, &style);
    emblem(
        paper,
        palette.category,
        (120.0, 225.0),
        1.2,
        (palette.accent, palette.ground),
    );
    let area = Area {
        x: 40.0,
        y: 276.0,
        width: 160.0,
        height: 32.0,
    };
    author(paper, wording, area, palette.ink, Align::Middle);
}

pub(super) fn quarter(paper: &mut Paper, palette: &Palette, wording: &Wording) {
    paper.rect(0.0, 0.0, WIDTH, HEIGHT, LABEL);
    paper.rect(0.0, 0.0, 58.0, HEIGHT, palette.ground);
    paper.rect(58.0, 0.0, 3.0, HEIGHT, palette.accent);
    emblem(
        paper,
        palette.category,
        (33.0, 42.0),
        0.8,
        (palette.accent, palette.ground),
    );
    // A dashed line like the sewing thread of a binding.
    paper.raw(&format!(
        "<path d=\"M33 76V320\" stroke=\"{}\" stroke-width=\"1.6\" stroke-dasharray=\"11 7\"/>",
        palette.accent
    ));
    let area = Area {
        x: 77.0,
        y: 38.0,
        width: 146.0,
        height: 180.0,
    };
    let style = title_style(LABEL_INK, Face::Serif, Align::Start, 37.0);
    let bottom = titles(paper, wording, area, VerticalAlign::Top, &style);
    paper.rect(77.0, bottom + 14.0, 34.0, 2.0, LABEL_INK);
    let area = Area {
        x: 77.0,
        y: 286.0,
        width: 146.0,
        height: 44.0,
    };
    author(paper, wording, area, LABEL_INK, Align::Start);
}

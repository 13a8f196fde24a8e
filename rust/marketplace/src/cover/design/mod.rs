//! The designs of covers and the categories for which each is used.

mod picture;
mod plain;

use contract::bookstore::inventory::v1::BookCategory;

use super::{
    SeededRng,
    palette::Palette,
    paper::{Face, Paper},
    text_layout::{Align, Area, Block, Style},
    wording::Wording,
};

/// The layout of a cover.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Design {
    /// Three bands, with the title in the light one.
    Bands,
    /// A label on a patterned background.
    Label,
    /// Large text, a short bar and an emblem.
    Poster,
    /// A double frame, as on a title page.
    Frame,
    /// A coloured strip along the left edge.
    Quarter,
    /// Overlapping circles.
    Discs,
    /// A circle (the sun) over hills.
    Horizon,
    /// Arches within arches.
    Arches,
    /// A grid of quarter circles.
    Mosaic,
    /// Rays from a point near the bottom.
    Rays,
}

use Design::{Arches, Bands, Discs, Frame, Horizon, Label, Mosaic, Poster, Quarter, Rays};

impl Design {
    /// Chooses one of the designs for the category.
    pub fn choose(category: BookCategory, rng: &mut SeededRng) -> Self {
        *rng.choose(designs_for(category))
    }

    pub fn draw(
        self,
        paper: &mut Paper,
        palette: &Palette,
        wording: &Wording,
        rng: &mut SeededRng,
    ) {
        match self {
            Bands => plain::bands(paper, palette, wording),
            Label => plain::label(paper, palette, wording, rng),
            Poster => plain::poster(paper, palette, wording),
            Frame => plain::frame(paper, palette, wording),
            Quarter => plain::quarter(paper, palette, wording),
            Discs => picture::discs(paper, palette, wording, rng),
            Horizon => picture::horizon(paper, palette, wording, rng),
            Arches => picture::arches(paper, palette, wording, rng),
            Mosaic => picture::mosaic(paper, palette, wording, rng),
            Rays => picture::rays(paper, palette, wording, rng),
        }
    }
}

fn designs_for(category: BookCategory) -> &'static [Design] {
    match category {
        BookCategory::Mystery => &[Bands, Poster, Quarter, Rays, Label],
        BookCategory::ScienceFiction => &[Discs, Horizon, Rays, Mosaic, Arches],
        BookCategory::Classics => &[Frame, Label, Bands, Quarter],
        BookCategory::Fantasy => &[Horizon, Frame, Arches, Label, Discs],
        BookCategory::SelfHelp => &[Poster, Discs, Rays, Mosaic],
        BookCategory::Poetry => &[Label, Frame, Arches, Discs],
        BookCategory::Thriller => &[Poster, Rays, Quarter, Bands],
        BookCategory::HistoricalFiction => &[Frame, Horizon, Label, Quarter],
        BookCategory::Science => &[Discs, Mosaic, Poster, Arches],
        BookCategory::Romance => &[Label, Discs, Arches, Horizon],
        BookCategory::Horror => &[Poster, Rays, Frame, Horizon],
        BookCategory::Biography => &[Quarter, Bands, Poster, Frame],
        BookCategory::History => &[Bands, Frame, Quarter, Mosaic],
        BookCategory::Philosophy => &[Discs, Poster, Bands, Arches],
        BookCategory::Children => &[Mosaic, Horizon, Discs, Rays],
        BookCategory::Business => &[Poster, Mosaic, Quarter, Bands],
        BookCategory::General | BookCategory::Unspecified => {
            &[Bands, Label, Quarter, Frame, Poster, Mosaic]
        }
    }
}

/// The vertical alignment of a block in its area.
#[derive(Clone, Copy, Debug)]
enum VerticalAlign {
    Top,
    Middle,
}

/// The style of a title.
fn title_style(fill: &str, face: Face, align: Align, largest: f32) -> Style<'_> {
    Style {
        face,
        weight: if face == Face::Sans { 700 } else { 400 },
        italic: false,
        spacing: 0.0,
        capitals: false,
        fill,
        align,
        largest,
        smallest: 11.0,
        leading: 1.16,
    }
}

/// Draws the title and, smaller, the subtitle below it. Returns the y coordinate of their
/// bottom.
fn titles(
    paper: &mut Paper,
    wording: &Wording,
    area: Area,
    vertical_align: VerticalAlign,
    style: &Style<'_>,
) -> f32 {
    const GAP: f32 = 9.0;
    let has_subtitle = !wording.subtitle.is_empty();
    let main_area = Area {
        height: if has_subtitle {
            area.height * 0.7
        } else {
            area.height
        },
        ..area
    };
    let main = Block::fit(&wording.title, main_area, style);
    let main_height = main.height(style.leading);
    let subtitle_style = Style {
        weight: 400,
        italic: style.face == Face::Serif,
        capitals: false,
        spacing: 0.0,
        largest: (main.size * 0.58).clamp(11.0, 17.0),
        smallest: 9.5,
        leading: 1.25,
        ..*style
    };
    let subtitle = has_subtitle.then(|| {
        let left = area.height - main_height - GAP;
        Block::fit(
            &wording.subtitle,
            Area {
                height: left,
                ..area
            },
            &subtitle_style,
        )
    });
    let subtitle_height = subtitle
        .as_ref()
        .map_or(0.0, |block| GAP + block.height(subtitle_style.leading));
    let total = main_height + subtitle_height;
    let top = match vertical_align {
        VerticalAlign::Top => area.y,
        VerticalAlign::Middle => area.y + (area.height - total) / 2.0,
    };
    main.draw(paper, area, top, style);
    if let Some(block) = subtitle {
        block.draw(paper, area, top + main_height + GAP, &subtitle_style);
    }
    top + total
}

/// Draws the author in spaced capitals at the bottom of the area.
fn author(paper: &mut Paper, wording: &Wording, area: Area, fill: &str, align: Align) {
    let style = Style {
        face: Face::Sans,
        weight: 400,
        italic: false,
        spacing: 0.08,
        capitals: true,
        fill,
        align,
        largest: 14.0,
        smallest: 9.0,
        leading: 1.35,
    };
    let block = Block::fit(&wording.author, area, &style);
    let top = area.y + area.height - block.height(style.leading);
    block.draw(paper, area, top, &style);
}

//! Breaks text into lines and finds the largest font size at which it fits into a box.

use unicode_segmentation::UnicodeSegmentation;

use super::{
    metrics::{is_wide, reads_right_to_left, widest, width},
    paper::{Face, Paper, Setting},
};

/// The box into which a block of text must fit, in units of the drawing.
#[derive(Clone, Copy, Debug)]
pub(super) struct Area {
    pub x: f32,
    pub y: f32,
    pub width: f32,
    pub height: f32,
}

/// The horizontal alignment of lines.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Align {
    /// Left, or right for scripts such as Hebrew and Arabic.
    Start,
    Middle,
}

/// The typography of a block of text.
#[derive(Clone, Copy, Debug)]
pub(super) struct Style<'a> {
    pub face: Face,
    pub weight: u16,
    pub italic: bool,
    /// Letter spacing in ems.
    pub spacing: f32,
    /// Converts the text to capitals.
    pub capitals: bool,
    pub fill: &'a str,
    pub align: Align,
    pub largest: f32,
    pub smallest: f32,
    /// The distance between two baselines, as a multiple of the font size.
    pub leading: f32,
}

/// Text broken into lines, with its font size.
#[derive(Debug, PartialEq)]
pub(super) struct Block {
    pub size: f32,
    pub lines: Vec<String>,
}

impl Block {
    /// Breaks the text at the largest size that fits. At the smallest size, text that does
    /// not fit is cut off and ends in an ellipsis.
    pub fn fit(text: &str, area: Area, style: &Style<'_>) -> Self {
        let text = if style.capitals {
            text.to_uppercase()
        } else {
            text.to_owned()
        };
        let bold = bold(style);
        let mut size = style.largest;
        loop {
            let columns = area.width / (size * bold);
            let max_lines = ((area.height / size - 1.0) / style.leading).max(0.0) as usize + 1;
            let smallest = size <= style.smallest;
            let (mut lines, broke_a_word) = wrap(&text, columns, style);
            if smallest {
                cut(&mut lines, max_lines, columns, style);
                return Self { size, lines };
            }
            if lines.len() <= max_lines && !broke_a_word {
                return Self { size, lines };
            }
            size = (size - 1.0).max(style.smallest);
        }
    }

    /// The height from the top of the first line to the bottom of the last.
    pub fn height(&self, leading: f32) -> f32 {
        let line_breaks = self.lines.len().saturating_sub(1) as f32;
        self.size * (1.0 + line_breaks * leading)
    }

    /// Draws the block with its top at `y`.
    pub fn draw(&self, paper: &mut Paper, area: Area, y: f32, style: &Style<'_>) {
        for (index, line) in self.lines.iter().enumerate() {
            let right_to_left = reads_right_to_left(line);
            let x = match (style.align, right_to_left) {
                (Align::Middle, _) => area.x + area.width / 2.0,
                (Align::Start, false) => area.x,
                (Align::Start, true) => area.x + area.width,
            };
            let scale = self.size * bold(style);
            let always_fits = scale * widest(line, style.face, style.spacing) <= area.width;
            let estimated = scale * width(line, style.face, style.spacing);
            let setting = Setting {
                length: (!always_fits).then(|| estimated.min(area.width)),
                face: style.face,
                size: self.size,
                weight: style.weight,
                italic: style.italic,
                spacing: style.spacing * self.size,
                fill: style.fill,
                anchor: match style.align {
                    Align::Start => "start",
                    Align::Middle => "middle",
                },
                right_to_left,
            };
            // The baseline is four fifths of the font size below the top of the line.
            let baseline = y + self.size * (0.8 + index as f32 * style.leading);
            paper.text(x, baseline, &setting, line);
        }
    }
}

/// The width table is for regular weight; bold is wider.
fn bold(style: &Style<'_>) -> f32 {
    if style.weight >= 600 { 1.08 } else { 1.0 }
}

/// Breaks the text into lines of at most `columns` ems. The flag says whether a word had to
/// be broken.
fn wrap(text: &str, columns: f32, style: &Style<'_>) -> (Vec<String>, bool) {
    let measure = |piece: &str| width(piece, style.face, style.spacing);
    let mut lines = Vec::new();
    let (mut line, mut used) = (String::new(), 0.0);
    let mut broke_a_word = false;
    for piece in pieces(text) {
        let word = measure(piece.trim_end());
        if !line.is_empty() && used + word > columns {
            lines.push(std::mem::take(&mut line).trim_end().to_owned());
            used = 0.0;
        }
        if word <= columns {
            line.push_str(piece);
            used += measure(piece);
            continue;
        }
        broke_a_word = true;
        for cluster in piece.graphemes(true) {
            let cluster_width = measure(cluster);
            if !line.is_empty() && used + cluster_width > columns {
                lines.push(std::mem::take(&mut line));
                used = 0.0;
            }
            line.push_str(cluster);
            used += cluster_width;
        }
    }
    let rest = line.trim_end();
    if !rest.is_empty() {
        lines.push(rest.to_owned());
    }
    (lines, broke_a_word)
}

/// A line may break after a hyphen or slash only if at least this many characters precede
/// it: after `Slaughterhouse-`, but not after `Moby-`.
const MIN_BEFORE_HYPHEN: usize = 7;

/// Splits the text at all possible line breaks: after spaces, hyphens and dashes, and between
/// characters of scripts without spaces. Spaces stay at the end of a piece.
fn pieces(text: &str) -> Vec<&str> {
    let mut pieces = Vec::new();
    let mut start = 0;
    let mut clusters = text.grapheme_indices(true).peekable();
    while let Some((_, cluster)) = clusters.next() {
        let Some(&(next_at, next)) = clusters.peek() else {
            break;
        };
        let next_is_space = next == " ";
        let wide = cluster.chars().next().is_some_and(is_wide);
        let next_wide = next.chars().next().is_some_and(is_wide);
        let piece = &text[start..next_at];
        let joint =
            matches!(cluster, "-" | "/") && piece.graphemes(true).count() > MIN_BEFORE_HYPHEN;
        let mark = matches!(cluster, " " | "–" | "—");
        if (mark || joint || wide || next_wide) && !next_is_space {
            pieces.push(piece);
            start = next_at;
        }
    }
    pieces.push(&text[start..]);
    pieces
}

/// Drops lines that do not fit and ends the last remaining line with an ellipsis.
fn cut(lines: &mut Vec<String>, max_lines: usize, columns: f32, style: &Style<'_>) {
    if lines.len() <= max_lines {
        return;
    }
    lines.truncate(max_lines.max(1));
    let Some(last) = lines.last_mut() else { return };
    while !last.is_empty() && width(last, style.face, style.spacing) + 1.0 > columns {
        let end = last
            .grapheme_indices(true)
            .next_back()
            .map_or(0, |(at, _)| at);
        last.truncate(end);
    }
    let kept = last.trim_end().len();
    last.truncate(kept);
    last.push('…');
}

#[cfg(test)]
mod tests {
    use super::*;

    const STYLE: Style<'static> = Style {
        face: Face::Serif,
        weight: 400,
        italic: false,
        spacing: 0.0,
        capitals: false,
        fill: "#000",
        align: Align::Start,
        largest: 30.0,
        smallest: 12.0,
        leading: 1.2,
    };
    const AREA: Area = Area {
        x: 0.0,
        y: 0.0,
        width: 200.0,
        height: 120.0,
    };

    fn fits(block: &Block) -> bool {
        let narrow = block
            .lines
            .iter()
            .all(|line| width(line, STYLE.face, 0.0) * block.size <= AREA.width + 0.1);
        narrow && block.height(STYLE.leading) <= AREA.height + 0.1
    }

    #[test]
    fn longer_text_gets_a_smaller_size() {
        let short = Block::fit("Emma", AREA, &STYLE);
        assert_eq!((short.size, short.lines.len()), (30.0, 1));
        let long = Block::fit(&"A long title indeed ".repeat(4), AREA, &STYLE);
        assert!(
            long.size < 30.0 && long.lines.len() > 1 && fits(&long),
            "{long:?}"
        );
    }

    #[test]
    fn too_long_text_is_cut_with_an_ellipsis() {
        let texts = [
            "word ".repeat(200),
            "x".repeat(300),
            "本".repeat(300),
            "👩‍👩‍👧‍👦".repeat(200),
        ];
        for text in texts {
            let block = Block::fit(&text, AREA, &STYLE);
            assert_eq!(block.size, 12.0);
            assert!(fits(&block), "{block:?}");
            assert!(
                block.lines.last().is_some_and(|line| line.ends_with('…')),
                "{block:?}"
            );
        }
    }

    #[test]
    fn words_are_broken_between_grapheme_clusters_only() {
        let (lines, broke) = wrap("👩‍👩‍👧‍👦👩‍👩‍👧‍👦👩‍👩‍👧‍👦", 1.5, &STYLE);
        assert_eq!(lines.len(), 3);
        assert!(!broke);
        let (lines, broke) = wrap("abcdefghij", 2.0, &STYLE);
        assert!(broke && lines.concat() == "abcdefghij");
    }

    #[test]
    fn empty_text_has_no_lines() {
        assert_eq!(Block::fit("", AREA, &STYLE).lines.len(), 0);
    }
}

//! Estimates the width of text. The server has no fonts, and the font that a visitor's system
//! uses is unknown. The widths are those of wide common fonts (Georgia, DejaVu), so that text
//! is more likely too narrow than too wide. The margins of the designs absorb the error.

use unicode_segmentation::UnicodeSegmentation;

use super::paper::Face;

/// The width of a text in ems.
pub(super) fn width(text: &str, face: Face, spacing: f32) -> f32 {
    text.graphemes(true)
        .map(|cluster| cluster_width(cluster, face) + spacing)
        .sum()
}

/// An upper bound of the width in any font that a system may have in place of those of the covers,
/// in ems. Typewriter fonts give each character the same width, which is much for an `i`.
pub(super) fn widest(text: &str, face: Face, spacing: f32) -> f32 {
    const TYPEWRITER: f32 = 0.66;
    const WIDE_FONT: f32 = 1.3;
    text.graphemes(true)
        .map(|cluster| (WIDE_FONT * cluster_width(cluster, face)).max(TYPEWRITER) + spacing)
        .sum()
}

/// The width of a grapheme cluster is that of its first character: the others are accents,
/// joiners and parts of an emoji.
fn cluster_width(cluster: &str, face: Face) -> f32 {
    let Some(character) = cluster.chars().next() else {
        return 0.0;
    };
    let serif = match character {
        ' ' | '\u{a0}' | '\'' | '’' | '‘' | ',' | '.' | ':' | ';' | '!' | '|' | '/' | '(' | ')' => {
            0.32
        }
        'i' | 'j' | 'l' | 'I' => 0.36,
        'f' | 't' | 'r' | '-' | '"' | '“' | '”' | 'J' => 0.44,
        's' | 'z' | 'c' | 'e' | 'a' | '?' => 0.52,
        'm' | 'w' => 0.9,
        'M' | 'W' | '@' | '%' | '—' | '…' => 1.0,
        '0'..='9' => 0.62,
        'a'..='z' => 0.6,
        'E' | 'F' | 'L' | 'P' | 'S' => 0.66,
        'A'..='Z' => 0.78,
        _ if is_wide(character) => 1.1,
        _ if character.is_ascii() => 0.6,
        _ if character.is_uppercase() => 0.8,
        // Accented Latin, Greek, Cyrillic, Arabic, Devanagari and all other scripts.
        _ => 0.68,
    };
    match face {
        Face::Serif => serif * 0.95,
        Face::Sans => serif * 0.96,
    }
}

/// Whether the character fills a square, as in Chinese, Japanese, Korean and emoji. Lines may
/// break before and after such characters.
pub(super) fn is_wide(character: char) -> bool {
    matches!(character,
        '\u{1100}'..='\u{115f}'
        | '\u{2600}'..='\u{27bf}'
        | '\u{2e80}'..='\u{9fff}'
        | '\u{a000}'..='\u{a4cf}'
        | '\u{ac00}'..='\u{d7a3}'
        | '\u{f900}'..='\u{faff}'
        | '\u{fe30}'..='\u{fe6f}'
        | '\u{ff00}'..='\u{ff60}'
        | '\u{1f000}'..='\u{1faff}'
        | '\u{20000}'..='\u{3fffd}')
}

/// Whether the first letter belongs to a right-to-left script such as Hebrew or Arabic.
pub(super) fn reads_right_to_left(text: &str) -> bool {
    let first = text.chars().find(|character| character.is_alphabetic());
    first.is_some_and(|letter| {
        matches!(letter,
            '\u{0590}'..='\u{08ff}'
            | '\u{fb1d}'..='\u{fdff}'
            | '\u{fe70}'..='\u{feff}'
            | '\u{10800}'..='\u{10fff}'
            | '\u{1e800}'..='\u{1eeff}')
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn composed_emoji_has_the_width_of_one_character() {
        let family = width("👩‍👩‍👧‍👦", Face::Serif, 0.0);
        assert!((1.0..1.2).contains(&family), "{family}");
    }

    #[test]
    fn direction_is_that_of_the_first_letter() {
        assert!(reads_right_to_left("1984 ألف ليلة"));
        assert!(reads_right_to_left("«שלום» and more"));
        assert!(!reads_right_to_left("A Thousand (ألف) Nights"));
        assert!(!reads_right_to_left("123"));
    }
}

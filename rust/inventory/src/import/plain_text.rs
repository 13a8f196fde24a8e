//! Descriptions of books as plain text: many sources write them in HTML.

use quick_xml::escape::resolve_predefined_entity;

/// Elements that begin a new paragraph.
const BLOCKS: [&str; 16] = [
    "p", "br", "div", "li", "ul", "ol", "dl", "dt", "dd", "h1", "h2", "h3", "h4", "h5", "h6", "tr",
];

/// The entities of HTML that descriptions have most often, beside those of XML.
const ENTITIES: [(&str, &str); 13] = [
    ("nbsp", " "),
    ("ndash", "–"),
    ("mdash", "—"),
    ("hellip", "…"),
    ("lsquo", "‘"),
    ("rsquo", "’"),
    ("ldquo", "“"),
    ("rdquo", "”"),
    ("laquo", "«"),
    ("raquo", "»"),
    ("bull", "•"),
    ("copy", "©"),
    ("trade", "™"),
];

/// No entity has a longer name or number.
const MAX_ENTITY_BYTES: usize = 10;

/// The text without markup, entities, blank lines and control characters. Each paragraph is one
/// line.
pub(super) fn plain_text(text: &str) -> String {
    let (without_markup, has_markup) = without_markup(text);
    // In HTML a line break is a blank, and only elements begin a paragraph.
    let lines: Vec<String> = without_markup
        .split(|letter| letter == PARAGRAPH || (!has_markup && matches!(letter, '\n' | '\r')))
        .map(|line| {
            let visible = unescape(line);
            let words = visible.split(|letter: char| letter.is_whitespace() || letter.is_control());
            let words: Vec<_> = words.filter(|word| !word.is_empty()).collect();
            words.join(" ")
        })
        .filter(|line| !line.is_empty())
        .collect();
    lines.join("\n")
}

/// Stands for the beginning of a paragraph. No text has it, because it is a control character.
const PARAGRAPH: char = '\u{1e}';

/// The text without tags and comments, and whether it had any.
fn without_markup(text: &str) -> (String, bool) {
    let mut plain = String::with_capacity(text.len());
    let mut has_markup = false;
    let mut rest = text;
    while let Some(begin) = rest.find('<') {
        let (before, tag) = rest.split_at(begin);
        plain.push_str(before);
        let Some(length) = tag_length(tag) else {
            plain.push('<');
            rest = &tag[1..];
            continue;
        };
        has_markup = true;
        let name = tag[1..length].trim_start_matches('/');
        let name = name.split(|letter: char| !letter.is_ascii_alphanumeric());
        let name = name.into_iter().next().unwrap_or_default();
        if BLOCKS.iter().any(|block| block.eq_ignore_ascii_case(name)) {
            plain.push(PARAGRAPH);
        }
        rest = &tag[length..];
    }
    plain.push_str(rest);
    (plain, has_markup)
}

/// The length of the tag with which the text begins; `None` if it begins with no tag, as in
/// "a < b".
fn tag_length(text: &str) -> Option<usize> {
    if text.starts_with("<!--") {
        return text.find("-->").map(|end| end + 3);
    }
    let name = text.get(1..)?.trim_start_matches('/');
    let is_tag = name.starts_with(|letter: char| letter.is_ascii_alphabetic());
    text.find('>').filter(|_| is_tag).map(|end| end + 1)
}

/// The text with the characters for which its entities stand. What is no entity stays.
fn unescape(text: &str) -> String {
    let mut unescaped = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(begin) = rest.find('&') {
        let (before, entity) = rest.split_at(begin);
        unescaped.push_str(before);
        let end = entity.find(';').filter(|end| *end <= MAX_ENTITY_BYTES);
        match end.and_then(|end| Some((resolve(&entity[1..end])?, end))) {
            Some((letters, end)) => {
                unescaped.push_str(&letters);
                rest = &entity[end + 1..];
            }
            None => {
                unescaped.push('&');
                rest = &entity[1..];
            }
        }
    }
    unescaped.push_str(rest);
    unescaped
}

fn resolve(entity: &str) -> Option<String> {
    if let Some(number) = entity.strip_prefix('#') {
        let code = match number.strip_prefix(['x', 'X']) {
            Some(digits) => u32::from_str_radix(digits, 16),
            None => number.parse(),
        };
        return char::from_u32(code.ok()?).map(String::from);
    }
    let listed = || ENTITIES.iter().find(|(name, _)| *name == entity);
    let found = resolve_predefined_entity(entity).or_else(|| listed().map(|(_, text)| *text));
    found.map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn markup_becomes_paragraphs() {
        let html = "<p>Winning means\n  <b>fame</b> &amp; fortune.</p><P class=\"x\">Losing\tmeans \
                    certain death&hellip;</P><!-- <p>no</p> --><br/>&#x201c;The Games&#8221;";
        assert_eq!(
            plain_text(html),
            "Winning means fame & fortune.\nLosing means certain death…\n“The Games”"
        );
    }

    #[test]
    fn plain_text_keeps_its_lines() {
        assert_eq!(
            plain_text(" One < two & AT&T;\r\n\r\n three > 2 \u{b} four &eacut; <3\n"),
            "One < two & AT&T;\nthree > 2 four &eacut; <3"
        );
    }

    proptest! {
        #[test]
        fn any_text_becomes_one_without_control_characters(text in any::<String>()) {
            let plain = plain_text(&text);
            prop_assert!(plain.chars().all(|it| it == '\n' || !it.is_control()), "{plain:?}");
        }
    }
}

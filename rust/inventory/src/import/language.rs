//! Codes of languages, as files of books have them.

/// Codes of three letters that have one of two letters. Files have those of ISO 639-2, some of
/// which differ between its two parts.
const TWO_LETTERS: [(&str, &str); 30] = [
    ("ara", "ar"),
    ("chi", "zh"),
    ("zho", "zh"),
    ("cze", "cs"),
    ("ces", "cs"),
    ("dan", "da"),
    ("dut", "nl"),
    ("nld", "nl"),
    ("eng", "en"),
    ("fin", "fi"),
    ("fre", "fr"),
    ("fra", "fr"),
    ("ger", "de"),
    ("deu", "de"),
    ("gre", "el"),
    ("ell", "el"),
    ("heb", "he"),
    ("hun", "hu"),
    ("ind", "id"),
    ("ita", "it"),
    ("jpn", "ja"),
    ("nor", "no"),
    ("per", "fa"),
    ("pol", "pl"),
    ("por", "pt"),
    ("rus", "ru"),
    ("spa", "es"),
    ("swe", "sv"),
    ("tur", "tr"),
    ("vie", "vi"),
];

/// The code as the contract has it, without a region: `en` of `eng` and `en-US`. Empty if the text
/// is no code.
pub(crate) fn normalize(code: &str) -> String {
    let code = code
        .split(['-', '_'])
        .next()
        .unwrap_or_default()
        .to_ascii_lowercase();
    let is_code = matches!(code.len(), 2 | 3) && code.bytes().all(|byte| byte.is_ascii_lowercase());
    if !is_code {
        return String::new();
    }
    let short = TWO_LETTERS.iter().find(|(long, _)| *long == code);
    short.map_or(code, |(_, short)| (*short).to_owned())
}

/// The code of three letters of ISO 639-2/B, which ONIX has; other codes are returned as they are.
pub(crate) fn three_letters(code: &str) -> &str {
    // Of two codes for one language, the one of ISO 639-2/B comes first.
    let long = TWO_LETTERS.iter().find(|(_, short)| *short == code);
    long.map_or(code, |(long, _)| long)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn code_of_the_book_trade_means_the_same_language() {
        for code in ["en", "de", "fr", "nl", "fil", "xx"] {
            assert_eq!(normalize(three_letters(code)), code);
        }
        assert_eq!(three_letters("de"), "ger");
    }

    #[test]
    fn codes_of_three_letters_and_regions_are_shortened() {
        for (code, expected) in [
            ("eng", "en"),
            ("en-US", "en"),
            ("nl", "nl"),
            ("FRE", "fr"),
            ("fil", "fil"),
            ("", ""),
            ("english", ""),
            ("1a", ""),
        ] {
            assert_eq!(normalize(code), expected, "{code}");
        }
    }
}

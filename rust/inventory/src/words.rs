//! From text to words, for search and for sorting. Whatever is searched and whatever is
//! searched for goes through here, so that no engine has to know about accents, case or
//! punctuation.

use unicode_normalization::{UnicodeNormalization, char::is_combining_mark};

/// Longer words are cut, in the book as in the query. Both engines have limits above.
const LONGEST_WORD: usize = 64;

/// More words of one text are not searched. The longest list of authors that the
/// contract allows, in the most verbose script, stays below PostgreSQL's 1 MiB.
const MOST_WORDS: usize = 1500;

/// The greatest length of a [`sort_key`] in bytes: it stands in page tokens.
pub(crate) const LONGEST_SORT_KEY: usize = 240;

/// The words under which a text is found, in the order of the text.
///
/// A word with an apostrophe or a hyphen is found as one word and by its parts: "Ender's"
/// by `enders`, `ender` and `s`. Initials are found one by one and together: "J. R. R."
/// by `jrr` too.
pub(crate) fn of_text(text: &str) -> Vec<String> {
    let folded = fold(text);
    let mut words = Vec::new();
    let mut initials = String::new();
    for compound in compounds(&folded) {
        if compound.chars().count() == 1 {
            initials.push_str(compound);
        } else {
            push_initials(&mut words, &mut initials);
        }
        let mut pieces = 0;
        for piece in compound.split(is_hyphen).filter(|piece| has_word(piece)) {
            pieces += 1;
            let parts: Vec<_> = piece
                .split(is_apostrophe)
                .filter(|part| has_word(part))
                .collect();
            words.extend(parts.iter().map(|part| cut(part)));
            if parts.len() > 1 {
                words.push(cut(&parts.concat()));
            }
        }
        if pieces > 1 {
            words.push(cut(&letters(compound)));
        }
    }
    push_initials(&mut words, &mut initials);
    words.truncate(MOST_WORDS);
    words
}

/// The words of a query; all of them have to be found. "Ender's" is `enders`, however
/// the title spells it.
pub(crate) fn of_query(query: &str) -> Vec<String> {
    let folded = fold(query);
    compounds(&folded)
        .flat_map(|compound| compound.split(is_hyphen))
        .filter(|piece| has_word(piece))
        .map(|piece| cut(&letters(piece)))
        .collect()
}

/// What lists of books are ordered by: the folded words of the title.
pub(crate) fn sort_key(title: &str) -> String {
    let mut key = of_query(title).join(" ");
    key.truncate(key.floor_char_boundary(LONGEST_SORT_KEY));
    key
}

/// Without accents, in lower case, with ligatures and the like spelled out.
fn fold(text: &str) -> String {
    text.nfkd()
        .filter(|letter| !is_combining_mark(*letter))
        .flat_map(char::to_lowercase)
        // The lower case of some letters is one with an accent again.
        .filter(|letter| !is_combining_mark(*letter))
        .fold(String::with_capacity(text.len()), |mut folded, letter| {
            match spelled_out(letter) {
                Some(spelling) => folded.push_str(spelling),
                None => folded.push(letter),
            }
            folded
        })
}

/// Letters that Unicode does not take apart and people type without their strokes.
fn spelled_out(letter: char) -> Option<&'static str> {
    Some(match letter {
        'ß' => "ss",
        'æ' => "ae",
        'œ' => "oe",
        'ø' => "o",
        'ł' => "l",
        'đ' | 'ð' => "d",
        'þ' => "th",
        'ı' => "i",
        'ħ' => "h",
        // At the end of a word; a prefix of the word has the other one.
        'ς' => "σ",
        _ => return None,
    })
}

fn compounds(folded: &str) -> impl Iterator<Item = &str> {
    folded
        .split(|letter: char| {
            !(letter.is_alphanumeric() || is_apostrophe(letter) || is_hyphen(letter))
        })
        .map(|compound| compound.trim_matches(|letter| is_apostrophe(letter) || is_hyphen(letter)))
        .filter(|compound| !compound.is_empty())
}

fn is_apostrophe(letter: char) -> bool {
    matches!(letter, '\'' | '’' | '‘' | 'ʼ' | 'ʻ' | 'ʹ' | '`')
}

/// NFKD makes U+2010 of U+2011; dashes separate words.
fn is_hyphen(letter: char) -> bool {
    matches!(letter, '-' | '\u{2010}')
}

fn has_word(piece: &str) -> bool {
    piece.chars().any(|letter| !is_apostrophe(letter))
}

fn letters(piece: &str) -> String {
    piece
        .chars()
        .filter(|letter| !is_apostrophe(*letter) && !is_hyphen(*letter))
        .collect()
}

fn cut(word: &str) -> String {
    word.chars().take(LONGEST_WORD).collect()
}

fn push_initials(words: &mut Vec<String>, initials: &mut String) {
    if initials.chars().nth(1).is_some() {
        words.push(cut(initials));
    }
    initials.clear();
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn accents_case_and_ligatures_are_folded() {
        assert_eq!(of_query("GARCÍA Márquez"), ["garcia", "marquez"]);
        assert_eq!(of_query("España Jo Nesbø"), ["espana", "jo", "nesbo"]);
        assert_eq!(
            of_query("Straße ŒUVRE İstanbul"),
            ["strasse", "oeuvre", "istanbul"]
        );
        assert_eq!(of_query("e\u{301}tranger ﬁn"), ["etranger", "fin"]);
        assert_eq!(of_query("ΛΌΓΟΣ"), of_query("λόγος"));
    }

    #[test]
    fn apostrophes_and_hyphens_join_and_part() {
        assert_eq!(of_text("Ender’s Game"), ["ender", "s", "enders", "game"]);
        assert_eq!(of_text("Catch-22"), ["catch", "22", "catch22"]);
        assert_eq!(of_query("ender's O'Brien"), ["enders", "obrien"]);
        assert_eq!(of_query("catch-22"), ["catch", "22"]);
        assert_eq!(of_query("'tis -- the' '"), ["tis", "the"]);
    }

    #[test]
    fn initials_are_found_together_too() {
        assert_eq!(of_text("J.R.R. Tolkien"), ["j", "r", "r", "jrr", "tolkien"]);
        assert_eq!(
            of_text("George R. R. Martin"),
            ["george", "r", "r", "rr", "martin"]
        );
    }

    #[test]
    fn syntax_of_search_engines_leaves_only_words() {
        assert_eq!(of_query("\" OR * NEAR ("), ["or", "near"]);
        assert_eq!(
            of_query("a:b & !c | <-> \\'; DROP"),
            ["a", "b", "c", "drop"]
        );
        assert!(of_query("!?*\"").is_empty());
    }

    #[test]
    fn titles_sort_by_their_words() {
        assert_eq!(sort_key("  The  \"Étranger\"! "), "the etranger");
        assert!(sort_key(&"ß日".repeat(150)).len() <= LONGEST_SORT_KEY);
    }

    proptest! {
        #[test]
        fn words_are_short_and_nothing_but_letters(text in any::<String>()) {
            for word in of_text(&text).into_iter().chain(of_query(&text)) {
                prop_assert!(!word.is_empty() && word.chars().count() <= LONGEST_WORD);
                prop_assert!(word.chars().all(char::is_alphanumeric), "{word:?}");
            }
        }

        #[test]
        fn every_text_is_found_by_itself(text in any::<String>()) {
            let words = of_text(&text);
            for word in of_query(&text) {
                prop_assert!(words.contains(&word), "{word:?} of {text:?} in {words:?}");
            }
        }
    }
}

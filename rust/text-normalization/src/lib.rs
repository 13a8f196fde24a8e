//! Splits text into normalized words, for search, for sorting and for the addresses of pages.
//! Both the indexed texts and the queries are normalized here, so that neither the search engine
//! nor the databases need to handle accents, case or punctuation. Inventory and the pages of the
//! shop share it, so that the address of an author or a series leads to its books.

#![forbid(unsafe_code)]

use unicode_normalization::{UnicodeNormalization, char::is_combining_mark};

/// Longer words are truncated, both in books and in queries.
const MAX_WORD_CHARS: usize = 64;

/// Only so many words of a text are indexed, which bounds the work for the longest list of
/// authors that the contract allows.
const MAX_WORDS: usize = 1500;

/// The maximum length of a [`sort_key`] in bytes. Page tokens contain it.
pub const MAX_SORT_KEY_BYTES: usize = 240;

/// The words under which a text is indexed, in the order of the text.
///
/// A word with an apostrophe or a hyphen is indexed as a whole and by its parts: "Ender's"
/// as `enders`, `ender` and `s`. Initials are indexed separately and joined: "J. R. R."
/// also as `jrr`. An ampersand is the word `and`.
pub fn index_words(text: &str) -> Vec<String> {
    let folded = fold_with_ampersands(text);
    let mut words = Vec::new();
    let mut initials = String::new();
    for compound in compounds(&folded) {
        if compound.chars().count() == 1 {
            initials.push_str(compound);
        } else {
            push_initials(&mut words, &mut initials);
        }
        let mut pieces = 0;
        for piece in compound.split(is_hyphen).filter(|piece| has_letter(piece)) {
            pieces += 1;
            let parts: Vec<_> = piece
                .split(is_apostrophe)
                .filter(|part| has_letter(part))
                .collect();
            words.extend(parts.iter().map(|part| truncate_word(part)));
            if parts.len() > 1 {
                words.push(truncate_word(&parts.concat()));
            }
        }
        if pieces > 1 {
            words.push(truncate_word(&without_joiners(compound)));
        }
    }
    push_initials(&mut words, &mut initials);
    words.truncate(MAX_WORDS);
    words
}

/// The words of a query. "Ender's" becomes `enders`, which matches the title with and without
/// the apostrophe. An ampersand is the word `and`.
pub fn query_words(query: &str) -> Vec<String> {
    folded_words(&fold_with_ampersands(query))
}

/// The key by which lists of books are sorted: the normalized words of the title. It is stored,
/// so a change of it needs a migration.
pub fn sort_key(title: &str) -> String {
    let mut key = folded_words(&fold(title)).join(" ");
    key.truncate(key.floor_char_boundary(MAX_SORT_KEY_BYTES));
    key
}

/// A name as a part of an address: its normalized words with hyphens between them, and initials
/// without: "J. K. Rowling" and "J.K. Rowling" are `jk-rowling`. Empty for a name without letters
/// and digits. The slug of a slug is the same slug, so it can replace the name in searches.
pub fn slug(name: &str) -> String {
    let mut words: Vec<String> = Vec::new();
    let mut follows_initial = false;
    for word in query_words(name) {
        let is_initial = word.chars().nth(1).is_none();
        match words.last_mut().filter(|_| is_initial && follows_initial) {
            Some(initials) => *initials = truncate_word(&format!("{initials}{word}")),
            None => words.push(word),
        }
        follows_initial = is_initial;
    }
    words.join("-")
}

fn folded_words(folded: &str) -> Vec<String> {
    compounds(folded)
        .flat_map(|compound| compound.split(is_hyphen))
        .filter(|piece| has_letter(piece))
        .map(|piece| truncate_word(&without_joiners(piece)))
        .collect()
}

fn fold_with_ampersands(text: &str) -> String {
    let folded = fold(text);
    if folded.contains('&') {
        folded.replace('&', " and ")
    } else {
        folded
    }
}

/// Removes accents, converts to lower case, and expands ligatures and similar letters.
fn fold(text: &str) -> String {
    text.nfkd()
        .filter(|letter| !is_combining_mark(*letter))
        .flat_map(char::to_lowercase)
        // The lower case of some letters has a combining mark again, for example of `İ`.
        .filter(|letter| !is_combining_mark(*letter))
        .fold(String::with_capacity(text.len()), |mut folded, letter| {
            match transliterate(letter) {
                Some(spelling) => folded.push_str(spelling),
                None => folded.push(letter),
            }
            folded
        })
}

/// The replacement of letters that Unicode does not decompose but that people often type
/// in a simpler spelling.
fn transliterate(letter: char) -> Option<&'static str> {
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
        // The final sigma; prefixes of the word have the other form.
        'ς' => "σ",
        _ => return None,
    })
}

/// The parts between separators, which may still contain apostrophes and hyphens.
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

/// NFKD converts U+2011 to U+2010. Dashes are not hyphens: they separate words.
fn is_hyphen(letter: char) -> bool {
    matches!(letter, '-' | '\u{2010}')
}

fn has_letter(piece: &str) -> bool {
    piece.chars().any(|letter| !is_apostrophe(letter))
}

fn without_joiners(piece: &str) -> String {
    piece
        .chars()
        .filter(|letter| !is_apostrophe(*letter) && !is_hyphen(*letter))
        .collect()
}

fn truncate_word(word: &str) -> String {
    word.chars().take(MAX_WORD_CHARS).collect()
}

fn push_initials(words: &mut Vec<String>, initials: &mut String) {
    if initials.chars().nth(1).is_some() {
        words.push(truncate_word(initials));
    }
    initials.clear();
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn accents_case_and_ligatures_are_normalized() {
        assert_eq!(query_words("GARCÍA Márquez"), ["garcia", "marquez"]);
        assert_eq!(query_words("España Jo Nesbø"), ["espana", "jo", "nesbo"]);
        assert_eq!(
            query_words("Straße ŒUVRE İstanbul"),
            ["strasse", "oeuvre", "istanbul"]
        );
        assert_eq!(query_words("e\u{301}tranger ﬁn"), ["etranger", "fin"]);
        assert_eq!(query_words("ΛΌΓΟΣ"), query_words("λόγος"));
    }

    #[test]
    fn words_with_apostrophes_and_hyphens_are_indexed_whole_and_in_parts() {
        assert_eq!(
            index_words("Ender’s Game"),
            ["ender", "s", "enders", "game"]
        );
        assert_eq!(index_words("Catch-22"), ["catch", "22", "catch22"]);
        assert_eq!(query_words("ender's O'Brien"), ["enders", "obrien"]);
        assert_eq!(query_words("catch-22"), ["catch", "22"]);
        assert_eq!(query_words("'tis -- the' '"), ["tis", "the"]);
    }

    #[test]
    fn initials_are_also_indexed_joined() {
        assert_eq!(
            index_words("J.R.R. Tolkien"),
            ["j", "r", "r", "jrr", "tolkien"]
        );
        assert_eq!(
            index_words("George R. R. Martin"),
            ["george", "r", "r", "rr", "martin"]
        );
    }

    #[test]
    fn punctuation_is_removed() {
        assert_eq!(query_words("\" OR * NEAR ("), ["or", "near"]);
        assert_eq!(
            query_words("a:b !c | <-> \\'; DROP"),
            ["a", "b", "c", "drop"]
        );
        assert!(query_words("!?*\"").is_empty());
    }

    #[test]
    fn ampersand_is_the_word_and_except_in_the_sort_key() {
        assert_eq!(query_words("Angels & Demons"), ["angels", "and", "demons"]);
        assert_eq!(index_words("A&E"), ["a", "and", "e"]);
        assert_eq!(sort_key("Angels & Demons"), "angels demons");
    }

    #[test]
    fn sort_key_is_the_normalized_title() {
        assert_eq!(sort_key("  The  \"Étranger\"! "), "the etranger");
        assert!(sort_key(&"ß日".repeat(150)).len() <= MAX_SORT_KEY_BYTES);
    }

    #[test]
    fn slugs_of_the_spellings_of_a_name_are_equal() {
        for (name, expected) in [
            ("J.K. Rowling", "jk-rowling"),
            ("J. K. Rowling", "jk-rowling"),
            ("JK Rowling", "jk-rowling"),
            ("Gabriel García Márquez", "gabriel-garcia-marquez"),
            ("Jean-Paul Sartre", "jean-paul-sartre"),
            ("Flann O’Brien", "flann-obrien"),
            ("Malcolm X", "malcolm-x"),
            ("村上 春樹", "村上-春樹"),
            ("!!!", ""),
        ] {
            assert_eq!(slug(name), expected, "{name}");
        }
    }

    proptest! {
        #[test]
        fn slug_of_a_slug_is_the_same(name in any::<String>(), initials in "([a-c][. ]){0,80}[a-z]{0,3}") {
            for name in [name, initials] {
                let slug = slug(&name);
                prop_assert_eq!(super::slug(&slug), slug);
            }
        }

        #[test]
        fn words_are_short_and_alphanumeric(text in any::<String>()) {
            for word in index_words(&text).into_iter().chain(query_words(&text)) {
                prop_assert!(!word.is_empty() && word.chars().count() <= MAX_WORD_CHARS);
                prop_assert!(word.chars().all(char::is_alphanumeric), "{word:?}");
            }
        }

        #[test]
        fn query_words_of_a_text_are_among_its_index_words(text in any::<String>()) {
            let words = index_words(&text);
            for word in query_words(&text) {
                prop_assert!(words.contains(&word), "{word:?} of {text:?} in {words:?}");
            }
        }
    }
}

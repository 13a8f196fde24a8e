//! The category of a book by its name in the contract, by the mapping of a file, by tags, or by
//! the subject schemes of the book trade.

use std::{collections::BTreeMap, sync::LazyLock};

use contract::bookstore::inventory::v1 as contract_v1;
use service::BookCategory;

/// What readers and libraries call the categories, in lower case with blanks.
const OTHER_NAMES: [(&str, BookCategory); 44] = {
    use BookCategory as C;
    [
        ("autobiography", C::Biography),
        ("biographies", C::Biography),
        ("memoir", C::Biography),
        ("memoirs", C::Biography),
        ("business and economics", C::Business),
        ("economics", C::Business),
        ("management", C::Business),
        ("children s", C::Children),
        ("childrens", C::Children),
        ("childrens books", C::Children),
        ("juvenile fiction", C::Children),
        ("kids", C::Children),
        ("picture books", C::Children),
        ("classic", C::Classics),
        ("classic literature", C::Classics),
        ("crime", C::Mystery),
        ("crime fiction", C::Mystery),
        ("detective", C::Mystery),
        ("mysteries", C::Mystery),
        ("mystery thriller", C::Mystery),
        ("whodunit", C::Mystery),
        ("epic fantasy", C::Fantasy),
        ("high fantasy", C::Fantasy),
        ("urban fantasy", C::Fantasy),
        ("historical", C::HistoricalFiction),
        ("historical novel", C::HistoricalFiction),
        ("ghost stories", C::Horror),
        ("gothic horror", C::Horror),
        ("love story", C::Romance),
        ("contemporary romance", C::Romance),
        ("poems", C::Poetry),
        ("verse", C::Poetry),
        ("ethics", C::Philosophy),
        ("popular science", C::Science),
        ("mathematics", C::Science),
        ("physics", C::Science),
        ("sci fi", C::ScienceFiction),
        ("scifi", C::ScienceFiction),
        ("sf", C::ScienceFiction),
        ("dystopia", C::ScienceFiction),
        ("personal development", C::SelfHelp),
        ("selfhelp", C::SelfHelp),
        ("suspense", C::Thriller),
        ("thrillers", C::Thriller),
    ]
};

/// Beginnings of codes of Thema, the subject scheme of the book trade of most countries. The
/// longest one that fits counts.
const THEMA: [(&str, BookCategory); 20] = {
    use BookCategory as C;
    [
        ("DC", C::Poetry),
        ("DN", C::Biography),
        ("FBC", C::Classics),
        ("FF", C::Mystery),
        ("FH", C::Thriller),
        ("FK", C::Horror),
        ("FL", C::ScienceFiction),
        ("FM", C::Fantasy),
        ("FR", C::Romance),
        ("FV", C::HistoricalFiction),
        ("K", C::Business),
        ("NH", C::History),
        ("NHTB", C::History),
        ("P", C::Science),
        ("QD", C::Philosophy),
        ("VS", C::SelfHelp),
        ("YB", C::Children),
        ("YD", C::Children),
        ("YF", C::Children),
        ("YN", C::Children),
    ]
};

/// Beginnings of codes of BISAC, the subject scheme of North America.
const BISAC: [(&str, BookCategory); 22] = {
    use BookCategory as C;
    [
        ("BIO", C::Biography),
        ("BUS", C::Business),
        ("FIC004", C::Classics),
        ("FIC009", C::Fantasy),
        ("FIC014", C::HistoricalFiction),
        ("FIC015", C::Horror),
        ("FIC022", C::Mystery),
        ("FIC027", C::Romance),
        ("FIC028", C::ScienceFiction),
        ("FIC030", C::Thriller),
        ("FIC031", C::Thriller),
        ("FIC050", C::Mystery),
        ("FIC062", C::Mystery),
        ("HIS", C::History),
        ("JNF", C::Children),
        ("JUV", C::Children),
        ("MAT", C::Science),
        ("PHI", C::Philosophy),
        ("POE", C::Poetry),
        ("SCI", C::Science),
        ("SEL", C::SelfHelp),
        ("YAF", C::Children),
    ]
};

/// The names of the contract without the prefix, in lower case.
static NAMES: LazyLock<[(String, BookCategory); BookCategory::ALL.len()]> = LazyLock::new(|| {
    BookCategory::ALL.map(|category| {
        let contract = contract_v1::BookCategory::try_from(category.number());
        let name = contract.unwrap_or_default().as_str_name();
        (
            name.trim_start_matches("BOOK_CATEGORY_").to_lowercase(),
            category,
        )
    })
});

/// The name of a category in files: `science_fiction`.
pub(crate) fn name(category: BookCategory) -> &'static str {
    let entry = NAMES.iter().find(|(_, it)| *it == category);
    entry.map_or("general", |(name, _)| name.as_str())
}

/// All names, for messages.
pub(super) fn names() -> String {
    NAMES.each_ref().map(|(name, _)| name.as_str()).join(", ")
}

/// The category of a name such as `science_fiction` or `Science Fiction`.
pub(super) fn by_name(text: &str) -> Option<BookCategory> {
    let wanted = text.trim().to_lowercase().replace([' ', '-'], "_");
    let entry = NAMES.iter().find(|(name, _)| *name == wanted);
    entry.map(|(_, category)| *category)
}

/// The category of a name of the file: by its mapping, or else by the name in the contract.
pub(super) fn of_file(
    text: &str,
    mapped: &BTreeMap<String, BookCategory>,
) -> Result<BookCategory, String> {
    let found = mapped
        .get(&text.trim().to_lowercase())
        .copied()
        .or_else(|| by_name(text))
        .or_else(|| mapped.get("*").copied());
    found.ok_or_else(|| {
        format!(
            "category is not known: {:?}; it is one of {}; name others by --map-category NAME=CATEGORY",
            super::convert::shorten(text),
            names()
        )
    })
}

/// The category of the first tag that means one.
pub(super) fn of_tags<'t>(
    tags: impl Iterator<Item = &'t str>,
    mapped: &BTreeMap<String, BookCategory>,
) -> Option<BookCategory> {
    let mut found = tags.filter_map(|tag| {
        let tag = tag.trim().to_lowercase();
        mapped
            .get(&tag)
            .copied()
            .or_else(|| by_name(&tag))
            .or_else(|| by_other_name(&tag))
    });
    found.next()
}

fn by_other_name(tag: &str) -> Option<BookCategory> {
    let words = tag.split(|letter: char| !letter.is_alphanumeric());
    let words: Vec<_> = words.filter(|word| !word.is_empty()).collect();
    let words = words.join(" ");
    let known = OTHER_NAMES.iter().find(|(name, _)| *name == words);
    known.map(|(_, category)| *category)
}

/// A subject scheme of the book trade.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum SubjectScheme {
    Thema,
    Bisac,
}

/// The category of a code of a subject scheme, such as `FFD` of Thema.
pub(super) fn of_subject(scheme: SubjectScheme, code: &str) -> Option<BookCategory> {
    let table: &[(&str, BookCategory)] = match scheme {
        SubjectScheme::Thema => &THEMA,
        SubjectScheme::Bisac => &BISAC,
    };
    let fitting = table.iter().filter(|(start, _)| code.starts_with(start));
    let longest = fitting.max_by_key(|(start, _)| start.len());
    longest.map(|(_, category)| *category)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn category_is_parsed_by_its_name_in_the_contract() {
        let of = |text| of_file(text, &BTreeMap::new());
        assert_eq!(of("science_fiction"), Ok(BookCategory::ScienceFiction));
        assert_eq!(of("Self-Help"), Ok(BookCategory::SelfHelp));
        let error = of("cookery").expect_err("there is no such category");
        assert!(
            error.contains("\"cookery\"") && error.contains("mystery, "),
            "{error}"
        );
        assert!(of("").is_err() && of("unspecified").is_err());
    }

    #[test]
    fn mapping_comes_first_and_a_star_stands_for_the_rest() {
        let mapped = [
            ("krimi".to_owned(), BookCategory::Mystery),
            ("*".to_owned(), BookCategory::General),
        ];
        let mapped = BTreeMap::from(mapped);
        assert_eq!(of_file("Krimi", &mapped), Ok(BookCategory::Mystery));
        assert_eq!(of_file("Poetry", &mapped), Ok(BookCategory::Poetry));
        assert_eq!(of_file("Kochen", &mapped), Ok(BookCategory::General));
    }

    #[test]
    fn first_tag_that_means_a_category_counts() {
        let of = |tags: &str| of_tags(tags.split(','), &BTreeMap::new());
        assert_eq!(
            of("to-read, favorites, Sci-Fi, fantasy"),
            Some(BookCategory::ScienceFiction)
        );
        assert_eq!(of("children's"), Some(BookCategory::Children));
        assert_eq!(of("owned,to-read"), None);
    }

    #[test]
    fn subject_codes_of_the_trade_have_categories() {
        assert_eq!(
            of_subject(SubjectScheme::Thema, "FFD"),
            Some(BookCategory::Mystery)
        );
        assert_eq!(
            of_subject(SubjectScheme::Thema, "FBC"),
            Some(BookCategory::Classics)
        );
        assert_eq!(of_subject(SubjectScheme::Thema, "FBA"), None);
        assert_eq!(
            of_subject(SubjectScheme::Bisac, "FIC028010"),
            Some(BookCategory::ScienceFiction)
        );
    }
}

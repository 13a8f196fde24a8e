use std::collections::HashSet;

use super::*;

fn book(title: &str, authors: &[&str], category: i32) -> Book {
    Book {
        book_id: 1,
        title: title.to_owned(),
        authors: authors.iter().map(|&name| name.to_owned()).collect(),
        category,
        ..Book::default()
    }
}

fn hostile_books() -> Vec<Book> {
    let titles = [
        "Emma".to_owned(),
        "The Hitchhiker's Guide To The Galaxy".to_owned(),
        "x".repeat(300),
        "A very long title that goes on and on ".repeat(7),
        "ألف ليلة وليلة: حكايات".to_owned(),
        "שלום and <b>bold</b> & \"quoted\"".to_owned(),
        "👩‍👩‍👧‍👦".repeat(40),
        "紅樓夢".repeat(60),
        "</text></svg><script>alert(1)</script>".to_owned(),
        "]]><![CDATA[&#0;&bogus;".to_owned(),
        "\u{0}\u{1}\u{8}\u{b}\u{1f}\u{7f}\u{85}\u{fffe}\u{ffff}\u{202e}evil".to_owned(),
        "e\u{301}\u{302}\u{303}\u{304}\u{305}".repeat(50),
        ": (".to_owned(),
        " ".to_owned(),
    ];
    let authors: [&[&str]; 4] = [
        &[],
        &["Ursula K. Le Guin"],
        &["<Evil> & Sons", "\u{0}"],
        &[
            "One with a really very long name that hardly fits anywhere at all",
            "B",
            "C",
        ],
    ];
    let mut books = Vec::new();
    for title in &titles {
        for authors in authors {
            for category in [0, 1, 2, 3, 5, 10, 15, 17, 99] {
                books.push(book(title, authors, category));
            }
        }
    }
    books
}

#[test]
fn every_cover_is_well_formed_and_has_no_active_content() {
    for book in hostile_books() {
        let svg = draw(&book);
        let document = roxmltree::Document::parse(&svg)
            .unwrap_or_else(|error| panic!("{:?}: {error}\n{svg}", book.title));
        for element in document.descendants().filter(roxmltree::Node::is_element) {
            let name = element.tag_name().name();
            assert!(
                !matches!(name, "script" | "style" | "foreignObject" | "a" | "image"),
                "{name}"
            );
            for attribute in element.attributes() {
                assert_ne!(attribute.name(), "style");
                assert!(!attribute.name().starts_with("on"), "{}", attribute.name());
            }
        }
    }
}

#[test]
fn text_stays_within_the_cover() {
    for book in hostile_books() {
        let svg = draw(&book);
        let document = roxmltree::Document::parse(&svg).expect("well formed");
        for text in document
            .descendants()
            .filter(|node| node.has_tag_name("text"))
        {
            let number = |name: &str| -> f32 {
                let value = text.attribute(name).expect("set").parse();
                value.expect("a number")
            };
            let (x, y, size) = (number("x"), number("y"), number("font-size"));
            let line = text.text().unwrap_or_default();
            let spacing = text
                .attribute("letter-spacing")
                .map_or(0.0, |_| number("letter-spacing"));
            let width = match text.attribute("textLength") {
                // No font makes it wider.
                Some(length) => length.parse().expect("a number"),
                None => metrics::widest(line, paper::Face::Serif, spacing / size) * size,
            };
            let (left, right) = match text.attribute("text-anchor") {
                Some("middle") => (x - width / 2.0, x + width / 2.0),
                _ if text.attribute("direction") == Some("rtl") => (x - width, x),
                _ => (x, x + width),
            };
            // The margins absorb the error of the estimated width.
            assert!(
                left >= 8.0 && right <= 232.0,
                "{line:?} from {left} to {right}"
            );
            assert!(
                (size * 0.8..360.0 - size * 0.2).contains(&y),
                "{line:?} at {y}"
            );
        }
    }
}

#[test]
fn cover_depends_only_on_the_book() {
    let emma = book("Emma", &["Jane Austen"], 5);
    assert_eq!(draw(&emma), draw(&emma.clone()));
    assert_eq!(cover_url(&emma), cover_url(&emma.clone()));
    let covers: HashSet<_> = (0..200)
        .map(|number| draw(&book(&format!("Book {number}"), &["A"], 2)))
        .collect();
    assert_eq!(covers.len(), 200);
    assert_ne!(version(&emma), version(&book("Emma", &["Jane Austen"], 6)));
}

#[test]
fn every_category_has_at_least_four_designs() {
    for category in 1..=17 {
        let category = BookCategory::try_from(category).expect("a category");
        let mut designs = Vec::new();
        for number in 0..50 {
            let design = Design::choose(category, &mut SeededRng(number));
            if !designs.contains(&design) {
                designs.push(design);
            }
        }
        assert!(designs.len() >= 4, "{category:?} {designs:?}");
    }
}

#[test]
fn blank_cover_is_well_formed() {
    assert!(roxmltree::Document::parse(&blank()).is_ok());
}

#[test]
fn palettes_and_designs_are_used_evenly() {
    let mut uses = std::collections::HashMap::new();
    for number in 0..4000 {
        let mut rng = SeededRng(seed(&book(&format!("Book {number}"), &["A"], 5)));
        let palette = palette::choose(BookCategory::Classics, &mut rng).ground;
        let design = Design::choose(BookCategory::Classics, &mut rng);
        *uses.entry((palette, format!("{design:?}"))).or_insert(0) += 1;
    }
    assert_eq!(uses.len(), 16);
    assert!(
        uses.values().all(|count| (200..300).contains(count)),
        "{uses:?}"
    );
}

use contract::bookstore::inventory::v1::{BookCategory, SearchBooksRequest};
use store::testing::TestDb;

use super::{Shop, book, shelved};

store::both_engines! {
    crate::SCHEMA =>
    words_are_found_in_any_order_case_and_accent,
    the_last_word_may_be_begun,
    the_title_counts_more_than_the_authors,
    equal_matches_come_by_number,
    a_category_narrows_the_search,
    syntax_of_the_engines_is_only_words,
    a_changed_book_is_found_by_its_new_words_only,
    the_longest_book_is_found,
}

const MYSTERY: BookCategory = BookCategory::Mystery;

async fn shelf(database: &TestDb) -> Shop {
    let mut shop = Shop::open(database);
    shop.import([
        book(
            1,
            "One Hundred Years of Solitude",
            &["Gabriel García Márquez"],
        ),
        book(2, "Ender's Game", &["Orson Scott Card"]),
        book(3, "Man\u{2019}s Search for Meaning", &["Viktor E. Frankl"]),
        book(4, "Dune Messiah", &["Frank Herbert"]),
        book(5, "Dune", &["Frank Herbert"]),
        book(6, "The Road to Dune", &["Frank Herbert", "Brian Herbert"]),
        book(7, "The Hobbit", &["J.R.R. Tolkien"]),
        book(8, "Catch-22", &["Joseph Heller"]),
        book(9, "España: A History", &["Jo Nesbø"]),
        shelved(
            BookCategory::History,
            book(10, "Dreamer of Dune", &["Brian Herbert"]),
        ),
        book(11, "Or Not Near", &["Drop Table"]),
    ])
    .await;
    shop
}

async fn find(shop: &mut Shop, query: &str) -> Vec<i32> {
    find_in(shop, query, BookCategory::Unspecified).await
}

async fn find_in(shop: &mut Shop, query: &str, category: BookCategory) -> Vec<i32> {
    let request = SearchBooksRequest {
        query: query.to_owned(),
        category: category.into(),
        page_size: 200,
        page_token: String::new(),
    };
    let answer = shop.client.search_books(request).await;
    let answer = answer
        .unwrap_or_else(|status| panic!("{query:?}: {status}"))
        .into_inner();
    answer.books.iter().map(|book| book.book_id).collect()
}

async fn words_are_found_in_any_order_case_and_accent(database: TestDb) {
    let mut shop = shelf(&database).await;
    for (query, expected) in [
        ("garcia marquez", 1),
        ("GARCÍA", 1),
        ("solitude years marquez", 1),
        ("Ma\u{301}rquez", 1),
        ("enders game", 2),
        ("ender's game", 2),
        ("Ender’s", 2),
        ("ender game", 2),
        ("man's meaning", 3),
        ("mans search", 3),
        ("jrr tolkien", 7),
        ("J. R. R. Tolkien", 7),
        ("catch 22", 8),
        ("catch-22", 8),
        ("catch22", 8),
        ("espana", 9),
        ("nesbo", 9),
        ("Nesbø España", 9),
    ] {
        assert_eq!(find(&mut shop, query).await, [expected], "{query}");
    }
    assert!(find(&mut shop, "garcia tolkien").await.is_empty());
}

async fn the_last_word_may_be_begun(database: TestDb) {
    let mut shop = shelf(&database).await;
    for query in ["h", "ho", "hob", "hobb", "hobbit"] {
        assert!(find(&mut shop, query).await.contains(&7), "{query}");
    }
    assert_eq!(find(&mut shop, "frank mess").await, [4]);
    // Only the last one.
    assert!(find(&mut shop, "mess frank").await.is_empty());
}

async fn the_title_counts_more_than_the_authors(database: TestDb) {
    let mut shop = shelf(&database).await;
    let found = find(&mut shop, "dune").await;
    assert_eq!(found.len(), 4);
    assert_eq!(found[0], 5, "the book of that title comes first: {found:?}");
    shop.import([
        book(20, "Collected Letters", &["Winter Summers"]),
        book(21, "Winter", &["Somebody Else"]),
        book(22, "Winter Tales", &["Somebody Else"]),
        book(23, "Two Winter", &["Somebody Else"]),
    ])
    .await;
    let found = find(&mut shop, "winter").await;
    assert_eq!(found, [21, 22, 23, 20]);
}

async fn equal_matches_come_by_number(database: TestDb) {
    let mut shop = Shop::open(&database);
    shop.import([4, 2, 3, 1].map(|id| book(id, "Same Words Here", &["Nobody"])))
        .await;
    assert_eq!(find(&mut shop, "words").await, [1, 2, 3, 4]);
}

async fn a_category_narrows_the_search(database: TestDb) {
    let mut shop = shelf(&database).await;
    assert_eq!(
        find_in(&mut shop, "dune", BookCategory::History).await,
        [10]
    );
    assert_eq!(find_in(&mut shop, "dune", MYSTERY).await.len(), 3);
    assert!(
        find_in(&mut shop, "dune", BookCategory::Romance)
            .await
            .is_empty()
    );
}

async fn syntax_of_the_engines_is_only_words(database: TestDb) {
    let mut shop = shelf(&database).await;
    assert_eq!(find(&mut shop, "\" OR * NEAR (").await, [11]);
    assert_eq!(find(&mut shop, "'; DROP TABLE --").await, [11]);
    for query in [
        "\"",
        "*",
        "dune*\"",
        "title:dune",
        "dune AND",
        "NOT dune",
        "NEAR(dune frank)",
        "^dune",
        "dune & | !",
        "'dune':*A",
        "<->",
        "\\",
        "\0",
        "dune\0",
        "(((",
        "{a b}:c",
        "-dune",
        "\u{fffd}",
        "' ' ' :*",
        "%_",
        "$1",
    ] {
        find(&mut shop, query).await;
    }
    assert_eq!(find(&mut shop, "^dune* messiah\"").await, [4]);
    assert!(find(&mut shop, "!!! ***").await.is_empty());
}

async fn a_changed_book_is_found_by_its_new_words_only(database: TestDb) {
    let mut shop = shelf(&database).await;
    shop.import([book(7, "The Silmarillion", &["J.R.R. Tolkien"])])
        .await;
    assert!(find(&mut shop, "hobbit").await.is_empty());
    assert_eq!(find(&mut shop, "silmarillion").await, [7]);
    assert_eq!(find(&mut shop, "tolkien").await, [7]);
}

async fn the_longest_book_is_found(database: TestDb) {
    let mut shop = Shop::open(&database);
    // One letter that is 18 when taken apart, and the most letters without a blank.
    let title = "\u{fdfa}".repeat(300);
    let authors: Vec<String> = (0..60)
        .map(|n| format!("{n} {}", "ab ".repeat(65)))
        .collect();
    let authors: Vec<&str> = authors.iter().map(|author| author.trim()).collect();
    shop.import([
        book(1, &title, &authors),
        book(2, &"日".repeat(300), &["\u{1f4d6}"]),
    ])
    .await;
    assert_eq!(find(&mut shop, "\u{fdfa}").await, [1]);
    assert_eq!(find(&mut shop, "ab").await, [1]);
    assert_eq!(find(&mut shop, &"日".repeat(100)).await, [2]);
}

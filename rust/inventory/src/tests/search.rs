use contract::bookstore::inventory::v1::{BookCategory, SearchBooksRequest};
use store::testing::TestDb;

use super::{TestInventory, book, in_category};

store::both_engines! {
    crate::SCHEMA =>
    search_ignores_word_order_case_and_accents,
    last_word_may_be_a_prefix,
    title_ranks_above_authors,
    equal_matches_are_sorted_by_id,
    category_restricts_the_search,
    query_syntax_of_the_engines_has_no_effect,
    changed_book_is_found_by_its_new_words_only,
    longest_allowed_book_is_found,
}

const MYSTERY: BookCategory = BookCategory::Mystery;

async fn with_books(database: &TestDb) -> TestInventory {
    let mut service = TestInventory::open(database);
    service
        .import([
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
            in_category(
                BookCategory::History,
                book(10, "Dreamer of Dune", &["Brian Herbert"]),
            ),
            book(11, "Or Not Near", &["Drop Table"]),
        ])
        .await;
    service
}

async fn find(service: &mut TestInventory, query: &str) -> Vec<i32> {
    find_in(service, query, BookCategory::Unspecified).await
}

async fn find_in(service: &mut TestInventory, query: &str, category: BookCategory) -> Vec<i32> {
    let request = SearchBooksRequest {
        query: query.to_owned(),
        category: category.into(),
        page_size: 200,
        ..SearchBooksRequest::default()
    };
    let response = service.client.search_books(request).await;
    let response = response
        .unwrap_or_else(|status| panic!("{query:?}: {status}"))
        .into_inner();
    response.books.iter().map(|book| book.book_id).collect()
}

async fn search_ignores_word_order_case_and_accents(database: TestDb) {
    let mut service = with_books(&database).await;
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
        assert_eq!(find(&mut service, query).await, [expected], "{query}");
    }
    assert!(find(&mut service, "garcia tolkien").await.is_empty());
}

async fn last_word_may_be_a_prefix(database: TestDb) {
    let mut service = with_books(&database).await;
    for query in ["h", "ho", "hob", "hobb", "hobbit"] {
        assert!(find(&mut service, query).await.contains(&7), "{query}");
    }
    assert_eq!(find(&mut service, "frank mess").await, [4]);
    // Only the last word.
    assert!(find(&mut service, "mess frank").await.is_empty());
}

async fn title_ranks_above_authors(database: TestDb) {
    let mut service = with_books(&database).await;
    let found = find(&mut service, "dune").await;
    assert_eq!(found.len(), 4);
    assert_eq!(found[0], 5, "the book of that title comes first: {found:?}");
    service
        .import([
            book(20, "Collected Letters", &["Winter Summers"]),
            book(21, "Winter", &["Somebody Else"]),
            book(22, "Winter Tales", &["Somebody Else"]),
            book(23, "Two Winter", &["Somebody Else"]),
        ])
        .await;
    let found = find(&mut service, "winter").await;
    assert_eq!(found, [21, 22, 23, 20]);
}

async fn equal_matches_are_sorted_by_id(database: TestDb) {
    let mut service = TestInventory::open(&database);
    service
        .import([4, 2, 3, 1].map(|id| book(id, "Same Words Here", &["Nobody"])))
        .await;
    assert_eq!(find(&mut service, "words").await, [1, 2, 3, 4]);
}

async fn category_restricts_the_search(database: TestDb) {
    let mut service = with_books(&database).await;
    assert_eq!(
        find_in(&mut service, "dune", BookCategory::History).await,
        [10]
    );
    assert_eq!(find_in(&mut service, "dune", MYSTERY).await.len(), 3);
    assert!(
        find_in(&mut service, "dune", BookCategory::Romance)
            .await
            .is_empty()
    );
}

async fn query_syntax_of_the_engines_has_no_effect(database: TestDb) {
    let mut service = with_books(&database).await;
    assert_eq!(find(&mut service, "\" OR * NEAR (").await, [11]);
    assert_eq!(find(&mut service, "'; DROP TABLE --").await, [11]);
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
        find(&mut service, query).await;
    }
    assert_eq!(find(&mut service, "^dune* messiah\"").await, [4]);
    assert!(find(&mut service, "!!! ***").await.is_empty());
}

async fn changed_book_is_found_by_its_new_words_only(database: TestDb) {
    let mut service = with_books(&database).await;
    service
        .import([book(7, "The Silmarillion", &["J.R.R. Tolkien"])])
        .await;
    assert!(find(&mut service, "hobbit").await.is_empty());
    assert_eq!(find(&mut service, "silmarillion").await, [7]);
    assert_eq!(find(&mut service, "tolkien").await, [7]);
}

async fn longest_allowed_book_is_found(database: TestDb) {
    let mut service = TestInventory::open(&database);
    // A letter that decomposes into 18 letters, and the longest word.
    let title = "\u{fdfa}".repeat(300);
    let authors: Vec<String> = (0..60)
        .map(|n| format!("{n} {}", "ab ".repeat(65)))
        .collect();
    let authors: Vec<&str> = authors.iter().map(|author| author.trim()).collect();
    service
        .import([
            book(1, &title, &authors),
            book(2, &"日".repeat(300), &["\u{1f4d6}"]),
        ])
        .await;
    assert_eq!(find(&mut service, "\u{fdfa}").await, [1]);
    assert_eq!(find(&mut service, "ab").await, [1]);
    assert_eq!(find(&mut service, &"日".repeat(100)).await, [2]);
}

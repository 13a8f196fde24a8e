//! Filters, facets, orders and pages of searches.

use contract::bookstore::inventory::v1::{
    BookCategory, BookImport, SearchBooksRequest, SearchBooksResponse, SearchOrder,
};
use store::testing::TestDb;

use super::{TestInventory, book, in_category};

store::both_engines! {
    crate::SCHEMA =>
    filters_restrict_the_result_and_its_count,
    facets_ignore_the_filter_of_their_own_property,
    orders_sort_the_whole_result,
    skip_leads_to_the_same_books_as_paging,
    misspelled_words_are_found_and_corrected,
    word_of_many_books_is_not_taken_for_a_misspelling,
    shorter_query_is_suggested_if_nothing_matches,
    isbn_is_found_in_every_spelling,
    books_of_an_author_are_found_in_every_spelling_of_the_name,
    books_of_a_series_are_found_in_their_order,
}

/// A book about the sea with a price in cents, a year, a language and a rating.
fn sea(
    id: i32,
    title: &str,
    price: i64,
    year: Option<i32>,
    language: &str,
    rating: Option<i32>,
) -> BookImport {
    let category = [BookCategory::Classics, BookCategory::Poetry][id as usize % 2];
    let mut import = in_category(category, book(id, title, &["Author"]));
    let book = import.book.as_mut().expect("a book is there");
    book.publication_year = year;
    language.clone_into(&mut book.language);
    book.rating_hundredths = rating;
    let price_of_book = book.price.as_mut().expect("a price is there");
    price_of_book.amount_minor = Some(price);
    import
}

async fn with_books(database: &TestDb) -> TestInventory {
    let mut service = TestInventory::open(database);
    service
        .import([
            sea(1, "Sea C", 499, Some(1851), "en", Some(350)),
            sea(2, "Sea A", 1200, Some(1999), "de", Some(499)),
            sea(3, "Sea B", 900, None, "", None),
            sea(4, "Sea D", 7000, Some(2021), "en", Some(420)),
            book(9, "Mountain", &["Author"]),
        ])
        .await;
    service
}

async fn search(service: &mut TestInventory, request: SearchBooksRequest) -> SearchBooksResponse {
    let response = service.client.search_books(request).await;
    response.expect("the search succeeds").into_inner()
}

fn ids(response: &SearchBooksResponse) -> Vec<i32> {
    response.books.iter().map(|book| book.book_id).collect()
}

fn for_sea() -> SearchBooksRequest {
    SearchBooksRequest {
        query: "sea".to_owned(),
        order: SearchOrder::Title.into(),
        with_facets: true,
        ..SearchBooksRequest::default()
    }
}

async fn filters_restrict_the_result_and_its_count(database: TestDb) {
    let mut service = with_books(&database).await;
    let cases: [(SearchBooksRequest, &[i32]); 9] = [
        (for_sea(), &[2, 3, 1, 4]),
        (
            SearchBooksRequest {
                min_price_minor: Some(900),
                ..for_sea()
            },
            &[2, 3, 4],
        ),
        (
            SearchBooksRequest {
                max_price_minor: Some(900),
                ..for_sea()
            },
            &[3, 1],
        ),
        (
            SearchBooksRequest {
                min_year: Some(1999),
                ..for_sea()
            },
            &[2, 4],
        ),
        (
            SearchBooksRequest {
                max_year: Some(1998),
                ..for_sea()
            },
            &[1],
        ),
        (
            SearchBooksRequest {
                language: "en".to_owned(),
                ..for_sea()
            },
            &[1, 4],
        ),
        (
            SearchBooksRequest {
                min_rating_hundredths: Some(420),
                ..for_sea()
            },
            &[2, 4],
        ),
        (
            SearchBooksRequest {
                category: BookCategory::Poetry.into(),
                ..for_sea()
            },
            &[3, 1],
        ),
        (
            SearchBooksRequest {
                language: "en".to_owned(),
                category: BookCategory::Classics.into(),
                ..for_sea()
            },
            &[4],
        ),
    ];
    for (request, expected) in cases {
        let response = search(&mut service, request.clone()).await;
        assert_eq!(ids(&response), expected, "{request:?}");
        assert_eq!(response.total_count as usize, expected.len(), "{request:?}");
    }
}

async fn facets_ignore_the_filter_of_their_own_property(database: TestDb) {
    let mut service = with_books(&database).await;
    let request = SearchBooksRequest {
        language: "en".to_owned(),
        ..for_sea()
    };
    let facets = search(&mut service, request).await.facets;
    let facets = facets.expect("facets were asked for");
    let languages = facets.languages.iter();
    let languages: Vec<_> = languages
        .map(|facet| (facet.language.as_str(), facet.book_count))
        .collect();
    assert_eq!(languages, [("en", 2), ("de", 1)]);
    let categories = facets.categories.iter();
    let categories: Vec<_> = categories
        .map(|facet| (facet.category(), facet.book_count))
        .collect();
    let expected = [(BookCategory::Classics, 1), (BookCategory::Poetry, 1)];
    assert_eq!(categories, expected);
    let prices = facets.prices.iter();
    let prices: Vec<_> = prices
        .map(|facet| {
            (
                facet.min_price_minor,
                facet.max_price_minor,
                facet.book_count,
            )
        })
        .collect();
    assert_eq!(prices, [(0, Some(499), 1), (5000, None, 1)]);
    let years = facets.years.iter();
    let years: Vec<_> = years
        .map(|facet| (facet.min_year, facet.max_year, facet.book_count))
        .collect();
    assert_eq!(years, [(None, Some(1899), 1), (Some(2020), None, 1)]);
    let ratings = facets.ratings.iter();
    let ratings: Vec<_> = ratings
        .map(|facet| (facet.min_rating_hundredths, facet.book_count))
        .collect();
    assert_eq!(ratings, [(400, 1), (300, 2), (200, 2), (100, 2)]);
    let without = SearchBooksRequest {
        with_facets: false,
        ..for_sea()
    };
    assert_eq!(search(&mut service, without).await.facets, None);
}

async fn orders_sort_the_whole_result(database: TestDb) {
    let mut service = with_books(&database).await;
    for (order, expected) in [
        (SearchOrder::Title, [2, 3, 1, 4]),
        (SearchOrder::PriceAscending, [1, 3, 2, 4]),
        (SearchOrder::PriceDescending, [4, 2, 3, 1]),
        (SearchOrder::Newest, [4, 2, 1, 3]),
        (SearchOrder::Rating, [2, 4, 1, 3]),
    ] {
        let mut found = Vec::new();
        let mut page_token = String::new();
        loop {
            let request = SearchBooksRequest {
                order: order.into(),
                page_size: 3,
                page_token,
                ..for_sea()
            };
            let response = search(&mut service, request).await;
            found.extend(ids(&response));
            page_token = response.next_page_token;
            if page_token.is_empty() {
                break;
            }
        }
        assert_eq!(found, expected, "{order:?}");
    }
}

async fn skip_leads_to_the_same_books_as_paging(database: TestDb) {
    let mut service = TestInventory::open(&database);
    // More than are ordered by their texts.
    let books = (1..=250).map(|id| book(id, &format!("Sea {}", 1000 - id), &["Author"]));
    service.import(books).await;
    for order in [SearchOrder::Relevance, SearchOrder::Title] {
        let request = |page_size, skip| SearchBooksRequest {
            query: "sea".to_owned(),
            order: order.into(),
            page_size,
            skip,
            ..SearchBooksRequest::default()
        };
        let mut all = ids(&search(&mut service, request(200, 0)).await);
        all.extend(ids(&search(&mut service, request(200, 200)).await));
        for skip in [0, 1, 50, 95, 100, 150, 249] {
            let page = ids(&search(&mut service, request(10, skip)).await);
            let expected = all.iter().skip(skip as usize).take(10).copied();
            assert_eq!(page, expected.collect::<Vec<_>>(), "{order:?} {skip}");
        }
        let beyond = search(&mut service, request(10, 999_999_999)).await;
        assert_eq!((beyond.books.len(), beyond.total_count), (0, 250));
        assert_eq!(beyond.next_page_token, "");
        let mut unique = all.clone();
        unique.sort_unstable();
        assert!(unique.into_iter().eq(1..=250));
    }
}

async fn misspelled_words_are_found_and_corrected(database: TestDb) {
    let mut service = TestInventory::open(&database);
    service
        .import([
            book(
                1,
                "Harry Potter and the Goblet of Fire (Harry Potter, #4)",
                &["J.K. Rowling", "Mary GrandPré"],
            ),
            book(
                2,
                "The Hitchhiker's Guide to the Galaxy",
                &["Douglas Adams"],
            ),
            book(3, "Преступление и наказание", &["Фёдор Достоевский"]),
        ])
        .await;
    for (query, id, meant) in [
        ("hary poter", 1, "harry potter"),
        ("harry pottre", 1, "harry potter"),
        ("rolwing", 1, "rowling"),
        ("bowling", 1, "rowling"),
        ("приступлиние", 3, "преступление"),
        ("hitch hikers guide", 2, "hitchhikers guide"),
        ("harrypotter", 1, "harry potter"),
    ] {
        let request = SearchBooksRequest {
            query: query.to_owned(),
            ..SearchBooksRequest::default()
        };
        let response = search(&mut service, request).await;
        assert_eq!(ids(&response), [id], "{query}");
        assert_eq!(response.did_you_mean, meant, "{query}");
    }
    let request = SearchBooksRequest {
        query: "harry potter".to_owned(),
        ..SearchBooksRequest::default()
    };
    assert_eq!(search(&mut service, request).await.did_you_mean, "");
    // The first letter and another one are wrong.
    let request = SearchBooksRequest {
        query: "bawling".to_owned(),
        ..SearchBooksRequest::default()
    };
    assert_eq!(ids(&search(&mut service, request).await), [0; 0]);
}

async fn word_of_many_books_is_not_taken_for_a_misspelling(database: TestDb) {
    let mut service = TestInventory::open(&database);
    let tales = |ids: std::ops::RangeInclusive<i32>, name: &'static str| {
        ids.map(move |id| book(id, &format!("{name} Tale{}", id % 1000), &[]))
    };
    let rare = tales(1..=20, "Harri");
    service
        .import(rare.chain(tales(1001..=1440, "Harry")))
        .await;
    let request = || SearchBooksRequest {
        query: "harri tale5".to_owned(),
        ..SearchBooksRequest::default()
    };
    // Books with the similar word are found as well.
    let found = ids(&search(&mut service, request()).await);
    assert_eq!((found.len(), found[0]), (12, 5));
    service.import(tales(21..=21, "Harri")).await;
    assert_eq!(ids(&search(&mut service, request()).await), [5]);
}

async fn shorter_query_is_suggested_if_nothing_matches(database: TestDb) {
    let mut service = with_books(&database).await;
    for (query, suggestion) in [("sea xylophone", "sea"), ("xylophone", "")] {
        let request = SearchBooksRequest {
            query: query.to_owned(),
            ..SearchBooksRequest::default()
        };
        let response = search(&mut service, request).await;
        assert!(response.books.is_empty(), "{query}");
        assert_eq!(response.did_you_mean, suggestion, "{query}");
    }
}

async fn isbn_is_found_in_every_spelling(database: TestDb) {
    let mut service = TestInventory::open(&database);
    let mut import = book(1, "The Hunger Games", &["Suzanne Collins"]);
    let book = import.book.as_mut().expect("a book is there");
    "9780439023481".clone_into(&mut book.isbn);
    service.import([import]).await;
    for query in [
        "9780439023481",
        "978-0-439-02348-1",
        "0439023483",
        "439023483",
    ] {
        let request = SearchBooksRequest {
            query: query.to_owned(),
            ..SearchBooksRequest::default()
        };
        assert_eq!(ids(&search(&mut service, request).await), [1], "{query}");
    }
}

async fn books_of_an_author_are_found_in_every_spelling_of_the_name(database: TestDb) {
    let mut service = TestInventory::open(&database);
    service
        .import([
            book(1, "The Goblet of Fire", &["J.K. Rowling", "Mary GrandPré"]),
            book(2, "The Casual Vacancy", &["J. K. Rowling"]),
            book(3, "J.K. Rowling: A Life", &["Sean Smith"]),
            book(4, "Other", &["J.K. Rowling Smith"]),
            book(5, "A-B", &["A-B C", "!!!"]),
        ])
        .await;
    let of = |query: &str, author: &str| SearchBooksRequest {
        query: query.to_owned(),
        author: author.to_owned(),
        order: SearchOrder::Title.into(),
        with_facets: true,
        ..SearchBooksRequest::default()
    };
    let cases: [(SearchBooksRequest, &[i32]); 8] = [
        (of("rowling", "J.K. Rowling"), &[2, 1]),
        (of("jk rowling", "jk-rowling"), &[2, 1]),
        (of("fire", "JK ROWLING"), &[1]),
        (of("mary grandpre", "mary-grandpre"), &[1]),
        (of("rowling", "rowling"), &[]),
        (of("rowling", "Nobody"), &[]),
        (of("rowling", "?"), &[]),
        // The words of its slug find a book as well.
        (of("abc", "abc"), &[5]),
    ];
    for (request, expected) in cases {
        let response = search(&mut service, request.clone()).await;
        assert_eq!(ids(&response), expected, "{request:?}");
        assert_eq!(response.total_count as usize, expected.len(), "{request:?}");
        let facets = response.facets.expect("facets were asked for");
        let counted: i32 = facets.categories.iter().map(|facet| facet.book_count).sum();
        assert_eq!(counted, response.total_count, "{request:?}");
    }
}

async fn books_of_a_series_are_found_in_their_order(database: TestDb) {
    let mut service = TestInventory::open(&database);
    let part = |id: i32, series: &str, series_number: &str| {
        let mut import = book(id, &format!("Volume {id}"), &["James S. A. Corey"]);
        let book = import.book.as_mut().expect("a book is there");
        series.clone_into(&mut book.series);
        series_number.clone_into(&mut book.series_number);
        import
    };
    service
        .import([
            part(1, "The Expanse", ""),
            part(2, "The Expanse", "1-3"),
            part(3, "The Expanse", "10"),
            part(4, "The Éxpanse", "2.5"),
            part(5, "The Expanse", "2"),
            part(6, "The Expanse Stories", "1"),
            book(7, "The Expanse", &["Nobody"]),
        ])
        .await;
    let request = |page_size| SearchBooksRequest {
        query: "the expanse".to_owned(),
        series: "the-expanse".to_owned(),
        order: SearchOrder::Series.into(),
        page_size,
        ..SearchBooksRequest::default()
    };
    let all = search(&mut service, request(20)).await;
    assert_eq!(ids(&all), [5, 4, 3, 2, 1]);
    let first = search(&mut service, request(3)).await;
    let next = SearchBooksRequest {
        page_token: first.next_page_token,
        ..request(3)
    };
    assert_eq!(ids(&search(&mut service, next).await), [2, 1]);
    // A search for its words finds the books whose titles do not have them.
    let request = SearchBooksRequest {
        query: "expanse".to_owned(),
        ..SearchBooksRequest::default()
    };
    assert_eq!(search(&mut service, request).await.total_count, 7);
}

//! Benchmark of the compiled validators: time per message.

use contract::bookstore::{
    inventory::v1::{BatchGetBooksRequest, Book, BookCategory, BookImport, ImportBooksRequest},
    recommendations::v1::RecommendRequest,
    r#type::v1::Money,
};
use criterion::{Criterion, criterion_group, criterion_main};
use prost_protovalidate::Validate;
use std::hint::black_box;

fn validation(criterion: &mut Criterion) {
    let mut measure = |name: &str, message: &dyn Validate| {
        assert!(message.validate().is_ok(), "{name} is valid");
        criterion.bench_function(name, |bencher| {
            bencher.iter(|| black_box(message).validate().is_ok())
        });
    };
    measure(
        "RecommendRequest without user_id",
        &RecommendRequest {
            user_id: String::new(),
            category: BookCategory::Mystery.into(),
            max_results: 3,
        },
    );
    measure(
        "RecommendRequest with user_id",
        &RecommendRequest {
            user_id: "01890a5d-ac96-774b-bcce-b302099a8057".to_owned(),
            category: BookCategory::Mystery.into(),
            max_results: 3,
        },
    );
    measure(
        "BatchGetBooksRequest with 100 ids",
        &BatchGetBooksRequest {
            book_ids: (1..=100).collect(),
        },
    );
    measure(
        "ImportBooksRequest with 1000 books",
        &ImportBooksRequest {
            books: vec![book_import(); 1000],
        },
    );
}

fn book_import() -> BookImport {
    BookImport {
        book: Some(Book {
            book_id: 1,
            title: "The Maltese Falcon".to_owned(),
            authors: vec!["Dashiell Hammett".to_owned()],
            publication_year: Some(1930),
            category: BookCategory::Mystery.into(),
            price: Some(Money {
                currency_code: "USD".to_owned(),
                amount_minor: Some(1299),
            }),
            ..Book::default()
        }),
        on_hand: Some(25),
    }
}

criterion_group!(benches, validation);
criterion_main!(benches);

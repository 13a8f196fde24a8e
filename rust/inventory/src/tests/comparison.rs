//! Tests of the dry run.

use store::testing::TestDb;

use super::TestInventory;
use crate::import::{Comparison, Options, Reader, compare, upload};

store::both_engines! {
    crate::SCHEMA =>
    comparison_tells_what_the_import_does,
}

fn reader(file: &str) -> Reader {
    let file = std::io::Cursor::new(file.to_owned().into_bytes());
    Reader::new(file, Options::default()).expect("the header is known")
}

async fn compared(service: &mut TestInventory, file: &str) -> Comparison {
    let compared = compare(&mut service.client, reader(file), &mut |_| {}).await;
    compared.expect("the file is compared")
}

async fn comparison_tells_what_the_import_does(database: TestDb) {
    let mut service = TestInventory::with_stock(&database, 3, 10).await;
    service.reserve(&[(3, 4)]).await.expect("copies are held");
    let mut file = "id,title,authors,year,category,price,stock\n\
         1,Book 1,Author,1930,mystery,9.99,10\n\
         2,Book II,Author,1930,mystery,8.99,\n\
         4,New,,,poetry,1,2\n\
         4,New,,,poetry,1,3\n\
         x,Bad,,,poetry,1,\n"
        .to_owned();
    let comparison = compared(&mut service, &file).await;
    assert_eq!(comparison.found, 2);
    let changed = &comparison.updated[0];
    assert_eq!((changed.line, changed.book_id), (3, 2));
    let change = |name, old: &str, new: &str| (name, old.to_owned(), new.to_owned());
    assert_eq!(
        changed.changes,
        [
            change("title", "Book 2", "Book II"),
            change("price", "9.99 USD", "8.99 USD")
        ]
    );
    assert_eq!(
        comparison.updated[1].changes,
        [change("stock", "2", "3")],
        "a later row of the same id replaces the earlier one"
    );
    assert_eq!(comparison.created[0].title, "New");

    let uploaded = upload(&mut service.client, reader(&file), None, &mut |_| {}).await;
    assert_eq!(comparison.summary, uploaded.expect("it is imported"));
    assert_eq!(comparison.summary.bad_rows, 1);

    file.push_str("3,Book 3,Author,1930,mystery,9.99,3\n");
    let comparison = compared(&mut service, &file).await;
    let refused = &comparison.summary.first_bad_rows[1];
    assert_eq!(
        refused.to_string(),
        "line 7: stock 3 is lower than the 4 copies that are reserved"
    );
}

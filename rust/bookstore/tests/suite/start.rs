//! The first start, and those after it.

use std::{fs, os::unix::fs::PermissionsExt, thread};

use contract::bookstore::inventory::v1::{
    BatchGetBooksRequest, BatchGetStockRequest, ListCategoriesRequest, SetStockRequest,
};

use crate::house::{Folder, House};

#[tokio::test]
async fn the_first_start_loads_the_shipped_catalogue_and_says_where_things_are() {
    let folder = Folder::new();
    let house = House::up(&folder);
    assert_eq!(catalogue_size(&house).await, 700);
    let tutorial = BatchGetBooksRequest {
        book_ids: (1..=9).collect(),
    };
    let answer = house.inventory().batch_get_books(tutorial).await;
    let books = answer.expect("they are there").into_inner().books;
    let lines = books.iter().map(|book| {
        let category = book.category().as_str_name();
        format!("{} {} ({category})\n", book.book_id, book.title)
    });
    insta::assert_snapshot!("the_nine_books_of_the_tutorial", lines.collect::<String>());

    let banner = house
        .banner
        .replace(house.shop(), "[shop]")
        .replace(house.metrics(), "[metrics]")
        .replace(house.grpc(), "[gRPC]");
    insta::assert_snapshot!("banner", banner);
}

#[tokio::test]
async fn started_again_it_keeps_its_data_and_its_token() {
    let folder = Folder::new();
    let house = House::up(&folder);
    let stock = SetStockRequest {
        book_id: 1,
        on_hand: Some(12_345),
    };
    let answer = house.operator().set_stock(stock).await;
    answer.expect("the token is right");
    let token = house.token().to_owned();
    let path = folder.path("data/operator.token");
    let mode = || {
        let metadata = fs::metadata(&path).expect("the token is there");
        metadata.permissions().mode() & 0o777
    };
    assert_eq!(mode(), 0o600);
    house.close().await;

    let house = House::up(&folder);
    assert_eq!(stock_of_one(&house).await, 12_345);
    assert_eq!((house.token(), mode()), (token.as_str(), 0o600));
}

#[tokio::test]
async fn two_that_start_at_once_share_their_folder() {
    let folder = Folder::new();
    let (one, other) = thread::scope(|scope| {
        let one = scope.spawn(|| House::up(&folder));
        let other = House::up(&folder);
        (one.join().expect("it opens"), other)
    });
    assert_eq!(one.token(), other.token());
    for house in [&one, &other] {
        assert_eq!(catalogue_size(house).await, 700);
    }
    let stock = SetStockRequest {
        book_id: 1,
        on_hand: Some(12_345),
    };
    let answer = one.operator().set_stock(stock).await;
    answer.expect("the token is right");
    assert_eq!(stock_of_one(&other).await, 12_345);
}

#[tokio::test]
async fn the_data_folder_is_its_owners_alone() {
    let folder = Folder::new();
    let house = House::start(&folder, &["up", "--data=deeper/data"]);
    let metadata = fs::metadata(folder.path("deeper/data")).expect("it was made");
    assert_eq!(metadata.permissions().mode() & 0o777, 0o700);
    house.close().await;
}

#[tokio::test]
async fn a_process_without_data_makes_no_folder() {
    let folder = Folder::new();
    let house = House::start(&folder, &["serve", "transactions"]);
    assert!(!folder.path("data").exists());
    insta::assert_snapshot!(
        house
            .banner
            .replace(house.metrics(), "[metrics]")
            .replace(house.grpc(), "[gRPC]")
    );
}

async fn catalogue_size(house: &House) -> i32 {
    let request = ListCategoriesRequest {};
    let answer = house.inventory().list_categories(request).await;
    let categories = answer.expect("anybody may ask").into_inner().categories;
    categories.iter().map(|count| count.book_count).sum()
}

async fn stock_of_one(house: &House) -> i32 {
    let request = BatchGetStockRequest { book_ids: vec![1] };
    let answer = house.inventory().batch_get_stock(request).await;
    answer.expect("anybody may ask").into_inner().levels[0].on_hand
}

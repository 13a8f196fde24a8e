//! Tests of the model without any service.

use service::AccountId;
use uuid::Uuid;

use super::*;

fn reader(number: u128) -> AccountId {
    AccountId(Uuid::from_u128(number))
}

/// A log in which reader 0 has bought the first books, reader 1 the second ones, ...
fn log(purchases: &[&[i32]]) -> PurchaseLog {
    let mut log = PurchaseLog::default();
    for (number, books) in (0..).zip(purchases) {
        for book in *books {
            log.buy(reader(number), BookId(*book));
        }
    }
    log
}

fn related(model: &Model, book: i32) -> Vec<i32> {
    let related = model.related(BookId(book)).iter();
    related.map(|related| related.book_id.0).collect()
}

#[test]
fn books_of_the_same_readers_are_related_the_most_similar_first() {
    let model = Model::of(&log(&[
        &[1, 2, 3],
        &[1, 2],
        &[1, 2, 3],
        &[3, 4],
        &[3, 4],
        &[4, 5],
    ]));
    assert_eq!(related(&model, 1), [2, 3]);
    assert_eq!(related(&model, 2), [1, 3]);
    assert_eq!(related(&model, 4), [3]);
    // One common reader, and no readers at all.
    assert_eq!((related(&model, 5), related(&model, 6)), (vec![], vec![]));
    assert_eq!(model.book_count(), 4);
    for book in 1..=5 {
        for related in model.related(BookId(book)) {
            assert!(related.similarity > 0.0);
        }
    }
}

#[test]
fn books_that_are_bought_more_often_are_suggested_more() {
    // Books 2 and 3 have the same two readers in common with book 1, and 3 has more readers.
    let model = Model::of(&log(&[&[1, 2, 3], &[1, 2, 3], &[1], &[1], &[3], &[3]]));
    let similarity = |one: i32, other: i32| {
        let related = model.related(BookId(one)).iter();
        let related = related.clone().find(|it| it.book_id == BookId(other));
        related.expect("related").similarity
    };
    assert!(similarity(2, 1) > similarity(1, 2));
    assert!(similarity(2, 3) > similarity(3, 2));
    assert_eq!(similarity(1, 3), similarity(3, 1));
}

#[test]
fn purchases_of_a_single_reader_do_not_show() {
    // Whoever buys book 1 must not learn what the only other reader has.
    let model = Model::of(&log(&[&[1, 7, 8, 9], &[1]]));
    assert_eq!(model.book_count(), 0);
}

#[test]
fn repeated_purchase_is_no_second_reader() {
    let model = Model::of(&log(&[&[1, 2, 1, 2, 1, 2]]));
    assert_eq!(model.book_count(), 0);
}

#[test]
fn liked_books_are_more_similar_and_disliked_ones_are_not_related() {
    let purchases: [&[i32]; 2] = [&[1, 2, 3, 4], &[1, 2, 3, 4]];
    let mut log = log(&purchases);
    for number in 0..2 {
        log.rate(reader(number), BookId(3), 1);
    }
    // The reader has not bought it, and so it stays unknown.
    log.rate(reader(0), BookId(5), 5);
    log.rate(reader(9), BookId(1), 5);
    log.rate(reader(0), BookId(4), 2);
    let model = Model::of(&log);
    assert_eq!(related(&model, 1), [2, 4]);
    assert_eq!(related(&model, 3), [0; 0]);
}

#[test]
fn log_and_model_are_bounded() {
    let mut log = PurchaseLog::default();
    for number in 0..200 {
        for book in 1..=300 {
            log.buy(reader(number), BookId(book));
        }
    }
    let per_reader = MAX_PURCHASES_PER_READER as usize;
    assert_eq!(log.purchase_count(), 200 * per_reader);
    let model = Model::of(&log);
    assert_eq!(model.book_count(), per_reader);
    assert_eq!(model.related(BookId(1)).len(), MAX_RELATED);

    for number in 0..MAX_PURCHASES as u128 {
        log.buy(reader(1000 + number), BookId(1));
    }
    assert!(log.is_full());
    assert_eq!(log.purchase_count(), MAX_PURCHASES);
}

#[test]
fn equal_purchases_make_equal_models() {
    let purchases: [&[i32]; 4] = [&[1, 2, 3], &[3, 2, 1], &[4, 1, 3], &[2, 4, 1]];
    let (one, other) = (Model::of(&log(&purchases)), Model::of(&log(&purchases)));
    for book in 1..=4 {
        assert_eq!(one.related(BookId(book)), other.related(BookId(book)));
    }
}

#[test]
fn suggestions_add_up_and_are_the_best_first() {
    let model = Model::of(&log(&[
        &[1, 2],
        &[1, 2],
        &[3, 4, 2],
        &[3, 4, 2],
        &[5, 6],
        &[5, 6],
    ]));
    let suggest = |interests: &[(i32, f32)]| -> Vec<i32> {
        let interests: Vec<_> = interests
            .iter()
            .map(|(book, interest)| (BookId(*book), *interest))
            .collect();
        let suggested = model.suggest(&interests);
        suggested.iter().map(|(book_id, _)| book_id.0).collect()
    };
    assert_eq!(suggest(&[(1, 1.0)]), [2]);
    // Both books suggest book 2, and one of them book 4.
    assert_eq!(suggest(&[(1, 1.0), (3, 1.0)]), [2, 4]);
    assert_eq!(suggest(&[(5, 1.0), (1, 0.1)]), [6, 2]);
    assert_eq!(suggest(&[(1, 0.0), (99, 1.0)]), [0; 0]);
    assert_eq!(suggest(&[]), [0; 0]);
}

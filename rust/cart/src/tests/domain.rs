//! Properties of the rules of carts.

use std::collections::BTreeSet;

use proptest::{collection::vec, prelude::*, sample::subsequence};
use service::{AccountId, BookId, Money};
use uuid::Uuid;

use crate::{Cart, CartFull, CartItem, CartItems, CartLine, CartOwner, MAX_LINES};

fn item((book_id, quantity): (i32, i32)) -> CartItem {
    CartItem {
        book_id: BookId(book_id),
        quantity,
    }
}

/// Up to 100 different books of 150.
fn items() -> impl Strategy<Value = CartItems> {
    let book_ids = subsequence((1..=150).collect::<Vec<_>>(), 0..=MAX_LINES).prop_shuffle();
    (book_ids, vec(1..=100, MAX_LINES))
        .prop_map(|(book_ids, quantities)| book_ids.into_iter().zip(quantities).map(item).collect())
}

fn cart(items: &CartItems, currencies: &[&str]) -> Cart {
    let lines = items.as_slice().iter().map(|item| CartLine {
        item: *item,
        title: "A title".to_owned(),
        unit_price: Money {
            currency_code: currencies[item.book_id.0 as usize % currencies.len()].to_owned(),
            amount_minor: 1000 + i64::from(item.book_id.0),
        },
        available: 7,
    });
    Cart {
        owner: CartOwner::Account(AccountId(Uuid::nil())),
        lines: lines.collect(),
    }
}

fn quantity(items: &CartItems, book_id: BookId) -> i32 {
    let mut items = items.as_slice().iter();
    let found = items.find(|item| item.book_id == book_id);
    found.map_or(0, |item| item.quantity)
}

proptest! {
    #[test]
    fn merged_cart_has_the_books_of_both_in_order(account in items(), guest in items()) {
        let mut expected: Vec<_> = account.book_ids().collect();
        expected.extend(guest.book_ids().filter(|book_id| quantity(&account, *book_id) == 0));
        let mut merged = account.clone();
        let outcome = merged.merge(&guest);
        if expected.len() > MAX_LINES {
            prop_assert_eq!(outcome, Err(CartFull));
            return Ok(());
        }
        prop_assert_eq!(outcome, Ok(()));
        prop_assert_eq!(merged.book_ids().collect::<Vec<_>>(), expected);
        for item in merged.as_slice() {
            let sum = quantity(&account, item.book_id) + quantity(&guest, item.book_id);
            prop_assert_eq!(item.quantity, sum.min(100));
        }
        // A retry finds an empty guest cart.
        let before = merged.clone();
        prop_assert_eq!(merged.merge(&CartItems::default()), Ok(()));
        prop_assert_eq!(merged, before);
    }

    #[test]
    fn etag_changes_exactly_with_books_quantities_and_prices(items in items()) {
        let original = cart(&items, &["USD", "EUR"]);
        let etag = original.etag();
        let mut same = original.clone();
        same.lines.reverse();
        same.owner = CartOwner::Guest(Uuid::nil());
        for line in &mut same.lines {
            line.title.push('!');
            line.available += 1;
        }
        prop_assert_eq!(same.etag(), etag.clone());
        for (position, line) in original.lines.iter().enumerate() {
            let changes: [fn(&mut CartLine); 4] = [
                |line| line.item.quantity += 1,
                |line| line.item.book_id.0 += 1000,
                |line| line.unit_price.amount_minor += 1,
                |line| line.unit_price.currency_code = "CHF".to_owned(),
            ];
            for change in changes {
                let mut changed = original.clone();
                change(&mut changed.lines[position]);
                prop_assert_ne!(changed.etag(), etag.clone(), "{:?}", line);
            }
            let mut fewer = original.clone();
            fewer.lines.remove(position);
            prop_assert_ne!(fewer.etag(), etag.clone());
        }
    }

    #[test]
    fn subtotals_are_the_sums_of_the_lines(items in items()) {
        let cart = cart(&items, &["USD", "EUR", "JPY"]);
        for sum in cart.subtotals() {
            let lines = cart.lines.iter();
            let lines = lines.filter(|line| line.unit_price.currency_code == sum.currency_code);
            let expected: i64 = lines
                .map(|line| line.unit_price.amount_minor * i64::from(line.item.quantity))
                .sum();
            prop_assert_eq!(sum.amount_minor, expected);
        }
        let currencies = cart.lines.iter().map(|line| &line.unit_price.currency_code);
        let currencies: BTreeSet<_> = currencies.collect();
        prop_assert_eq!(cart.subtotals().len(), currencies.len());
    }
}

#[test]
fn subtotal_above_the_maximum_is_left_out() {
    let items: CartItems = [item((1, 100)), item((2, 1))].into_iter().collect();
    let mut cart = cart(&items, &["USD", "EUR"]);
    cart.lines[0].unit_price.amount_minor = Money::MAX_AMOUNT_MINOR;
    let subtotals = cart.subtotals();
    assert_eq!(subtotals, [cart.lines[1].unit_price.clone()]);
}

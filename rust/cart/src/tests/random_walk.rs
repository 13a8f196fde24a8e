//! Random actions of buyers and the operator, with faults of the other services, crashes and
//! leaps of time. In the end every order is finished, and money and copies add up.

use std::{collections::HashMap, time::Duration};

use contract::bookstore::cart::v1::{Order, OrderFailure, OrderState};
use fakes::Fault;
use rand::{RngExt as _, SeedableRng, rngs::StdRng, seq::IndexedRandom as _};
use store::testing::TestDb;

use super::{
    get,
    shop::{Buyer, TestShop},
};
use crate::ChargeState;

store::both_engines! { crate::SCHEMA => every_order_ends_and_everything_adds_up }

const WALKS: u64 = 25;
const ACTIONS: usize = 60;

const FAULTS: [Fault; 4] = [Fault::None, Fault::Failing, Fault::Down, Fault::AnswerLost];

struct Walk {
    rng: StdRng,
    shop: TestShop,
    buyers: Vec<Buyer>,
    /// The orders that were acknowledged, with the number of their buyer.
    orders: Vec<(usize, Order)>,
}

async fn every_order_ends_and_everything_adds_up(database: TestDb) {
    let mut ends = HashMap::new();
    for seed in 0..WALKS {
        let shop = TestShop::open(&database);
        let mut walk = Walk {
            rng: StdRng::seed_from_u64(seed),
            buyers: (0..3).map(|_| shop.buyer()).collect(),
            shop,
            orders: Vec::new(),
        };
        for _ in 0..ACTIONS {
            walk.act().await;
        }
        walk.shop.inventory.faults.clear();
        walk.shop.transactions.faults.clear();
        walk.shop.finish(20).await;
        walk.check(seed, &mut ends).await;
    }
    // The walks reach every end.
    for end in [
        (OrderState::Paid, OrderFailure::Unspecified),
        (OrderState::Shipped, OrderFailure::Unspecified),
        (OrderState::Cancelled, OrderFailure::Unspecified),
        (OrderState::Failed, OrderFailure::PaymentDeclined),
        (OrderState::Failed, OrderFailure::PaymentUnanswered),
        (OrderState::Failed, OrderFailure::ReservationLost),
    ] {
        assert!(ends.contains_key(&end), "{ends:?}");
    }
}

impl Walk {
    async fn act(&mut self) {
        match self.rng.random_range(0..10) {
            0..=3 => self.place().await,
            4 => {
                if let Some((buyer, order)) = self.orders.choose(&mut self.rng) {
                    // A shipped or failed order cannot be cancelled.
                    let _ = self.buyers[*buyer].cancel(order).await;
                }
            }
            5 => {
                if let Some((_, order)) = self.orders.choose(&mut self.rng) {
                    let _ = self.shop.ship(order).await;
                }
            }
            6 => self.set_faults(),
            7 => {
                let seconds = *[1, 30, 300, 900].choose(&mut self.rng).expect("not empty");
                self.shop.advance(Duration::from_secs(seconds));
            }
            _ => self.shop.work().await,
        }
    }

    async fn place(&mut self) {
        let number = self.rng.random_range(0..self.buyers.len());
        let token = match self.rng.random_range(0..4) {
            0 => "tok_insufficient_funds",
            _ => "tok_visa",
        };
        let item = (self.rng.random_range(1..=4), self.rng.random_range(1..=3));
        let buyer = &self.buyers[number];
        // The carts of earlier failures may ask for too many copies, and Inventory may be down.
        if super::put(&buyer.cart, "", item.0, item.1).await.is_err() {
            return;
        }
        let request = buyer.request(&[], token).await;
        for _ in 0..self.rng.random_range(1..=3) {
            if let Ok(order) = buyer.place(&request).await {
                let known = |(_, other): &(usize, Order)| other.order_id == order.order_id;
                if !self.orders.iter().any(known) {
                    self.orders.push((number, order));
                }
            }
        }
    }

    /// The next calls of some methods fail.
    fn set_faults(&mut self) {
        let rng = &mut self.rng;
        let mut faults = || -> Vec<Fault> {
            let count = rng.random_range(0..4);
            (0..count)
                .map(|_| *FAULTS.choose(rng).expect("not empty"))
                .collect()
        };
        for method in ["charge", "refund"] {
            self.shop.transactions.faults.set_next(method, &faults());
        }
        for method in ["reserve_stock", "commit_reservation", "release_reservation"] {
            self.shop.inventory.faults.set_next(method, &faults());
        }
    }

    async fn check(&self, seed: u64, ends: &mut HashMap<(OrderState, OrderFailure), usize>) {
        let mut sold = [0; 5];
        for (buyer, order) in &self.orders {
            let what = format!("seed {seed}, order {}", order.order_id);
            let stored = self.shop.stored(order).await;
            assert_eq!(stored.parked_reason, None, "{what}");
            assert_eq!(stored.next_step(), None, "{what}");
            let order = self.buyers[*buyer].read(order).await;
            *ends.entry((order.state(), order.failure())).or_default() += 1;
            let total = order.total.as_ref().and_then(|total| total.amount_minor);
            let (paid, refunded) = self.shop.transactions.paid_and_refunded(&order.order_id);
            match order.state() {
                OrderState::Paid | OrderState::Shipped => {
                    assert_eq!((Some(paid), refunded), (total, 0), "{what}");
                }
                OrderState::Failed | OrderState::Cancelled => {
                    assert_eq!(paid, refunded, "{what}");
                    let known = order.refunded_amount.and_then(|amount| amount.amount_minor);
                    assert_eq!(known.unwrap_or(0), refunded, "{what}");
                    assert_ne!(stored.charge, ChargeState::Requested, "{what}");
                }
                state => panic!("{what} is {state:?}"),
            }
            if stored.hold == crate::HoldState::Committed {
                for line in &order.lines {
                    sold[line.book_id as usize] += line.quantity;
                }
            }
        }
        // Reservations of calls that failed have expired.
        self.shop.advance(Duration::from_secs(3600));
        for book_id in 1..=4 {
            let copies = self.shop.copies(book_id);
            let expected = sold[book_id as usize];
            assert_eq!(
                copies,
                (10 - expected, 0, expected),
                "seed {seed}, book {book_id}"
            );
        }
        // Every charge belongs to an acknowledged order.
        for transaction in self.shop.transactions.transactions() {
            let of_order = |(_, order): &(usize, Order)| order.order_id == transaction.reference;
            let orders = self.orders.iter().filter(|order| of_order(order)).count();
            assert_eq!(orders, 1, "seed {seed}, {}", transaction.reference);
        }
        for buyer in &self.buyers {
            get(&buyer.cart, "").await.expect("the cart is readable");
        }
    }
}

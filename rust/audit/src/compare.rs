//! The comparison.

use std::collections::{BTreeMap, HashMap, HashSet};

use contract::bookstore::{
    cart::v1::{Order, OrderState},
    inventory::v1::{Reservation, ReservationState},
    transactions::v1::{Payment, Transaction, TransactionState},
    r#type::v1::Money,
};
use jiff::{SignedDuration, Timestamp};
use service::convert;
use uuid::Uuid;

use crate::Records;

/// How long after the end of its reservation an order may still wait for its end. The saga gives
/// up a minute before; what is older was forgotten.
const FORGOTTEN_AFTER: SignedDuration = SignedDuration::from_mins(10);

impl Records {
    /// Everything in which the services disagree, and everything that waits for the operator,
    /// as sorted sentences.
    pub fn disagreements(&self, now: Timestamp) -> Vec<String> {
        let mut comparison = Comparison {
            records: self,
            now,
            reservations: self
                .reservations
                .iter()
                .map(|found| (found.reservation_id.as_str(), found))
                .collect(),
            payments: HashMap::new(),
            found: Vec::new(),
        };
        for payment in &self.payments {
            let of_order = comparison.payments.entry(payment.reference.as_str());
            of_order.or_default().push(payment);
        }
        comparison.compare_orders();
        comparison.compare_payments();
        comparison.compare_reservations();
        comparison.compare_stock();
        comparison.compare_ledger();
        comparison.found.sort_unstable();
        comparison.found
    }
}

struct Comparison<'r> {
    records: &'r Records,
    now: Timestamp,
    reservations: HashMap<&'r str, &'r Reservation>,
    /// The payments by their reference.
    payments: HashMap<&'r str, Vec<&'r Payment>>,
    found: Vec<String>,
}

impl<'r> Comparison<'r> {
    fn compare_orders(&mut self) {
        let records = self.records;
        for listed in &records.orders {
            let Some(order) = &listed.order else {
                continue;
            };
            let id = &order.order_id;
            if !listed.parked_reason.is_empty() {
                let reason = &listed.parked_reason;
                self.found.push(format!("order {id} is parked: {reason}"));
            }
            self.compare_reservation(order);
            self.compare_charges(order);
        }
    }

    /// An order and its reservation.
    fn compare_reservation(&mut self, order: &Order) {
        let id = &order.order_id;
        let Some(reservation) = self
            .reservations
            .get(order.reservation_id.as_str())
            .copied()
        else {
            let reservation_id = &order.reservation_id;
            let text =
                format!("order {id} names the reservation {reservation_id}, which is not there");
            self.found.push(text);
            return;
        };
        let ordered = quantities(order.lines.iter().map(|line| (line.book_id, line.quantity)));
        if ordered != held_quantities(reservation) {
            let text = format!("order {id} and its reservation have different copies");
            self.found.push(text);
        }
        let state = reservation.state();
        match order.state() {
            OrderState::Paid | OrderState::Shipped if state != ReservationState::Committed => {
                let text = format!(
                    "order {id} is paid, but its reservation is {}",
                    state.as_str_name()
                );
                self.found.push(text);
            }
            OrderState::Failed | OrderState::Cancelled if state == ReservationState::Held => {
                let text = format!("order {id} has ended, but its copies are still held");
                self.found.push(text);
            }
            OrderState::Placed if self.is_forgotten(reservation) => {
                let text =
                    format!("order {id} is still placed long after its reservation has expired");
                self.found.push(text);
            }
            _ => {}
        }
    }

    fn is_forgotten(&self, reservation: &Reservation) -> bool {
        let expire_time = reservation.expire_time;
        let expire_time = expire_time.and_then(|time| convert::timestamp("expire_time", time).ok());
        expire_time.is_some_and(|time| self.now.duration_since(time) > FORGOTTEN_AFTER)
    }

    /// An order and its charges.
    fn compare_charges(&mut self, order: &Order) {
        let id = &order.order_id;
        let payments = self.payments.get(id.as_str());
        let charged: Vec<&Transaction> = payments
            .into_iter()
            .flatten()
            .filter_map(|payment| payment.transaction.as_ref())
            .filter(|transaction| transaction.state() != TransactionState::Declined)
            .collect();
        if charged.len() > 1 {
            let text = format!("order {id} is charged {} times", charged.len());
            self.found.push(text);
        }
        let free = amount(order.total.as_ref()).1 == 0;
        match order.state() {
            OrderState::Paid | OrderState::Shipped if free => {}
            OrderState::Paid | OrderState::Shipped => match charged.first() {
                None => self
                    .found
                    .push(format!("order {id} is paid, but nothing was charged")),
                Some(charge) => {
                    if charge.transaction_id != order.transaction_id {
                        let text =
                            format!("order {id} names another charge than that of its payment");
                        self.found.push(text);
                    }
                    if charge.amount != order.total {
                        let text = format!("order {id} and its charge have different amounts");
                        self.found.push(text);
                    }
                }
            },
            OrderState::Failed | OrderState::Cancelled => {
                for charge in charged {
                    if charge.state() != TransactionState::Refunded {
                        let text = format!("order {id} has ended, but its charge is not paid back");
                        self.found.push(text);
                    } else if order.refunded_amount != charge.refunded_amount {
                        let text = format!("order {id} and its refund have different amounts");
                        self.found.push(text);
                    }
                }
            }
            OrderState::Placed | OrderState::Unspecified => {}
        }
    }

    fn compare_payments(&mut self) {
        let orders: HashSet<_> = self.order_values(|order| &order.order_id);
        for payment in &self.records.payments {
            let id = &payment.transaction_id;
            if !payment.parked_reason.is_empty() {
                let reason = &payment.parked_reason;
                self.found.push(format!("payment {id} is parked: {reason}"));
            }
            // Payments by the second tutorial's contract have references of their own.
            let reference = &payment.reference;
            let is_order_id = Uuid::parse_str(reference).is_ok();
            if is_order_id && !orders.contains(reference.as_str()) {
                let text = format!("payment {id} is for the order {reference}, which is not there");
                self.found.push(text);
            }
        }
    }

    fn compare_reservations(&mut self) {
        let named: HashSet<_> = self.order_values(|order| &order.reservation_id);
        for reservation in &self.records.reservations {
            let id = &reservation.reservation_id;
            let is_sold = reservation.state() == ReservationState::Committed;
            if is_sold && !named.contains(id.as_str()) {
                let text = format!("reservation {id} is committed, but no order names it");
                self.found.push(text);
            }
        }
    }

    fn order_values<T>(&self, value: impl Fn(&'r Order) -> &'r String) -> T
    where
        T: FromIterator<&'r str>,
    {
        let orders = self.records.orders.iter();
        let orders = orders.filter_map(|listed| listed.order.as_ref());
        orders.map(|order| value(order).as_str()).collect()
    }

    fn compare_stock(&mut self) {
        let mut held: BTreeMap<i32, i64> = BTreeMap::new();
        for reservation in &self.records.reservations {
            if reservation.state() == ReservationState::Held {
                for (book_id, quantity) in held_quantities(reservation) {
                    *held.entry(book_id).or_default() += quantity;
                }
            }
        }
        for level in &self.records.stock {
            let expected = held.remove(&level.book_id).unwrap_or_default();
            let (id, reserved) = (level.book_id, i64::from(level.reserved));
            if reserved != expected {
                let text = format!(
                    "book {id} has {reserved} copies reserved, but its reservations hold {expected}"
                );
                self.found.push(text);
            }
            if level.reserved > level.on_hand {
                let text = format!("book {id} has more copies reserved than there are");
                self.found.push(text);
            }
        }
    }

    fn compare_ledger(&mut self) {
        for balance in &self.records.ledger.balances {
            let (currency, sum) = (&balance.currency_code, balance.sum_minor);
            if sum != 0 {
                let text = format!("the ledger of {currency} adds up to {sum} and not to zero");
                self.found.push(text);
            }
        }
        for posting in &self.records.ledger.unbalanced_postings {
            let text = format!("the posting {posting} of the ledger does not add up to zero");
            self.found.push(text);
        }
    }
}

fn quantities(lines: impl Iterator<Item = (i32, i32)>) -> BTreeMap<i32, i64> {
    let mut quantities = BTreeMap::new();
    for (book_id, quantity) in lines {
        *quantities.entry(book_id).or_default() += i64::from(quantity);
    }
    quantities
}

fn held_quantities(reservation: &Reservation) -> BTreeMap<i32, i64> {
    let lines = reservation.lines.iter();
    quantities(lines.map(|line| (line.book_id, line.quantity)))
}

fn amount(money: Option<&Money>) -> (&str, i64) {
    money.map_or(("", 0), |money| {
        (
            money.currency_code.as_str(),
            money.amount_minor.unwrap_or_default(),
        )
    })
}

#[cfg(test)]
mod tests;

use contract::bookstore::{
    cart::v1::{OperatorOrder, OrderLine},
    inventory::v1::{ReservationLine, StockLevel},
    transactions::v1::LedgerBalance,
};

use super::*;

const ORDER: &str = "01930000-0000-7000-8000-000000000001";
const RESERVATION: &str = "01930000-0000-7000-8000-000000000002";
const CHARGE: &str = "01930000-0000-7000-8000-000000000003";

fn usd(amount_minor: i64) -> Option<Money> {
    Some(Money {
        currency_code: "USD".to_owned(),
        amount_minor: Some(amount_minor),
    })
}

fn now() -> Timestamp {
    "2026-02-03T04:05:06Z".parse().expect("a time")
}

/// A paid order of two copies of book 7.
fn healthy() -> Records {
    let order = Order {
        order_id: ORDER.to_owned(),
        lines: vec![OrderLine {
            book_id: 7,
            quantity: 2,
            ..OrderLine::default()
        }],
        total: usd(998),
        state: OrderState::Paid.into(),
        reservation_id: RESERVATION.to_owned(),
        transaction_id: CHARGE.to_owned(),
        ..Order::default()
    };
    let reservation = Reservation {
        reservation_id: RESERVATION.to_owned(),
        lines: vec![ReservationLine {
            book_id: 7,
            quantity: 2,
        }],
        state: ReservationState::Committed.into(),
        expire_time: Some(convert::timestamp_to_proto(now())),
    };
    let transaction = Transaction {
        transaction_id: CHARGE.to_owned(),
        reference: ORDER.to_owned(),
        amount: usd(998),
        refunded_amount: usd(0),
        state: TransactionState::Charged.into(),
        ..Transaction::default()
    };
    let payment = Payment {
        transaction_id: CHARGE.to_owned(),
        reference: ORDER.to_owned(),
        amount: usd(998),
        transaction: Some(transaction),
        ..Payment::default()
    };
    let mut records = Records {
        orders: vec![OperatorOrder {
            order: Some(order),
            parked_reason: String::new(),
            resolutions: Vec::new(),
        }],
        payments: vec![payment],
        reservations: vec![reservation],
        stock: vec![StockLevel {
            book_id: 7,
            on_hand: 5,
            reserved: 0,
            available: 5,
        }],
        ..Records::default()
    };
    records.ledger.balances.push(LedgerBalance {
        currency_code: "USD".to_owned(),
        sum_minor: 0,
        provider_balance_minor: 998,
    });
    records
}

fn order(records: &mut Records) -> &mut Order {
    records.orders[0].order.as_mut().expect("set")
}

fn transaction(records: &mut Records) -> &mut Transaction {
    records.payments[0].transaction.as_mut().expect("set")
}

/// What is found after a change of the healthy records, without the id of the order.
fn found(change: impl FnOnce(&mut Records)) -> Vec<String> {
    let mut records = healthy();
    change(&mut records);
    let found = records.disagreements(now()).into_iter();
    found.map(|text| text.replace(ORDER, "X")).collect()
}

#[test]
fn health_has_no_disagreement() {
    assert_eq!(found(|_| {}), [""; 0]);
    let cancelled = found(|records| {
        order(records).state = OrderState::Cancelled.into();
        order(records).refunded_amount = usd(998);
        transaction(records).state = TransactionState::Refunded.into();
        transaction(records).refunded_amount = usd(998);
        records.reservations[0].state = ReservationState::Released.into();
    });
    assert_eq!(cancelled, [""; 0]);
    let placed = found(|records| {
        order(records).state = OrderState::Placed.into();
        records.payments[0].transaction = None;
        records.reservations[0].state = ReservationState::Held.into();
        records.stock[0].reserved = 2;
    });
    assert_eq!(placed, [""; 0]);
    // Of the second tutorial's contract.
    let legacy = found(|records| {
        let mut payment = records.payments[0].clone();
        payment.reference = "order123".to_owned();
        records.payments.push(payment);
    });
    assert_eq!(legacy, [""; 0]);
}

#[test]
fn paid_order_without_its_money_or_copies_is_found() {
    let unpaid = found(|records| records.payments.clear());
    assert_eq!(unpaid, ["order X is paid, but nothing was charged"]);
    let declined = found(|records| transaction(records).state = TransactionState::Declined.into());
    assert_eq!(declined, ["order X is paid, but nothing was charged"]);
    let cheaper = found(|records| transaction(records).amount = usd(997));
    assert_eq!(cheaper, ["order X and its charge have different amounts"]);
    let another = found(|records| order(records).transaction_id = RESERVATION.to_owned());
    assert_eq!(
        another,
        ["order X names another charge than that of its payment"]
    );
    let twice = found(|records| records.payments.push(records.payments[0].clone()));
    assert_eq!(twice, ["order X is charged 2 times"]);
    let expired = found(|records| records.reservations[0].state = ReservationState::Expired.into());
    let expected = "order X is paid, but its reservation is RESERVATION_STATE_EXPIRED";
    assert_eq!(expired, [expected]);
    let fewer = found(|records| records.reservations[0].lines[0].quantity = 1);
    assert_eq!(fewer, ["order X and its reservation have different copies"]);
    let none = found(|records| records.reservations.clear());
    let expected = format!("order X names the reservation {RESERVATION}, which is not there");
    assert_eq!(none, [expected]);
}

#[test]
fn ended_order_that_keeps_money_or_copies_is_found() {
    let end = |records: &mut Records| order(records).state = OrderState::Failed.into();
    let kept = found(end);
    assert_eq!(kept, ["order X has ended, but its charge is not paid back"]);
    let other_amount = found(|records| {
        end(records);
        order(records).refunded_amount = usd(1);
        transaction(records).state = TransactionState::Refunded.into();
        transaction(records).refunded_amount = usd(998);
    });
    assert_eq!(
        other_amount,
        ["order X and its refund have different amounts"]
    );
    let held = found(|records| {
        end(records);
        records.payments.clear();
        records.reservations[0].state = ReservationState::Held.into();
        records.stock[0].reserved = 2;
    });
    assert_eq!(held, ["order X has ended, but its copies are still held"]);
}

#[test]
fn forgotten_and_parked_orders_are_found() {
    let forgotten = found(|records| {
        order(records).state = OrderState::Placed.into();
        records.payments.clear();
        records.reservations[0].state = ReservationState::Expired.into();
        let long_ago = now() - SignedDuration::from_mins(11);
        records.reservations[0].expire_time = Some(convert::timestamp_to_proto(long_ago));
    });
    let expected = "order X is still placed long after its reservation has expired";
    assert_eq!(forgotten, [expected]);
    let parked = found(|records| records.orders[0].parked_reason = "why".to_owned());
    assert_eq!(parked, ["order X is parked: why"]);
    let parked = found(|records| records.payments[0].parked_reason = "why".to_owned());
    assert_eq!(parked, [format!("payment {CHARGE} is parked: why")]);
}

#[test]
fn what_belongs_to_no_order_is_found() {
    let orphans = found(|records| records.orders.clear());
    let expected = [
        format!("payment {CHARGE} is for the order X, which is not there"),
        format!("reservation {RESERVATION} is committed, but no order names it"),
    ];
    assert_eq!(orphans, expected);
}

#[test]
fn stock_and_ledger_that_do_not_add_up_are_found() {
    let reserved = found(|records| records.stock[0].reserved = 6);
    let expected = [
        "book 7 has 6 copies reserved, but its reservations hold 0",
        "book 7 has more copies reserved than there are",
    ];
    assert_eq!(reserved, expected);
    let ledger = found(|records| {
        records.ledger.balances[0].sum_minor = 3;
        records.ledger.unbalanced_postings.push("charge".to_owned());
    });
    let expected = [
        "the ledger of USD adds up to 3 and not to zero",
        "the posting charge of the ledger does not add up to zero",
    ];
    assert_eq!(ledger, expected);
}

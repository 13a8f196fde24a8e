//! Orders that fail or are cancelled: nobody pays for what they do not get, and no copies are
//! lost.

use std::time::Duration;

use contract::bookstore::{
    cart::v1::{Order, OrderFailure, OrderState},
    transactions::v1::DeclineReason,
};
use fakes::Fault;
use store::testing::TestDb;

use super::{get, put, quantities, shop::TestShop};

store::both_engines! {
    crate::SCHEMA =>
    declined_payment_releases_the_copies_and_returns_the_lines,
    lines_return_as_far_as_there_is_room,
    unanswered_payment_fails_in_time_and_is_paid_back_later,
    order_that_was_never_charged_in_time_stays_uncharged,
    lost_reservation_is_paid_back,
    lost_answers_charge_and_commit_once,
    cancelling_before_the_payment_charges_nothing,
    cancelling_during_the_payment_pays_it_back,
    cancelling_during_the_commit_pays_back,
    cancelling_a_paid_order_pays_back,
    refund_by_the_operator_is_accepted,
    step_without_an_answer_for_a_day_parks_the_order,
}

const MINUTE: Duration = Duration::from_secs(60);

fn refunded(order: &Order) -> Option<i64> {
    let amount = order.refunded_amount.as_ref();
    amount.and_then(|amount| amount.amount_minor)
}

async fn declined_payment_releases_the_copies_and_returns_the_lines(database: TestDb) {
    let shop = TestShop::open(&database);
    let buyer = shop.buyer();
    let placed = buyer
        .order(&[(3, 2), (1, 1)], "tok_insufficient_funds")
        .await;
    put(&buyer.cart, "", 1, 4).await.expect("there is room");
    shop.work().await;
    let failed = buyer.read(&placed).await;
    assert_eq!(failed.state(), OrderState::Failed);
    assert_eq!(failed.failure(), OrderFailure::PaymentDeclined);
    assert_eq!(failed.decline_reason(), DeclineReason::InsufficientFunds);
    assert_ne!(failed.transaction_id, "");
    assert_eq!((shop.copies(3), shop.copies(1)), ((10, 0, 0), (10, 0, 0)));
    let cart = get(&buyer.cart, "").await.expect("read");
    assert_eq!(quantities(&cart), [(1, 5), (3, 2)]);
    // The buyer orders again with another payment method.
    let again = buyer.order(&[], "tok_visa").await;
    shop.work().await;
    assert_eq!(buyer.read(&again).await.state(), OrderState::Paid);
}

async fn lines_return_as_far_as_there_is_room(database: TestDb) {
    let shop = TestShop::open(&database);
    let buyer = shop.buyer();
    buyer
        .order(&[(3, 2), (1, 9)], "tok_insufficient_funds")
        .await;
    shop.inventory.replace(&super::books(1..=101));
    for book_id in (1..=101).filter(|book_id| ![2, 3].contains(book_id)) {
        put(&buyer.cart, "", book_id, 95)
            .await
            .expect("there is room");
    }
    put(&buyer.cart, "", 2, 1).await.expect("there is room");
    shop.work().await;
    let cart = get(&buyer.cart, "").await.expect("read");
    assert_eq!(cart.lines.len(), 100);
    let quantities = quantities(&cart);
    assert!(quantities.contains(&(1, 100)) && !quantities.contains(&(3, 2)));
}

async fn unanswered_payment_fails_in_time_and_is_paid_back_later(database: TestDb) {
    let shop = TestShop::open(&database);
    let buyer = shop.buyer();
    let placed = buyer.order(&[(3, 2)], "tok_visa").await;
    shop.transactions.faults.set("charge", Fault::AnswerLost);
    shop.work().await;
    assert_eq!(buyer.read(&placed).await.state(), OrderState::Placed);
    shop.advance(14 * MINUTE);
    shop.work().await;
    let failed = buyer.read(&placed).await;
    assert_eq!(failed.state(), OrderState::Failed);
    assert_eq!(failed.failure(), OrderFailure::PaymentUnanswered);
    assert_eq!(shop.copies(3), (10, 0, 0));
    assert_eq!(
        quantities(&get(&buyer.cart, "").await.expect("read")),
        [(3, 2)]
    );
    shop.transactions.faults.clear();
    shop.finish(3).await;
    let settled = buyer.read(&placed).await;
    assert_eq!(
        (settled.state(), refunded(&settled)),
        (OrderState::Failed, Some(2004))
    );
    assert_eq!(
        shop.transactions.paid_and_refunded(&placed.order_id),
        (2004, 2004)
    );
}

async fn order_that_was_never_charged_in_time_stays_uncharged(database: TestDb) {
    let shop = TestShop::open(&database);
    let buyer = shop.buyer();
    let placed = buyer.order(&[(3, 2)], "tok_visa").await;
    // No process worked meanwhile.
    shop.advance(20 * MINUTE);
    shop.work().await;
    let failed = buyer.read(&placed).await;
    assert_eq!(failed.failure(), OrderFailure::PaymentUnanswered);
    assert_eq!(shop.transactions.transactions(), []);
    assert_eq!(shop.copies(3), (10, 0, 0));
    assert_eq!(shop.pending().await, 0);
}

async fn lost_reservation_is_paid_back(database: TestDb) {
    let shop = TestShop::open(&database);
    let buyer = shop.buyer();
    let placed = buyer.order(&[(3, 2)], "tok_visa").await;
    shop.inventory.faults.set("commit_reservation", Fault::Down);
    shop.work().await;
    assert_eq!(buyer.read(&placed).await.state(), OrderState::Placed);
    shop.advance(20 * MINUTE);
    shop.inventory.faults.clear();
    shop.finish(2).await;
    let failed = buyer.read(&placed).await;
    assert_eq!(failed.failure(), OrderFailure::ReservationLost);
    assert_eq!(refunded(&failed), Some(2004));
    assert_eq!(shop.copies(3), (10, 0, 0));
    assert_eq!(
        quantities(&get(&buyer.cart, "").await.expect("read")),
        [(3, 2)]
    );
}

async fn lost_answers_charge_and_commit_once(database: TestDb) {
    let shop = TestShop::open(&database);
    let buyer = shop.buyer();
    let placed = buyer.order(&[(3, 2)], "tok_visa").await;
    let lost = [Fault::AnswerLost, Fault::Failing, Fault::AnswerLost];
    shop.transactions.faults.set_next("charge", &lost);
    shop.inventory.faults.set_next("commit_reservation", &lost);
    shop.finish(10).await;
    assert_eq!(buyer.read(&placed).await.state(), OrderState::Paid);
    assert_eq!(shop.transactions.transactions().len(), 1);
    assert_eq!(shop.copies(3), (8, 0, 2));
}

async fn cancelling_before_the_payment_charges_nothing(database: TestDb) {
    let shop = TestShop::open(&database);
    let buyer = shop.buyer();
    let placed = buyer.order(&[(3, 2)], "tok_visa").await;
    let cancelled = buyer.cancel(&placed).await.expect("it is placed");
    assert_eq!(cancelled.state(), OrderState::Cancelled);
    shop.work().await;
    assert_eq!(buyer.cancel(&placed).await.expect("no change"), cancelled);
    assert_eq!(shop.transactions.transactions(), []);
    assert_eq!(shop.copies(3), (10, 0, 0));
    assert_eq!(quantities(&get(&buyer.cart, "").await.expect("read")), []);
    assert_eq!(shop.pending().await, 0);
}

async fn cancelling_during_the_payment_pays_it_back(database: TestDb) {
    let shop = TestShop::open(&database);
    let buyer = shop.buyer();
    for (token, paid) in [("tok_visa", 2004), ("tok_insufficient_funds", 0)] {
        let placed = buyer.order(&[(3, 2)], token).await;
        shop.transactions.faults.set("charge", Fault::AnswerLost);
        shop.work().await;
        buyer.cancel(&placed).await.expect("it is placed");
        shop.transactions.faults.clear();
        shop.finish(3).await;
        let cancelled = buyer.read(&placed).await;
        assert_eq!(cancelled.state(), OrderState::Cancelled);
        assert_eq!(refunded(&cancelled), (paid > 0).then_some(paid));
        let money = shop.transactions.paid_and_refunded(&placed.order_id);
        assert_eq!(money, (paid, paid));
        assert_eq!(shop.copies(3), (10, 0, 0));
    }
}

async fn cancelling_during_the_commit_pays_back(database: TestDb) {
    let shop = TestShop::open(&database);
    let buyer = shop.buyer();
    for (fault, sold) in [(Fault::Down, 0), (Fault::AnswerLost, 2)] {
        let placed = buyer.order(&[(3, 2)], "tok_visa").await;
        shop.inventory.faults.set("commit_reservation", fault);
        shop.work().await;
        buyer.cancel(&placed).await.expect("it is placed");
        shop.inventory.faults.clear();
        shop.finish(3).await;
        let cancelled = buyer.read(&placed).await;
        assert_eq!(refunded(&cancelled), Some(2004));
        // Copies that have left the stock are counted by the warehouse.
        assert_eq!(shop.copies(3), (10 - sold, 0, sold));
    }
}

async fn cancelling_a_paid_order_pays_back(database: TestDb) {
    let shop = TestShop::open(&database);
    let buyer = shop.buyer();
    let placed = buyer.order(&[(3, 2)], "tok_visa").await;
    shop.work().await;
    let cancelled = buyer.cancel(&placed).await.expect("it is paid");
    assert_eq!(refunded(&cancelled), None);
    let lost = [Fault::AnswerLost, Fault::Down];
    shop.transactions.faults.set_next("refund", &lost);
    shop.finish(5).await;
    let cancelled = buyer.read(&placed).await;
    assert_eq!(cancelled.state(), OrderState::Cancelled);
    assert_eq!(refunded(&cancelled), Some(2004));
    let money = shop.transactions.paid_and_refunded(&placed.order_id);
    assert_eq!(money, (2004, 2004));
    shop.ship(&placed).await.expect_err("it is cancelled");
}

async fn refund_by_the_operator_is_accepted(database: TestDb) {
    let shop = TestShop::open(&database);
    let buyer = shop.buyer();
    let placed = buyer.order(&[(3, 2)], "tok_visa").await;
    shop.work().await;
    shop.transactions.refund_all();
    buyer.cancel(&placed).await.expect("it is paid");
    shop.finish(2).await;
    assert_eq!(refunded(&buyer.read(&placed).await), Some(2004));
    assert_eq!(shop.stored(&placed).await.parked_reason, None);
}

async fn step_without_an_answer_for_a_day_parks_the_order(database: TestDb) {
    let shop = TestShop::open(&database);
    let buyer = shop.buyer();
    let placed = buyer.order(&[(3, 2)], "tok_visa").await;
    shop.inventory.faults.set("commit_reservation", Fault::Down);
    shop.work().await;
    shop.advance(23 * 60 * MINUTE);
    shop.work().await;
    assert_eq!(shop.stored(&placed).await.parked_reason, None);
    shop.advance(2 * 60 * MINUTE);
    shop.work().await;
    let reason = shop.stored(&placed).await.parked_reason;
    assert!(reason.expect("it is parked").contains("Commit"));
    assert_eq!(shop.pending().await, 0);
}

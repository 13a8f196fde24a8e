//! The operator decides how parked orders go on.

use std::time::Duration;

use contract::bookstore::{
    cart::v1::{
        GetOperatorOrderRequest, ListAllOrdersRequest, OperatorOrder, Order, OrderFailure,
        OrderResolution, OrderState, ResolutionAction, ResolveParkedOrderRequest,
    },
    transactions::v1::DeclineReason,
};
use fakes::Fault;
use store::testing::TestDb;
use tonic::{Code, Status};
use tonic_types::StatusExt;
use uuid::Uuid;

use super::{get, quantities, shop::TestShop};
use crate::Event;

store::both_engines! {
    crate::SCHEMA =>
    retried_order_does_its_next_step_again,
    cancelled_order_releases_its_copies_and_is_paid_back,
    order_marked_as_paid_goes_on_with_a_charge_that_was_checked,
    charge_of_an_ended_order_is_paid_back,
    order_marked_as_not_paid_fails_and_returns_its_lines,
    decision_is_made_once_and_recorded,
    impossible_decisions_are_refused,
    parked_orders_are_listed,
    order_is_charged_once_however_late_it_is_retried,
}

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

impl TestShop {
    fn request(&self, order: &Order, action: ResolutionAction) -> ResolveParkedOrderRequest {
        ResolveParkedOrderRequest {
            request_id: Uuid::new_v4().to_string(),
            order_id: order.order_id.clone(),
            action: action.into(),
            transaction_id: String::new(),
            operator_name: "Grace".to_owned(),
            note: "The provider says so".to_owned(),
        }
    }

    async fn resolve(
        &self,
        request: &ResolveParkedOrderRequest,
    ) -> Result<OrderResolution, Status> {
        let response = self
            .operator()
            .resolve_parked_order(request.clone())
            .await?;
        Ok(response.into_inner().resolution.expect("it is set"))
    }

    async fn operator_order(&self, order: &Order) -> OperatorOrder {
        let request = GetOperatorOrderRequest {
            order_id: order.order_id.clone(),
        };
        let response = self.operator().get_operator_order(request).await;
        let response = response.expect("it exists").into_inner();
        response.order.expect("it is set")
    }

    async fn park(&self, order: &Order) {
        let reason = "two different answers".to_owned();
        let order_id = self.stored(order).await.order_id;
        let parked = self
            .checkout
            .record(order_id, &Event::Parked { reason })
            .await;
        parked.expect("the database answers");
    }
}

fn reason(outcome: Result<OrderResolution, Status>) -> (Code, String) {
    let status = outcome.expect_err("it is refused");
    let info = status.get_details_error_info();
    (
        status.code(),
        info.map(|info| info.reason).unwrap_or_default(),
    )
}

async fn retried_order_does_its_next_step_again(database: TestDb) {
    let shop = TestShop::open(&database);
    let buyer = shop.buyer();
    let placed = buyer.order(&[(3, 2)], "tok_visa").await;
    shop.inventory.faults.set("commit_reservation", Fault::Down);
    shop.work().await;
    shop.advance(DAY + DAY);
    shop.work().await;
    assert!(
        shop.operator_order(&placed)
            .await
            .parked_reason
            .contains("Commit")
    );
    shop.inventory.faults.clear();
    shop.work().await;
    assert_eq!(buyer.read(&placed).await.state(), OrderState::Placed);
    let request = shop.request(&placed, ResolutionAction::Retry);
    shop.resolve(&request).await.expect("it is parked");
    shop.finish(3).await;
    // The reservation has expired meanwhile, so the buyer gets the money back.
    let ended = buyer.read(&placed).await;
    assert_eq!(ended.failure(), OrderFailure::ReservationLost);
    let money = shop.transactions.paid_and_refunded(&placed.order_id);
    assert_eq!(money, (2004, 2004));
    assert_eq!(shop.operator_order(&placed).await.parked_reason, "");
}

async fn cancelled_order_releases_its_copies_and_is_paid_back(database: TestDb) {
    let shop = TestShop::open(&database);
    let buyer = shop.buyer();
    let (first, second) = (
        buyer.order(&[(3, 2)], "tok_visa").await,
        buyer.order(&[(4, 1)], "tok_visa").await,
    );
    shop.park(&first).await;
    shop.work().await;
    shop.park(&second).await;
    for order in [&first, &second] {
        let request = shop.request(order, ResolutionAction::Cancel);
        shop.resolve(&request).await.expect("it is parked");
    }
    shop.finish(3).await;
    for order in [&first, &second] {
        assert_eq!(buyer.read(order).await.state(), OrderState::Cancelled);
    }
    assert_eq!(shop.copies(3), (10, 0, 0));
    assert_eq!(shop.transactions.paid_and_refunded(&first.order_id), (0, 0));
    let money = shop.transactions.paid_and_refunded(&second.order_id);
    assert_eq!(money, (1003, 1003));
}

async fn order_marked_as_paid_goes_on_with_a_charge_that_was_checked(database: TestDb) {
    let shop = TestShop::open(&database);
    let buyer = shop.buyer();
    let placed = buyer.order(&[(3, 2)], "tok_visa").await;
    let other = buyer.order(&[(4, 1)], "tok_visa").await;
    shop.transactions
        .faults
        .set_next("charge", &[Fault::AnswerLost; 2]);
    shop.work().await;
    let charges = shop.transactions.transactions();
    let charge_of = |order: &Order| {
        let mut charges = charges.iter();
        let found = charges.find(|charge| charge.reference == order.order_id);
        found.expect("it is charged").transaction_id.clone()
    };
    shop.park(&placed).await;
    let mut request = shop.request(&placed, ResolutionAction::MarkPaid);
    for wrong in [String::new(), Uuid::new_v4().to_string(), charge_of(&other)] {
        request.transaction_id = wrong;
        let refused = reason(shop.resolve(&request).await);
        assert_eq!(
            refused,
            (Code::FailedPrecondition, "CHARGE_NOT_OF_ORDER".to_owned())
        );
    }
    request.transaction_id = charge_of(&placed);
    shop.transactions
        .faults
        .set_next("get_transaction", &[Fault::Down]);
    let refused = reason(shop.resolve(&request).await);
    assert_eq!(
        refused,
        (Code::Unavailable, "TRANSACTIONS_UNAVAILABLE".to_owned())
    );
    shop.resolve(&request)
        .await
        .expect("it is the charge of the order");
    shop.finish(3).await;
    let paid = buyer.read(&placed).await;
    assert_eq!(
        (paid.state(), &paid.transaction_id),
        (OrderState::Paid, &request.transaction_id)
    );
    assert_eq!(shop.copies(3), (8, 0, 2));
    assert_eq!(
        shop.transactions.paid_and_refunded(&placed.order_id),
        (2004, 0)
    );
}

async fn charge_of_an_ended_order_is_paid_back(database: TestDb) {
    let shop = TestShop::open(&database);
    let buyer = shop.buyer();
    let placed = buyer.order(&[(3, 2)], "tok_visa").await;
    shop.transactions
        .faults
        .set_next("charge", &[Fault::AnswerLost]);
    shop.work().await;
    buyer.cancel(&placed).await.expect("it is placed");
    shop.park(&placed).await;
    let mut request = shop.request(&placed, ResolutionAction::MarkPaid);
    request.transaction_id = shop.transactions.transactions()[0].transaction_id.clone();
    // The operator has paid it back already.
    shop.transactions.refund_all();
    shop.resolve(&request).await.expect("it has ended");
    shop.finish(3).await;
    let ended = buyer.read(&placed).await;
    assert_eq!(ended.state(), OrderState::Cancelled);
    assert_eq!(
        ended.refunded_amount.and_then(|amount| amount.amount_minor),
        Some(2004)
    );
    assert_eq!(
        shop.transactions.paid_and_refunded(&placed.order_id),
        (2004, 2004)
    );
}

async fn order_marked_as_not_paid_fails_and_returns_its_lines(database: TestDb) {
    let shop = TestShop::open(&database);
    let buyer = shop.buyer();
    let placed = buyer.order(&[(3, 2)], "tok_visa").await;
    shop.park(&placed).await;
    let request = shop.request(&placed, ResolutionAction::MarkNotPaid);
    shop.resolve(&request).await.expect("it is parked");
    shop.finish(3).await;
    let failed = buyer.read(&placed).await;
    assert_eq!(failed.failure(), OrderFailure::PaymentDeclined);
    assert_eq!(failed.decline_reason(), DeclineReason::Refused);
    assert_eq!(shop.copies(3), (10, 0, 0));
    let cart = get(&buyer.cart, "").await.expect("read");
    assert_eq!(quantities(&cart), [(3, 2)]);
}

async fn decision_is_made_once_and_recorded(database: TestDb) {
    let shop = TestShop::open(&database);
    let buyer = shop.buyer();
    let placed = buyer.order(&[(3, 2)], "tok_visa").await;
    shop.work().await;
    shop.park(&placed).await;
    let request = shop.request(&placed, ResolutionAction::Retry);
    let first = shop.resolve(&request).await.expect("it is parked");
    assert_eq!(shop.resolve(&request).await.expect("a retry"), first);
    shop.park(&placed).await;
    assert_eq!(shop.resolve(&request).await.expect("a retry"), first);
    assert_ne!(shop.operator_order(&placed).await.parked_reason, "");
    let mut other = request.clone();
    other.note.push('!');
    let mut with_charge = request.clone();
    // The action does not need it, but it is another request.
    with_charge.transaction_id = Uuid::new_v4().to_string();
    for other in [other, with_charge] {
        let refused = reason(shop.resolve(&other).await);
        let reused = (Code::AlreadyExists, "REQUEST_ID_REUSED".to_owned());
        assert_eq!(refused, reused);
    }
    let again = shop.request(&placed, ResolutionAction::Retry);
    let second = shop.resolve(&again).await.expect("it is parked again");
    assert_eq!(
        shop.operator_order(&placed).await.resolutions,
        [first.clone(), second]
    );
    assert_eq!(
        (first.operator_name.as_str(), first.note.as_str()),
        ("Grace", "The provider says so")
    );
    assert_eq!(first.parked_reason, "two different answers");
}

async fn impossible_decisions_are_refused(database: TestDb) {
    let shop = TestShop::open(&database);
    let buyer = shop.buyer();
    let placed = buyer.order(&[(3, 2)], "tok_visa").await;
    shop.work().await;
    let refused = async |action| reason(shop.resolve(&shop.request(&placed, action)).await).1;
    assert_eq!(refused(ResolutionAction::Retry).await, "ORDER_NOT_PARKED");
    shop.park(&placed).await;
    assert_eq!(
        refused(ResolutionAction::MarkNotPaid).await,
        "RESOLUTION_NOT_POSSIBLE"
    );
    let request = shop.request(&placed, ResolutionAction::Retry);
    shop.resolve(&request).await.expect("it is parked");
    shop.ship(&placed).await.expect("it is paid");
    shop.park(&placed).await;
    assert_eq!(
        refused(ResolutionAction::Cancel).await,
        "RESOLUTION_NOT_POSSIBLE"
    );
    let mut unknown = shop.request(&placed, ResolutionAction::Retry);
    unknown.order_id = Uuid::new_v4().to_string();
    assert_eq!(reason(shop.resolve(&unknown).await).1, "ORDER_NOT_FOUND");
    let stored = shop.stored(&placed).await;
    assert!(stored.parked_reason.is_some() && stored.state == crate::OrderState::Shipped);
}

async fn parked_orders_are_listed(database: TestDb) {
    let shop = TestShop::open(&database);
    let buyer = shop.buyer();
    let mut orders = Vec::new();
    for book_id in 1..=4 {
        orders.push(buyer.order(&[(book_id, 1)], "tok_visa").await);
    }
    shop.park(&orders[1]).await;
    shop.park(&orders[3]).await;
    let mut request = ListAllOrdersRequest {
        page_size: 1,
        parked_only: true,
        ..ListAllOrdersRequest::default()
    };
    let mut found = Vec::new();
    loop {
        let page = shop.operator().list_all_orders(request.clone()).await;
        let page = page.expect("a page").into_inner();
        found.extend(page.orders.into_iter().filter_map(|listed| listed.order));
        request.page_token = page.next_page_token;
        if request.page_token.is_empty() {
            break;
        }
    }
    let ids: Vec<_> = found.iter().map(|order| &order.order_id).collect();
    assert_eq!(ids, [&orders[3].order_id, &orders[1].order_id]);
    request.set_state(OrderState::Paid);
    let paid = shop.operator().list_all_orders(request).await;
    assert_eq!(paid.expect("a page").into_inner().orders, []);
}

async fn order_is_charged_once_however_late_it_is_retried(database: TestDb) {
    let shop = TestShop::open(&database);
    let buyer = shop.buyer();
    let placed = buyer.order(&[(3, 2)], "tok_visa").await;
    shop.transactions.faults.set("charge", Fault::AnswerLost);
    shop.work().await;
    for _ in 0..3 {
        shop.advance(DAY + DAY);
        shop.work().await;
    }
    assert_ne!(shop.operator_order(&placed).await.parked_reason, "");
    shop.transactions.faults.clear();
    shop.advance(30 * DAY);
    let request = shop.request(&placed, ResolutionAction::Retry);
    shop.resolve(&request).await.expect("it is parked");
    shop.finish(3).await;
    let ended = buyer.read(&placed).await;
    assert_eq!(ended.state(), OrderState::Failed);
    assert_eq!(shop.transactions.transactions().len(), 1);
    assert_eq!(
        shop.transactions.paid_and_refunded(&placed.order_id),
        (2004, 2004)
    );
}
